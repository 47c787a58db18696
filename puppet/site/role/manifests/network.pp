# Network nodes.
class role::network {
  include profile::base
}

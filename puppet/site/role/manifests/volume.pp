# Block storage nodes.
class role::volume {
  include profile::base
}

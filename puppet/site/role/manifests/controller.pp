# OpenStack control plane.
class role::controller {
  include profile::base
}

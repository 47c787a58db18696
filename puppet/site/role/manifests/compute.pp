# Hypervisors.
class role::compute {
  include profile::base
}

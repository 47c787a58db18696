# Ceph monitors.
class role::cephmon {
  include profile::base
}

# Ceph storage daemons.
class role::cephosd {
  include profile::base
}

# Object storage nodes.
class role::swiftstore {
  include profile::base
}

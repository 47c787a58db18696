# Object storage proxies.
class role::swiftproxy {
  include profile::base
}

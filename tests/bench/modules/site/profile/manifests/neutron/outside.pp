# In place of the product's class of this name: the same networks, declared by Debian's module.
class profile::neutron::outside {
  class { 'bench::networks':
    physical => $profile::neutron::physical[0],
    networks => $profile::neutron::outside,
  }
}

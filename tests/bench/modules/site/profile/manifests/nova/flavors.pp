# In place of the product's class of this name: nothing, so that no process of oci-seed is in the modules' way. Its flavors the
# product looks at in the same process as the networks.
class profile::nova::flavors {
}

# What oci-seed makes in Neutron, no more and no less, declared by the types of Debian's module.
#
# @param physical
#   Name of what carries them.
# @param networks
#   By name, as the product's profile is told.
class bench::networks (
  String[1] $physical,
  Hash[String[1], Profile::Outside] $networks,
) {
  $networks.each |String $name, Hash $network| {
    $tag = $network['vlan'] ? {
      0       => { 'provider_network_type' => 'flat' },
      default => { 'provider_network_type' => 'vlan', 'provider_segmentation_id' => String($network['vlan']) },
    }

    neutron_network { $name:
      ensure                    => present,
      provider_physical_network => $physical,
      router_external           => true,
      mtu                       => String($network['mtu']),
      *                         => $tag,
    }

    neutron_subnet { $name:
      ensure           => present,
      cidr             => $network['cidr'],
      ip_version       => if ':' in $network['cidr'] { '6' } else { '4' },
      gateway_ip       => $network['gateway'],
      allocation_pools => $network['pools'].map |Array $pool| { "start=${pool[0]},end=${pool[1]}" },
      enable_dhcp      => false,
      network_name     => $name,
    }
  }

  Keystone_endpoint<| |> -> Neutron_network<| |>
  Keystone_user_role<| |> -> Neutron_network<| |>
}

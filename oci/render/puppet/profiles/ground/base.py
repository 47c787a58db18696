"""profile::base, which every role wires: names, time, trust, keys and package sources."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member, Site
from oci.domain.cluster.profiles import Profile
from oci.domain.machines.hostnames import canonical
from oci.domain.networks.claims import parse
from oci.render.puppet.profiles.cloud import address

CLUSTER_CA = "oci-cluster"
"""By which file name machines know the CA of their cluster."""


def _hosts(fleet: Fleet, site: Site, member: Member) -> dict[str, str]:
    """Address by name of those whom the machine must reach before DNS works, or without the appliance: itself, the
    appliance, the Puppet server, the virtual addresses of its cluster, and, of those who have one, the other members of the
    message queue, which Erlang knows by name.

    All others are told by the appliance's DNS, so that a machine's classification does not grow with its cluster. A name
    in the place of an address is left to DNS: a hosts file holds addresses.
    """
    named = [(name, site.appliance_address) for name in site.appliance_names]
    named += [(vip.fqdn, vip.address) for vip in reversed(fleet.vips)]  # of a name with two families the first stays
    queue = fleet.with_profile("profile::rabbitmq")
    named += [(one.fqdn, address(one)) for one in queue if member in queue]
    named += [(site.puppet_server, site.puppet_address), (member.fqdn, member.address())]
    return {canonical(name): str(found) for name, text in named if (found := parse(text))}


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """The same shape for every machine."""
    site = fleet.site_of(member)
    return {
        "domain": fleet.domain,
        "hosts": dict(sorted(_hosts(fleet, site, member).items())),
        "ntp_servers": list(site.ntp_servers),
        "ca_certificates": {**dict(site.ca_certificates), **({CLUSTER_CA: fleet.root} if fleet.root else {})},
        "ssh_authorized_keys": list(site.ssh_authorized_keys),
        "apt_uri": site.apt_uri,
        "apt_suite": site.apt_suite,
        "apt_components": site.apt_components,
    }


PROFILE = Profile(parameters)

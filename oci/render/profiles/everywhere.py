"""Parameters of profile::base, which every role wires."""

from __future__ import annotations

from typing import Any

from oci.domain.claims import parse
from oci.domain.fleet import Fleet, Member
from oci.domain.hostnames import canonical


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Hosts, time, trust, keys and package sources, the same shape for every machine."""
    site = fleet.site
    hosts = {m.fqdn: m.address for m in fleet.members}
    puppet = parse(site.puppet_address)
    if puppet:  # a name is left to DNS: a hosts file holds addresses
        hosts[canonical(site.puppet_server)] = str(puppet)
    return {
        "domain": fleet.domain,
        "hosts": dict(sorted(hosts.items())),
        "ntp_servers": list(site.ntp_servers),
        "ca_certificates": dict(site.ca_certificates),
        "ssh_authorized_keys": list(site.ssh_authorized_keys),
        "apt_uri": site.apt_uri,
        "apt_suite": site.apt_suite,
        "apt_components": site.apt_components,
    }

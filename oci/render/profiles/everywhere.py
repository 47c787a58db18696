"""Parameters of profile::base, which every role wires."""

from __future__ import annotations

from typing import Any

from oci.domain.fleet import Fleet, Member


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Hosts, time, trust, keys and package sources, the same shape for every machine."""
    site = fleet.site
    hosts = {m.fqdn: m.address for m in fleet.members}
    hosts[site.puppet_server] = site.puppet_address
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

"""profile::haproxy: the front of a cloud: one HTTPS port with a path for each service, and the database behind it.

Debian's packages start every API on all addresses of its usual port, so that no other program of the same machine can have
that port on a virtual address: docs/adr/0023-one-https-port.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile
from oci.render.puppet.profiles.cloud import address, certificate, front

NAME = "profile::haproxy"


@dataclass(frozen=True)
class Way:
    """How one service is reached.

    `path` is its path at the front; `when` (an expression of HAProxy) chooses it too, after all paths. `port` is where it is
    reached by TLS on each member that has `profile`; `local` the port on the loopback of one that speaks no TLS itself, for
    which HAProxy of that machine does. `keep`: it is asked with its path. `health` is asked to see whether it is well.
    `alone`: the first member that is well is asked, and the others only when there is none before them.
    """

    profile: str
    port: int
    path: str = ""
    when: str = ""
    health: str = "/"
    local: int = 0
    keep: bool = False
    alone: bool = False


WAYS = {
    "keystone": Way("profile::keystone", 5000, "/identity", health="/healthcheck"),
    # Its images are files of the member that was given them.
    "glance": Way("profile::glance", 9293, "/image", health="/healthcheck", local=9292, alone=True),
    "placement": Way("profile::placement", 8778, "/placement"),
    "nova": Way("profile::nova", 8774, "/compute"),
    "neutron": Way("profile::neutron", 9696, "/network"),
    "horizon": Way("profile::horizon", 8443, "/horizon", health="/horizon/auth/login/", keep=True),
    # What a console's page opens is named by nova as the root of the front.
    "console": Way("profile::nova", 6080, "/console", when="{ hdr(Upgrade) -i websocket }", health="/vnc_lite.html"),
    # The agents that ask for metadata can name a port, and no path.
    "metadata": Way("profile::nova", 8775, when="{ req.hdr(X-Instance-ID) -m found }"),
}
"""Every service behind the front, in the order in which a request is compared with them."""


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Only what some member runs is there. Raises BadProfile for a cluster without a virtual address."""
    databases = fleet.with_profile("profile::mariadb")
    there = {name: way for name, way in WAYS.items() if fleet.with_profile(way.profile)}
    local = {name: way for name, way in there.items() if way.local and member in fleet.with_profile(way.profile)}
    return {
        "address": address(member),
        "api": front(fleet)[0].fqdn,
        "front": [vip.address for vip in front(fleet)],
        "ways": {
            name: {
                "port": way.port,
                "path": way.path,
                "when": way.when,
                "health": way.health,
                "keep": way.keep,
                "alone": way.alone,
                "members": {one.fqdn: address(one) for one in fleet.with_profile(way.profile)},
            }
            for name, way in there.items()
        },
        "local": {name: {"port": way.port, "to": way.local} for name, way in local.items()},
        "databases": {one.hostname: address(one) for one in databases},
        "certificate": certificate("api"),
        "own_certificate": certificate("host"),
    }


PROFILE = Profile(parameters, certificates=("api", "host"), checks=("front.answers",), packages=("haproxy",))

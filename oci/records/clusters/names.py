"""What the appliance's DNS answers: the names of all machines. Shared by use cases; holds none itself."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from oci.context import Ctx
from oci.db.tables import Address, Assignment, Cluster, Network
from oci.domain.cluster.fleet import INSTALLED_OVER
from oci.domain.machines.hostnames import canonical, is_dns_name
from oci.domain.networks.claims import host_of, parse
from oci.records.clusters import fleets


@dataclass(frozen=True)
class Records:
    """Domains that are answered here and nowhere else, and (name, address) of whom is known, each once."""

    domains: tuple[str, ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()


NOBODY = Records()
_kept: WeakKeyDictionary[Engine, tuple[object, Records]] = WeakKeyDictionary()


def dns_servers(ctx: Ctx) -> tuple[str, ...]:
    """The DNS servers of machines whose network names none; the appliance itself when the site has no other."""
    config = ctx.config
    return tuple(config.dns_servers) or ((config.server_address,) if config.dns_serve else ())


def _services(ctx: Ctx) -> list[tuple[str, str]]:
    """The names of the appliance and of the Puppet server, as machines are told them."""
    config = ctx.config
    named = [(host_of(url), config.server_address) for url in (config.http_url, config.https_url)]
    named.append((config.puppet_server, config.puppet_address))
    told = [(canonical(name), address) for name, address in named if parse(name) is None and parse(address)]
    return [(name, address) for name, address in told if is_dns_name(name)]


def _read(ctx: Ctx) -> Records:
    members = (
        select(Assignment.fqdn, Address.ip)
        .join(Address, Address.machine_id == Assignment.machine_id)
        .join(Network, Network.id == Address.network_id)
        .where(Network.purpose == INSTALLED_OVER)
    )
    virtual = (
        select(Address.vip + "." + Cluster.domain, Address.ip)
        .join(Cluster, Cluster.id == Address.cluster_id)
        .where(Address.vip != "")
    )
    hosts = {(name, ip) for query in (members, virtual) for name, ip in ctx.db.execute(query)}
    domains = ctx.db.scalars(select(Cluster.domain).distinct().order_by(Cluster.domain))
    return Records(tuple(domains), tuple(dict.fromkeys([*_services(ctx), *sorted(hosts)])))


def records(ctx: Ctx) -> Records:
    """What is to be answered now. It is read anew when the revision of a cluster grew, or one came or went."""
    bind = ctx.db.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    state = (fleets.revisions(ctx), _services(ctx))
    kept = _kept.get(engine)
    if kept is None or kept[0] != state:
        kept = _kept[engine] = (state, _read(ctx))
    return kept[1]

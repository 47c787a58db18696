"""From rows to the snapshot of a cluster. Shared by use cases; holds none itself.

Each process keeps the snapshot of each cluster until its revision grows: a classification then reads one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, Row, select

from oci.context import Ctx
from oci.db.revision import columns, grew
from oci.db.tables import Address, Assignment, Authority, Cluster, Machine, Network, Range
from oci.domain.cluster.fleet import INSTALLED_OVER, OUTSIDE, Fleet, Held, Member, Site, Vip, in_order
from oci.domain.cluster.fleet import Network as Stand
from oci.domain.cluster.roles import Role
from oci.domain.networks.claims import host_of, parse
from oci.problems import Conflict, Unavailable
from oci.records.clusters import settings

OF_CLOUD = ("region", "virt_type", "datapath_type", "external_interface", "log_level", "api_workers")
"""Settings that only profiles of a cloud read: their namesakes in the configuration are taken as they are."""

FLOATING = "floating"
"""Use of a range whose addresses Neutron gives out."""

SYSTEM = "system"
"""Use of the disk that the operating system was ordered onto."""

# By database, so that none is taken for another; of each cluster the latest only. A snapshot is frozen and replaced whole:
# threads that come at the same time make it twice, and neither sees half of one.
_kept: WeakKeyDictionary[Engine, dict[int, Fleet]] = WeakKeyDictionary()


def site(ctx: Ctx) -> Site:
    """What the configuration says for every machine. Raises Unavailable for a CA certificate that could not be read."""
    config, known = ctx.config, ctx.outside.authorities
    missing = sorted(set(config.ca_certificates) - set(known))
    if missing:
        raise Unavailable(
            f"the CA certificate {missing[0]} (setting ca_certificates) could not be read when the appliance "
            "started, so no classification is given without it; put the file there, or take the setting "
            "away, and restart the appliance's services"
        )
    authorities = {"oci": ctx.outside.ca_pem.decode()} | {name: known[name] for name in config.ca_certificates}
    hosts = {host_of(config.http_url), host_of(config.https_url)} - {""}
    return Site(
        tuple(config.ntp_servers),
        tuple(sorted(authorities.items())),
        tuple(config.ssh_authorized_keys),
        config.apt_uri,
        config.apt_suite,
        config.apt_components,
        config.puppet_server,
        config.puppet_address,
        config.server_address,
        tuple(sorted(name for name in hosts if parse(name) is None)),
        flavors=tuple(config.flavors),
        **{name: getattr(config, name) for name in OF_CLOUD},
    )


def _networks(ctx: Ctx, cluster_id: int) -> tuple[Stand, ...]:
    """The networks that members have an address on, the one that they are installed over, and those outside that are kept
    for the cluster; by purpose and name."""
    query = (
        select(Network.id, *columns(Network))
        .where(
            Network.id.in_(select(Cluster.network_id).where(Cluster.id == cluster_id))
            | Network.id.in_(
                select(Address.network_id)
                .join(Assignment, Assignment.machine_id == Address.machine_id)
                .where(Assignment.cluster_id == cluster_id)
            )
            | Network.id.in_(select(Address.network_id).where(Address.cluster_id == cluster_id))
            | ((Network.cluster_id == cluster_id) & (Network.purpose == OUTSIDE))
        )
        .order_by(Network.purpose, Network.name)
    )
    rows = ctx.db.execute(query).all()
    # What two clusters share would be given out by both.
    pools = _pools(ctx, [row.id for row in rows if row.purpose == OUTSIDE and row.cluster_id == cluster_id])
    return tuple(
        Stand(name, purpose, cidr, gateway, tuple(dns.split()), vlan, mtu, pools.get(id, ()))
        for id, name, purpose, cidr, gateway, dns, vlan, mtu, _cluster in rows
    )


def _pools(ctx: Ctx, networks: Sequence[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """The ends of ranges for servers of users by network, in order of their addresses."""
    if not networks:
        return {}
    query = select(*columns(Range)).where(Range.network_id.in_(networks), Range.use == FLOATING)
    found: dict[int, list[tuple[str, str]]] = {}
    for network_id, first, last, _use in ctx.db.execute(query):
        found.setdefault(network_id, []).append((first, last))
    return {id: tuple(sorted(ends, key=lambda pair: _number(pair[0]))) for id, ends in found.items()}


def _vips(ctx: Ctx, cluster_id: int, domain: str) -> tuple[Vip, ...]:
    """The virtual addresses of the cluster, by name and number."""
    query = (
        select(Address.vip, Network.purpose, Address.ip)
        .join(Network, Network.id == Address.network_id)
        .where(Address.cluster_id == cluster_id, Address.vip != "")
        .order_by(Address.vip, Address.key)
    )
    return tuple(Vip(f"{name}.{domain}", purpose, ip) for name, purpose, ip in ctx.db.execute(query))


def _addresses(ctx: Ctx, cluster_id: int) -> dict[int, Held]:
    """(purpose, address) of each member by machine: those of the network it is installed over first, then by address."""
    query = (
        select(Address.machine_id, Network.purpose, Address.ip)
        .join(Network, Network.id == Address.network_id)
        .join(Assignment, Assignment.machine_id == Address.machine_id)
        .where(Assignment.cluster_id == cluster_id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for machine_id, purpose, ip in ctx.db.execute(query):
        found.setdefault(machine_id, []).append((purpose, ip))
    return {
        machine_id: tuple(sorted(held, key=lambda pair: (pair[0] != INSTALLED_OVER, pair[0], _number(pair[1]))))
        for machine_id, held in found.items()
    }


def _number(ip: str) -> tuple[int, int]:
    address = parse(ip)
    return (address.version, int(address)) if address else (0, 0)


def _members(ctx: Ctx, cluster_id: int) -> list[Member]:
    addresses = _addresses(ctx, cluster_id)
    query = (
        select(*columns(Assignment), *columns(Machine))
        .join(Machine, Machine.id == Assignment.machine_id)
        .where(Assignment.cluster_id == cluster_id)
    )
    return [
        Member(
            machine_id,
            hostname,
            fqdn,
            role,
            number,
            addresses.get(machine_id, ()),
            ((SYSTEM, disk["name"]),) if disk.get("name") else (),
            memory,
            cores,
        )
        for _cluster, machine_id, role, number, hostname, fqdn, memory, cores, disk in ctx.db.execute(query)
    ]


def _read(ctx: Ctx, cluster_id: int, revision: int, roles: Mapping[str, Role], about: Site) -> Fleet:
    name, domain, _network = ctx.db.execute(select(*columns(Cluster)).where(Cluster.id == cluster_id)).one()
    members = in_order(_members(ctx, cluster_id), roles)
    vips, stored = _vips(ctx, cluster_id, domain), settings.of_members(ctx, cluster_id)
    root = ctx.db.scalar(select(Authority.root).where(Authority.cluster_id == cluster_id)) or ""
    stands = _networks(ctx, cluster_id)
    return Fleet(name, domain, members, roles, about, revision, stands, vips, root=root, settings=stored)


def fleet(ctx: Ctx, cluster_id: int, revision: int) -> Fleet:
    """The snapshot of the cluster `cluster_id`, whose row has `revision` in this transaction. Raises Unavailable."""
    kept = _kept.setdefault(engine_of(ctx), {})
    known, roles, about = kept.get(cluster_id), ctx.outside.roles, site(ctx)
    if known and (known.revision, known.site) == (revision, about) and known.roles is roles and not grew(ctx.db):
        return known
    found = _read(ctx, cluster_id, revision, roles, about)
    # What this transaction wrote may be rolled back, and its revision be given to something else.
    if not grew(ctx.db) and (known is None or known.revision <= revision):
        kept[cluster_id] = found
    return found


def classified(ctx: Ctx, machine_id: int, cluster_id: int, revision: int) -> tuple[Fleet, Member]:
    """The snapshot and the member in it that is the machine. Raises Conflict for one without an address, Unavailable."""
    found = fleet(ctx, cluster_id, revision)
    member = found.member(machine_id)
    if member is None or not member.address():
        name = member.fqdn if member else f"machine {machine_id}"
        raise Conflict(f"{name} has no address on the network of its cluster; unassign it and assign it anew")
    return found, member


def assigned(ctx: Ctx, by: ColumnElement[bool]) -> Row[tuple[int, int, int, str]] | None:
    """Machine, cluster, the cluster's revision, and what was approved to be told, by its digest, of one assignment."""
    return ctx.db.execute(
        select(Assignment.machine_id, Cluster.id, Cluster.revision, Assignment.pinned)
        .join(Cluster, Cluster.id == Assignment.cluster_id)
        .where(by)
    ).one_or_none()


def engine_of(ctx: Ctx) -> Engine:
    """The engine of the database: what is kept of one is nothing of another's."""
    bind = ctx.db.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine


def forget() -> None:
    """Keep nothing: behind the same engine is another database now."""
    _kept.clear()


def revisions(ctx: Ctx) -> dict[int, int]:
    """The revision of every cluster, by its id: equal as long as nothing changed that a snapshot shows."""
    return dict(ctx.db.execute(select(Cluster.id, Cluster.revision).order_by(Cluster.id)).tuples().all())

"""From a declaration to rows: each part is done as a person's verb would do it, or is a mistake in a line.

All parts are tried, each in a savepoint of its own, so that all mistakes are told at once. What needs a part that failed is
not tried. Whoever calls this drops the transaction when there is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import or_, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.settings import SETTINGS
from oci.domain.machines import lifecycle
from oci.domain.networks.networks import Range, parsed
from oci.domain.quantities import counted
from oci.problems import Conflict, Problem
from oci.records.cloud import candidates
from oci.records.clusters import assignments, networks
from oci.records.clusters.assignments import NOTHING, Spared
from oci.records.clusters.changes import addresses, clusters, ranges, settings
from oci.records.clusters.changes import networks as network_changes
from oci.records.clusters.changes.refusals import canonical, canonical_net
from oci.records.clusters.settings import Scope
from oci.records.machines.moves import find
from oci.schemas.cloud.declaration import Declaration, MachineDoc, NetworkDoc, RoleDoc, Settings, TakeDoc, VirtualDoc
from oci.schemas.cloud.document import MOST_MISTAKES, Document, Mistake, Path
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn, NetworkChange, NetworkIn, RangeIn
from oci.schemas.machines.machines import AssignIn

ADDRESS, ASSIGNMENT, RANGE = tables.Address, tables.Assignment, tables.Range
CLUSTER = "cluster"


@dataclass
class Applied:
    """How far a declaration came."""

    ctx: Ctx
    declaration: Declaration
    document: Document
    revision: int = 0
    mistakes: list[Mistake] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    cluster: tables.Cluster | None = None
    members: dict[int, Path] = field(default_factory=dict)  # machine: where it is named
    named: dict[Path, tables.Machine] = field(default_factory=dict)
    virtual: dict[tuple[str, int], Path] = field(default_factory=dict)  # name and network: where it is named
    spared: Spared = NOTHING

    def step(self, path: Path, work: Callable[[], None], gives: str = "", needs: Iterable[str] = ()) -> None:
        """Do `work`, which is written at `path`. What it `gives` is not there for others when it fails."""
        if self.failed.intersection(needs) or len(self.mistakes) >= MOST_MISTAKES:
            self.failed.add(gives or "nothing")
            return
        try:
            with self.ctx.db.begin_nested():
                work()
        except Problem as refused:
            self.mistakes.append(self.document.wrong(path, str(refused)))
            self.failed.add(gives or "nothing")

    @property
    def found(self) -> tables.Cluster:
        assert self.cluster is not None, "a step that needs the cluster says so"
        return self.cluster


def apply(ctx: Ctx, declaration: Declaration, document: Document, revision: int = 0) -> Applied:
    """Make what is declared so, as far as it can be. What is set by it is told to come with `revision`."""
    run = Applied(ctx, declaration, document, revision)
    base = declaration.network
    for name in sorted(declaration.networks, key=lambda name: name != base):
        if name == base:
            _network(run, name, declaration.networks[name])
            run.step(("cluster",), lambda: _cluster(run), CLUSTER, [f"network {base}"])
    if base not in declaration.networks:
        run.step(("network",), lambda: _cluster(run), CLUSTER)
    for name, network in declaration.networks.items():
        if name != base:
            _network(run, name, network, [CLUSTER] if network.exclusive else [])
    _settings(run, ("settings",), declaration.settings, lambda: Scope(run.found))
    _virtual(run)
    for name, role in declaration.roles.items():
        run.step(("roles", name), lambda name=name: _known_role(ctx, name), f"role {name}", [CLUSTER])  # type: ignore[misc]
        _name(run, name, role)
    # Before others come, so that what is given back can be given to them.
    run.step(("roles",), lambda: _others(run), needs=[CLUSTER])
    _change_places(run)
    run.step(("roles",), lambda: _forget_roles(run), needs=[CLUSTER])
    run.spared = _spared(declaration)
    for name, role in declaration.roles.items():
        _role(run, name, role)
    run.mistakes = sorted(set(run.mistakes))
    return run


# -- networks


def _network(run: Applied, name: str, wanted: NetworkDoc, needs: Iterable[str] = ()) -> None:
    path: Path = ("networks", name)
    run.step(path, lambda: _make_network(run, name, wanted), f"network {name}", needs)
    # Those that go first: others may have what was in them.
    run.step((*path, "ranges"), lambda: _drop_ranges(run.ctx, name, wanted.ranges), needs=[f"network {name}"])
    for number, one in enumerate(wanted.ranges):
        run.step(
            (*path, "ranges", number),
            lambda one=one: _make_range(run.ctx, name, one),  # type: ignore[misc]
            needs=[f"network {name}"],
        )


def _make_network(run: Applied, name: str, wanted: NetworkDoc) -> None:
    ctx = run.ctx
    row = ctx.db.scalar(select(tables.Network).where(tables.Network.name == name))
    told = wanted.model_dump(exclude={"exclusive", "ranges"})
    owner = run.declaration.cluster if wanted.exclusive and run.cluster else ""
    if row is None:
        network_changes.create(ctx, NetworkIn(name=name, cluster=owner, **told))
        return
    before = networks.of_rows(ctx, [row])[0]
    if before.cluster and before.cluster != run.declaration.cluster:
        raise Conflict(f"the network {name} is for the cluster {before.cluster} alone; take another network")
    for what, is_so in (("purpose", before.purpose), ("cidr", canonical_net(before.cidr))):
        if canonical_net(told[what]) != is_so:
            raise Conflict(
                f"{what} of the network {name} is {is_so}, and cannot become {told[what]}: "
                "addresses of it are given out; declare another network under another name"
            )
    _own(run, row, wanted.exclusive)
    network_changes.change(ctx, row, NetworkChange(**{key: told[key] for key in NetworkChange.model_fields}))


def _own(run: Applied, row: tables.Network, exclusive: bool) -> None:
    """Keep the network for this cluster alone, or let all have it."""
    if not exclusive and row.cluster_id is not None:
        row.cluster_id = None
        run.ctx.event("network.changed", f"network {row.name}: it is for every cluster")
    elif exclusive and row.cluster_id is None and run.cluster is not None:
        other = _user(run.ctx, row, run.cluster)
        if other is not None:
            raise Conflict(f"the cluster {other} is on the network {row.name} as well, so it cannot be for one alone")
        row.cluster_id = run.cluster.id
        run.ctx.event("network.changed", f"network {row.name}: it is for the cluster {run.cluster.name} alone")
    run.ctx.db.flush()


def _user(ctx: Ctx, row: tables.Network, but: tables.Cluster) -> str | None:
    """Another cluster that is installed over the network, or has a machine or a virtual address on it."""
    cluster = tables.Cluster
    members = select(ASSIGNMENT.cluster_id).join(ADDRESS, ADDRESS.machine_id == ASSIGNMENT.machine_id)
    virtual = select(ADDRESS.cluster_id).where(ADDRESS.network_id == row.id, ADDRESS.cluster_id.is_not(None))
    stands = or_(
        cluster.network_id == row.id,
        cluster.id.in_(members.where(ADDRESS.network_id == row.id)),
        cluster.id.in_(virtual),
    )
    return ctx.db.scalar(select(cluster.name).where(cluster.id != but.id, stands).order_by(cluster.name).limit(1))


def _spelt(one: RangeIn | Range) -> tuple[str, str, str, str]:
    return canonical(one.first), canonical(one.last), one.use, one.note


def _make_range(ctx: Ctx, name: str, wanted: RangeIn) -> None:
    row = networks.find(ctx, name)
    if _spelt(wanted) not in map(_spelt, networks.ranges(ctx, [row])):
        ranges.add(ctx, row, wanted)


def _drop_ranges(ctx: Ctx, name: str, wanted: Iterable[RangeIn]) -> None:
    row, stay = networks.find(ctx, name), set(map(_spelt, wanted))
    for one in networks.ranges(ctx, [row]):
        if _spelt(one) not in stay:
            ranges.drop(ctx, row, one.first)


# -- the cluster, its settings, its virtual addresses


def _cluster(run: Applied) -> None:
    ctx, wanted = run.ctx, run.declaration
    row = ctx.db.scalar(select(tables.Cluster).where(tables.Cluster.name == wanted.cluster))
    if row is None:
        row = clusters.create(ctx, ClusterIn(name=wanted.cluster, domain=wanted.domain, network=wanted.network))
    network = networks.find(ctx, wanted.network)
    if row.domain != wanted.domain:
        raise Conflict(f"the domain of {row.name} is {row.domain}; its machines are called so, and it cannot become another")
    if row.network_id != network.id:
        base = ctx.db.get(tables.Network, row.network_id)
        raise Conflict(f"the machines of {row.name} are installed over {base.name if base else 'another'}; leave it so")
    run.cluster = row
    doc = wanted.networks.get(wanted.network)
    if doc is not None:
        _own(run, network, doc.exclusive)


def _settings(run: Applied, path: Path, wanted: Settings, scope: Callable[[], Scope], needs: Iterable[str] = ()) -> None:
    """Set what is wanted in a scope, and take back what is set there and not wanted. Secrets are left alone."""
    needs = [CLUSTER, *needs]
    for name, text in wanted.items():
        run.step((*path, name), lambda name=name, text=text: _set(run, scope(), name, text), needs=needs)  # type: ignore[misc]
    run.step(path, lambda: _unset(run.ctx, scope(), set(wanted)), needs=needs)


def _set(run: Applied, scope: Scope, name: str, text: str) -> None:
    known = settings.named(name)
    if known.secret:
        raise Problem(f"{name} is a secret, which no document may hold; set it with `ocicli setting set {name}`")
    settings.put(run.ctx, known, scope, settings.value_of(known, text), run.revision)


def _unset(ctx: Ctx, scope: Scope, wanted: set[str]) -> None:
    for name in ctx.db.scalars(select(tables.Setting.name).where(scope.rows())).all():
        if name in SETTINGS and not SETTINGS[name].secret and name not in wanted:
            settings.unset(ctx, SETTINGS[name], scope)


def _virtual(run: Applied) -> None:
    # Those that go first: another may get what they had.
    run.step(("addresses",), lambda: _free(run), needs=[CLUSTER])
    every = [
        (name, number, one) for name, several in run.declaration.addresses.items() for number, one in enumerate(several)
    ]
    # Who names an address has it before those that take the next free one.
    for name, number, wanted in sorted(every, key=lambda one: not one[2].address):
        needs = [CLUSTER, f"network {wanted.network}"]
        at: Path = ("addresses", name, number)
        run.step(at, lambda name=name, wanted=wanted, at=at: _hold(run, name, wanted, at), needs=needs)  # type: ignore[misc]


def _held(run: Applied) -> list[tables.Address]:
    rows = select(ADDRESS).where(ADDRESS.cluster_id == run.found.id, ADDRESS.vip != "").order_by(ADDRESS.id)
    return list(run.ctx.db.scalars(rows))


def _hold(run: Applied, name: str, wanted: VirtualDoc, at: Path) -> None:
    network = networks.find(run.ctx, wanted.network)
    held = next((row for row in _held(run) if (row.vip, row.network_id) == (name, network.id)), None)
    first = run.virtual.setdefault((name, network.id), at)
    if first != at:
        raise Conflict(f"{name} is on {network.name} in line {run.document.line(first)} already; leave one out")
    if held is None:
        addresses.hold(run.ctx, network, AddressIn(address=wanted.address, vip=name, cluster=run.found.name))


def _free(run: Applied) -> None:
    for row in _held(run):
        network = run.ctx.db.get(tables.Network, row.network_id)
        wanted = run.declaration.addresses.get(row.vip, [])
        stays = [one for one in wanted if network and one.network == network.name]
        if not any(canonical(one.address) in ("", row.ip) for one in stays):
            _give_back(run.ctx, row)


def _give_back(ctx: Ctx, row: tables.Address) -> None:
    network = ctx.db.get(tables.Network, row.network_id)
    assert network is not None
    addresses.free(ctx, network, row.ip)
    ctx.db.flush()


# -- roles and machines


def _known_role(ctx: Ctx, name: str) -> None:
    if name not in ctx.outside.roles:
        raise Problem(f"no role is called {name[:63]!r}; roles are {', '.join(sorted(ctx.outside.roles))}")


def _name(run: Applied, name: str, wanted: RoleDoc) -> None:
    """Find the machines that are named, once: their names change with their roles."""
    for number, machine in enumerate(wanted.machines):
        at = ("roles", name, "machines", number)
        run.step(at, lambda machine=machine, at=at: _find(run, machine, at), f"machine {at}", [CLUSTER])  # type: ignore[misc]


def _find(run: Applied, wanted: MachineDoc, at: Path) -> None:
    machine = find(run.ctx, wanted.machine)
    if machine.id in run.members:
        line = run.document.line(run.members[machine.id])
        raise Conflict(f"{wanted.machine} is the machine that is named in line {line} already; name each once")
    run.members[machine.id] = at
    run.named[at] = machine


def _change_places(run: Applied) -> None:
    """All that get another role are free before the first of them gets it, so that two can swap names and addresses."""
    rows = select(ASSIGNMENT.machine_id, ASSIGNMENT.cluster_id, ASSIGNMENT.role)
    has = {machine: (cluster, role) for machine, cluster, role in run.ctx.db.execute(rows)}
    for at, machine in run.named.items():
        role = str(at[1])
        if machine.id in has and run.cluster and has[machine.id] != (run.cluster.id, role):
            free = lambda machine=machine, role=role: _come_free(run, machine, role)  # noqa: E731
            run.step(at, free, f"machine {at}", [CLUSTER, f"role {role}", f"machine {at}"])


def _forget_roles(run: Applied) -> None:
    """Take back what is set for roles that the document does not name."""
    setting = tables.Setting
    query = select(setting.role).where(setting.cluster_id == run.found.id, setting.role != "").distinct()
    for role in run.ctx.db.scalars(query.order_by(setting.role)).all():
        if role not in run.declaration.roles:
            _unset(run.ctx, Scope(run.found, role), set())


def _spared(declaration: Declaration) -> Spared:
    """The addresses and names that the document gives to somebody; who takes the next free one is given none of them."""
    machines = [machine for role in declaration.roles.values() for machine in role.machines]
    ips = (parsed(text) for machine in machines for text in machine.addresses.values())
    return Spared(frozenset(str(ip) for ip in ips if ip), frozenset(machine.hostname for machine in machines))


def _role(run: Applied, name: str, wanted: RoleDoc) -> None:
    path: Path = ("roles", name)
    needs = [CLUSTER, f"role {name}"]
    _settings(run, (*path, "settings"), wanted.settings, lambda: Scope(run.found, name), needs)
    for number, machine in enumerate(wanted.machines):
        at = (*path, "machines", number)
        run.step(
            at,
            lambda machine=machine, at=at: _assign(run, name, run.named[at], machine),  # type: ignore[misc]
            f"machine {at}",
            [*needs, f"machine {at}", *(f"network {network}" for network in machine.addresses)],
        )
        own = lambda at=at: Scope(machine=run.named[at])  # noqa: E731
        _settings(run, (*at, "settings"), machine.settings, own, [f"machine {at}"])
    if wanted.take is not None:
        take = wanted.take
        run.step((*path, "take"), lambda: _take(run, name, take), needs=needs)


def _assign(run: Applied, role: str, machine: tables.Machine, wanted: MachineDoc) -> None:
    ctx = run.ctx
    row = ctx.db.get(ASSIGNMENT, machine.id)
    if row is not None and (row.cluster_id, row.role) == (run.found.id, role):
        _refuse_other_names(ctx, machine, row, wanted)
        return
    order = AssignIn(
        cluster=run.found.name,
        role=role,
        hostname=wanted.hostname,
        address=wanted.addresses.get(run.declaration.network, ""),
        addresses=[f"{name}={ip}" for name, ip in wanted.addresses.items() if name != run.declaration.network],
    )
    assignments.give(ctx, machine, order, run.spared)


def _come_free(run: Applied, machine: tables.Machine, role: str) -> None:
    """Take back what the machine was promised, when it is to have another role."""
    ctx = run.ctx
    row = ctx.db.get(ASSIGNMENT, machine.id)
    if row is not None and (row.cluster_id, row.role) != (run.found.id, role):
        cluster = ctx.db.get(tables.Cluster, row.cluster_id)
        if machine.state != lifecycle.ASSIGNED:
            raise Conflict(
                f"{machine.name} is {machine.state} as {row.role} of {cluster.name if cluster else 'another cluster'}; "
                "what is on it would be lost. Release it first"
            )
        if row.cluster_id != run.found.id:
            raise Conflict(f"{machine.name} is promised to the cluster {cluster.name if cluster else ''}; unassign it first")
        assignments.take_back(ctx, machine, "unassign")


def _refuse_other_names(ctx: Ctx, machine: tables.Machine, row: tables.Assignment, wanted: MachineDoc) -> None:
    """Raise Conflict when a member is to be called or addressed otherwise: it was given its name and addresses already."""
    if wanted.hostname not in ("", row.hostname):
        raise Conflict(f"{machine.name} cannot become {wanted.hostname}: a name is given with the role; unassign it first")
    held = _addresses_of(ctx, machine.id)
    for network, ip in wanted.addresses.items():
        if held.get(network) != canonical(ip):
            raise Conflict(
                f"{machine.name} has {held.get(network, 'no address')} on {network}, not {ip[:64]}; an address is given "
                "with the role: unassign it first"
            )


def _addresses_of(ctx: Ctx, machine_id: int) -> dict[str, str]:
    query = (
        select(tables.Network.name, ADDRESS.ip)
        .join(ADDRESS, ADDRESS.network_id == tables.Network.id)
        .where(ADDRESS.machine_id == machine_id)
    )
    return dict(ctx.db.execute(query).tuples().all())


def _take(run: Applied, role: str, wanted: TakeDoc) -> None:
    """Fill the role up to its count: who is in it already counts, then those that nobody has, the lowest numbers first."""
    ctx = run.ctx
    members = ctx.db.scalars(
        select(ASSIGNMENT.machine_id).where(ASSIGNMENT.cluster_id == run.found.id, ASSIGNMENT.role == role)
    ).all()
    missing = wanted.count - len(members)
    if missing < 0:
        raise Conflict(
            f"the role {role} has {counted(len(members), 'machine')}, more than {wanted.count}; name those that stay, "
            "or say how many there are"
        )
    chosen = candidates.matching(ctx, wanted, missing, set(run.members))
    if len(chosen) < missing:
        raise Conflict(
            f"the role {role} is to have {counted(wanted.count, 'machine')} and has {len(members)}; of those that "
            f"nobody has {len(chosen)} are like that. Power more of them on, or ask for less"
        )
    for machine in chosen:
        assignments.give(ctx, machine, AssignIn(cluster=run.found.name, role=role), run.spared)


def _others(run: Applied) -> None:
    """Members that the document neither names nor takes leave, if nothing is on them yet. Raises Conflict for any other."""
    ctx, roles = run.ctx, run.declaration.roles
    taken = {name for name, role in roles.items() if role.take}
    if any(name.startswith("machine ") for name in run.failed):  # a machine that could not be found is no machine that left
        return
    rows = ctx.db.scalars(select(ASSIGNMENT).where(ASSIGNMENT.cluster_id == run.found.id).order_by(ASSIGNMENT.machine_id))
    for row in rows.all():
        if row.machine_id in run.members or row.role in taken:
            continue
        machine = ctx.db.get(tables.Machine, row.machine_id)
        assert machine is not None
        if machine.state != lifecycle.ASSIGNED:
            raise Conflict(
                f"{machine.name} is a {machine.state} {row.role} of {run.found.name} and is not named; name it, or "
                f"release it first (`ocicli machine release {machine.name}`), which wipes its disks"
            )
        assignments.take_back(ctx, machine, "unassign")

"""From a declaration to rows: each part is done as a person's verb would do it, or is a mistake in a line.

All parts are tried, each in a savepoint of its own, so that all mistakes are told at once. What needs a part that failed is
not tried. Whoever calls this drops the transaction when there is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.settings import SETTINGS
from oci.domain.machines import lifecycle
from oci.domain.quantities import counted
from oci.problems import Conflict, Problem
from oci.records.cloud import candidates
from oci.records.clusters import assignments, networks
from oci.records.clusters.changes import addresses, clusters, ranges, settings
from oci.records.clusters.changes import networks as network_changes
from oci.records.clusters.changes.refusals import canonical
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
    mistakes: list[Mistake] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    cluster: tables.Cluster | None = None
    members: dict[int, Path] = field(default_factory=dict)  # machine: where it is named

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


def apply(ctx: Ctx, declaration: Declaration, document: Document) -> Applied:
    """Make what is declared so, as far as it can be."""
    run = Applied(ctx, declaration, document)
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
    for name, role in declaration.roles.items():
        _role(run, name, role)
    run.mistakes = sorted(set(run.mistakes))
    return run


# -- networks


def _network(run: Applied, name: str, wanted: NetworkDoc, needs: Iterable[str] = ()) -> None:
    path: Path = ("networks", name)
    run.step(path, lambda: _make_network(run, name, wanted), f"network {name}", needs)
    first = [(one.first, one.last, one.use, one.note) for one in wanted.ranges]
    for number, one in enumerate(wanted.ranges):
        run.step(
            (*path, "ranges", number),
            lambda one=one: _make_range(run.ctx, name, one),  # type: ignore[misc]
            needs=[f"network {name}"],
        )
    run.step((*path, "ranges"), lambda: _drop_ranges(run.ctx, name, {one[0] for one in first}), needs=[f"network {name}"])


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
    for what in ("purpose", "cidr"):
        if told[what] != getattr(before, what):
            raise Conflict(
                f"{what} of the network {name} is {getattr(before, what)}, and cannot become {told[what]}: "
                "addresses of it are given out; declare another network under another name"
            )
    _own(run, row, wanted.exclusive)
    network_changes.change(ctx, row, NetworkChange(**{key: told[key] for key in NetworkChange.model_fields}))


def _own(run: Applied, row: tables.Network, exclusive: bool) -> None:
    """Keep the network for this cluster alone, or let all have it."""
    if not exclusive and row.cluster_id is not None:
        row.cluster_id = None
    elif exclusive and row.cluster_id is None and run.cluster is not None:
        other = run.ctx.db.scalar(
            select(tables.Cluster.name)
            .join(ASSIGNMENT, ASSIGNMENT.cluster_id == tables.Cluster.id)
            .join(ADDRESS, ADDRESS.machine_id == ASSIGNMENT.machine_id)
            .where(ADDRESS.network_id == row.id, tables.Cluster.id != run.cluster.id)
            .limit(1)
        )
        if other is not None:
            raise Conflict(f"machines of the cluster {other} are on the network {row.name}, so it cannot be for one alone")
        row.cluster_id = run.cluster.id
    run.ctx.db.flush()


def _make_range(ctx: Ctx, name: str, wanted: RangeIn) -> None:
    row = networks.find(ctx, name)
    there = next((one for one in networks.ranges(ctx, [row]) if one.first == wanted.first), None)
    if there and (there.last, there.use, there.note) == (wanted.last, wanted.use, wanted.note):
        return
    if there:
        ranges.drop(ctx, row, wanted.first)
    ranges.add(ctx, row, wanted)


def _drop_ranges(ctx: Ctx, name: str, wanted: set[str]) -> None:
    row = networks.find(ctx, name)
    for one in networks.ranges(ctx, [row]):
        if one.first not in wanted:
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
        run.step((*path, name), lambda name=name, text=text: _set(run.ctx, scope(), name, text), needs=needs)  # type: ignore[misc]
    run.step(path, lambda: _unset(run.ctx, scope(), set(wanted)), needs=needs)


def _set(ctx: Ctx, scope: Scope, name: str, text: str) -> None:
    known = settings.named(name)
    if known.secret:
        raise Problem(f"{name} is a secret, which no document may hold; set it with `ocicli setting set {name}`")
    settings.put(ctx, known, scope, settings.value_of(known, text))


def _unset(ctx: Ctx, scope: Scope, wanted: set[str]) -> None:
    for name in ctx.db.scalars(select(tables.Setting.name).where(scope.rows())).all():
        if name in SETTINGS and not SETTINGS[name].secret and name not in wanted:
            settings.unset(ctx, SETTINGS[name], scope)


def _virtual(run: Applied) -> None:
    # Those that go first: another may get what they had.
    run.step(("addresses",), lambda: _free(run), needs=[CLUSTER])
    for name, several in run.declaration.addresses.items():
        for number, wanted in enumerate(several):
            needs = [CLUSTER, f"network {wanted.network}"]
            at = ("addresses", name, number)
            run.step(at, lambda name=name, wanted=wanted: _hold(run, name, wanted), needs=needs)  # type: ignore[misc]


def _held(run: Applied) -> list[tables.Address]:
    rows = select(ADDRESS).where(ADDRESS.cluster_id == run.found.id, ADDRESS.vip != "").order_by(ADDRESS.id)
    return list(run.ctx.db.scalars(rows))


def _hold(run: Applied, name: str, wanted: VirtualDoc) -> None:
    network = networks.find(run.ctx, wanted.network)
    held = next((row for row in _held(run) if (row.vip, row.network_id) == (name, network.id)), None)
    if held is not None and canonical(wanted.address) in ("", held.ip):
        return
    if held is not None:
        _give_back(run.ctx, held)
    addresses.hold(run.ctx, network, AddressIn(address=wanted.address, vip=name, cluster=run.found.name))


def _free(run: Applied) -> None:
    for row in _held(run):
        network = run.ctx.db.get(tables.Network, row.network_id)
        wanted = run.declaration.addresses.get(row.vip, [])
        if network is None or network.name not in {one.network for one in wanted}:
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
    """Find the machines that are named."""
    for number, machine in enumerate(wanted.machines):
        at = ("roles", name, "machines", number)
        run.step(at, lambda machine=machine, at=at: _find(run, machine, at), f"machine {at}", [CLUSTER])  # type: ignore[misc]


def _find(run: Applied, wanted: MachineDoc, at: Path) -> None:
    machine = find(run.ctx, wanted.machine)
    if machine.id in run.members:
        line = run.document.line(run.members[machine.id])
        raise Conflict(f"{wanted.machine} is the machine that is named in line {line} already; name each once")
    run.members[machine.id] = at


def _role(run: Applied, name: str, wanted: RoleDoc) -> None:
    path: Path = ("roles", name)
    needs = [CLUSTER, f"role {name}"]
    _settings(run, (*path, "settings"), wanted.settings, lambda: Scope(run.found, name), needs)
    for number, machine in enumerate(wanted.machines):
        at = (*path, "machines", number)
        run.step(
            at,
            lambda machine=machine: _assign(run, name, find(run.ctx, machine.machine), machine),  # type: ignore[misc]
            f"machine {at}",
            [*needs, f"machine {at}", *(f"network {network}" for network in machine.addresses)],
        )
        own = lambda machine=machine: Scope(machine=find(run.ctx, machine.machine))  # noqa: E731
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
    if row is not None:
        cluster = ctx.db.get(tables.Cluster, row.cluster_id)
        if machine.state != lifecycle.ASSIGNED:
            raise Conflict(
                f"{machine.name} is {machine.state} as {row.role} of {cluster.name if cluster else 'another cluster'}; "
                "what is on it would be lost. Release it first"
            )
        if row.cluster_id != run.found.id:
            raise Conflict(f"{machine.name} is promised to the cluster {cluster.name if cluster else ''}; unassign it first")
        assignments.take_back(ctx, machine, "unassign")
    order = AssignIn(
        cluster=run.found.name,
        role=role,
        hostname=wanted.hostname,
        address=wanted.addresses.get(run.declaration.network, ""),
        addresses=[f"{name}={ip}" for name, ip in wanted.addresses.items() if name != run.declaration.network],
    )
    assignments.give(ctx, machine, order)


def _refuse_other_names(ctx: Ctx, machine: tables.Machine, row: tables.Assignment, wanted: MachineDoc) -> None:
    """Raise Conflict when a member is to be called or addressed otherwise: it was given its name and addresses already."""
    if wanted.hostname not in ("", row.hostname):
        raise Conflict(f"{machine.name} cannot become {wanted.hostname}: a name is given with the role; unassign it first")
    held = _addresses_of(ctx, machine.id)
    for network, ip in wanted.addresses.items():
        if held.get(network) != ip:
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
        assignments.give(ctx, machine, AssignIn(cluster=run.found.name, role=role))


def _others(run: Applied) -> None:
    """Members that the document neither names nor takes leave, if nothing is on them yet. Raises Conflict for any other."""
    ctx, roles = run.ctx, run.declaration.roles
    taken = {name for name, role in roles.items() if role.take}
    if run.mistakes:  # a machine that could not be found is no machine that left
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

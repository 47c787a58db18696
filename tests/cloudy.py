"""A cluster of machines that poll, without hardware: what deployments are tried with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.cluster.roles import parse
from oci.records.path.boot_session import token_hash
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn, NetworkIn, RangeIn
from oci.schemas.deploy.deployments import DeployIn, DeploymentOut
from oci.schemas.deploy.plans import PlanIn, PlanOut
from oci.schemas.machines.machines import AssignIn
from oci.services.clusters import addresses, clusters, networks
from oci.services.deploy import deployments, plans
from oci.services.machines import verbs
from oci.services.path import polls, puppet

NOBODY = Actor("machine", "nobody")
CHECKS = {"controller": "mariadb.synced", "compute": "nova.compute"}


def cluster(world, **counts: int) -> list[str]:
    """Machines of each role that are active and poll; their names in the order of `counts`. Their roles have one check."""
    if not clusters.list_clusters(world.ctx()).clusters:
        order = NetworkIn(name="prov", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.60")
        networks.create_network(world.ctx(), order)
        clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))
    hold_api(world)
    known = {
        "controller": parse(
            "controller",
            {"name": "controller", "order": 30, "first_alone": True, "profiles": ["profile::base", "profile::mariadb"]},
        ),
        "compute": parse("compute", {"name": "compute", "order": 50, "profiles": ["profile::nova::compute"]}),
        "network": parse("network", {"name": "network", "order": 40, "profiles": ["profile::base"]}),
    }
    world.outside(roles=known)
    return [machine(world, role) for role, count in counts.items() for _ in range(count)]


def hold_api(world) -> None:
    """An address by which the services of the cluster c1 are reached, without which nothing can be told to Puppet."""
    if not [one for one in addresses.list_addresses(world.ctx(), "prov").addresses if one.vip]:
        networks.add_range(world.ctx(), "prov", RangeIn(first="10.77.0.250", last="10.77.0.251", use="vip"))
        addresses.hold_address(world.ctx(), "prov", AddressIn(vip="api", cluster="c1"))


def machine(world, role: str, state: str = "active") -> str:
    """One more machine of `role`; its name."""
    with world.appliance.make_session() as db:
        row = tables.Machine(name=f"m{world.clock.now}", state="discovered", state_since=0.0, created=0.0)
        row.pulse, row.bmc = tables.Pulse(), tables.Bmc()
        db.add(row)
        db.commit()
        number = row.id
    name = verbs.assign(world.ctx(), str(number), AssignIn(cluster="c1", role=role)).name
    with world.appliance.make_session() as db:
        db.execute(update(tables.Machine).where(tables.Machine.id == number).values(state=state, convergence="ok"))
        db.execute(
            update(tables.Assignment)
            .where(tables.Assignment.machine_id == number)
            .values(poll_hash=token_hash(f"token of {name}"))
        )
        db.commit()
    world.clock.now += 1
    return name


def planned(world, every: bool = False) -> PlanOut:
    """What would be done now."""
    return plans.show_plan(world.ctx(), "c1", PlanIn(every=every))


def approve(world, every: bool = False) -> DeploymentOut:
    """Approve what would be done now."""
    return deployments.deploy(world.ctx(), "c1", DeployIn(plan=planned(world, every).digest))


@dataclass
class Behaviour:
    """How a machine behaves: the status that oci-puppet ends with, and what its check says."""

    status: int = 0
    check: str = ""
    report: bool = True
    silent: bool = False
    words: str = (
        "Error: Could not retrieve catalog from remote server: Request to https://puppet:8140/puppet/v3/catalog/x timed out"
    )


def poll(world, name: str, **more: object) -> polls.Answer:
    return polls.poll(world.ctx(NOBODY), f"token of {name}", **more)


def turn(world, name: str, does: Behaviour | None = None) -> str:
    """One poll of the machine, and what it is told it does at once; the kind of that."""
    does = does or Behaviour()
    if does.silent:
        return ""
    told = poll(world, name)
    if not told.order:
        return ""
    poll(world, name, at_work=told.order, doing=f"Info: at it since {world.clock.now}")
    world.clock.now += 1
    if told.kind == "run" and does.status == 0 and does.report:
        puppet.report(world.ctx(APPLIANCE), name, {"status": "changed"})
    check = next((check for role, check in CHECKS.items() if name.startswith(role)), "")
    checks = f"{check}\t{does.check}\n" if check else ""
    polls.end(
        world.ctx(NOBODY), f"token of {name}", told.order, does.status, does.words if does.status else "its words", checks
    )
    return told.kind


def rounds(world, names: list[str], behaviours: dict[str, Behaviour] | None = None, most: int = 60) -> int:
    """Rounds of the appliance, and polls of all machines in between, until no deployment runs; how many there were."""
    for number in range(most):
        if not deployments.advance(world.ctx(APPLIANCE)):
            return number
        for name in names:
            turn(world, name, (behaviours or {}).get(name))
        world.clock.now += 15
    raise AssertionError(f"it runs still after {most} rounds: {deployments.list_deployments(world.ctx(), 'c1')}")


def orders(world, name: str) -> list[tuple[str, str]]:
    """Kind and outcome of all orders that the machine was given, oldest first."""
    with world.appliance.make_session() as db:
        query = select(tables.RunOrder.kind, tables.RunOrder.outcome).join(
            tables.Machine, tables.Machine.id == tables.RunOrder.machine_id
        )
        return [tuple(row) for row in db.execute(query.where(tables.Machine.name == name).order_by(tables.RunOrder.id))]

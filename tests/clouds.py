"""A cluster that was deployed, as far as the appliance can tell: for the tests of what is done with its cloud."""

from __future__ import annotations

from typing import Any

from shipped import cloud_roles
from sqlalchemy import func, select

from oci.app import APPLIANCE
from oci.db import tables
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn, NetworkIn, RangeIn
from oci.schemas.machines.machines import AssignIn
from oci.services.activity import jobs
from oci.services.clusters import addresses, clusters, networks
from oci.services.machines import verbs
from oci.services.path import puppet

VIP = "10.88.0.100"


def declare(world: Any, vip: bool = True, roles: tuple[str, ...] = ("controller", "compute", "compute")) -> None:
    """The cluster cloud in cloud.test, whose machines were never told anything."""
    world.outside(roles=dict(cloud_roles()))
    ctx = world.ctx
    networks.create_network(ctx(), NetworkIn(name="wire", cidr="10.88.0.0/24", first="10.88.0.11", last="10.88.0.60"))
    clusters.create_cluster(ctx(), ClusterIn(name="cloud", domain="cloud.test", network="wire"))
    networks.add_range(ctx(), "wire", RangeIn(first=VIP, last="10.88.0.109", use="vip"))
    if vip:
        addresses.hold_address(ctx(), "wire", AddressIn(vip="api", cluster="cloud", address=VIP))
    for number, role in enumerate(roles):
        mac = f"52:54:00:88:00:{number:02x}"
        verbs.enrol(ctx(), mac)
        verbs.assign(ctx(), mac, AssignIn(cluster="cloud", role=role))


def deploy(world: Any, **told: Any) -> str:
    """The same after Puppet asked for its controller; the administrator's password."""
    declare(world, **told)
    puppet.classify(world.ctx(APPLIANCE), "controller1.cloud.test")
    return password(world)


def password(world: Any) -> str:
    """The password of the cloud's administrator, as it is opened."""
    with world.appliance.make_session() as db:
        row = db.query(tables.Secret).filter_by(name="keystone.admin").one()
        return str(world.appliance.outside.sealer.open(row.value))


def open_jobs(world: Any) -> int:
    """How many jobs are not over."""
    query = select(func.count()).select_from(tables.Job).where(tables.Job.state.in_(("queued", "running")))
    with world.appliance.make_session() as db:
        return int(db.scalar(query))


def work_off(world: Any, seconds: float = 5, looks: int = 400) -> None:
    """Let a worker work until nothing is left to do; `seconds` pass between its looks."""
    for _ in range(looks):
        while jobs.run_next(world.ctx(APPLIANCE), "w"):
            pass
        if not open_jobs(world):
            return
        world.clock.now += seconds
    raise AssertionError(f"after {looks} looks there is work left")

"""From rows to the document that declares them: applied again, it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from sqlalchemy import func, select

from oci.context import Ctx
from oci.db import tables
from oci.domain.cluster.fleet import INSTALLED_OVER
from oci.domain.cluster.settings import SETTINGS
from oci.records.clusters import networks
from oci.schemas.cloud.declaration import NetworkDoc

ADDRESS, ASSIGNMENT, MACHINE, NIC, SETTING = (
    tables.Address,
    tables.Assignment,
    tables.Machine,
    tables.Nic,
    tables.Setting,
)


def text(ctx: Ctx, cluster: tables.Cluster) -> str:
    """The declaration of `cluster`, always the same text for the same rows. Secrets are not in it."""
    return yaml.safe_dump(_whole(ctx, cluster), sort_keys=False, allow_unicode=True, width=120)


def _whole(ctx: Ctx, cluster: tables.Cluster) -> dict[str, Any]:
    base = ctx.db.get(tables.Network, cluster.network_id)
    assert base is not None
    rows = [base, *(row for row in _stands(ctx, cluster) if row.id != base.id)]
    found = {
        "cluster": cluster.name,
        "domain": cluster.domain,
        "network": base.name,
        "settings": _set(ctx, SETTING.cluster_id == cluster.id, SETTING.role == ""),
        "networks": {row.name: _network(ctx, row) for row in rows},
        "addresses": _virtual(ctx, cluster),
        "roles": _roles(ctx, cluster),
    }
    return {key: value for key, value in found.items() if value not in ({}, [])}


def _stands(ctx: Ctx, cluster: tables.Cluster) -> list[tables.Network]:
    """The networks that are the cluster's own, that its members' roles want, or that addresses of it stand on, by name."""
    on = select(ADDRESS.network_id).outerjoin(ASSIGNMENT, ASSIGNMENT.machine_id == ADDRESS.machine_id)
    on = on.where((ASSIGNMENT.cluster_id == cluster.id) | (ADDRESS.cluster_id == cluster.id))
    row = tables.Network
    query = select(row).where((row.cluster_id == cluster.id) | row.id.in_(on) | row.id.in_(_wanted(ctx, cluster)))
    return list(ctx.db.scalars(query.order_by(row.name)))


def _wanted(ctx: Ctx, cluster: tables.Cluster) -> set[int]:
    """The networks that members have a card on by their roles, though machines are given no address there."""
    names = ctx.db.scalars(select(ASSIGNMENT.role).where(ASSIGNMENT.cluster_id == cluster.id).distinct())
    roles = [ctx.outside.roles[name] for name in names if name in ctx.outside.roles]
    purposes = {purpose for role in roles for purpose in (INSTALLED_OVER, *role.networks)}
    return {row.id for row in networks.of_cluster(ctx, cluster) if row.purpose in purposes}


def _network(ctx: Ctx, row: tables.Network) -> dict[str, Any]:
    """What is not as it is when nothing is said; purpose and addresses always."""
    network = networks.of_rows(ctx, [row])[0]
    told = NetworkDoc(
        purpose=network.purpose,
        cidr=network.cidr,
        gateway=network.gateway,
        dns=list(network.dns),
        vlan=network.vlan,
        mtu=network.mtu,
        routes=[f"{route.to}={route.via}" for route in network.routes],
        place=network.place,
        serves=network.serves,
        exclusive=row.cluster_id is not None,
    ).model_dump(exclude_defaults=True)
    ranges = [
        {"first": one.first, "last": one.last, "use": one.use, **({"note": one.note} if one.note else {})}
        for one in networks.ranges(ctx, [row])
    ]
    return {"purpose": network.purpose, **told, **({"ranges": ranges} if ranges else {})}


def _set(ctx: Ctx, *where: Any) -> dict[str, str]:
    rows = ctx.db.execute(select(SETTING.name, SETTING.value).where(*where).order_by(SETTING.name))
    return {name: value for name, value in rows if name in SETTINGS and not SETTINGS[name].secret}


def _virtual(ctx: Ctx, cluster: tables.Cluster) -> dict[str, Any]:
    query = (
        select(ADDRESS.vip, tables.Network.name, ADDRESS.ip)
        .join(tables.Network, tables.Network.id == ADDRESS.network_id)
        .where(ADDRESS.cluster_id == cluster.id, ADDRESS.vip != "")
        .order_by(ADDRESS.vip, tables.Network.name)
    )
    found: dict[str, list[dict[str, str]]] = {}
    for vip, network, ip in ctx.db.execute(query):
        found.setdefault(vip, []).append({"network": network, "address": ip})
    return {vip: several if len(several) > 1 else several[0] for vip, several in found.items()}


def _roles(ctx: Ctx, cluster: tables.Cluster) -> dict[str, Any]:
    query = (
        select(ASSIGNMENT, MACHINE)
        .join(MACHINE, MACHINE.id == ASSIGNMENT.machine_id)
        .where(ASSIGNMENT.cluster_id == cluster.id)
        .order_by(ASSIGNMENT.role, ASSIGNMENT.number)
    )
    members = ctx.db.execute(query).tuples().all()
    names, addresses = _lasting(ctx, cluster), _addresses(ctx, cluster)
    own = _own_settings(ctx, cluster)
    machines: dict[str, list[dict[str, Any]]] = {}
    for assignment, machine in members:
        told: dict[str, Any] = {"machine": names[machine.id], "hostname": assignment.hostname}
        told |= {"addresses": addresses[machine.id]} if machine.id in addresses else {}
        told |= {"settings": own[machine.id]} if machine.id in own else {}
        machines.setdefault(assignment.role, []).append(told)
    settings = ctx.db.scalars(select(SETTING.role).where(SETTING.cluster_id == cluster.id, SETTING.role != "").distinct())
    found: dict[str, Any] = {}
    for role in sorted({*machines, *settings}):
        values = _set(ctx, SETTING.cluster_id == cluster.id, SETTING.role == role)
        found[role] = {
            **({"settings": values} if values else {}),
            **({"machines": machines[role]} if role in machines else {}),
        }
    return found


def _lasting(ctx: Ctx, cluster: tables.Cluster) -> Mapping[int, str]:
    """By machine what names it and no other, for ever if possible: a MAC that is on a card of it, its serial, its number."""
    alone = select(NIC.mac).group_by(NIC.mac).having(func.count() == 1)
    members = select(ASSIGNMENT.machine_id).where(ASSIGNMENT.cluster_id == cluster.id)
    macs = (
        select(NIC.machine_id, func.min(NIC.mac))
        .where(NIC.mac.in_(alone), NIC.machine_id.in_(members))
        .group_by(NIC.machine_id)
    )
    serials = select(MACHINE.serial).group_by(MACHINE.serial).having(func.count() == 1)
    numbers = select(MACHINE.id, MACHINE.serial).where(MACHINE.id.in_(members))
    names = {number: str(number) for number, _serial in ctx.db.execute(numbers)}
    unique = ctx.db.execute(numbers.where(MACHINE.serial != "", MACHINE.serial.in_(serials)))
    # A serial of digits could be taken for a number.
    names |= {number: serial for number, serial in unique if not serial.isdigit() and serial.isprintable()}
    return names | dict(ctx.db.execute(macs).tuples().all())


def _addresses(ctx: Ctx, cluster: tables.Cluster) -> dict[int, dict[str, str]]:
    query = (
        select(ADDRESS.machine_id, tables.Network.name, ADDRESS.ip)
        .join(tables.Network, tables.Network.id == ADDRESS.network_id)
        .join(ASSIGNMENT, ASSIGNMENT.machine_id == ADDRESS.machine_id)
        .where(ASSIGNMENT.cluster_id == cluster.id)
        .order_by(tables.Network.name)
    )
    found: dict[int, dict[str, str]] = {}
    for machine_id, network, ip in ctx.db.execute(query):
        found.setdefault(machine_id, {})[network] = ip
    return found


def _own_settings(ctx: Ctx, cluster: tables.Cluster) -> dict[int, dict[str, str]]:
    query = (
        select(SETTING.machine_id, SETTING.name, SETTING.value)
        .join(ASSIGNMENT, ASSIGNMENT.machine_id == SETTING.machine_id)
        .where(ASSIGNMENT.cluster_id == cluster.id)
        .order_by(SETTING.name)
    )
    found: dict[int, dict[str, str]] = {}
    for machine_id, name, value in ctx.db.execute(query):
        if name in SETTINGS and not SETTINGS[name].secret:
            found.setdefault(machine_id, {})[name] = value
    return found

"""What an install makes of a machine: worked out, stored with its assignment, approved, carried out. ADR 0017 says why.

Orders are rendered from what is stored and from nothing else. What a later report says of the machine can contradict a
promise, and then nothing is written; it never changes one. Shared by use cases; holds none itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oci.context import Ctx
from oci.db import tables
from oci.domain.hardware.inventory import Nic
from oci.domain.promise import layouts, promise
from oci.domain.promise import wish as wishes
from oci.domain.promise.cabling import BadCabling, Override, cabling
from oci.domain.promise.interfaces import Interface
from oci.domain.promise.layouts import CannotLayOut
from oci.domain.promise.promise import BadPromise, Promise
from oci.domain.words import is_interface
from oci.problems import Conflict, Problem
from oci.records.clusters import addresses, claims, networks
from oci.records.machines import disk_orders
from oci.schemas.machines.machines import CablingIn, PromisedDisk, PromisedInterface, PromiseOut

NOT_REPORTED = "it has not reported yet, so its cards and disks are not known"
BOOT_CARD = "boot0"
"""What a card is called that the machine boots from and its report does not list."""


def stored(assignment: tables.Assignment) -> dict[str, Any]:
    """The promise as it is stored, `promise.read` reads it."""
    return {"interfaces": assignment.interfaces, "disks": assignment.disks, "revision": assignment.revision}


def kept(assignment: tables.Assignment, approved: str = "") -> Promise | None:
    """The promise of the assignment; None while none was worked out. Raises BadPromise."""
    return promise.read(stored(assignment), approved) if assignment.revision else None


def _keep(assignment: tables.Assignment, now: Promise) -> None:
    told = now.to_dict()
    assignment.interfaces, assignment.disks, assignment.revision = told["interfaces"], told["disks"], told["revision"]


def _cards(ctx: Ctx, machine: tables.Machine) -> tuple[list[Nic], str]:
    """The cards of the machine's report and the MAC that it boots from, which is a card of its own if none has it."""
    boot = ctx.db.get(tables.Boot, machine.pulse.boot_id)
    mac = boot.mac if boot else ""
    # A card that says to be called what no interface can be called is found by its MAC all the same.
    nics = [
        nic if is_interface(nic.name) else replace(nic, name=f"nic{nic.mac.replace(':', '')[-6:]}")
        for nic in disk_orders.inventory_of(machine).nics
    ]
    if mac and all(nic.mac != mac for nic in nics):
        nics.append(Nic(name=BOOT_CARD, mac=mac, link=True))
    return nics, mac


def wish_of(assignment: tables.Assignment) -> Override:
    """What a person ordered of the machine's cabling. Raises BadPromise for what this version cannot read."""
    try:
        return wishes.read(assignment.wish or {})
    except wishes.BadWish as bad:
        raise BadPromise(str(bad)) from None


def _interfaces(ctx: Ctx, machine: tables.Machine, assignment: tables.Assignment) -> tuple[Interface, ...]:
    """Raises Conflict with all that is in the way."""
    cluster = ctx.db.get(tables.Cluster, assignment.cluster_id)
    assert cluster is not None
    rows = networks.for_role(ctx, cluster, claims.role_named(ctx, assignment.role))
    held = addresses.of_machine(ctx, machine.id)
    wanted = {row.name: held.get(row.name, "") for row in rows}
    nics, mac = _cards(ctx, machine)
    try:
        return cabling(networks.of_rows(ctx, rows), nics, wanted, wish_of(assignment), mac)
    except (BadCabling, BadPromise) as bad:
        raise Conflict(f"{machine.name} cannot be cabled as its role wants: {bad}") from None


def _disks(machine: tables.Machine, layout: str) -> dict[str, Any]:
    """Raises CannotLayOut."""
    return layouts.stored(layout, disk_orders.ordered(disk_orders.laid_out(machine, layout)))


def _write(ctx: Ctx, machine: tables.Machine, assignment: tables.Assignment, now: Promise) -> None:
    if now.revision != assignment.revision:
        _keep(assignment, now)
        ctx.event("machine.promise", f"promise {now.revision}: {told(now)}", machine)


def told(now: Promise) -> str:
    """The promise in one line, for people."""
    named = [
        f"{interface.name} {' '.join(place.address for place in interface.places if place.address)}".strip()
        for interface in now.interfaces
        if interface.places
    ]
    disks = [str(disk[0]) for disk in now.to_dict()["disks"].get("disks", [])]
    return "; ".join([*named, f"disks: {', '.join(disks)}" if disks else "disks are chosen when it is installed"])[:480]


def outlook(ctx: Ctx, machine: tables.Machine) -> dict[str, Any]:
    """The promise as the machine's page shows it, or why there is none."""
    assignment = ctx.db.get(tables.Assignment, machine.id)
    if assignment is None:
        return {}
    try:
        now = kept(assignment)
    except BadPromise as bad:
        return {"promise_trouble": str(bad)}
    if now is None:
        return {"promise_trouble": _why_none(ctx, machine, assignment)}
    disks = now.to_dict()["disks"]
    return {
        "promise": PromiseOut(
            revision=now.revision,
            digest=promise.digest(now),
            layout=disks.get("layout", ""),
            interfaces=[_shown(one) for one in now.interfaces],
            disks=[PromisedDisk(name=disk[0], bytes=disk[1]) for disk in disks.get("disks", [])],
            cabling=CablingIn(**(assignment.wish or {})),
            wish=wishes.said(assignment.wish or {}),
        )
    }


def _shown(one: Interface) -> PromisedInterface:
    return PromisedInterface(
        name=one.name,
        kind=one.kind,
        mac=one.mac,
        mtu=one.mtu,
        on=one.parent,
        part_of=one.master,
        vlan=one.vlan,
        addresses=[place.address for place in one.places if place.address],
        networks=[place.network for place in one.places],
    )


def _why_none(ctx: Ctx, machine: tables.Machine, assignment: tables.Assignment) -> str:
    if not machine.inventory:
        return NOT_REPORTED
    try:
        _interfaces(ctx, machine, assignment)
    except Conflict as refused:
        return str(refused)
    return "it was assigned before it told what it is made of; an install works its promise out"


def work_out(ctx: Ctx, machine: tables.Machine) -> str:
    """Work out the promise of the machine as far as it can be; what is in the way of cabling it in words, or nothing.

    A machine that has not reported yet has none: what is to become of it is known once it tells what it is made of.
    """
    assignment = ctx.db.get(tables.Assignment, machine.id)
    if assignment is None or not machine.inventory:
        return "" if assignment is None else NOT_REPORTED
    try:
        interfaces = _interfaces(ctx, machine, assignment)
    except Conflict as refused:
        return str(refused)
    disks: dict[str, Any] = {}
    # Without disks it is a promise all the same: they are chosen when the install is ordered, and refused then.
    with contextlib.suppress(CannotLayOut):
        disks = _disks(machine, claims.layout_of(ctx, machine))
    before = _before(assignment)
    _write(ctx, machine, assignment, promise.promise(interfaces, disks, before))
    return ""


def _before(assignment: tables.Assignment) -> Promise | None:
    """What was promised before. What cannot be read any more is replaced by the next revision of its number."""
    try:
        return kept(assignment)
    except BadPromise:
        return Promise((), "null", assignment.revision)


def approve(ctx: Ctx, machine: tables.Machine) -> str:
    """The digest of the promise that is ordered now, with the disks as they are chosen now. Raises Conflict when there is
    none, or what the machine reports contradicts it; CannotLayOut for its disks."""
    assignment = ctx.db.get(tables.Assignment, machine.id)
    assert assignment is not None
    before = _before(assignment)
    interfaces = before.interfaces if before else ()
    if not interfaces:
        interfaces = _interfaces(ctx, machine, assignment)
    gone = missing_cards(interfaces, _cards(ctx, machine)[0])
    if gone:
        raise Conflict(
            f"{machine.name} was promised {' and '.join(gone)}, which its latest report does not list; put the card back, "
            f"or have the promise worked out anew (`ocicli machine promise {machine.name}`)"
        )
    disks = _disks(machine, claims.layout_of(ctx, machine))
    now = promise.promise(interfaces, disks, before)
    _write(ctx, machine, assignment, now)
    return promise.digest(now)


def missing_cards(interfaces: Sequence[Interface], nics: Sequence[Nic]) -> list[str]:
    """The promised cards that are not among `nics`, in words."""
    there = {nic.mac for nic in nics}
    return [f"card {one.name} ({one.mac})" for one in interfaces if one.kind == "card" and one.mac not in there]


def to_carry_out(ctx: Ctx, machine: tables.Machine, work: tables.Work) -> Promise:
    """The promise that the work was ordered with, if the machine is still what it was promised for. What is written
    from now on is remembered. Raises BadPromise, CannotLayOut, Conflict."""
    assignment = ctx.db.get(tables.Assignment, machine.id)
    if assignment is None:
        raise BadPromise(f"{machine.name} has no role any more; assign it again")
    claims.role_named(ctx, assignment.role)  # without it Puppet could be told nothing of the machine
    if not work.approved:
        work.approved = approve(ctx, machine)
    ordered = kept(assignment, work.approved)
    if ordered is None:
        raise BadPromise(f"nothing is promised to {machine.name}; order the install again")
    gone = missing_cards(ordered.interfaces, _cards(ctx, machine)[0])
    if gone:
        raise BadPromise(f"{' and '.join(gone)} was promised and is not there now; have the promise worked out anew")
    _refuse_other_disks(ctx, machine, assignment.disks)
    return ordered


def _refuse_other_disks(ctx: Ctx, machine: tables.Machine, promised: Mapping[str, Any]) -> None:
    choices = disk_orders.laid_out(machine, str(promised.get("layout", "")))
    now = [[disk.name, disk.bytes] for disk in disk_orders.ordered(choices)]
    if now != [disk[:2] for disk in promised["disks"]]:
        was, other = (", ".join(str(disk[0]) for disk in disks) for disks in (promised["disks"], now))
        raise BadPromise(
            f"the disks that were ordered ({was}) are not those that would be chosen now ({other}); look at them, and order "
            "the install again"
        )
    disk_orders.remember(ctx, machine, choices)


def wish(ctx: Ctx, machine: tables.Machine, words: Mapping[str, Any]) -> None:
    """Have the machine cabled as a person says in `words`. Raises Problem when that cannot be, Conflict without a role."""
    assignment = ctx.db.get(tables.Assignment, machine.id)
    if assignment is None:
        raise Conflict(f"{machine.name} has no role, so nothing is promised to it; assign it first")
    try:
        wishes.read(words)
    except wishes.BadWish as bad:
        raise Problem(str(bad)) from None
    assignment.wish = {key: value for key, value in words.items() if value}

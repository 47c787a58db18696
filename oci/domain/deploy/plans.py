"""What will happen to a cluster, before it happens: `plan` makes steps out of what is declared and what is seen.

A plan is approved by its digest and carried out as it is. Nothing else decides what a machine gets to feel.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from oci.domain.cluster.roles import Role
from oci.domain.machines import lifecycle

INSTALL, CONVERGE, WAIT = "install", "converge", "wait"


@dataclass(frozen=True)
class Kind:
    """One kind of step: what it does, and how it is undone."""

    name: str
    meaning: str
    undo: str
    destroys: bool = False


KINDS: dict[str, Kind] = {
    one.name: one
    for one in (
        Kind(
            INSTALL,
            "its disk is written, it boots from that, Puppet runs, and its checks are well",
            "what was on its disks cannot be had back; `ocicli machine release` wipes them and sets it free",
            destroys=True,
        ),
        Kind(
            CONVERGE,
            "Puppet runs with what was approved, and its checks are well",
            "apply the document as it was before, and deploy again",
        ),
        Kind(
            WAIT,
            "a person must make it ready; as soon as it is, Puppet runs and its checks are well",
            "unassign it; nothing was done to it",
        ),
    )
}


@dataclass(frozen=True)
class Limits:
    """How many machines a wave may hold: `at_once` in all, `place_at_once` of those in service behind one switch. 0: any
    number. What a role says of itself is said there."""

    at_once: int = 0
    place_at_once: int = 0


@dataclass(frozen=True)
class Machine:
    """One machine of the cluster: what is declared of it, and what is seen of it.

    `wanted` is the digest of the classification that it is to have, `pinned` that of the one that Puppet is told now, and
    `settled` that of the one with which its checks were last well ('': none yet). `able`: it told what it is made of, so it
    can be installed; `promise` is then the digest of what is to be written, and `loses` says that in words. `place`: the
    switch that it stands behind ('': not known).
    """

    id: int
    name: str
    role: str
    number: int
    state: str
    wanted: str
    pinned: str = ""
    settled: str = ""
    well: bool = True
    able: bool = True
    promise: str = ""
    loses: tuple[str, ...] = ()
    why: str = ""
    place: str = ""

    @property
    def serves(self) -> bool:
        """Whether others may count on it: it came up once, and runs."""
        return self.state == lifecycle.ACTIVE and bool(self.settled)


@dataclass(frozen=True)
class Step:
    """What is done to one machine in one wave, and why. `before` and `wanted` are digests of classifications, `promise` one
    of what is written onto its disks; `destroys` says what is lost."""

    machine: int
    name: str
    role: str
    kind: str
    wave: int
    why: str
    before: str = ""
    wanted: str = ""
    promise: str = ""
    destroys: tuple[str, ...] = ()
    serves: bool = False


def plan(
    machines: Iterable[Machine], roles: Mapping[str, Role], limits: Limits = Limits(), every: bool = False
) -> tuple[Step, ...]:
    """The steps to what is declared, by wave; none where all is so already. `every`: Puppet runs on all that could.

    Waves follow the order of roles. Those of a role that serve and are not well go first, then its first member or canary
    where the role wants one alone, then the others that serve, in groups that its limits allow, and those that are new.
    """
    all_of: dict[str, list[Machine]] = {}
    for machine in machines:
        all_of.setdefault(machine.role, []).append(machine)
    found: list[Step] = []
    wave = 0
    by_order = sorted(all_of, key=lambda name: (name not in roles, roles[name].order if name in roles else 0, name))
    for _order, names in groupby(by_order, key=lambda name: (name not in roles, roles[name].order if name in roles else 0)):
        lanes = [_groups(sorted(all_of[name], key=lambda one: one.number), roles.get(name), limits, every) for name in names]
        for group in _abreast(lanes, limits):
            wave += 1
            found += [replace(step, wave=wave) for step in group]
    return tuple(found)


def _groups(members: Sequence[Machine], role: Role | None, limits: Limits, every: bool) -> list[list[Step]]:
    """The steps of one role, in groups that follow each other."""
    steps = {one.id: step for one in members if (step := _step(one, every)) is not None}
    ill = [one for one in members if one.serves and not one.well and one.id in steps]
    busy = [one for one in members if one.serves and one.well and one.id in steps]
    new = [one for one in members if not one.serves and one.id in steps]
    most = may_miss(role, len([one for one in members if one.serves]))
    groups: list[list[Machine]] = list(_cut(ill, max(most, 1), limits))
    if busy and role is not None and (role.canary or role.first_alone) and len(busy) > 1:
        groups.append(busy[:1])
        busy = busy[1:]
    rolling = list(_cut(busy, most, limits))
    first = [new[:1]] if role is not None and role.first_alone and len(new) == len(members) > 1 else []
    rest = new[1:] if first else new
    together = rolling and rest and role is not None and not role.quorum
    groups += first
    if together:
        rolling[0] = [*rolling[0], *rest]
        rest = []
    groups += rolling
    if rest:
        groups.append(rest)
    return [[steps[one.id] for one in group] for group in groups]


def _abreast(lanes: Sequence[list[list[Step]]], limits: Limits) -> Iterator[list[Step]]:
    """Roles of one order go side by side, group by group, as far as the limit of all allows."""
    for number in range(max((len(lane) for lane in lanes), default=0)):
        side = [step for lane in lanes if number < len(lane) for step in lane[number]]
        most = limits.at_once or len(side)
        for begin in range(0, len(side), most):
            yield side[begin : begin + most]


def may_miss(role: Role | None, members: int) -> int:
    """How many of the `members` of a role that serve may be worked on at once: at least one, or nothing could ever be
    changed. Where the role has a quorum more than half of three or more stay."""
    most = members
    if role is not None and role.max_unavailable:
        told = role.max_unavailable
        most = math.floor(members * int(told[:-1]) / 100) if told.endswith("%") else int(told)
    if role is not None and role.quorum:
        most = min(most, (members - 1) // 2)
    return max(1, most)


def _cut(members: Sequence[Machine], most: int, limits: Limits) -> Iterator[list[Machine]]:
    """Groups of at most `most`, of which no place has more than its limit."""
    groups: list[list[Machine]] = []
    room: list[dict[str, int]] = []
    first_open = 0
    after: dict[str, int] = {}  # by place, the group after the last that has no room for it
    for one in members:
        number = max(first_open, after.get(one.place, 0))
        while number < len(groups) and (
            len(groups[number]) >= most or not _has_room(room[number], one.place, limits.place_at_once)
        ):
            number += 1
        if number == len(groups):
            groups.append([])
            room.append({})
        groups[number].append(one)
        room[number][one.place] = room[number].get(one.place, 0) + 1
        if not _has_room(room[number], one.place, limits.place_at_once):
            after[one.place] = number + 1
        while first_open < len(groups) and len(groups[first_open]) >= most:
            first_open += 1
    yield from groups


def _has_room(room: Mapping[str, int], place: str, most: int) -> bool:
    return not most or not place or room.get(place, 0) < most


def _step(one: Machine, every: bool) -> Step | None:
    """What is to be done to a machine; nothing where it is as it should be."""
    bare = Step(one.id, one.name, one.role, "", 0, "", one.pinned, one.wanted, serves=one.serves)
    if one.state == lifecycle.ACTIVE:
        why = _why(one, every)
        return replace(bare, kind=CONVERGE, why=why) if why else None
    if one.state in (lifecycle.ASSIGNED, lifecycle.FAILED) and one.able:
        why = (
            "it has a role and is not installed yet" if one.state == lifecycle.ASSIGNED else f"it is {one.state}: {one.why}"
        )
        lost = one.loses or ("whatever is on the disks that it will tell of",)
        return replace(bare, kind=INSTALL, why=why, promise=one.promise, destroys=lost)
    if one.state in (lifecycle.INSTALLING, lifecycle.CONFIGURING):
        return replace(bare, kind=WAIT, why=f"it is {one.state}, and will be waited for")
    if one.state == lifecycle.ASSIGNED:
        why = (
            "it has not reported its hardware, so it cannot be installed; power it on in the provisioning network, or hand "
            f"it over with `ocicli machine adopt {one.name}`"
        )
        return replace(bare, kind=WAIT, why=why)
    return replace(bare, kind=WAIT, why=f"it is {one.state}" + (f": {one.why}" if one.why else ""))


def _why(one: Machine, every: bool) -> str:
    if not one.settled:
        return "it was never brought up by a deployment"
    if {one.settled, one.pinned} != {one.wanted}:
        return "what Puppet is told of it changes"
    if not one.well:
        return "its last run of Puppet was not well, or its checks were not"
    return "Puppet is to run on every machine" if every else ""


# -- what is approved


def digest(steps: Sequence[Step]) -> str:
    """What a plan is approved by: 12 hexadecimal digits of the SHA-256 of all that it does, in its order. How long it may
    take is no part of it, nor why."""
    told = [
        [one.wave, one.machine, one.name, one.role, one.kind, one.before, one.wanted, one.promise, list(one.destroys)]
        for one in steps
    ]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()[:12]


DIGEST = re.compile(r"[0-9a-f]{12}")


def differences(before: Sequence[Step], after: Sequence[Step]) -> tuple[str, ...]:
    """What a plan does otherwise than the one before, in words, by machine."""
    old, new = {one.machine: one for one in before}, {one.machine: one for one in after}
    found = [f"{one.name}: {one.kind} is not to be done any more" for key, one in old.items() if key not in new]
    for key, one in new.items():
        was = old.get(key)
        if was is None:
            found.append(f"{one.name}: {one.kind} is to be done as well, because {one.why}")
        elif words := list(_differs(was, one)):
            found.append(f"{one.name}: {', '.join(words)}")
    return tuple(found)


def _differs(was: Step, one: Step) -> Iterator[str]:
    if was.kind != one.kind:
        yield f"{one.kind} instead of {was.kind}"
    if was.wave != one.wave:
        yield f"wave {one.wave} instead of {was.wave}"
    if was.wanted != one.wanted:
        yield "Puppet is told something else of it"
    if (was.promise, was.destroys) != (one.promise, one.destroys):
        yield "something else is written onto its disks"
    if (was.name, was.role, was.before) != (one.name, one.role, one.before) and was.wanted == one.wanted:
        yield "it was worked on meanwhile"


def waits_for(before: Sequence[Step]) -> str:
    """What a wave waits for, and why, in words, by the steps of the wave before it."""
    if not before:
        return "for nothing: it begins at once"
    named = " and ".join(one.name.split(".")[0] for one in before[:2])
    more = f" and {len(before) - 2} more" if len(before) > 2 else ""
    return f"until Puppet has converged and all checks are well on {named}{more} of wave {before[0].wave}"


def seconds_of(steps: Collection[Step], seconds: Mapping[tuple[str, str], float]) -> float | None:
    """How long the steps take in all, of what the like took before, by kind and role: the sum of the longest of each wave.
    None when nothing is known of one of them."""
    longest: dict[int, float] = {}
    for one in steps:
        took = seconds.get((one.kind, one.role))
        if took is None:
            return None
        longest[one.wave] = max(longest.get(one.wave, 0.0), took)
    return sum(longest.values())

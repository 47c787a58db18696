"""Machines that come back to the same question: each ends in a state with a reason, or as a question for a person.

Shared by use cases; holds none itself.
"""

from __future__ import annotations

from oci.context import Ctx
from oci.db import tables
from oci.domain.machines import lifecycle
from oci.domain.path.works import FAILED
from oci.domain.quantities import counted
from oci.records.machines.identities import facts_from_data
from oci.records.machines.moves import move
from oci.records.machines.works import close_work
from oci.records.path.boot_session import is_proved
from oci.records.path.doubts import is_open, key_of, open_doubt

WINDOW_SECONDS = 3600
RETURNS = 3
"""Times within the window that a machine may come back to the live image although its own disk is due."""
DISK_BOOTS = 12
"""Times within the window that a machine may ask the network before it boots its own disk."""
REFUSALS = 3
"""Reports of one boot that may be refused before a person is asked."""


def before_proof(ctx: Ctx, boot: tables.Boot) -> str:
    """What a boot is told that has not shown whose it is: to report, or to wait for a person; '' when it has."""
    if is_open(ctx, boot) or boot.facts.get("refused", 0) >= REFUSALS:
        return "wait"
    return "" if is_proved(boot) else "report"


def count(ctx: Ctx, machine: tables.Machine, where: str) -> int:
    """How often the machine came back to `where` (live, disk, card) within the window, this time included."""
    times, since = machine.returns.get(where, (0, 0.0))
    if ctx.now() - since > WINDOW_SECONDS:
        times, since = 0, ctx.now()
    machine.returns = {**machine.returns, where: [times + 1, since]}
    return int(times) + 1


def forget(machine: tables.Machine) -> None:
    """It did what was expected of it: earlier returns count no more."""
    machine.returns = {}


def back_to_disk(ctx: Ctx, machine: tables.Machine, boot: tables.Boot) -> str:
    """`reboot` for a machine whose own disk is due, until that was of no use several times; then `wait`."""
    if boot.facts.get("sent"):
        return "reboot" if boot.facts["sent"] == "disk" else "wait"
    times = count(ctx, machine, "live")
    if times <= RETURNS:
        boot.facts = {**boot.facts, "sent": "disk"}
        return "reboot"
    boot.facts = {**boot.facts, "sent": "nowhere"}
    why = (
        f"came back to the live image {counted(times, 'time')} within an hour although its own disk is due "
        f"(last by MAC {boot.mac}); see its boot order, and whether its disk boots"
    )
    stop(ctx, machine, why, times)
    return "wait"


def stop(ctx: Ctx, machine: tables.Machine, why: str, times: int) -> None:
    """End a circle: a configuring machine fails; at an active one the reason is written, and a person is asked."""
    ctx.event("machine.returns", why, machine, times=times)
    if machine.state == lifecycle.CONFIGURING:
        move(ctx, machine, "error", reason=why)
        close_work(ctx, machine, FAILED)
        return
    machine.reason = why[:500]
    found = open_doubt(ctx, "returns", f"{machine.name} {why}", key_of("returns", machine.id))
    found.machines = [{"id": machine.id, "agree": [], "differ": []}]


def refuse_again(ctx: Ctx, boot: tables.Boot, why: str) -> None:
    """Count a refused report; after several a person is asked, and the boot waits."""
    times = boot.facts.get("refused", 0) + 1
    boot.facts = {**boot.facts, "refused": times}
    if times == REFUSALS:
        open_doubt(
            ctx, "refused", f"the reports of a boot by {boot.mac} are refused: {why}", key_of("refused", boot.mac), boot=boot
        )


def doubt_two_at_once(ctx: Ctx, boot: tables.Boot) -> None:
    """Two boots that both say they are one machine and both go on saying so are two machines."""
    machine = ctx.db.get(tables.Machine, boot.machine_id)
    told = boot.facts.get("reported_at")
    if machine is None or not told or not machine.pulse.seen or machine.pulse.seen - told < ctx.config.takeover_seconds:
        return
    facts = facts_from_data(boot.facts.get("facts", {}))
    found = open_doubt(
        ctx,
        "twice",
        f"two machines that are switched on at the same time say that they are {machine.name}; "
        f"one of them booted by {boot.mac}",
        key_of("twice", machine.id, boot.mac),
        facts,
        boot,
    )
    found.machines = [{"id": machine.id, "agree": [], "differ": []}]

"""A plan is carried out wave by wave: what a machine is ordered next, and when a wave has ended.

What is done to whom was decided by the plan; here nothing is added to it. It knows no clock and no database. All times are
seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from oci.domain.cloud import run_orders
from oci.domain.deploy.plans import CONVERGE, INSTALL, WAIT
from oci.domain.machines import lifecycle
from oci.domain.quantities import counted

RUNNING, PAUSED, DONE, FAILED, STOPPED = "running", "paused", "done", "failed", "stopped"
DEPLOYMENTS: dict[str, str] = {
    RUNNING: "its waves are under way",
    PAUSED: "a person paused it, or a machine failed; it waits for somebody to resume, retry, skip or abort",
    DONE: "all that was approved has come to its end, and the checks are well",
    STOPPED: "a person ended it, or another took its place; what runs on machines goes on",
}
WAITING, CONVERGED, CHECKED, SKIPPED = "waiting", "converged", "checked", "skipped"
STEPS: dict[str, str] = {
    WAITING: "its wave has not begun",
    RUNNING: "it is installed, or Puppet is to run on it or runs",
    CONVERGED: "Puppet has converged since its wave began; its checks are not all well yet",
    CHECKED: "Puppet has converged since its wave began, and its checks are well",
    FAILED: "it will not come further by itself; the reason says why",
    SKIPPED: "a person left it out; the reason says why",
}
ENDED = (CHECKED, FAILED, SKIPPED)
"""The states of steps that wait for nothing."""


@dataclass(frozen=True)
class Order:
    """An order that was given for a step: its outcome ('' as long as it stands), the machine's words and its checks. `late`:
    the machine is at it for longer than any run may take, whatever it says."""

    outcome: str = ""
    words: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)
    taken: bool = False
    late: bool = False


@dataclass(frozen=True)
class Seen:
    """What is known of one machine of a wave, whose step has `state` and `reason`.

    `kind` is what was approved for it. `machine` is its own state, `why` the reason of that, `gone` that it is of this
    cluster no more. `converged`: Puppet has applied what was approved since the wave began. `able`: hardware was promised to
    it, so that it can be installed; `changed`: something else would be written than was approved. `ordered`: how many
    installs were ordered for this step, and `runs`: how many runs, at most `attempts`; `run` is the last of them, and
    `transient` that what it came to is worth another try; `check` is the last look at its checks after it. `wanted`: their
    names.
    """

    name: str
    state: str
    machine: str
    kind: str = CONVERGE
    reason: str = ""
    why: str = ""
    gone: bool = False
    converged: bool = False
    able: bool = False
    changed: bool = False
    ordered: int = 0
    runs: int = 0
    attempts: int = 3
    transient: bool = False
    run: Order | None = None
    check: Order | None = None
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Next:
    """What becomes of a step: its state and why it is not further, and what the machine is ordered now ('': nothing)."""

    state: str
    reason: str = ""
    order: str = ""


def advance(seen: Seen) -> Next:
    """What comes next for a machine whose wave runs; the same as long as nothing happens to it."""
    if seen.state in ENDED:
        return Next(seen.state, seen.reason)
    if seen.gone:
        return Next(FAILED, "it has no role in this cluster any more")
    if seen.machine == lifecycle.ACTIVE:
        return _checks(seen) if seen.converged else _puppet(seen)
    if seen.machine in (lifecycle.INSTALLING, lifecycle.CONFIGURING):
        return Next(RUNNING, f"it is {seen.machine}")
    if seen.machine == lifecycle.ASSIGNED or (
        seen.machine == lifecycle.FAILED and seen.kind == INSTALL and not seen.ordered
    ):
        return _install(seen)
    words = f"it is {seen.machine}" + (f": {seen.why}" if seen.why else "")
    return Next(FAILED, f"{words}. `ocicli machine why {seen.name}` tells what can be done")


def _install(seen: Seen) -> Next:
    """Its disk is to be written, if that was approved. An install is ordered once; it tries again by itself."""
    if seen.kind == WAIT:
        return Next(
            RUNNING,
            "a person must make it ready: power it on in the provisioning network and install it, or hand it over with "
            f"`ocicli machine adopt {seen.name}`",
        )
    if seen.kind != INSTALL:
        return Next(FAILED, f"it is {seen.machine}, and to install it was not approved; plan the cluster anew")
    if seen.changed:
        return Next(FAILED, "what would be written onto its disks is not what was approved; plan the cluster anew")
    if seen.ordered:
        return Next(FAILED, f"its install was taken back: {seen.why or 'it was aborted'}")
    if not seen.able:
        return Next(RUNNING, "it has to report its hardware again, so that it can be installed")
    return Next(RUNNING, "it is to be installed", INSTALL)


_BY_CHANCE = (run_orders.CONVERGED, run_orders.BUSY, run_orders.DROPPED)
"""Outcomes that say nothing of the machine: another run was in the way, or what came of it was lost."""


def _puppet(seen: Seen) -> Next:
    """Puppet has not converged: have it run, and again after a run that came to nothing."""
    run = seen.run
    if run is None and seen.check is not None and not seen.check.outcome:
        return Next(RUNNING, "its checks are looked at still")
    if run is None:
        return Next(RUNNING, "Puppet is to run on it", run_orders.RUN)
    if run.late and not run.outcome:
        return Next(FAILED, "Puppet runs for longer than a run may take; see what it is at on the machine")
    if not run.outcome:
        return Next(RUNNING, "Puppet runs" if run.taken else "it has not asked for its orders yet")
    words = run.words or run_orders.OUTCOMES[run.outcome]
    if run.outcome == run_orders.CONVERGED:
        words = "it says that Puppet has converged, and the Puppet server has told nothing of that"
    if run.outcome == run_orders.DISABLED or not (seen.transient or run.outcome in _BY_CHANCE):
        return Next(FAILED, words)
    if seen.runs >= seen.attempts:
        return Next(FAILED, f"{words}; Puppet was tried {counted(seen.runs, 'time')}")
    return Next(RUNNING, f"Puppet is to run once more: {words}", run_orders.RUN)


def _checks(seen: Seen) -> Next:
    """Puppet has converged: the gate is open once each check that its profiles want is well."""
    if not seen.wanted:
        return Next(CHECKED)
    last = seen.check or seen.run
    if last is None:
        return Next(CONVERGED, "its checks are to be looked at", run_orders.CHECK)
    if not last.outcome:
        return Next(CONVERGED, seen.reason if seen.state == CONVERGED else "its checks are to be looked at")
    red = run_orders.unwell(last.checks, seen.wanted)
    return Next(CONVERGED, "; ".join(red), run_orders.CHECK) if red else Next(CHECKED)


def judged(names: Mapping[str, str], reasons: Mapping[str, str]) -> tuple[str, str]:
    """What a wave has come to, of the state of each of its steps by machine: DONE, PAUSED with the first failure, or RUNNING
    as long as one of them has not come to its end."""
    if any(state not in ENDED for state in names.values()):
        return RUNNING, ""
    failed = sorted(name for name, state in names.items() if state == FAILED)
    if not failed:
        return DONE, ""
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return PAUSED, f"{failed[0]}: {reasons.get(failed[0], '')}{more}"


def is_still(machines: Collection[str]) -> bool:
    """Whether a wave may be called standing still, by the states of its machines that have not ended: those at work have
    deadlines of their own."""
    return not any(lifecycle.transient(machine) for machine in machines)

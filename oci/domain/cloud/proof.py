"""The proof of a cloud: its steps, in which order they are taken, and what follows from how they end. All times are seconds.

A step is about the cloud, or about one compute. Nothing waits for its turn: whatever has what it needs is begun, so the
computes of one wave boot their guests at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from oci.domain.quantities import counted, span

WAITS, RUNS, OK, FAILED, LEFT = "waits", "runs", "ok", "failed", "left out"
STATES = (WAITS, RUNS, OK, FAILED, LEFT)
ENDED = (OK, FAILED, LEFT)

MOST_AT_ONCE = 8
"""Guests at the same time: less than the ten servers that a project of Nova may have where nobody said otherwise."""

MARK = "oci-check-"
"""How everything is called that a check makes, with its number behind it. By that it is found again."""


SERVICE_TYPES = ("identity", "image", "placement", "compute", "network")
"""Types of service that a cloud must have; see OpenStack's service types authority."""


@dataclass(frozen=True)
class Step:
    """One step. `seconds` is how long it may take, because of `why`; `needs` are steps that must have gone well.

    `each`: it is taken once for each compute. `after`: it is taken once everything before it ended, however that was.
    """

    name: str
    title: str
    seconds: float
    why: str
    needs: tuple[str, ...] = ()
    each: bool = False
    after: bool = False


_CALL = "an answer takes seconds; this leaves time for a member of the front to be replaced"
STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step("token", "Sign in through the front", 90, _CALL),
        Step("catalogue", "Every endpoint of the catalogue answers over TLS", 120, _CALL, ("token",)),
        Step("tidy", "Remove what an earlier check left", 300, "a server is deleted in up to a minute", ("token",)),
        Step("image", "Upload the guest's image", 900, "a large image over a slow network", ("tidy",)),
        Step("flavor", "Make a flavor", 90, _CALL, ("tidy",)),
        Step("network", "Make a network and a subnet", 90, _CALL, ("tidy",)),
        Step("group", "Make a security group", 90, _CALL, ("tidy",)),
        Step("router", "Make a router, to the outside where there is one", 90, _CALL, ("network",)),
        Step("service", "Its compute service is up", 120, "a service that was just started reports within a minute",
             ("token",), each=True),
        Step("port", "Make a port", 90, _CALL, ("network", "group", "router"), each=True),
        Step("server", "Boot a server on it", 600, "without KVM, and with others on the host, minutes",
             ("image", "flavor", "port", "service"), each=True),
        Step("console", "Its console has an address that answers", 90, _CALL, ("server",), each=True),
        Step("lease", "It gets its address from OVN", 420, "its kernel boots in seconds, without KVM in a minute or two",
             ("server",), each=True),
        Step("metadata", "It gets its metadata", 240, "it asks again every few seconds", ("lease",), each=True),
        Step("gateway", "It reaches its gateway", 180, "it asks again every few seconds", ("lease",), each=True),
        Step("ping", "It answers a ping", 240, "it asks again every few seconds", ("lease",), each=True),
        Step("away", "Delete the server", 300, "a server is deleted in up to a minute", each=True, after=True),
        Step("removed", "Remove what the check made", 300, "as above, and what hangs together is removed in its order",
             after=True),
    )
}  # fmt: skip
CLOUD = tuple(step for step in STEPS.values() if not step.each)
EACH = tuple(step for step in STEPS.values() if step.each)


@dataclass(frozen=True)
class Result:
    """How far one step has come. `compute` is the short host name, empty for a step about the cloud.

    `why` is what was seen, or why it failed or was left out. `began` is in seconds since the epoch, 0 before.
    """

    step: str
    compute: str = ""
    state: str = WAITS
    why: str = ""
    began: float = 0
    seconds: float = 0

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others of its check."""
        return self.step, self.compute

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.state in ENDED

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


def waves(computes: Sequence[str]) -> list[tuple[str, ...]]:
    """The computes in groups that are proved at the same time, none larger than MOST_AT_ONCE, all of nearly one size: a
    guest that is alone in its wave has nobody to ask it."""
    if not computes:
        return []
    count = -(-len(computes) // MOST_AT_ONCE)
    size, more = divmod(len(computes), count)
    ends = [number * size + min(number, more) for number in range(count + 1)]
    return [tuple(computes[first:last]) for first, last in pairwise(ends)]


def plan(computes: Sequence[str]) -> list[Result]:
    """The results of a check that has not begun, in the order in which they are shown."""
    last = [step for step in CLOUD if step.after]
    first = [step for step in CLOUD if not step.after]
    each = [Result(step.name, compute) for wave in waves(computes) for compute in wave for step in EACH]
    return [*(Result(step.name) for step in first), *each, *(Result(step.name) for step in last)]


def read(rows: Iterable[Mapping[str, Any]]) -> list[Result]:
    """The results of `to_dict`. What another version of this program stored beside that is left out."""
    known = Result.__dataclass_fields__
    return [Result(**{name: value for name, value in row.items() if name in known}) for row in rows]


def _needed(result: Result) -> list[tuple[str, str]]:
    """What `result` needs, by key: a step about each compute is needed for the same one."""
    return [(name, result.compute if STEPS[name].each else "") for name in STEPS[result.step].needs]


def _turns(results: Sequence[Result]) -> set[tuple[str, str]]:
    """By key, those whose turn it is: of the cloud, and of the first wave that is not over. What comes after everything
    comes when everything before it ended."""
    of: dict[str, list[Result]] = {}
    for result in results:
        of.setdefault(result.compute, []).append(result)
    cloud = of.pop("", [])
    open_waves = (
        [result for compute in wave for result in of[compute]]
        for wave in waves(list(of))
        if any(not result.ended for compute in wave for result in of[compute])
    )
    wave = next(open_waves, [])
    return {result.key for group in (cloud, wave) for result in _in_turn(group, not wave if group is cloud else True)}


def _in_turn(group: Sequence[Result], last: bool) -> list[Result]:
    """Those of `group` that may be begun; what comes after the others only when they ended, and `last` says so."""
    first = [result for result in group if not STEPS[result.step].after]
    over = last and all(result.ended for result in first)
    return [result for result in group if over or not STEPS[result.step].after]


BECAUSE = "because this went wrong: "


def _unmet(result: Result, by: Mapping[tuple[str, str], Result]) -> Result | None:
    """What `result` needs and did not go well; None when nothing did so. What was left out on purpose is no hindrance."""
    needed = (by[key] for key in _needed(result))
    return next((other for other in needed if other.state == FAILED or other.why.startswith(BECAUSE)), None)


def settle(results: Sequence[Result]) -> list[Result]:
    """The same, where whatever needs what went wrong is left out."""
    settled = list(results)
    by = {result.key: result for result in settled}
    for number, result in enumerate(settled):
        if result.state == WAITS and (other := _unmet(result, by)):
            words = other.why if other.why.startswith(BECAUSE) else f"{BECAUSE}{STEPS[other.step].title.lower()}"
            settled[number] = by[result.key] = replace(result, state=LEFT, why=words)
    return settled


def due(results: Sequence[Result]) -> list[Result]:
    """Those that are to be begun or looked at now, in order."""
    by, turns = {result.key: result for result in results}, _turns(results)
    return [
        result
        for result in results
        if not result.ended
        and all(by[key].ended for key in _needed(result))
        and not _unmet(result, by)
        and (result.state == RUNS or result.key in turns)
    ]


def begun(result: Result, now: float) -> Result:
    """It is at work from now on, if it was not."""
    return result if result.state == RUNS else replace(result, state=RUNS, began=now)


def ended(result: Result, state: str, why: str, now: float) -> Result:
    """It ended so."""
    return replace(result, state=state, why=why[:500], seconds=max(0.0, now - result.began) if result.began else 0.0)


def still(result: Result, why: str, now: float) -> Result:
    """It is not over; `why` is what it waits for. Past its deadline it has failed."""
    step = STEPS[result.step]
    if now - result.began <= step.seconds:
        return replace(result, why=why[:500])
    return ended(result, FAILED, f"not within {span(int(step.seconds))}: {why}", now)


def is_over(results: Sequence[Result]) -> bool:
    """Whether nothing is left to be done."""
    return all(result.ended for result in results)


def passed(results: Sequence[Result]) -> bool:
    """Whether nothing went wrong, and on each compute a server ran. A proof of nothing is none."""
    ran = [result for result in results if result.step == "server"]
    return all(result.state != FAILED for result in results) and bool(ran) and all(r.state == OK for r in ran)


def percent(results: Sequence[Result]) -> int:
    """How much of it is over."""
    return 100 * sum(result.ended for result in results) // max(1, len(results))


def title(result: Result) -> str:
    """What the step does, in words; its name for one that this version does not know."""
    return STEPS[result.step].title if result.step in STEPS else result.step


def where(result: Result) -> str:
    """The same with the compute that it is about."""
    return f"{title(result)} ({result.compute})" if result.compute else title(result)


def doing(results: Sequence[Result]) -> str:
    """What goes on, in one line."""
    running = [result for result in results if result.state == RUNS]
    if not running:
        return ""
    more = f", and {counted(len(running) - 1, 'other step')}" if len(running) > 1 else ""
    return f"{where(running[0])}{more}"


def summary(results: Sequence[Result]) -> str:
    """How it ended, in one line: what went wrong first, or what was seen and what was not."""
    wrong = [result for result in results if result.state == FAILED]
    if wrong:
        more = f" ({counted(len(wrong) - 1, 'further step')} failed)" if len(wrong) > 1 else ""
        return f"{where(wrong[0])}: {wrong[0].why}{more}"[:500]
    hosts = sum(1 for result in results if result.step == "server" and result.state == OK)
    left = [where(result) for result in results if result.state == LEFT]
    told = f"a server ran on {counted(hosts, 'compute')}" if hosts else "no server was booted"
    return (f"{told}; not checked: {', '.join(left)}" if left else told)[:500]

"""How long a deployment takes: what it waits for longest, and an honest guess of what is left. All in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oci.domain.deploy.deployments import ENDED, WAITING


@dataclass(frozen=True)
class Lasted:
    """One step: when it began, and came to its end; what the like took before, if that is known."""

    name: str
    wave: int
    state: str
    since: float | None = None
    ended: float | None = None
    expected: float | None = None


def critical(steps: Sequence[Lasted], now: float) -> tuple[str, ...]:
    """The machines that the deployment waited for, or is likely to wait for, one of each wave: the longest of it."""
    longest: dict[int, tuple[float, str]] = {}
    for one in steps:
        took = _took(one, now)
        if one.wave not in longest or took > longest[one.wave][0]:
            longest[one.wave] = (took, one.name)
    return tuple(name for _wave, (_took, name) in sorted(longest.items()))


def _took(one: Lasted, now: float) -> float:
    if one.since is None:
        return one.expected or 0.0
    so_far = max(0.0, (one.ended if one.ended is not None else now) - one.since)
    return so_far if one.state in ENDED else max(so_far, one.expected or 0.0)


def left(steps: Sequence[Lasted], now: float) -> float | None:
    """What is likely left: of each wave that has not ended its longest, less what is behind it. None when a step is waited
    for of which nothing is known; a step that takes longer than ever before adds nothing, and is not known to end."""
    waves: dict[int, float] = {}
    for one in steps:
        if one.state in ENDED:
            continue
        if one.expected is None:
            return None
        behind = 0.0 if one.state == WAITING or one.since is None else max(0.0, now - one.since)
        if behind > one.expected:
            return None
        waves[one.wave] = max(waves.get(one.wave, 0.0), one.expected - behind)
    return sum(waves.values())


def expected(kinds: Mapping[tuple[str, str], float], kind: str, role: str) -> float | None:
    """What a step of `kind` took before on a machine of `role`."""
    return kinds.get((kind, role))

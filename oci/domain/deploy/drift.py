"""What differs on a machine from what Puppet was told of it, which of that is accepted, and when a machine is looked at.

Source of what is read: the noop events of a report in Puppet's format 12, as puppet/site/oci's report processor tells them.
Nothing that is read here is believed: it comes from a machine. Times are seconds since the epoch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oci.domain.path import convergence
from oci.domain.quantities import counted

MOST_DIFFERENCES, MOST_TEXT, MOST_PROPERTY, MOST_VALUE = 200, 300, 100, 100
"""So many differences of a machine are kept, with characters of a resource or a place, of a property, and of a value."""
MOST_ACCEPTANCES, MOST_DAYS = 200, 365
"""Acceptances that a cluster may have, and for how many days one may hold."""
SHOWN = frozenset(["enable", "ensure", "gid", "group", "home", "mode", "owner", "returns", "shell", "target", "uid"])
"""Properties whose values are told, as in the report processor. Those of others may be secrets, marked as that or not."""
DIFFERS = "differs"
"""What is told in the place of a value that is not to be told."""
_CHECKSUM = re.compile(r"\{[a-z0-9]{3,10}\}[0-9a-f]{8,128}")
SPREAD = 2654435761
"""A prime near 2**32 divided by the golden ratio: numbers that follow each other are spread evenly by it."""
HOUR, DAY = 3600, 86400


@dataclass(frozen=True)
class Difference:
    """One property of a resource that Puppet would change: what it is, and what it should be, as far as that is told."""

    resource: str
    property: str
    has: str
    should: str
    place: str = ""
    """File and line of the manifest, or what the resource is contained in."""


@dataclass(frozen=True)
class Found:
    """What a dry run found: differences, and how many more than are kept.

    `whole`: all of today's catalogue was compared, so that what is not among them differs no longer. `trouble`: why not.
    """

    differences: tuple[Difference, ...] = ()
    more: int = 0
    whole: bool = True
    trouble: str = ""


def _line(value: object, most: int) -> str:
    said = value if isinstance(value, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in said[: 4 * most]).split())[:most]


def _value(property_: str, value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool | int):
        value = str(value).lower() if isinstance(value, bool) or abs(value) < 1 << 63 else DIFFERS
    if not isinstance(value, str) or len(value) > MOST_VALUE or not value.isprintable() or "redacted" in value:
        return DIFFERS
    is_good = _CHECKSUM.fullmatch(value) if property_ == "content" else property_ in SHOWN
    return value if is_good else DIFFERS


def _differences(told: Sequence[Any]) -> dict[tuple[str, str], Difference]:
    found: dict[tuple[str, str], Difference] = {}
    for one in told[: 10 * MOST_DIFFERENCES]:
        if isinstance(one, Mapping):
            resource, property_ = _line(one.get("resource"), MOST_TEXT), _line(one.get("property"), MOST_PROPERTY)
            if resource and property_:
                has, should = (_value(property_, one.get(name)) for name in ("is", "should"))
                place = _line(one.get("place"), MOST_TEXT)
                found.setdefault((resource, property_), Difference(resource, property_, has, should, place))
    return found


def read(report: Mapping[str, Any]) -> Found:
    """What the report of a dry run says of differences, by resource and property. Never raises, whatever is in it."""
    told = report.get("differences")
    if not isinstance(told, list):
        return Found(
            whole=False,
            trouble="the Puppet server does not tell what differs; its environment is older than this appliance",
        )
    judged = convergence.outcome({**report, "noop": False})
    if judged is None or judged.name == "cached" or report.get("transaction_completed") is False:
        words = judged.words if judged is not None else "told no status"
        return Found(whole=False, trouble=f"Puppet {words}"[:500])
    found = _differences(told)
    kept = tuple(found[key] for key in sorted(found)[:MOST_DIFFERENCES])
    differing = report.get("differing")
    known = differing if isinstance(differing, int) and not isinstance(differing, bool) else 0
    more = min(max(known, len(found)) - len(kept), 1_000_000) if known >= 0 else 0
    return Found(kept, max(0, more), judged.good, "" if judged.good else f"Puppet {judged.words}"[:500])


class BadPattern(ValueError):
    """A pattern that cannot be used; the text says why, and what instead."""


def check_pattern(pattern: str) -> None:
    """Raise BadPattern for what matches no resource in the way that it looks."""
    if not pattern or not pattern.isprintable() or len(pattern) > MOST_TEXT:
        raise BadPattern(f"a resource is named in 1 to {MOST_TEXT} printable characters, like File[/etc/motd]")
    if "*" in _core(pattern):
        raise BadPattern(
            f"{pattern[:80]}: * may stand at the ends only, like File[/etc/nova/* or */motd]; name it otherwise"
        )


def _core(pattern: str) -> str:
    return pattern.removeprefix("*").removesuffix("*")


def matches(pattern: str, text: str) -> bool:
    """Whether `text` is the pattern, where * at an end of it stands for anything."""
    core, begins, ends = _core(pattern), pattern.startswith("*"), len(pattern) > 1 and pattern.endswith("*")
    if begins and ends:
        return core in text
    return text.endswith(core) if begins else text.startswith(core) if ends else text == core


@dataclass(frozen=True)
class Acceptance:
    """Drift that is accepted until a moment: of one machine (0: of any), of a role ('': of any), a property ('': any)."""

    name: str
    resource: str
    property: str = ""
    role: str = ""
    machine_id: int = 0
    until: float = 0.0

    def accepts(self, resource: str, property_: str, role: str, machine_id: int, now: float) -> bool:
        """Whether it accepts that difference of that machine. One whose end has come accepts nothing."""
        return (
            now < self.until
            and self.machine_id in (0, machine_id)
            and self.role in ("", role)
            and self.property in ("", property_)
            and matches(self.resource, resource)
        )


def accepted_by(
    acceptances: Iterable[Acceptance], resource: str, property_: str, role: str, machine_id: int, now: float
) -> str:
    """The name of the first of `acceptances` that accepts the difference; '' for one that nobody accepted."""
    found = (one.name for one in acceptances if one.accepts(resource, property_, role, machine_id, now))
    return next(found, "")


def digest(keys: Iterable[tuple[str, str]]) -> str:
    """What stands for a set of resources and properties: another for another set, '' for none. Values count for nothing:
    one that is another each time would be told each time."""
    lines = sorted({f"{resource}\t{property_}\n" for resource, property_ in keys})
    return hashlib.sha256("".join(lines).encode("utf-8", "replace")).hexdigest()[:32] if lines else ""


def words(keys: Sequence[tuple[str, str]], most: int = 4) -> str:
    """Resources and properties in one line, and how many there are."""
    named = ", ".join(f"{resource[:80]} ({property_[:30]})" for resource, property_ in sorted(keys)[:most])
    rest = f" and {len(keys) - most} more" if len(keys) > most else ""
    return f"{counted(len(keys), 'difference')}: {named}{rest}"


def slot(now: int, machine_id: int, hours: int) -> int:
    """The last moment up to `now` at which the machine is looked at. Each has its own in a span of `hours`, spread evenly.
    Both in seconds since the epoch."""
    period = hours * HOUR
    return now - (now - machine_id * SPREAD % period) % period


def is_due(now: int, machine_id: int, hours: int, asked: float) -> bool:
    """Whether a machine that was looked at `asked` is to be looked at: its moment has come since, and half of the span is
    over, so that one that was looked at by hand is left alone for a while. With 0 hours none is."""
    return hours > 0 and asked < slot(now, machine_id, hours) and asked <= now - hours * HOUR // 2


IN_FORCE, UNUSED, OVER = "in force", "unused", "over"
ACCEPTANCES: dict[str, str] = {
    IN_FORCE: "it accepts differences that are there",
    UNUSED: "it accepts nothing that is there; it can be ended",
    OVER: "its end has come: it accepts nothing",
}
"""How an acceptance stands, and what that means."""


def standing(until: float, matched: int, now: float) -> str:
    """The word of ACCEPTANCES for one that holds until then and accepts so many differences."""
    return OVER if now >= until else IN_FORCE if matched else UNUSED

"""What a Puppet report says of a machine: whether today's catalogue was applied, an older one, none, or only tried out.

Source of the members: Puppet's report format 12, with the names that puppet/site/oci's report processor gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CONVERGENCE: dict[str, str] = {
    "never": "no run has applied a catalogue yet",
    "ok": "the last run applied today's catalogue and had nothing to change",
    "changed": "the last run applied today's catalogue and changed something",
    "failed": "the last run had no catalogue or could not apply all of it",
    "cached": "runs apply an old catalogue, because today's could not be had",
    "stale": "no good run for two hours",
}
NO_CATALOGUE = ("failed", "cached")
"""Words of a machine that today's catalogue does not reach."""
UNWELL = ("failed", "cached", "stale")
"""Words that a person should look at."""
METRIC_GROUPS = ("resources", "changes", "events", "time")
MOST_METRICS = 64
STATUSES = {"changed": "changed", "unchanged": "ok", "failed": "failed"}


@dataclass(frozen=True)
class Outcome:
    """`name` is a word of CONVERGENCE or `noop`; `good` means converged; what does not `count` changes nothing."""

    name: str
    words: str
    good: bool = False
    counts: bool = True


def outcome(report: Mapping[str, Any]) -> Outcome | None:
    """What the run came to; None for a report whose status is none."""
    status = STATUSES.get(str(report.get("status")))
    if status is None:
        return None
    if report.get("noop"):
        return Outcome("noop", "was run dry (noop): nothing was applied", counts=False)
    if status == "failed" or report.get("transaction_completed") is False:
        return Outcome("failed", _why(report))
    if is_cached(report):
        return Outcome(
            "cached",
            "runs on an old catalogue, because today's could not be had; "
            "see the Puppet server's log for the classification or the manifest that is broken",
        )
    words = "converged, changed" if status == "changed" else "converged, nothing to change"
    return Outcome(status, words, good=True)


def is_cached(report: Mapping[str, Any]) -> bool:
    """Whether the run applied a catalogue of another day, because today's could not be had."""
    return str(report.get("cached_catalog_status") or "not_used") != "not_used"


def metrics(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """What the agent counted, by group and name: whole numbers of resources, changes and events, times in seconds. What is
    no such number is left out, and so is what is more than MOST_METRICS in a group."""
    told = report.get("metrics")
    found: dict[str, dict[str, float]] = {}
    for group in METRIC_GROUPS:
        values = told.get(group) if isinstance(told, Mapping) else None
        if isinstance(values, Mapping):
            numbers = [(str(name)[:64], float(v)) for name, v in values.items() if _is_count(v)]
            found[group] = dict(numbers[:MOST_METRICS])
    return found


def _is_count(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1e12


def seconds(report: Mapping[str, Any]) -> float | None:
    """How long the run took, as the agent says; None when it does not."""
    return metrics(report).get("time", {}).get("total")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _why(report: Mapping[str, Any]) -> str:
    failed = [_resource(item) for item in _list(report.get("failed_resources"))[:3]]
    if failed:
        return f"failed: {', '.join(failed)}"
    errors = [
        str(line.get("message", ""))
        for line in _list(report.get("logs"))
        if isinstance(line, Mapping) and line.get("level") in ("err", "alert", "emerg", "crit")
    ]
    said = " ".join(errors[0].split())[:300] if errors else "the run did not end as it should; see the Puppet tab"
    return f"failed: {said}"


def _resource(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)[:100]
    said = [" ".join(str(text).split()) for text in _list(item.get("messages"))[:1]]
    return str(item.get("resource", "?"))[:100] + (f" ({said[0][:200]})" if said and said[0] else "")

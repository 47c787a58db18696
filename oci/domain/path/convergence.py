"""What a Puppet report says of a machine: whether today's catalogue was applied, an older one, none, or only tried out.

Source of the members: Puppet's report format 12, with the names that puppet/site/oci's report processor gives them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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


KEPT_LINES, KEPT_CHARS, READ_LINES = 40, 300, 2000
"""What is kept of the log of a failed run: so many lines, and characters of each; and how many of it are read for that."""
FIRST_LINES = 30
"""Of the lines that are kept so many are the first: what fails first makes others fail."""
_CONSEQUENCE = re.compile(r"Skipping because of failed dependencies$|^Dependency \S{1,200} has failures: true$")


def log(report: Mapping[str, Any]) -> list[str]:
    """What a failed run logged of its errors, line by line, each once: the first ones, and the last. What was left out for
    what failed before is told once. Takes any report."""
    lines = dict.fromkeys(line for told in _list(report.get("logs"))[:READ_LINES] for line in _lines(told))
    skipped = [line for line in lines if _CONSEQUENCE.search(line)]
    kept = [line for line in lines if line not in set(skipped[1:])]
    return kept if len(kept) <= KEPT_LINES else kept[:FIRST_LINES] + kept[FIRST_LINES - KEPT_LINES :]


def _lines(told: Any) -> list[str]:
    if not isinstance(told, Mapping):
        return []
    shown = (" ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in _text(told).splitlines())
    return [line[:KEPT_CHARS] for line in shown if line]


def _text(told: Mapping[str, Any]) -> str:
    """The message, with the resource that it is of where the message alone does not say that."""
    message, source = str(told.get("message", ""))[:4000], str(told.get("source", ""))[:200]
    return f"{source}: {message}" if source.startswith("/Stage[") else message


def shown(report: Mapping[str, Any], hide: Callable[[str], str]) -> dict[str, Any]:
    """The report with each text of its log, and of what failed, gone through `hide`. Takes any report."""
    logs = [one for one in _list(report.get("logs"))[:READ_LINES] if isinstance(one, Mapping)]
    failed = [one for one in _list(report.get("failed_resources"))[:READ_LINES] if isinstance(one, Mapping)]
    return {
        **report,
        "logs": [{name: hide(str(one.get(name, ""))) for name in ("level", "source", "message")} for one in logs],
        "failed_resources": [
            {
                "resource": hide(str(one.get("resource", "?"))),
                "messages": [hide(str(said)) for said in _list(one.get("messages"))[:1]],
            }
            for one in failed
        ],
    }


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

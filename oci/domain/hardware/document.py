"""JSON as a hostile machine may send it: bounded depth, no exceptions but one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

MAX_DEPTH = 64

# Everything between two brackets: strings, closed or not, and what is no string. Possessive, so that no
# input makes it backtrack; as one pattern, because the report of a large machine has thousands of strings.
_BETWEEN_BRACKETS = re.compile(r'(?:"(?:[^"\\]++|\\.)*+"?|[^"\[\]{}]++)++', re.DOTALL)


class NotJSON(ValueError):
    """The text is no JSON that may be read; the message finishes the sentence `lsblk ...`."""


def _depth_within(text: str, limit: int) -> bool:
    """False when brackets nest deeper than `limit`; decided without recursion."""
    if text.count("[") + text.count("{") <= limit:
        return True
    depth = 0
    for bracket in _BETWEEN_BRACKETS.sub("", text):
        depth += 1 if bracket in "[{" else -1
        if depth > limit:
            return False
    return True


def load(text: str) -> object:
    """The value that `text` holds.

    Raises NotJSON when it is no JSON or nests deeper than MAX_DEPTH. Python's own limit is not relied
    on: it differs between versions and is spent by whoever called us.
    """
    if not _depth_within(text, MAX_DEPTH):
        raise NotJSON(f"returned JSON nested deeper than {MAX_DEPTH}")
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        raise NotJSON("did not return JSON") from None
    return value


def rows(value: object) -> Iterator[dict[str, object]]:
    """The objects in `value`: of a list, those that are objects; an object itself; else none."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (row for row in value if isinstance(row, dict))


def member(value: object, key: str) -> object:
    """`value[key]` when `value` is an object that has it, else None."""
    return value.get(key) if isinstance(value, dict) else None

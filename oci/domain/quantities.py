"""How many and how long, in words for people: the one place for both, so that nobody reads '1 disks' or '3477 s'."""

from __future__ import annotations

SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
"""Units of a span: seconds in each, and its symbol (SI's own, and those accepted beside it)."""


def counted(number: int, word: str, plural: str = "") -> str:
    """`number` things: '1 disk', '2 disks'. `plural` is needed where an s does not do: counted(2, 'person', 'people')."""
    return f"{number} {word if number == 1 else plural or word + 's'}"


def span(seconds: float, units: int = 2) -> str:
    """A length of time in at most `units` units that follow each other: '40 s', '2 min 5 s', '57 min', '1 d 3 h'.

    Whole seconds are cut off, never rounded up; under one second a tenth is told. The sign is dropped.
    """
    left = int(abs(seconds))
    if left < 1:
        return "0 s" if abs(seconds) < 0.05 else f"{abs(seconds):.1f} s"
    first = next(number for number, (size, _) in enumerate(SPANS) if left >= size)
    told = []
    for size, unit in SPANS[first : first + units]:
        if left >= size:
            told.append(f"{left // size} {unit}")
            left %= size
    return " ".join(told)

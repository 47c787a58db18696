"""Answers as text for people: tables fitted to the terminal, sizes and times in their words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

COLOURS = {
    "active": "32",
    "ok": "32",
    "done": "32",
    "on": "32",
    "failed": "31",
    "installing": "36",
    "configuring": "36",
    "releasing": "36",
    "running": "36",
    "assigned": "33",
    "queued": "33",
    "stale": "33",
    "retired": "90",
    "off": "90",
}


def memory(number: Any) -> str:
    """Memory in GiB, as it is sold."""
    return f"{number / 2**30:.3g} GiB" if number else ""


def disk(number: Any) -> str:
    """Disk space in GB or TB, as vendors print it."""
    if not number:
        return ""
    return f"{number / 1e12:.3g} TB" if number >= 999.5e9 else f"{number / 1e9:.3g} GB"


def clock(seconds: Any) -> str:
    """A time in the reader's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else ""


def ago(seconds: Any) -> str:
    """How long ago, in one unit."""
    if not seconds:
        return "never"
    past = max(0, int(time.time() - seconds))
    unit, size = next((u, s) for u, s in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)) if past >= s or s == 1)
    return f"{past // size} {unit}"


@dataclass(frozen=True)
class Column:
    """One column: its title, the member it shows, how, and whether it may be cut to fit."""

    title: str
    member: str
    show: Callable[[Any], str] | None = None
    cut: bool = False
    last: int = 0  # the higher, the earlier it is left out on a narrow terminal


COLUMNS: dict[str, tuple[Column, ...]] = {
    "machines": (
        Column("ID", "id"),
        Column("NAME", "name"),
        Column("STATE", "state"),
        Column("POWER", "power"),
        Column("PRESENCE", "presence", last=3),
        Column("SEEN", "seen", ago, last=2),
        Column("ROLE", "role", last=1),
        Column("CLUSTER", "cluster", last=4),
        Column("ADDRESS", "address"),
        Column("MODEL", "model", cut=True, last=5),
        Column("CORES", "cores", last=7),
        Column("MEMORY", "memory_bytes", memory, last=6),
        Column("DISKS", "disk_bytes", disk, last=6),
    ),
    "events": (
        Column("TIME", "at", clock),
        Column("MACHINE", "machine", cut=True),
        Column("KIND", "kind", last=1),
        Column("WHAT", "text", cut=True),
        Column("BY", "actor", last=2),
    ),
    "jobs": (
        Column("ID", "id"),
        Column("KIND", "kind"),
        Column("STATE", "state"),
        Column("MACHINE", "machine_id"),
        Column("CREATED", "created", clock, last=4),
        Column("TRIES", "attempts", last=3),
        Column("ORDER", "order", cut=True, last=1),
        Column("RESULT", "result", cut=True, last=2),
        Column("ERROR", "error", cut=True),
    ),
    "conflicts": (
        Column("ID", "id"),
        Column("KIND", "kind"),
        Column("ASKED", "seen", ago),
        Column("WHAT", "text", cut=True),
        Column("ANSWER", "outcome", last=2),
        Column("CAN", "verbs"),
    ),
    "disks": (
        Column("", "chosen", lambda chosen: "->" if chosen else ""),
        Column("DISK", "device"),
        Column("SIZE", "bytes", disk),
        Column("NAME", "name"),
        Column("MODEL", "model", cut=True, last=3),
        Column("ON IT", "contents", cut=True, last=1),
        Column("VERDICT", "verdict"),
        Column("BECAUSE", "reason", cut=True, last=2),
    ),
    "runs": (
        Column("ENDED", "at", clock),
        Column("STATUS", "status"),
        Column("TOOK", "seconds", lambda seconds: "" if seconds is None else f"{seconds:.0f} s", last=1),
        Column("WHAT", "text", cut=True),
    ),
    "tokens": (
        Column("ID", "id"),
        Column("NAME", "name", cut=True),
        Column("PERSON", "person"),
        Column("EXPIRES", "expires", clock),
    ),
}
TIMES = ("since", "deadline", "seen", "at", "created", "expires", "started", "finished")
HIDDEN = ("inventory", "install_log", "progress")


def plain(value: Any) -> str:
    """A value in one line. What a machine reported may hold control characters: a terminal must not obey them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{plain(k)} {plain(v)}" for k, v in value.items())
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value))


def paragraph(value: Any) -> str:
    """A value as it is read: text of several lines begins on a line of its own, and each line is plain."""
    if isinstance(value, str) and "\n" in value:
        return "\n" + "\n".join(map(plain, value.splitlines()))
    return plain(value)


def colour(word: str, on: bool) -> str:
    """`word` in its colour where colours are `on`; the word itself says it too."""
    return f"\x1b[{COLOURS[word]}m{word}\x1b[0m" if on and word in COLOURS else word


def wants_colour(stream: Any) -> bool:
    """Whether `stream` is a terminal whose reader did not ask for none."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns_of(kind: str, rows: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    """The columns for a list of `kind`: hand-made, else every member."""
    if kind in COLUMNS:
        return COLUMNS[kind]
    names = list(rows[0]) if rows else []
    return tuple(Column(name.upper().replace("_", " "), name) for name in names)


def cell(column: Column, row: dict[str, Any]) -> str:
    value = row.get(column.member)
    return column.show(value) if column.show else plain(value)


def _fit(columns: list[Column], widths: list[int], width: int) -> None:
    """Leave columns out, then cut those that may be cut, until `widths` fit into `width`."""

    def over() -> int:
        return sum(widths) + 2 * (len(widths) - 1) - width

    while over() > 0 and any(c.last for c in columns) and not _cuttable(columns, widths, over()):
        worst = max(range(len(columns)), key=lambda i: columns[i].last)
        del columns[worst], widths[worst]
    for i, column in enumerate(columns):
        if column.cut and over() > 0:
            widths[i] = max(8, widths[i] - over())


def _cuttable(columns: list[Column], widths: list[int], over: int) -> bool:
    return sum(max(0, w - 24) for c, w in zip(columns, widths, strict=True) if c.cut) >= over


def table(kind: str, rows: Sequence[dict[str, Any]], width: int | None, coloured: bool) -> str:
    """`rows` as a table; `width` in characters, None where there is no terminal to fit into."""
    columns = list(columns_of(kind, rows))
    cells = {c.member: [cell(c, row) for row in rows] for c in columns}
    columns = [c for c in columns if not c.last or any(cells[c.member])]
    widths = [max([len(c.title), *map(len, cells[c.member])]) for c in columns]
    if width:
        _fit(columns, widths, width)
    lines = ["  ".join(c.title.ljust(w) for c, w in zip(columns, widths, strict=True)).rstrip()]
    for number in range(len(rows)):
        parts = []
        for column, size in zip(columns, widths, strict=True):
            text = cells[column.member][number]
            text = text if len(text) <= size else text[: size - 1] + "…"
            parts.append(colour(text, coloured) + " " * (size - len(text)))
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def sheet(data: dict[str, Any], coloured: bool) -> str:
    """One thing, a member a line; what is empty or long is left out."""
    shown = {k: v for k, v in data.items() if k not in HIDDEN and v not in ("", None, [], {})}
    size = max(map(len, shown), default=0)
    lines = []
    for name, value in shown.items():
        text = clock(value) if name in TIMES else paragraph(value)
        if name.endswith("_bytes"):
            name, text = name.removesuffix("_bytes"), (memory if name.startswith("memory") else disk)(value)
        lines.append(f"{name.replace('_', ' ').ljust(size)}  {colour(text, coloured)}")
    progress = data.get("progress")
    if progress and not progress.get("outcome"):
        lines.append(
            f"{progress['kind'].ljust(size)}  {progress['percent']} %, {progress['title']}, "
            f"attempt {progress['attempt']}" + (f": {plain(progress['doing'])}" if progress.get("doing") else "")
        )
    return "\n".join(lines)

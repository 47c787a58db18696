"""Answers as text for readers: tables fitted to the terminal, and sheets with a member a line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from oci.client.terminal.look import TONES, Column, Look, Member, member, painted, plain, say, shown

NOTHING = Member()


def wants_colour(stream: Any) -> bool:
    """Whether `stream` is a terminal whose reader did not ask for none."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns_of(look: Look, rows: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    """The columns of a list: those of the contract, else every member."""
    if look.columns:
        return look.columns
    names = list(rows[0]) if rows else []
    shows = ((name, look.members.get(name, NOTHING).show) for name in names)
    return tuple(Column(name.upper().replace("_", " "), name, show) for name, show in shows if show != "hidden")


def _tone(look: Look, name: str, word: str) -> str:
    return TONES.get(look.members.get(name, NOTHING).tones.get(word, ""), "")


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


def table(look: Look, rows: Sequence[dict[str, Any]], width: int | None, coloured: bool) -> str:
    """`rows` as a table; `width` in characters, None where there is no terminal to fit into."""
    columns = list(columns_of(look, rows))
    cells = {c.member: [shown(row.get(c.member), c.show) for row in rows] for c in columns}
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
            parts.append(painted(text, _tone(look, column.member, text), coloured) + " " * (size - len(text)))
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def sheet(look: Look, data: dict[str, Any], coloured: bool) -> str:
    """One thing, a member a line; what is empty or hidden is left out, what has a line of its own comes last."""
    lines = [(name, m.line) for name, m in look.members.items() if m.line]
    hidden = {name for name, m in look.members.items() if m.line or m.show == "hidden"}
    pairs = []
    for name, value in data.items():
        if name in hidden or value in ("", None, [], {}):
            continue
        text = shown(value, look.members.get(name, NOTHING).show)
        title = name.removesuffix("_bytes") if text != plain(value) else name  # its unit is beside it
        pairs.append((title.replace("_", " "), painted(text, _tone(look, name, text), coloured)))
    for name, line in lines:
        if data.get(name) and not member(data[name], line.get("unless", "")):
            pairs.append((say(line.get("title", name), data[name]), say(line.get("text", ""), data[name])))
    size = max((len(title) for title, _ in pairs), default=0)
    return "\n".join(f"{title.ljust(size)}  {text}" for title, text in pairs)

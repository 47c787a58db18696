"""What a command prints: a table for readers, or json, yaml, csv for programs."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from oci.client.terminal import table
from oci.client.terminal.look import Look, member, plain, say

FORMATS = ("table", "json", "yaml", "csv")
AS_IT_IS = Look()


def width() -> int | None:
    """Columns of the terminal, None when the reader is a program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _csv(look: Look, data: dict[str, Any]) -> None:
    rows = data.get(look.rows, [data])
    names = list(rows[0]) if rows else []
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        values = (row.get(name) for name in names)
        writer.writerow([json.dumps(v) if isinstance(v, dict | list) else plain(v) for v in values])


def _paragraph(text: str) -> None:
    """Print `text`, each line of its template by itself, wrapped."""
    for line in text.splitlines():
        print(textwrap.fill(line, min(width() or 100, 100), break_on_hyphens=False))


def _list(look: Look, data: dict[str, Any], coloured: bool) -> None:
    rows = data[look.rows]
    if not rows:
        print(look.empty or f"There are no {look.rows}.", file=sys.stderr)
        return
    print(table.table(look, rows, width(), coloured))
    if below := say(look.below, data):
        _paragraph(below)
    if look.more and (member(data, "total") or 0) > len(rows):
        print(say(look.more, {**data, "shown": len(rows)}), file=sys.stderr)


def _text(look: Look, data: dict[str, Any]) -> None:
    coloured = table.wants_colour(sys.stdout)
    if look.text:
        _paragraph(say(look.text, data))
    elif look.verbatim:
        print("\n".join(map(plain, str(data.get(look.verbatim, "")).splitlines())))
    elif look.lines:
        print("\n".join(map(plain, data.get(look.lines, ()))) or look.empty)
        if below := say(look.below, data):
            _paragraph(below)
    elif look.rows in data:
        _list(look, data, coloured)
    else:
        print(table.sheet(look, data, coloured))


def show(data: Any, form: str, look: Look = AS_IT_IS) -> None:
    """Print an answer with its `look`; None (nothing to tell) prints nothing."""
    if data is None:
        return
    if form == "json":
        print(json.dumps(data, indent=2))
    elif form == "yaml":
        import yaml

        print(yaml.safe_dump(data, sort_keys=False, allow_unicode=False), end="")
    elif form == "csv":
        _csv(look, data)
    else:
        _text(look, data)


def complain(message: str, id: str = "") -> None:
    """One paragraph to stderr: what, why, what instead."""
    words = plain(message) + (f" (id {plain(id)})" if id else "")
    size = min(shutil.get_terminal_size().columns, 100) if sys.stderr.isatty() else 10_000
    print(textwrap.fill(f"ocicli: {words}", size, break_on_hyphens=False, break_long_words=False), file=sys.stderr)


def mistakes(found: Sequence[tuple[int, str, str]]) -> None:
    """The mistakes of a document to stderr, a line each: in which line of it, where, what."""
    for line, where, text in found:
        print(f"  line {line}: {plain(where) + ': ' if where else ''}{plain(text)}", file=sys.stderr)

"""What a command prints: a table for people, or json, yaml, csv for programs."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import textwrap
from typing import Any

from oci.client import table

FORMATS = ("table", "json", "yaml", "csv")
EMPTY = {
    "machines": "No machine is known. Power one on in the provisioning network, or `ocicli machine enrol MAC`.",
    "clusters": "No cluster exists. `ocicli cluster create NAME --domain DOMAIN --network NETWORK` makes one.",
    "networks": "No network exists. `ocicli network create NAME --cidr 10.0.0.0/24 --first ... --last ...` makes one.",
    "events": "Nothing has happened yet.",
    "jobs": "There is no background work.",
    "conflicts": "Nothing is in doubt: it is sure which machine is which.",
    "disks": "No disk is known. Disks are known once the machine has booted the live image.",
    "runs": "No Puppet run of it has been reported.",
    "tokens": "You have no token. `ocicli token make NAME` makes one.",
}


def rows_of(data: Any) -> tuple[str, list[dict[str, Any]]] | None:
    """The list in an answer that is one, with its member's name; None for a single thing."""
    if isinstance(data, dict):
        lists = [(k, v) for k, v in data.items() if isinstance(v, list) and all(isinstance(i, dict) for i in v)]
        if len(lists) == 1 and len(data) <= 2:
            return lists[0]
    return None


def width() -> int | None:
    """Columns of the terminal, None when the reader is a program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _csv(data: dict[str, Any]) -> None:
    found = rows_of(data)
    rows = found[1] if found else [data]
    names = list(rows[0]) if rows else []
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow(
            [json.dumps(row.get(n)) if isinstance(row.get(n), dict | list) else table.plain(row.get(n)) for n in names]
        )


def _people(data: dict[str, Any]) -> None:
    coloured, found = table.wants_colour(sys.stdout), rows_of(data)
    if found is None:
        if set(data) == {"text", "verbs"}:
            print(textwrap.fill(table.plain(data["text"]), min(width() or 100, 100), break_on_hyphens=False))
        else:
            print(table.sheet(data, coloured))
        return
    kind, rows = found
    if not rows:
        print(EMPTY.get(kind, f"There are no {kind}."), file=sys.stderr)
        return
    print(table.table(kind, rows, width(), coloured))
    if data.get("choice"):
        print(textwrap.fill(table.plain(data["choice"]), min(width() or 100, 100), break_on_hyphens=False))
    if data.get("total", 0) > len(rows) and kind == "machines":
        print(
            f"{len(rows)} of {data['total']}; narrow with --search or --state, or give --limit and --offset", file=sys.stderr
        )


def show(data: Any, form: str) -> None:
    """Print an answer; None (nothing to tell) prints nothing."""
    if data is None:
        return
    if form == "json":
        print(json.dumps(data, indent=2))
    elif form == "yaml":
        import yaml

        print(yaml.safe_dump(data, sort_keys=False, allow_unicode=False), end="")
    elif form == "csv":
        _csv(data)
    else:
        _people(data)


def complain(message: str, id: str = "") -> None:
    """One paragraph to stderr: what, why, what instead."""
    words = table.plain(message) + (f" (id {table.plain(id)})" if id else "")
    size = min(shutil.get_terminal_size().columns, 100) if sys.stderr.isatty() else 10_000
    print(textwrap.fill(f"ocicli: {words}", size, break_on_hyphens=False, break_long_words=False), file=sys.stderr)

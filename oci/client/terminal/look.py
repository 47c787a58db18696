"""How an answer looks, as its schema in the contract says: columns, units, tones, and templates for lines of text.

Nothing here knows what the answers are about. What the contract does not say is shown as it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# ANSI's codes for the tones of the contract; and for what is dimmed.
TONES = {"good": "32", "bad": "31", "busy": "36", "waits": "33", "gone": "90"}
DIM = "90"
PLACE = re.compile(r"\{([A-Za-z0-9_.]+)(?:\|([A-Za-z]+))?\}")
PART = re.compile(r"\[([^\[\]]*)\]")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def plain(value: Any) -> str:
    """A value in one line. It may hold control characters that a stranger put there: a terminal must not obey them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{plain(k)} {plain(v)}" for k, v in value.items())
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value))


def binary(number: Any) -> str:
    """Bytes in GiB, as memory is sold."""
    return f"{number / 2**30:.3g} GiB" if number else ""


def decimal(number: Any) -> str:
    """Bytes in GB or TB, as vendors of storage print it."""
    if not number:
        return ""
    return f"{number / 1e12:.3g} TB" if number >= 999.5e9 else f"{number / 1e9:.3g} GB"


def clock(seconds: Any) -> str:
    """A time in the reader's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else ""


def ago(seconds: Any) -> str:
    """How long ago, in one unit."""
    from oci.domain.quantities import span

    return span(int(max(0, time.time() - seconds)), 1) if seconds else "never"


def length(seconds: Any) -> str:
    """A length of time."""
    from oci.domain.quantities import span

    return "" if seconds is None else span(seconds)


def lines(text: Any) -> str:
    """Text of several lines, or several of one, each of them plain; it begins on a line of its own."""
    return "\n" + "\n".join(map(plain, text if isinstance(text, list) else str(text).splitlines()))


def names(things: Any) -> str:
    """Several things by their names."""
    return ", ".join(plain(thing["name"]) for thing in things)


def sentences(texts: Any) -> str:
    """Several texts in a row."""
    return "; ".join(map(plain, texts))


SHOWS: dict[str, Callable[[Any], str]] = {
    "time": clock,
    "ago": ago,
    "GiB": binary,
    "GB": decimal,
    "mark": lambda value: "->" if value else "",
    "dash": lambda value: plain(value) or "-",
    "span": length,
    "lines": lines,
    "names": names,
    "sentences": sentences,
}


def shown(value: Any, how: str = "") -> str:
    """`value` in the manner `how`; as it is when that is unknown here, as with a newer appliance, or does not fit."""
    try:
        return SHOWS.get(how, plain)(value)
    except (TypeError, ValueError, OverflowError, KeyError):
        return plain(value)


def painted(text: str, code: str, on: bool) -> str:
    """`text` in the colour of ANSI's `code` where colours are `on`."""
    return f"\x1b[{code}m{text}\x1b[0m" if on and code and text else text


def member(data: Any, path: str) -> Any:
    """What `data` holds at `path`, such as 'progress.title'; None where there is nothing."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def say(template: str, data: Mapping[str, Any], coloured: bool = False) -> str:
    """`template` with its {members} filled in; a [part] of it with an empty member is left out."""

    def fill(place: re.Match[str]) -> str:
        value, how = member(data, place[1]), place[2] or ""
        return painted(plain(value), DIM, coloured) if how == "dim" else shown(value, how)

    def part(found: re.Match[str]) -> str:
        empty = any(member(data, place[1]) in (None, "", [], {}) for place in PLACE.finditer(found[1]))
        return "" if empty else found[1]

    return PLACE.sub(fill, PART.sub(part, template))


@dataclass(frozen=True)
class Column:
    """One column: its title, the member it shows, how, whether it may be cut, and when it is left out."""

    title: str
    member: str
    show: str = ""
    cut: bool = False
    last: int = 0  # the higher, the earlier it is left out on a narrow terminal


@dataclass(frozen=True)
class Member:
    """One member of an answer: `show` is how, `tones` colours its words, `line` is a template for what it holds."""

    show: str = ""
    tones: dict[str, str] = field(default_factory=dict)
    line: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """A member of an answer that is a file: its name, and whether it is for its owner alone."""

    member: str
    name: str
    private: bool = False


@dataclass(frozen=True)
class Look:
    """How an answer looks. `rows` names the member that is a list; `members` are those of a row, else of the answer.

    `lines` names a member of which each part is a line; `verbatim` one that is text of several lines, and all that is
    shown. `files` are members that are written into a directory.
    """

    rows: str = ""
    columns: tuple[Column, ...] = ()
    empty: str = ""
    more: str = ""
    below: str = ""
    text: str = ""
    lines: str = ""
    verbatim: str = ""
    files: tuple[File, ...] = ()
    members: dict[str, Member] = field(default_factory=dict)


def _columns(told: Any) -> tuple[Column, ...]:
    """The columns of the contract, without members that a newer appliance may have added to them."""
    known = Column.__dataclass_fields__
    return tuple(Column(**{k: v for k, v in one.items() if k in known}) for one in told)


def _files(told: Any) -> tuple[File, ...]:
    """The files of the contract. A name that leads elsewhere is none: an appliance writes where it was told to."""
    named = [File(one["member"], one["name"], bool(one.get("private"))) for one in told]
    return tuple(one for one in named if NAME.fullmatch(one.name))


def look(schema: Mapping[str, Any], resolve: Callable[[Any], dict[str, Any]]) -> Look:
    """The look of an answer with `schema`; `resolve` follows references in it."""
    rows = str(schema.get("x-rows", ""))
    properties = schema.get("properties", {})
    item = resolve(properties.get(rows, {}).get("items", {})) if rows else schema
    members = {name: resolve(raw) for name, raw in item.get("properties", {}).items()}
    texts = {name: str(schema.get(f"x-{name}", "")) for name in ("empty", "more", "below", "text", "lines", "verbatim")}
    told = {n: Member(m.get("x-show", ""), m.get("x-tones", {}), m.get("x-line", {})) for n, m in members.items()}
    columns, files = _columns(schema.get("x-columns", ())), _files(schema.get("x-files", ()))
    return Look(rows, columns, members=told, files=files, **texts)

"""YAML that every reader takes for the same data: PyYAML, Ruby's Psych (libyaml), JRuby's Psych (SnakeYAML).

A plain scalar is what each reader thinks it is: Psych reads `2,4` as 24, `02:30` as 9000 and `::1` as a symbol. So all
text is double-quoted, and the rest is what JSON and both schemas share. Source: YAML 1.1 chapters 5.6, 7.4.2 and
9.1.2; libyaml takes a key of at most 1024 characters without a question mark, and no half of a surrogate pair.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_KEY = 1000  # characters as written, quotes included
# Whatever is not printable ASCII is escaped: the text survives any locale, any line-break rule and any shell.
_ESCAPED = re.compile(r"[^ !#-\[\]-~]")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class Unwritable(ValueError):
    """A value that no YAML reader would give back; the text says where it is and why."""


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return _SHORT.get(found[0]) or (f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")


def _text(value: str, where: str) -> str:
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise Unwritable(f"{where} holds half of a character (a lone surrogate); write it as UTF-8 text")
    return '"' + _ESCAPED.sub(_escape, value) + '"'


def _number(value: float, where: str) -> str:
    if not math.isfinite(value):
        raise Unwritable(f"{where} is {value}, which a Puppet catalog cannot hold; use a finite number or text")
    text = repr(value)
    # Without a point both readers take 1e+16 for text.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _scalar(value: Any, where: str) -> str:
    if isinstance(value, str):
        return _text(value, where)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _number(value, where)
    raise Unwritable(f"{where} is a {type(value).__name__}; Puppet is given text, numbers, booleans, lists and hashes")


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise Unwritable(f"{where} has the key {key!r}; a key is text")
    text = _text(key, f"a key of {where}")
    if key == "<<":  # Psych merges what follows, even when the key is quoted, unless it is told that this is text
        text = f"!!str {text}"
    return f"? {text}\n: " if len(text) > LONGEST_KEY else f"{text}: "


def _block(opening: str, lines: list[str], closing: str, indent: str) -> str:
    inner = indent + "  "
    return f"{opening}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{closing}" if lines else opening + closing


def _node(value: Any, where: str, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, Mapping):
        items = [_key(k, where) + _node(v, f"{where}[{k!r}]", inner) for k, v in value.items()]
        return _block("{", items, "}", indent)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return _block("[", [_node(v, f"{where}[{i}]", inner) for i, v in enumerate(value)], "]", indent)
    return _scalar(value, where)


def write(value: Any) -> str:
    """`value` as YAML in printable ASCII. Mappings keep their order. Raises Unwritable."""
    return _node(value, "the classification", "") + "\n"

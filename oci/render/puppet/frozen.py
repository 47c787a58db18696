"""A classification that is kept: approved once, given to Puppet until another is approved.

It is kept as JSON with the names of secrets in it and never their values; what Puppet is given is filled in when it asks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Secret, conceal, fill, marks
from oci.render.puppet.enc import enc
from oci.render.puppet.psych import Unwritable, write

_MARK = "oci secret"
LONGEST_SHOWN = 60
"""Characters of a value that are shown in a list of changes."""


def freeze(fleet: Fleet, member: Member) -> str:
    """The classification of `member` as one line of JSON, in its own order. Raises BadRole, BadProfile; Unwritable for what
    no YAML reader would give back."""
    _check(enc(fleet, member), "the classification")
    marked = fill(enc(fleet, member), lambda mark: {_MARK: mark.name})
    return json.dumps(marked, ensure_ascii=True, separators=(",", ":"))


def _check(value: Any, where: str) -> None:
    """Raise Unwritable where JSON would make something else of a value than it is."""
    if isinstance(value, Mapping):
        for key, held in value.items():
            if not isinstance(key, str):
                raise Unwritable(f"{where} has the key {key!r}; a key is text")
            _check(held, key)
    elif isinstance(value, list | tuple):
        for held in value:
            _check(held, where)
    elif value is not None and not isinstance(value, str | int | float | Secret):
        raise Unwritable(f"{where} is a {type(value).__name__}; Puppet is given text, numbers, booleans, lists and hashes")


def digest(frozen: str) -> str:
    """What a frozen classification is known by: SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(frozen.encode()).hexdigest()


def _thaw(value: Any) -> Any:
    if isinstance(value, Mapping):
        if list(value) == [_MARK]:
            return Secret(str(value[_MARK]))
        return {key: _thaw(held) for key, held in value.items()}
    return [_thaw(held) for held in value] if isinstance(value, list) else value


def secrets_of(frozen: str) -> frozenset[str]:
    """The names of the secrets that a frozen classification gives."""
    return frozenset(mark.name for mark in marks(_thaw(json.loads(frozen))))


def text(frozen: str, reveal: Callable[[str], str]) -> str:
    """The YAML that is handed to the Puppet server and to nobody else: `reveal` gives the value of the secret of a name.
    Raises Unwritable, and what `reveal` raises."""
    return write(fill(_thaw(json.loads(frozen)), lambda mark: reveal(mark.name)))


def preview(frozen: str) -> str:
    """The same as anybody may read it, with *** in the place of each secret. Raises Unwritable."""
    return write(conceal(_thaw(json.loads(frozen))))


def _parameters(frozen: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(frozen)["classes"] if frozen else {}
    return found


def changes(before: str, after: str) -> tuple[str, ...]:
    """What differs between two frozen classifications, in words, by class and parameter; an empty one has no classes. Of a
    secret only its name is told: a new value of it is no change."""
    old, new = _parameters(before), _parameters(after)
    found = [f"{name} is taken away" for name in old if name not in new]
    for name, parameters in new.items():
        if name not in old:
            found.append(f"{name} comes")
            continue
        for key in sorted({*old[name], *parameters}):
            found += _changed(f"{name}::{key}", old[name].get(key), parameters.get(key))
    return tuple(found)


def _changed(where: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and _MARK not in (*old, *new):
        for key in sorted({*old, *new}):
            yield from _changed(f"{where}[{key}]", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and all(isinstance(one, str) for one in (*old, *new)):
        gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
        words = [*(f"without {_shown(one)}" for one in gone), *(f"with {_shown(one)}" for one in come)]
        yield (
            f"{where}: {', '.join(words[:8])}{' and more' if len(words) > 8 else ''}" if words else f"{where}: another order"
        )
    else:
        yield f"{where}: {_shown(old)} becomes {_shown(new)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping) and list(value) == [_MARK]:
        return f"the secret {value[_MARK]}"
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
    said = " ".join(said.split())
    return (
        repr(said if len(said) <= LONGEST_SHOWN else f"{said[:LONGEST_SHOWN]}...")
        if isinstance(value, str)
        else said[:LONGEST_SHOWN]
    )

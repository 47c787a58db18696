"""Role files on disk: the product's own and the operator's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import yaml

from oci.domain.cluster.roles import BadRole, Role, parse, unmet

EXTRA = Path("/etc/oci/roles.d")


def _line(text: str, field: str) -> int:
    """The line of the key `field` of the mapping in `text`, counted from 1; 1 when it has none."""
    node = yaml.compose(text, yaml.SafeLoader)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((key.start_mark.line + 1 for key, _value in pairs if key.value == field), 1)


def _role(path: Path) -> Role:
    """The role in the file `path`. Raises BadRole, with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
        return parse(path.stem, yaml.safe_load(text))
    except BadRole as error:
        raise BadRole(f"{path}, line {_line(text, error.field)}: {error}", error.field) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "it holds characters that no text has"
        raise BadRole(f"{path}{line}: this is no YAML: {why}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadRole(f"{path} cannot be read: {error}") from None


def _listed(folder: Path) -> tuple[list[Path], list[str]]:
    """What is in `folder`, and in words why it cannot be looked into. None at all is no mistake."""
    try:
        return sorted(folder.iterdir()), []
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [f"{folder} cannot be read: {error.strerror}; no role of it is known"]


def _files(own: list[Path]) -> Iterator[Path]:
    """Every role file that counts."""
    product = {p.name: Path(str(p)) for p in files("oci").joinpath("roles").iterdir() if p.name.endswith(".yaml")}
    yield from (product | {p.name: p for p in own if p.suffix == ".yaml"}).values()


def read(extra: Path = EXTRA) -> tuple[dict[str, Role], list[str]]:
    """All roles by name, in their order, and in words what is wrong with the files of those that are missing.

    A file in `extra` replaces one of the product. One that cannot be used takes its role away, and no other: another
    role than the operator wrote would be worse than none.
    """
    listed, wrong = _listed(extra)
    found = []
    for path in _files(listed):
        try:
            found.append(_role(path))
        except BadRole as error:
            wrong.append(str(error))
    wrong += [f"{p} is not read; a role file's name ends in .yaml" for p in listed if p.suffix == ".yml"]
    roles = {role.name: role for role in sorted(found, key=lambda r: (r.order, r.name))}
    return roles, wrong + unmet(roles)


Signature = tuple[tuple[str, int, int, int, int], ...]
# What was written a moment ago may be written again within the same tick of the file system's clock.
SETTLED_SECONDS = 1.0
_UNSETTLED: Signature = (("", 0, 0, 0, 0),)  # no folder looks so


class RoleFiles:
    """The roles, read anew once their files changed: each call costs one look at the folder, and no reading as long as
    nothing did. So every process knows a new role at its next request, without being started anew."""

    def __init__(self, extra: Path = EXTRA) -> None:
        self._extra = extra
        # Replaced whole: a thread that comes at the same moment reads once more, and sees no half of it.
        self._kept: tuple[Signature, Mapping[str, Role], tuple[str, ...]] | None = None

    def __call__(self) -> tuple[Mapping[str, Role], tuple[str, ...]]:
        """All roles by name, in their order, and in words what is wrong with the files of those that are missing."""
        seen, kept = self._look(), self._kept
        if kept is not None and kept[0] == seen:
            return kept[1], kept[2]
        roles, wrong = read(self._extra)
        # The same roles stay the same object, which is how others see that nothing changed.
        same = kept is not None and list(kept[1].items()) == list(roles.items())
        now: Mapping[str, Role] = kept[1] if kept is not None and same else roles
        self._kept = (_UNSETTLED if self._moves(seen) else seen, now, tuple(wrong))
        return now, tuple(wrong)

    def _look(self) -> Signature:
        """What tells one state of the folder from another; of files that cannot be read as well."""
        try:
            with os.scandir(self._extra) as entries:
                return tuple(sorted(_mark(entry) for entry in entries))
        except FileNotFoundError:
            return ()
        except OSError as error:
            return (("", error.errno or 0, 0, 0, 0),)

    @staticmethod
    def _moves(seen: Signature) -> bool:
        newest = max((changed for _name, _size, _inode, _written, changed in seen), default=0)
        return time.time() - newest / 1e9 < SETTLED_SECONDS


def _mark(entry: os.DirEntry[str]) -> tuple[str, int, int, int, int]:
    try:
        found = entry.stat()
    except OSError as error:  # a link to nowhere, or gone since it was listed
        return entry.name, -1, error.errno or 0, 0, 0
    return entry.name, found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def load(extra: Path = EXTRA) -> dict[str, Role]:
    """All roles by name, in their order. Raises BadRole for the first file that cannot be used."""
    roles, wrong = read(extra)
    if wrong:
        raise BadRole(wrong[0])
    return roles

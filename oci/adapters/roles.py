"""Role files on disk: the product's own and the operator's."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import yaml

from oci.domain.roles import BadRole, Role, parse, unmet

EXTRA = Path("/etc/oci/roles.d")


def _line(text: str, field: str) -> int:
    """The line of the key `field` of the mapping in `text`, counted from 1; 1 when it has none."""
    node = yaml.compose(text, yaml.SafeLoader)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((key.start_mark.line + 1 for key, _value in pairs if key.value == field), 1)


def _role(path: Path, own: bool) -> Role:
    """The role in the file `path`. Raises BadRole, with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
        return parse(path.stem, yaml.safe_load(text), own)
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


def _files(own: list[Path]) -> Iterator[tuple[Path, bool]]:
    """Every role file that counts, and whether its role is the operator's own."""
    product = {p.name: Path(str(p)) for p in files("oci").joinpath("roles").iterdir() if p.name.endswith(".yaml")}
    for name, path in (product | {p.name: p for p in own if p.suffix == ".yaml"}).items():
        yield path, name not in product


def read(extra: Path = EXTRA) -> tuple[dict[str, Role], list[str]]:
    """All roles by name, in their order, and in words what is wrong with the files of those that are missing.

    A file in `extra` replaces one of the product. One that cannot be used takes its role away, and no other: another
    role than the operator wrote would be worse than none.
    """
    listed, wrong = _listed(extra)
    found = []
    for path, own in _files(listed):
        try:
            found.append(_role(path, own))
        except BadRole as error:
            wrong.append(str(error))
    wrong += [f"{p} is not read; a role file's name ends in .yaml" for p in listed if p.suffix == ".yml"]
    roles = {role.name: role for role in sorted(found, key=lambda r: (r.order, r.name))}
    return roles, wrong + unmet(roles)


def load(extra: Path = EXTRA) -> dict[str, Role]:
    """All roles by name, in their order. Raises BadRole for the first file that cannot be used."""
    roles, wrong = read(extra)
    if wrong:
        raise BadRole(wrong[0])
    return roles

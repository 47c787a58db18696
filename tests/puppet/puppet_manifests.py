"""What Puppet manifests say of themselves, read without Puppet."""

from __future__ import annotations

import re
from pathlib import Path

_CLASS = re.compile(r"^class ([a-z0-9_:]+)\s*(?:\((.*?)^\)\s*)?\{", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"^  ([A-Z].*) \$([a-z0-9_]+)(?: = .*)?,$", re.MULTILINE)


def _declaration(path: Path) -> str:
    found = _CLASS.search(path.read_text())
    assert found, f"{path} declares no class"
    return found[2] or ""


def class_parameters(path: Path) -> set[str]:
    """Names of the parameters of the class in the manifest `path`.

    Fails on one that has no type: each must be one line `  Type $name,` at any depth of brackets.
    """
    text = _declaration(path)
    names = {name for _type, name in _PARAMETER.findall(text)}
    used = set(re.findall(r"\$([a-z][a-z0-9_]*)", text))
    assert names == used, f"{path} has parameters without a type, or several on one line: {used - names}"
    return names


def documented_parameters(path: Path) -> set[str]:
    """Names of the parameters that the comment above the class explains in at least one line."""
    return set(re.findall(r"^# @param ([a-z0-9_]+)\n#   \S", path.read_text(), re.MULTILINE))


def profile_file(name: str) -> Path:
    """The manifest of the class profile::NAME."""
    manifests = Path(__file__).resolve().parents[2] / "puppet/site/profile/manifests"
    return manifests / f"{name.removeprefix('profile::').replace('::', '/')}.pp"

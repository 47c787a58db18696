"""The images on disk, described by the JSON files that the build writes beside them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from oci.ports import Outdated, OutsideError, RootImage

_SECONDS = 30


_ROLE = re.compile(r"[a-z][a-z0-9]{0,31}")


def of_role(packages: tuple[str, ...], modules: tuple[Path, ...]) -> dict[str, str]:
    """The environment that makes the builder's root image one of a role: what it has installed, and which Puppet modules'
    plugins it brings along. The first module of a name counts."""
    return {"OCI_PACKAGES": " ".join(packages), "OCI_MODULES": ":".join(map(str, modules))}


def _named(kind: str, role: str) -> str:
    return f"{kind} image of the role {role}" if role else f"{kind} image"


def _build(kind: str, role: str, again: str = "") -> str:
    return f"Build it {again}with `oci-admin image build {kind}{f' --role {role}' if role else ''}`"


class FileImages:
    """Images under `directory`: live/live.json, root/root.json, and root-ROLE/root.json for each role with an image of its
    own. `builder` is the program that makes them, `modules` are the folders of Puppet modules that a role's is made of."""

    def __init__(self, directory: Path, builder: Path | None = None, modules: tuple[Path, ...] = ()) -> None:
        self._directory, self._builder, self._modules = directory, builder, modules

    def _read(self, kind: str, role: str = "") -> dict[str, Any]:
        path = self._directory / (f"{kind}-{role}" if role else kind) / f"{kind}.json"
        try:
            data = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise OutsideError(f"there is no {_named(kind, role)}", f"{path}: {error}", _build(kind, role)) from None
        assert isinstance(data, dict)
        return data

    def live_sha256(self) -> str:
        return str(self._read("live")["files"]["root.squashfs"]["sha256"])

    def live_has(self, name: str) -> bool:
        try:
            return name in self._read("live")["files"]
        except OutsideError:
            return False

    def root(self, role: str = "") -> RootImage:
        role = role if role in self.roles() else ""
        data = self._read("root", role)
        name = f"root-{role}.tar.zst" if role else "root.tar.zst"
        return RootImage(name, str(data["sha256"]), int(data["bytes"]))

    def roles(self) -> tuple[str, ...]:
        built = (path.parent.name.removeprefix("root-") for path in self._directory.glob("root-*/root.json"))
        return tuple(sorted(role for role in built if _ROLE.fullmatch(role)))

    def check(self, kind: str, role: str = "", packages: tuple[str, ...] = ()) -> None:
        """See that the image `kind` is there (of a role: its own, with `packages`), and what would be built now. Raises
        OutsideError."""
        built = str(self._read(kind, role).get("key", ""))
        if self._builder is None:
            return
        try:
            done = subprocess.run(
                [str(self._builder), "--key", kind],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                env={**os.environ, **(of_role(packages, self._modules) if role else {})},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutsideError(f"the {_named(kind, role)} was not compared", str(error), "Run the builder by hand") from None
        if not done.returncode and done.stdout.strip() != built:
            raise Outdated(
                f"the {_named(kind, role)} is of another version of this program",
                "it was built before the last change",
                _build(kind, role, "again "),
            )

"""The images on disk, described by the JSON files that the build writes beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oci.ports import OutsideError, RootImage


class FileImages:
    """Images under `directory`: live/live.json and root/root.json."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _read(self, kind: str) -> dict[str, Any]:
        path = self._directory / kind / f"{kind}.json"
        try:
            data = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise OutsideError(f"there is no {kind} image", f"{path}: {error}",
                               f"Build it with `oci-admin image build {kind}`") from None
        assert isinstance(data, dict)
        return data

    def live_sha256(self) -> str:
        return str(self._read("live")["files"]["root.squashfs"]["sha256"])

    def live_has(self, name: str) -> bool:
        try:
            return name in self._read("live")["files"]
        except OutsideError:
            return False

    def root(self) -> RootImage:
        data = self._read("root")
        return RootImage("root.tar.zst", str(data["sha256"]), int(data["bytes"]))

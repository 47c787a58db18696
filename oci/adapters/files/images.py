"""The images on disk, described by the JSON files that the build writes beside them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from oci.ports import Outdated, OutsideError, RootImage

_SECONDS = 30


class FileImages:
    """Images under `directory`: live/live.json and root/root.json. `builder` is the program that makes them."""

    def __init__(self, directory: Path, builder: Path | None = None) -> None:
        self._directory, self._builder = directory, builder

    def _read(self, kind: str) -> dict[str, Any]:
        path = self._directory / kind / f"{kind}.json"
        try:
            data = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise OutsideError(
                f"there is no {kind} image", f"{path}: {error}", f"Build it with `oci-admin image build {kind}`"
            ) from None
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

    def check(self, kind: str) -> None:
        """See that the image `kind` is there, and what would be built now. Raises OutsideError."""
        built = str(self._read(kind).get("key", ""))
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
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutsideError(f"the {kind} image was not compared", str(error), "Run the builder by hand") from None
        if not done.returncode and done.stdout.strip() != built:
            raise Outdated(
                f"the {kind} image is of another version of this program",
                "it was built before the last change",
                f"Build it again with `oci-admin image build {kind}`",
            )

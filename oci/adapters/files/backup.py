"""One archive of what cannot be made again: database, keys, certificates and settings."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Mapping
from pathlib import Path


def write(target: Path, files: Mapping[Path, Path]) -> None:
    """Write the archive `target` (tar, 0600), whole or not at all. Raises OSError.

    `files` says for each path what is read for it, a file or a directory; what does not exist is left out. The
    members are named as the paths are below /: unpacked there, with OCI's services stopped, they are restored.
    """
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                for path, source in files.items():
                    if source.exists():
                        archive.add(source, str(path.absolute()).lstrip("/"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)

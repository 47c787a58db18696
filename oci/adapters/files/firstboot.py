"""What runs on an installed machine until Puppet has it: the same files that an install brings along."""

from __future__ import annotations

from pathlib import Path

FOLDER = ("discovery", "firstboot")
"""Where they are shipped."""
PROGRAMS, UNITS = "usr/lib/oci", "usr/lib/systemd/system"


def read(folder: Path) -> dict[str, bytes]:
    """The programs and units in `folder` by the path where they belong. Empty when it is not there."""
    if not folder.is_dir():
        return {}
    return {
        f"{UNITS if path.suffix in ('.service', '.timer') else PROGRAMS}/{path.name}": path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file()
    }

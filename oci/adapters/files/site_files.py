"""Files of other packages' drop-in directories that root writes for the appliance, and the loaders of TFTP."""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from oci.ports import OutsideError

IPXE = Path("/usr/lib/ipxe")
MANIFEST = ".oci-loaders"
_SECONDS = 60


def write(path: Path, text: str) -> bool:
    """Make `text` the content of `path`, whole or not at all; True when it changed. Raises OSError."""
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)
    return True


def link(path: Path, target: str) -> bool:
    """Make `path` a symbolic link to `target`; True when it changed. Raises OutsideError for what is no link."""
    if path.is_symlink() and str(path.readlink()) == target:
        return False
    if path.exists() and not path.is_symlink():
        raise OutsideError(f"{path} was not made", "there is a file of somebody else", "Move it away and try again")
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return True


def _known(manifest: Path) -> list[str]:
    try:
        return list(json.loads(manifest.read_text()))
    except (OSError, ValueError, TypeError):
        return []


def copy_loaders(names: Iterable[str], directory: Path, source: Path = IPXE) -> list[str]:
    """Copy the boot loaders `names` from the package ipxe to TFTP's `directory`; returns those that changed.

    Copies, because in.tftpd sees nothing outside its directory. A list of them stands beside them. Raises
    OutsideError when a file there is not ours, or ipxe has no such loader.
    """
    directory.mkdir(parents=True, exist_ok=True)
    manifest, changed = directory / MANIFEST, []
    known = set(_known(manifest))
    for name in names:
        loader, target = source / name, directory / name
        if not loader.exists():
            raise OutsideError(
                f"the boot loader {name} was not copied", f"{loader} does not exist", "Install Debian 13's package ipxe"
            )
        if target.exists() and filecmp.cmp(loader, target, shallow=False):
            known.add(name)
            continue
        if target.exists() and name not in known:
            raise OutsideError(
                f"the boot loader {name} was not copied",
                f"{target} is there and not from {loader}",
                "Move it away and try again",
            )
        new = directory / f".{name}"
        shutil.copyfile(loader, new)
        new.chmod(0o644)
        new.replace(target)
        known.add(name)
        changed.append(name)
    write(manifest, json.dumps(sorted(known)) + "\n")
    return changed


def run(argv: list[str], instead: str) -> None:
    """Run a command to its end. Raises OutsideError with what it said, and `instead`."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS * 5, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutsideError(f"{' '.join(argv)} failed", str(error), instead) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip() or f"it ended with {done.returncode}"
        raise OutsideError(f"{' '.join(argv)} failed", said[-1500:], instead)


def managed() -> bool:
    """Whether systemd manages this host, as opposed to a chroot or a lab."""
    return Path("/run/systemd/system").exists()


def take_up(unit: str, verb: str = "reload-or-restart") -> None:
    """Have a service read its new files when it runs. Raises OutsideError."""
    if managed():
        run(["systemctl", "--no-block", f"try-{verb}", unit], f"Read `journalctl -u {unit}`")

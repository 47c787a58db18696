"""Network boot loaders for the lab's TFTP server, from Debian's package `ipxe`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from lab.ground.cached.mirror import KEYRING, SUITE, cache_dir, mirror_url
from lab.ground.cached.roots import locked
from lab.ground.process import LabError, run

LOADER_FILES = ("undionly.kpxe", "snponly.efi", "ipxe.efi", "ipxe-arm64.efi")


def loaders(cache: Path | None = None) -> Path:
    """A TFTP root with the network boot loaders of Debian's package `ipxe`, kept in `cache`.

    The package is checked by apt against Debian's archive key. Raises LabError.
    """
    root = (cache or cache_dir()) / "loaders"
    with locked(root.parent / "loaders.lock"):
        if not all((root / name).exists() for name in LOADER_FILES):
            with tempfile.TemporaryDirectory(prefix="oci-loaders-") as work:
                _unpack(_download("ipxe", Path(work)), Path(work), root)
    return root


def _unpack(package: Path, work: Path, root: Path) -> None:
    run(["dpkg-deb", "-x", str(package), str(work / "tree")])
    root.mkdir(exist_ok=True)
    for name in LOADER_FILES:
        file = work / "tree/usr/lib/ipxe" / name
        if not file.exists():
            raise LabError(f"the package {package.name} has no {name}; take it from suite {SUITE}")
        # Copied beside and renamed, so that a crash leaves no half loader; in.tftpd reads as another user.
        shutil.copyfile(file, root / f".{name}")
        (root / f".{name}").chmod(0o644)
        (root / f".{name}").replace(root / name)
    root.chmod(0o755)


def _download(package: str, work: Path) -> Path:
    """Fetch a .deb of SUITE with a private apt, so that this host's own apt stays as it is."""
    for part in ("lists/partial", "cache/archives/partial"):
        (work / part).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror_url()} {SUITE} main\n")
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Dir::State::status": "/dev/null",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    run(["apt-get", *words, "-q", "update"], timeout=300)
    run(["env", "-C", str(work), "apt-get", *words, "-q", "download", package], timeout=300)
    packages = list(work.glob("*.deb"))
    if not packages:
        raise LabError(f"apt gave no {package} of {SUITE}; look whether this host's mirror answers")
    return packages[0]

"""The root image of simulated machines: as the product's own, but so small that an install takes seconds.

Debian's shell, grub for BIOS and curl are real, so that every installer phase and the first boot run
unmodified. The kernel is a few bytes, for nothing starts it; the EFI loader too, see `GRUB_INSTALL`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from lab.ground.cached.mirror import SUITE
from lab.ground.cached.roots import APT, LEAN, bootstrap, cached
from lab.ground.checkout import CHECKOUT
from lab.ground.process import run

PACKAGES = ("grub-pc-bin", "grub2-common", "curl", "openssl", "passwd")
MMDEBSTRAP = (
    "--mode=root",
    "--format=directory",
    "--variant=essential",
    f"--include={','.join(PACKAGES)}",
    *APT,
    *LEAN,
    "--dpkgopt=path-exclude=/usr/share/i18n/*",
    "--dpkgopt=path-exclude=/usr/lib/x86_64-linux-gnu/gconv/*",
)
# What only a package manager or an interpreter uses: nothing is installed on a simulated machine.
UNUSED = (
    "var/lib/dpkg",
    "var/lib/apt",
    "var/cache",
    "var/log",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/perl5",
    "usr/lib/x86_64-linux-gnu/perl-base",
    "usr/lib/apt",
    "usr/share/zoneinfo",
    "usr/share/grub",
    "usr/share/locale",
    "dev",
)
# A kernel without FAT can make but not mount an EFI system partition, and grub-install insists on a real one.
# Booting by EFI is for the virtual machines to prove.
GRUB_INSTALL = """#!/bin/sh
case " $* " in
  *' --target=x86_64-efi '*) mkdir -p /boot/efi/EFI/BOOT && echo simulated >/boot/efi/EFI/BOOT/BOOTX64.EFI ;;
  *) exec /usr/sbin/grub-install.real "$@" ;;
esac
"""
MANIFEST = "usr/lib/oci/simulated.sha256"


def tree(cache: Path | None = None) -> Path:
    """The Debian tree, built when `cache` (by default OCI_CACHE) has none; some 70 MB. Raises LabError."""
    return cached("simulated", repr((SUITE, MMDEBSTRAP, UNUSED)), _make, cache)


def _make(root: Path) -> None:
    bootstrap(root, "the simulated machines' root", MMDEBSTRAP)
    for name in UNUSED:
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir(parents=True, exist_ok=True)
    for path in [*root.glob("usr/bin/dpkg*"), *root.glob("usr/bin/perl*"), *root.glob("etc/apt/sources.list*")]:
        if not path.is_dir():
            path.unlink()


def _furnish(root: Path) -> None:
    """What the product's own image has: first boot, and the names by which a kernel is found."""
    (root / "usr/lib/oci").mkdir(parents=True, exist_ok=True)
    for name in ("oci-firstboot", "oci-puppet", "oci-poll", "oci-check"):
        shutil.copy(CHECKOUT / "discovery/firstboot" / name, root / "usr/lib/oci" / name)
    (root / "boot").mkdir(exist_ok=True)
    for name, link in (("boot/vmlinuz-simulated", "vmlinuz"), ("boot/initrd.img-simulated", "initrd.img")):
        (root / name).write_text(f"{name}\n")
        (root / link).symlink_to(name)
    (root / "usr/sbin/grub-install").rename(root / "usr/sbin/grub-install.real")
    (root / "usr/sbin/grub-install").write_text(GRUB_INSTALL)
    (root / "usr/sbin/grub-install").chmod(0o755)
    (root / "etc/oci").mkdir(mode=0o700)
    files = sorted(p for top in ("usr", "boot") for p in (root / top).rglob("*") if p.is_file() and not p.is_symlink())
    sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(root)}\n" for p in files]
    (root / MANIFEST).write_text("".join(sums))


def build(out: Path, cache: Path | None = None) -> None:
    """Write root/root.tar.zst with its description, and a description of a live image, below `out`."""
    (out / "root").mkdir(parents=True)
    (out / "live").mkdir()
    with tempfile.TemporaryDirectory(prefix="root.", dir=out) as work:
        copy = Path(work) / "root"
        run(["cp", "-a", str(tree(cache)), str(copy)])
        _furnish(copy)
        run(["tar", "-C", str(copy), "--sort=name", "--numeric-owner", "-cf", f"{work}/root.tar", "."])
        run(["zstd", "-q", "-3", "-T2", f"{work}/root.tar", "-o", str(out / "root/root.tar.zst")])
    image = (out / "root/root.tar.zst").read_bytes()
    described = {"file": "root.tar.zst", "sha256": hashlib.sha256(image).hexdigest(), "bytes": len(image)}
    (out / "root/root.json").write_text(json.dumps(described))
    (out / "live/live.json").write_text(json.dumps({"files": {"root.squashfs": {"sha256": "0" * 64}}}))

"""Debian 13 root file systems for the tests, made once for each list of packages and kept in the cache."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from lab.ground.cached.mirror import KEYRING, SUITE, cache_dir, mirror_url
from lab.ground.cached.roots import APT, BUILD_SECONDS, cached, locked
from lab.ground.process import run

ROOT = Path(__file__).resolve().parents[1]
# What a Debian installation has whatever is installed on it: a system manager, and the means to get an address.
SYSTEM = ("systemd-sysv", "dbus", "iproute2", "procps", "ca-certificates")


def _words(text: str) -> list[str]:
    """The package names of a dependency field, without versions and without what debhelper fills in."""
    names = (re.sub(r"\(.*?\)", "", part).split("|")[0].strip() for part in text.split(","))
    return [name for name in names if name and not name.startswith("${")]


def field(name: str) -> list[str]:
    """The packages that debian/control names in the field `name`."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "debian/control").read_text())
    found = re.search(rf"(?ms)^{name}:(.*?)^(?=\S)", text)
    assert found, f"debian/control has no {name}"
    return _words(found[1].replace("debhelper-compat", "debhelper"))


def build_packages() -> list[str]:
    """What builds the package: debian/control's Build-Depends, and dpkg-dev."""
    return sorted({*field("Build-Depends"), "dpkg-dev", "lintian"})


def site_packages() -> list[str]:
    """What an appliance has: the system, and nothing else than debian/control's Depends."""
    return sorted({*field("Depends"), *SYSTEM})


def root(kind: str, packages: list[str]) -> Path:
    """The root file system with `packages`; built when the list is new, and older ones of its kind removed."""
    description = " ".join([SUITE, *packages])
    return cached(kind, description, lambda target: _make(target, packages), cache_dir() / "package-roots", newest=True)


def _make(target: Path, packages: list[str]) -> None:
    archives = cache_dir() / "packages"
    archives.mkdir(parents=True, exist_ok=True)
    with locked(archives.with_suffix(".lock")):  # an image that is built at the same time writes there too
        run(
            [
                "mmdebstrap",
                "--quiet",
                "--mode=root",
                "--format=directory",
                "--variant=apt",
                f"--keyring={KEYRING}",
                *APT,
                "--skip=download/empty",
                "--skip=essential/unlink",
                "--skip=cleanup/apt/cache",
                '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
                f"--setup-hook=sync-in {archives} /var/cache/apt/archives",
                f"--include={','.join(packages)}",
                SUITE,
                str(target),
                mirror_url(),
            ],
            timeout=BUILD_SECONDS,
        )
        for package in (target / "var/cache/apt/archives").glob("*.deb"):
            kept = archives / package.name
            if not kept.exists():
                shutil.copyfile(package, kept.with_name(f".{package.name}"))
                kept.with_name(f".{package.name}").replace(kept)
            package.unlink()
        for name in ("hostname", "resolv.conf"):
            (target / "etc" / name).unlink(missing_ok=True)

"""The images that a lab boots and installs, built once by the product's own commands and kept in the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from lab.containers import puppetroot
from lab.ground.cached.mirror import cache_dir
from lab.ground.cached.roots import locked
from lab.ground.checkout import CHECKOUT, environment, module
from lab.ground.process import LabError, tail

KINDS = ("live", "root")
# An image of a role has a gigabyte of packages, and others may want the processors as well.
BUILD_SECONDS = 7200
_OF_ROLE = "root-"


def of_role(role: str) -> str:
    """The kind of image that is the root image of a role's own."""
    return f"{_OF_ROLE}{role}"


def build(say: Callable[[str], None], cache: Path | None = None, kinds: Sequence[str] = KINDS) -> Path:
    """The directory with live/ and root/, or those of `kinds`: the cache, up to date with discovery/. Raises LabError.

    The builder itself skips what is current; one builder at a time, the others wait for it.
    """
    images = cache or cache_dir()
    with locked(images / "images.lock"):
        _build(images, say, kinds)
    return images


def taken(place: Path, say: Callable[[str], None], cache: Path | None = None, kinds: Sequence[str] = KINDS) -> Path:
    """The new directory `place` with live/ and root/, as `build` makes them. Raises LabError.

    What is in the cache is replaced whenever another checkout builds its own, and a machine that is halfway through its
    boot would be given the other's files. These stay: they are links to the same files where that can be, else copies.
    """
    images = cache or cache_dir()
    with locked(images / "images.lock"):
        _build(images, say, kinds)
        for kind in kinds:
            (place / kind).mkdir(parents=True)
            for file in (images / kind).iterdir():
                _link(file, place / kind / file.name)
    return place


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:  # the lab lies on another file system
        shutil.copyfile(file, name)


def _build(images: Path, say: Callable[[str], None], kinds: Sequence[str]) -> None:
    for kind in kinds:
        _sweep(kind, images)
        _one(kind, images, say)


def _sweep(kind: str, images: Path) -> None:
    """Remove what builds left that were killed. The lock is the builder's own: while it is free, none runs."""
    with locked(images / f"{kind}.lock"):
        for stale in images.glob(f"{kind}.tmp.*"):
            shutil.rmtree(stale, ignore_errors=True)


def _one(kind: str, images: Path, say: Callable[[str], None]) -> None:
    log, began = images / f"{kind}.log", time.monotonic()
    if not (images / kind / f"{kind.partition('-')[0]}.json").exists():
        say(f"building the {kind} image, once; this takes some minutes (log: {log})")
    with log.open("wb") as file, tempfile.TemporaryDirectory(prefix="oci-images-") as work:
        argv, env = _command(kind, images, Path(work))
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=BUILD_SECONDS,
            check=False,
            env=env,
        )
    if done.returncode:
        raise LabError(f"the {kind} image could not be built:\n{tail(log)}")
    say(f"{kind} image is ready ({time.monotonic() - began:.0f} s)")


def _command(kind: str, images: Path, work: Path) -> tuple[list[str], dict[str, str]]:
    """What builds an image, and its environment. That of a role is built by whoever knows what a role has installed: the
    appliance's own command, which is told by its settings where images and Debian's Puppet modules lie."""
    if not kind.startswith(_OF_ROLE):
        return [str(CHECKOUT / "discovery/build"), kind, str(images / kind)], dict(os.environ)
    modules = puppetroot.modules(puppetroot.build(images), work / "modules")
    config = work / "oci.yaml"
    config.write_text(yaml.safe_dump({"images_dir": str(images), "puppet_modules_dir": str(modules)}))
    words = ("image", "build", "root", "--role", kind.removeprefix(_OF_ROLE))
    return module("oci.admin", *words), {**environment(), "OCI_CONFIG": str(config)}

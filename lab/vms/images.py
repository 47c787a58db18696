"""The images that a lab boots and installs, built once by the product's own command and kept in the cache."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lab.ground.cached.mirror import cache_dir
from lab.ground.cached.roots import locked
from lab.ground.checkout import CHECKOUT
from lab.ground.process import LabError, tail

KINDS = ("live", "root")
BUILD_SECONDS = 1800


def build(say: Callable[[str], None], cache: Path | None = None) -> Path:
    """The directory with live/ and root/, the cache itself, up to date with discovery/. Raises LabError.

    The builder itself skips what is current; one builder at a time, the others wait for it.
    """
    images = cache or cache_dir()
    with locked(images / "images.lock"):
        for kind in KINDS:
            _one(kind, images, say)
    return images


def _one(kind: str, images: Path, say: Callable[[str], None]) -> None:
    log, began = images / f"{kind}.log", time.monotonic()
    fresh = not (images / kind / f"{kind}.json").exists()
    if fresh:
        say(f"building the {kind} image, once; this takes some minutes (log: {log})")
    with log.open("wb") as file:
        done = subprocess.run(
            [CHECKOUT / "discovery/build", kind, images / kind],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=BUILD_SECONDS,
            check=False,
        )
    if done.returncode:
        raise LabError(f"the {kind} image could not be built:\n{tail(log)}")
    say(f"{kind} image is ready ({time.monotonic() - began:.0f} s)")

"""This checkout, and how its Python programs are started beside the one that runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """This program's environment, in which the checkout's modules and this interpreter's programs are found."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    python = os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": python, "PATH": path}


def module(name: str, *words: str) -> list[str]:
    """The arguments that start the module `name` with `words`, where `environment` is given too."""
    return [sys.executable, "-m", name, *words]

"""KEY='value' lines: the only form in which the appliance tells a machine anything."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

_KEY = re.compile(r"[A-Z][A-Z0-9_]*")


def lines(values: Mapping[str, str]) -> str:
    """`values` as text that `sh` can read with `.`, one assignment per line, always quoted.

    Raises ValueError for a key that is no plain shell name or a value with a NUL byte.
    """
    out = []
    for key, value in values.items():
        if not _KEY.fullmatch(key) or "\0" in value:
            raise ValueError(f"{key!r} cannot be written as a shell assignment")
        quoted = shlex.quote(value)
        out.append(f"{key}={quoted if quoted.startswith(chr(39)) else chr(39) + quoted + chr(39)}\n")
    return "".join(out)

"""Probe `clock`: the machine's time, and the appliance's from the Date line of an HTTP answer (RFC 9110, 6.6.1)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from oci.domain.hardware.text import MAX_NUMBER

_LOCAL = re.compile(r"^local ([0-9]{1,15})\b", re.MULTILINE)
_REMOTE = re.compile(r"^remote ([ -~]{1,64})$", re.MULTILINE)


def parse(text: str) -> int | None:
    """Seconds by which the machine's clock is ahead of the appliance's, negative when behind.

    None when either is not told. Never raises.
    """
    local, remote = _LOCAL.search(text), _REMOTE.search(text)
    if not local or not remote:
        return None
    try:
        there = int(parsedate_to_datetime(remote[1]).timestamp())
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return max(-MAX_NUMBER, min(int(local[1]) - there, MAX_NUMBER))

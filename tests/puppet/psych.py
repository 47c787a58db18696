"""A Ruby that reads YAML as the Puppet server does: one process for any number of texts."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

READER = Path(__file__).with_name("psych_reader.rb")


def told(value: Any) -> Any:
    """`value` as `psych_reader.rb` tells it: every type is named."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", struct.pack(">d", value).hex()]
    if isinstance(value, str):
        return ["text", value.encode().hex()]
    if isinstance(value, dict):
        return ["hash", [[told(k), told(v)] for k, v in value.items()]]
    return ["list", [told(one) for one in value]]


class Psych:
    """The reader, started by `argv`."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, text: str) -> Any:
        """What Ruby makes of the YAML `text`, with the type of everything."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(text.encode().hex().encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"ruby ended with status {self._process.wait(10)}; its words are above"
        return json.loads(line)

    def close(self) -> None:
        """End the process and wait for it."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

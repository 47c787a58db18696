"""The control socket of a running QEMU: one command, one answer."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from lab.ground.process import LabError


def execute(path: Path, command: str, arguments: dict[str, Any] | None = None, timeout: float = 10.0) -> Any:
    """Run one QMP command on the socket `path` and return its result. Raises LabError."""
    request: dict[str, Any] = {"execute": command}
    if arguments:
        request["arguments"] = arguments
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout)
            link.connect(str(path))
            with link.makefile("rwb") as stream:
                stream.readline()  # the greeting
                _ask(stream, {"execute": "qmp_capabilities"})
                return _ask(stream, request)
    except (OSError, ValueError) as error:
        raise LabError(f"{command} was not carried out by QEMU at {path}: {error}; see its log") from None


def _ask(stream: Any, request: dict[str, Any]) -> Any:
    stream.write(json.dumps(request).encode() + b"\n")
    stream.flush()
    while True:
        line = stream.readline()
        if not line:
            raise OSError("the connection was closed")
        answer = json.loads(line)
        if "error" in answer:
            raise LabError(f"QEMU refused {request['execute']}: {answer['error'].get('desc')}")
        if "return" in answer:
            return answer["return"]

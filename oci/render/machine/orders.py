"""What a machine is told: KEY='value' lines and, as the orders of an install, files; data, and never a script."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

from oci.domain.promise import layouts, promise
from oci.domain.promise.promise import Promise
from oci.render.machine import disks
from oci.render.machine.boot import newc
from oci.render.machine.files import PRIVATE, File, Machine, files

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


# What the installer's own steps read of its orders. All else is in the layout and in the files.
_INSTALLER = ("TOKEN", "IMAGE_URL", "IMAGE_SHA256", "IMAGE_BYTES", "ROOT_HASH")


def given(facts: Mapping[str, str]) -> dict[str, File]:
    """The orders that a claim ended with, by path: `orders.env`; of an install also `layout`, and `files/...`, which the new
    system gets. What has several values has them separated by blanks, keys by ends of lines.

    Raises BadPromise, CannotLayOut, BadFileValue, BadNetworkdValue, and ValueError for what no line can carry; a claim has
    looked at all of it before.
    """
    if "PROMISE" not in facts:
        return {"orders.env": File(lines(facts), PRIVATE)}
    promised = promise.read(json.loads(facts["PROMISE"]))
    steps, ordered = layouts.carried_out(json.loads(promised.disks), facts["MARK"])
    system = files(_machine(facts, promised), steps)
    system["etc/oci/oci.env"] = File(lines({"OCI_URL": facts["URL"], "FQDN": facts["FQDN"]}), PRIVATE)
    return {
        "orders.env": File(lines({key: facts[key] for key in _INSTALLER}), PRIVATE),
        "layout": File(disks.lines(steps, ordered)),
        **{f"files/{path}": file for path, file in sorted(system.items())},
    }


def _machine(facts: Mapping[str, str], promised: Promise) -> Machine:
    return Machine(
        hostname=facts["HOSTNAME"],
        fqdn=facts["FQDN"],
        interfaces=promised.interfaces,
        addresses=tuple(facts["ADDRESSES"].split()),
        mark=facts["MARK"],
        puppet_server=facts["PUPPET_SERVER"],
        puppet_address=facts["PUPPET_ADDRESS"],
        environment=facts["ENVIRONMENT"],
        dns=tuple(facts["DNS"].split()),
        ntp=tuple(facts["NTP"].split()),
        ssh_keys=tuple(facts["SSH_KEYS"].splitlines()),
        kernel_args=facts["KERNEL_ARGS"],
    )


def archive(orders: Mapping[str, File]) -> bytes:
    """The orders as the one small archive (cpio, newc) that a claim is answered with; any cpio unpacks it."""
    return newc((path, 0o100000 | file.mode, file.text.encode()) for path, file in orders.items())

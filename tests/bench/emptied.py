"""Takes out of a cloud's Keystone what oci-seed made, on the machine itself: `emptied.py FILE`, as oci-seed.

What `keystone-manage bootstrap` makes stays: roles, and the first user with its project, service and endpoints.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PROGRAM = "/usr/lib/oci/oci-seed"


def program() -> ModuleType:
    """oci-seed itself, whose sessions are used."""
    loader = importlib.machinery.SourceFileLoader("seed", PROGRAM)
    spec = importlib.util.spec_from_loader("seed", loader)
    assert spec
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    return made


def catalogue(told: dict[str, Any], keystone: Any) -> None:
    """Remove services with their endpoints, the users of services, and their project."""
    types = {service["type"] for service in told["services"]}
    users = {service["user"] for service in told["services"]}
    for kind, gone in (
        ("services", lambda one: one["type"] in types),
        ("users", lambda one: one["name"] in users),
        ("projects", lambda one: one["name"] == "services"),
    ):
        for one in keystone.all(kind):
            if gone(one):
                keystone.write("", "DELETE", f"{kind}/{one['id']}")


def main(file: str) -> None:
    """Remove it."""
    told = json.loads(Path(file).read_text())
    catalogue(told, program().Keystone(told, False))


if __name__ == "__main__":
    main(sys.argv[1])

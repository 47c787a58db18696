"""One function per Puppet profile: the parameters that OCI computes for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oci.domain.fleet import Fleet, Member
from oci.render.profiles import everywhere

PARAMETERS: dict[str, Callable[[Fleet, Member], dict[str, Any]]] = {
    "profile::base": everywhere.parameters,
}

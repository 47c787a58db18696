"""Role files on disk: the product's own and the operator's."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml

from oci.domain.roles import BadRole, Role, parse


def load(extra: Path = Path("/etc/oci/roles.d")) -> dict[str, Role]:
    """All roles by name, in their order; a file in `extra` replaces one of the product. Raises BadRole."""
    texts = {p.name[:-5]: p.read_text() for p in files("oci").joinpath("roles").iterdir() if p.name.endswith(".yaml")}
    if extra.is_dir():
        texts |= {p.stem: p.read_text() for p in sorted(extra.glob("*.yaml"))}
    roles = []
    for stem, text in texts.items():
        try:
            roles.append(parse(stem, yaml.safe_load(text)))
        except (yaml.YAMLError, ValueError, TypeError) as error:
            raise BadRole(f"role file {stem}.yaml cannot be used: {error}") from None
    return {role.name: role for role in sorted(roles, key=lambda r: (r.order, r.name))}

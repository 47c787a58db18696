"""Who may do what: the levels of those who act, each of which may do all that the ones before it may."""

from __future__ import annotations

NOBODY, MACHINE, VIEWER, OPERATOR, ADMIN, APPLIANCE = "nobody", "machine", "viewer", "operator", "admin", "appliance"

LEVELS = (NOBODY, MACHINE, VIEWER, OPERATOR, ADMIN, APPLIANCE)
"""All levels, lowest first."""

PERSONAL = (VIEWER, OPERATOR, ADMIN)
"""Those that a person or a person's token can have, lowest first."""


def covers(level: str, needed: str) -> bool:
    """Whether who has `level` may do what needs `needed`. Raises ValueError for a word that is no level."""
    return LEVELS.index(level) >= LEVELS.index(needed)

"""Who may do what: the levels of those who act, each of which may do all that the ones before it may."""

from __future__ import annotations

LEVELS = ("nobody", "machine", "viewer", "operator", "admin", "appliance")
"""All levels, lowest first."""

PERSONAL = ("viewer", "operator", "admin")
"""Those that a person or a person's token can have, lowest first."""

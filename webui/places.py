"""The pages that everybody can go to: one table for the navigation, the list of keys and the keys themselves."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint


@dataclass(frozen=True)
class Place:
    """One place: its path and name, who sees it in the navigation, and the key after `g` that goes there."""

    path: str
    label: str
    key: str = ""
    level: str = "viewer"
    listed: bool = True  # False: the brand leads there


PLACES = (
    Place("/", "Overview", "o", listed=False),
    Place("/machines", "Machines", "m"),
    Place("/clusters", "Clusters", "c"),
    Place("/networks", "Networks", "n"),
    Place("/settings", "Settings", "s"),
    Place("/events", "Events", "e"),
    Place("/health", "Health", "h"),
    Place("/people", "People", "p", level="admin"),
)


def install(bp: Blueprint) -> None:
    """Give every template the table."""
    bp.app_context_processor(lambda: {"places": PLACES})

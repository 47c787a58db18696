"""The pages that everybody can go to: one table for the navigation, the list of keys and the keys themselves."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint


@dataclass(frozen=True)
class Place:
    """One place: its path and name, the operation that who sees it may do, and the key after `g` that goes there."""

    path: str
    label: str
    key: str
    operation: str
    listed: bool = True  # False: the brand leads there


PLACES = (
    Place("/", "Overview", "o", "machine.list", listed=False),
    Place("/machines", "Machines", "m", "machine.list"),
    Place("/clusters", "Clusters", "c", "cluster.list"),
    Place("/networks", "Networks", "n", "network.list"),
    Place("/settings", "Settings", "s", "setting.list"),
    Place("/events", "Events", "e", "event.list"),
    Place("/health", "Health", "h", "health"),
    Place("/people", "People", "p", "person.add"),
)


def install(bp: Blueprint) -> None:
    """Give every template the table."""
    bp.app_context_processor(lambda: {"places": PLACES})

"""The OpenAPI document, from which every command is made: fetched and kept, or else the copy that ships."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oci.client.engine.api import Client

SHIPPED = Path(__file__).parents[1] / "openapi.json"
FRESH_SECONDS = 600


def _cache(url: str) -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(root, "oci", f"contract-{hashlib.sha256(url.encode()).hexdigest()[:16]}.json")


def _read(path: Path) -> dict[str, Any] | None:
    """What was kept: {etag, document}; None when there is nothing usable."""
    try:
        kept = json.loads(path.read_bytes())
        return kept if isinstance(kept["document"]["paths"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, kept: dict[str, Any]) -> None:
    """Keep it; a home that cannot be written costs only time."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(kept, separators=(",", ":")))
        draft.replace(path)
    except OSError:
        return


def known(url: str = "") -> dict[str, Any]:
    """The contract of the appliance at `url` as it was last seen, else the one that ships. Asks nobody."""
    kept = _read(_cache(url)) if url else None
    document: dict[str, Any] = kept["document"] if kept else json.loads(SHIPPED.read_bytes())
    return document


def current(client: Client, refresh: bool = False) -> dict[str, Any]:
    """The contract of the client's appliance, at most FRESH_SECONDS old; `refresh` asks in any case.

    Raises Unreachable, Refused.
    """
    path = _cache(client.url)
    kept = _read(path)
    if kept and not refresh and time.time() - path.stat().st_mtime < FRESH_SECONDS:
        return dict(kept["document"])
    found = client.contract(kept["etag"] if kept else "")
    if found is None and kept:
        _write(path, kept)  # its age starts anew
        return dict(kept["document"])
    assert found is not None
    document: dict[str, Any] = json.loads(found[0])
    _write(path, {"etag": found[1], "document": document})
    return document

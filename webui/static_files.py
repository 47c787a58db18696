"""Static files: our own, and Bootstrap and htmx from Debian's packages or a checkout's node_modules."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request, url_for

from oci.problems import NotFound

OWN = Path(__file__).parent / "static"
NODE = Path(__file__).parent.parent / "node_modules"
DEBIAN = Path("/usr/share/javascript")
# Both sources hold the same version; which one is there depends on how the appliance was set up.
VENDOR: dict[str, tuple[Path, ...]] = {
    "bootstrap.css": (DEBIAN / "bootstrap5/css/bootstrap.min.css", NODE / "bootstrap/dist/css/bootstrap.min.css"),
    "htmx.js": (DEBIAN / "htmx/htmx.min.js", NODE / "htmx.org/dist/htmx.min.js"),
}
VERSIONS = {"bootstrap.css": b"Bootstrap  v5.3.", "htmx.js": b'version:"2.'}
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
YEAR = 365 * 86400


def _right(name: str, path: Path) -> bool:
    """An older Debian ships an older Bootstrap, which knows no dark mode."""
    return path.is_file() and VERSIONS[name] in path.read_bytes()


@cache
def find(name: str) -> Path | None:
    """The file behind `name`, or None. Only names that are listed here or lie flat in static/ are found."""
    if name in VENDOR:
        return next((path for path in VENDOR[name] if _right(name, path)), None)
    path = OWN / name
    return path if path.parent == OWN and path.suffix in TYPES and path.is_file() else None


@cache
def _read(path: Path) -> tuple[bytes, str]:
    """The content and a word that changes with it."""
    content = path.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:10]


def static_url(name: str) -> str:
    """The address of a static file. It changes with the content, so that browsers may keep it for a year."""
    path = find(name)
    return url_for("webui.static_file", name=name, v=_read(path)[1] if path else None)


def static_file(name: str) -> Response:
    """Serve a static file; nginx may do so instead."""
    path = find(name)
    if path is None:
        where = " or ".join(str(p) for p in VENDOR.get(name, ()))
        raise NotFound(f"there is no file {name[:60]!r}" + (f"; it comes from {where}" if where else ""))
    content, stamp = _read(path)
    answer = Response(content, mimetype=TYPES[path.suffix])
    answer.headers["Cache-Control"] = f"max-age={YEAR}"
    answer.set_etag(stamp)
    answer.make_conditional(request)
    return answer


def install(bp: Blueprint) -> None:
    bp.add_url_rule("/assets/<name>", view_func=static_file)
    bp.app_template_global("static_url")(static_url)

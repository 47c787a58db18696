"""A page whose middle updates by itself: it asks with a cursor and hears nothing while that is true."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from webui.filters import cursor
from webui.session import unchanged


def live(place: str, shown: tuple[Any, ...], **context: Any) -> Response | str:
    """The page `place` (area/name), or its live part alone for htmx, or 204 when `shown` is what the reader has.

    `shown` must hold everything that the part shows, less what changes by itself.
    """
    seen = cursor(*shown)
    if not request.headers.get("HX-Request"):
        return render_template(f"{place}.html", seen=seen, **context)
    if request.args.get("seen") == seen:
        return unchanged()
    area, _, name = place.rpartition("/")
    return render_template(f"{area}/live/{name}.html", seen=seen, **context)

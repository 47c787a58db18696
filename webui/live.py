"""A page whose middle updates by itself: it asks with a cursor, and nothing is built while that is what the reader has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from webui.filters import cursor as word_of
from webui.session import unchanged

POLL_SECONDS = 2
"""How often an open page asks. A hidden one does not."""


def live(place: str, cursor: Callable[[], object], build: Callable[[], dict[str, Any]]) -> Response | str:
    """The page `place` (area/name), or its live part alone for htmx, or 204 while `cursor()` is what the reader has.

    `cursor` gives what moves with everything that the part shows, less what changes by itself; it costs a few SELECTs.
    `build` gives the template's names, and is called only when there is something to draw. The cursor is taken before, so
    what happens between the two is drawn at once, and once more at the next poll.
    """
    seen = word_of(cursor())
    part = bool(request.headers.get("HX-Request"))
    if part and request.args.get("seen") == seen:
        return unchanged()
    area, _, name = place.rpartition("/")
    template = f"{area}/live/{name}.html" if part else f"{place}.html"
    return render_template(template, seen=seen, poll=f"every {POLL_SECONDS}s", **build())

"""Every secret word that a program makes begins with $LAB_MARKER, so that a test can look for it anywhere.

Python imports a module of this name at its start, when its directory is on PYTHONPATH.
"""

import os
import secrets

_token_urlsafe = secrets.token_urlsafe


def _marked(nbytes: int | None = None) -> str:
    return os.environ["LAB_MARKER"] + _token_urlsafe(nbytes)


secrets.token_urlsafe = _marked

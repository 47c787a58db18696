"""Further CA certificates for installed machines: files that the settings name, read once at the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509

# As profile::base takes it for a file name; `oci` is the appliance's own, without which machines trust it no more.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
OWN = "oci"


def _text(name: str, path: str) -> str:
    """The PEM text. Raises ValueError, OSError."""
    if name == OWN or not _NAME.fullmatch(name):
        raise ValueError(f"its name must be of letters, digits, dots, hyphens and underscores, and not {OWN}")
    text = Path(path).read_text(encoding="ascii")
    try:
        x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise ValueError("it holds no certificate in PEM") from None
    return text


def read(paths: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """PEM text by name, and in words what is wrong with those that are missing."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for name, path in paths.items():
        try:
            found[name] = _text(name, path)
        except (OSError, ValueError) as error:
            why = (
                error.strerror
                if isinstance(error, OSError)
                else "it is no text"
                if isinstance(error, UnicodeError)
                else str(error)
            )
            wrong.append(
                f"the CA certificate {name} (setting ca_certificates) of {path} cannot be used: {why}. "
                "Machines get no classification until it is there and the appliance's services are restarted"
            )
    return found, wrong

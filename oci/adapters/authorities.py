"""Further CA certificates for installed machines: files that the settings name, read once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography import x509


def read(paths: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """PEM text by name, and in words what is wrong with those that are missing."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for name, path in paths.items():
        try:
            text = Path(path).read_text(encoding="ascii")
            x509.load_pem_x509_certificates(text.encode())
            found[name] = text
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it holds no certificate in PEM"
            wrong.append(f"the CA certificate {name} (setting ca_certificates) cannot be read from {path}: {why}. "
                         "Machines get no classification until it is there and the appliance's services are restarted")
    return found, wrong

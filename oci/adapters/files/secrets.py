"""Secrets at rest: Fernet (AES-128-CBC and HMAC-SHA256, from `cryptography`) with a key file outside the database."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from oci.ports import OutsideError


class FileSealer:
    """Seals with the key in `path`, which is made (0600) when it is missing and `make` is true."""

    def __init__(self, path: Path, make: bool = False) -> None:
        if make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key())
        try:
            self._fernet = Fernet(path.read_bytes())
        except (OSError, ValueError) as error:
            raise OutsideError(
                f"the key {path} cannot be used",
                str(error),
                "Restore it from the backup, or run oci-admin init on a new appliance",
            ) from None

    def seal(self, clear: str) -> str:
        return self._fernet.encrypt(clear.encode()).decode()

    def open(self, sealed: str) -> str:
        """The clear text. Raises OutsideError when it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise OutsideError(
                "a stored secret cannot be read",
                "it was sealed with another key",
                "Restore the key, or enter the secret again",
            ) from None

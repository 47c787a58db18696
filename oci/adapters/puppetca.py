"""The Puppet CA's HTTP API (Puppet Server documentation, "certificate_status" endpoint, v1)."""

from __future__ import annotations

import os
import re
import socket
import ssl
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from oci.ports import OutsideError

TIMEOUT_SECONDS, CHECK_SECONDS = 20, 4
_NAME = re.compile(r"[a-z0-9.-]{1,255}")


class HttpPuppetCa:
    """The CA at `url`, reached at `address`, with the server's own certificate under `ssl_dir`."""

    def __init__(self, url: str, ssl_dir: Path, server: str, address: str) -> None:
        self._port = urlsplit(url).port or 8140
        self._ssl_dir, self._server, self._address = ssl_dir, server, address

    def _connect(self, seconds: int = TIMEOUT_SECONDS) -> HTTPSConnection:
        authority = self._ssl_dir / "certs" / "ca.pem"
        own, key = (self._ssl_dir / part / f"{self._server}.pem" for part in ("certs", "private_keys"))
        for path in (authority, own, key):
            if not os.access(path, os.R_OK):
                raise OutsideError(
                    "the Puppet CA cannot be asked",
                    f"{path} is not there or may not be read by this user",
                    "Make puppet_ssl_dir a directory that the user oci can read, with the certificates of "
                    "puppet_server; README tells which",
                )
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(own, key)
        connection = HTTPSConnection(self._server, self._port, timeout=seconds, context=context)
        # Reached by address, so that no DNS is needed; the certificate is checked for the name all the same.
        plain = socket.create_connection((self._address, self._port), seconds)
        connection.sock = context.wrap_socket(plain, server_hostname=self._server)
        return connection

    def _call(self, method: str, path: str, body: str | None = None, seconds: int = TIMEOUT_SECONDS) -> int:
        try:
            connection = self._connect(seconds)
            headers = {"Content-Type": "application/json", "Accept": "application/json"} if body else {}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, HTTPException) as error:
            raise OutsideError(
                f"the Puppet CA at {self._address}:{self._port} did not answer",
                str(error),
                "Check that puppetserver runs; the work is tried again",
            ) from None

    def clean(self, certname: str) -> bool:
        """Revoke and forget the certificate or request of `certname`; False when there was none."""
        if not _NAME.fullmatch(certname):
            raise ValueError(f"{certname!r} is no certificate name")
        if certname == self._server.lower().rstrip("."):
            # The last door: without its own certificate the server speaks to no machine, and this API to nobody.
            raise ValueError(f"{certname} is the Puppet server's own certificate, which is never cleaned")
        path = f"/puppet-ca/v1/certificate_status/{certname}"
        if self._call("GET", path) == 404:
            return False
        self._call("PUT", path, '{"desired_state": "revoked"}')
        status = self._call("DELETE", path)
        if status not in (200, 204, 404):
            raise OutsideError(
                f"the Puppet CA did not clean {certname}",
                f"it answered {status}",
                "Check its auth.conf: the server's certificate must be allowed",
            )
        return True

    def check(self) -> None:
        """See that the CA answers, and lets this appliance ask about certificates. Raises OutsideError."""
        status = self._call("GET", f"/puppet-ca/v1/certificate_status/{self._server}", seconds=CHECK_SECONDS)
        if status not in (200, 404):
            raise OutsideError(
                "the Puppet CA does not let the appliance clean certificates",
                f"it answered {status}",
                "Check its auth.conf: the server's certificate must be allowed",
            )

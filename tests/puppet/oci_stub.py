"""OCI as the Puppet server sees it: the UNIX socket of docs/reference/machine-protocol.md, section 4."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AttributeOID


class _Handler(BaseHTTPRequestHandler):
    server: Stub

    def address_string(self) -> str:
        return "puppet"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, status: int, text: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:
            self.wfile.write(body)

    def do_GET(self) -> None:
        name = self.path.removeprefix("/enc/")
        text = self.server.classes.get(name)
        self._answer(200, text) if text else self._answer(404, f"no machine is called {name}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, verb, name = self.path.split("/")
        if verb == "autosign":
            problem = self.server.problem(name, body)
            self._answer(403, problem) if problem else self._answer(204)
        else:
            self.server.reports.append((name, len(body), json.loads(body)))
            status = self.server.report_status
            self._answer(status, "" if status == 204 else "the disk is full")


class Stub(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves from a thread.

    `classes`: YAML by certname; `challenges`: unused ones by certname; `reports`: (name, bytes, data).
    """

    daemon_threads = True

    def __init__(self, socket: Path) -> None:
        self.classes: dict[str, str] = {}
        self.challenges: dict[str, str] = {}
        self.reports: list[tuple[str, int, dict[str, Any]]] = []
        self.report_status = 204
        socket.parent.mkdir(parents=True, exist_ok=True)
        mask = os.umask(0o117)
        super().__init__(str(socket), _Handler)
        os.umask(mask)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def problem(self, name: str, pem: bytes) -> str:
        """Why the request is not signed; empty when it is, and then its challenge is used up."""
        request = x509.load_pem_x509_csr(pem)
        try:
            word = request.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value.decode()
        except x509.AttributeNotFound:
            return "there is no challenge in it"
        if self.challenges.get(name) != word:
            return "the challenge is wrong or was used before"
        del self.challenges[name]
        return ""

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()
        self._thread.join(10)

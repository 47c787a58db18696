"""A Puppet server and CA for simulated machines: `python3 -m lab.simulated.puppet`.

It asks the appliance by the product's own clients (puppet/bin) and knows what the real one knows of a
certificate: a second request of a name is refused until the first was cleaned. It compiles nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lab.ground.checkout import CHECKOUT
from oci.adapters import pki

CLIENTS = CHECKOUT / "puppet/bin"
PORT = 8140


def make_ssl(directory: Path, server: str) -> None:
    """A CA and a certificate for `server` as Puppet lays them out, so that the appliance may use its API."""
    made = directory / "made"
    pki.make_ca(made)
    pki.make_server(made, [server])
    for part in ("certs", "private_keys"):
        (directory / part).mkdir()
    shutil.copy(made / "ca.pem", directory / "certs/ca.pem")
    shutil.copy(made / "server.pem", directory / f"certs/{server}.pem")
    shutil.copy(made / "server.key", directory / f"private_keys/{server}.pem")


class Server(ThreadingHTTPServer):
    """The server with its certificates: certificate name -> the request that was signed."""

    daemon_threads = True

    def __init__(self, address: str, ssl_dir: Path, name: str, socket: Path) -> None:
        super().__init__((address, PORT), Handler)
        self.signed: dict[str, bytes] = {}
        self.lock = threading.Lock()
        self.socket_path = socket
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(ssl_dir / f"certs/{name}.pem", ssl_dir / f"private_keys/{name}.pem")

    def client(self, program: str, certname: str, body: bytes = b"") -> tuple[int, bytes]:
        """Run one of the product's clients; returns an HTTP status and what it printed."""
        done = subprocess.run(
            [CLIENTS / program, certname],
            input=body,
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, "OCI_PUPPET_SOCKET": str(self.socket_path)},
        )
        print(f"{program} {certname}: {done.returncode} {done.stderr.decode(errors='replace').strip()}", flush=True)
        return (200, done.stdout) if done.returncode == 0 else (400, done.stderr)

    def request(self, certname: str, body: bytes) -> tuple[int, bytes]:
        """A certificate request: signed when the appliance says so."""
        with self.lock:
            before = self.signed.get(certname)
        if before is not None:
            return (200, b"") if before == body else (400, b"there is a signed certificate of this name")
        status, said = self.client("oci-autosign", certname, body)
        if status == 200:
            with self.lock:
                self.signed[certname] = body
        return status, said

    def certificate(self, method: str, certname: str) -> tuple[int, bytes]:
        """The CA's API as the appliance uses it."""
        with self.lock:
            if certname not in self.signed:
                return 404, b""
            if method == "DELETE":
                del self.signed[certname]
        return 200, b"{}"


class Handler(BaseHTTPRequestHandler):
    """One connection; TLS is begun in its own thread, so that a client that is cut off stops nobody."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        place, _, certname = self.path.rpartition("/")
        if place == "/puppet-ca/v1/certificate_status":
            status, said = self.server.certificate(self.command, certname)
        elif place == "/puppet-ca/v1/certificate_request":
            status, said = self.server.request(certname, body)
        elif place == "/puppet/v3/catalog" and certname in self.server.signed:
            status, said = self.server.client("oci-enc", certname)
        elif place == "/puppet/v3/report" and certname in self.server.signed:
            status, said = self.server.client("oci-report", certname, body)
        else:
            status, said = 403, b"no signed certificate"
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Said by `client` where it matters."""


def main() -> int:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="lab.simulated.puppet", description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--name", required=True, help="name in the certificate")
    parser.add_argument("--ssl", type=Path, required=True, help="directory made by make_ssl")
    parser.add_argument("--socket", type=Path, required=True, help="the appliance's socket for Puppet")
    options = parser.parse_args()
    Server(options.address, options.ssl, options.name, options.socket).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())

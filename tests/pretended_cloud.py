"""A few replies of OpenStack over TLS, for the adapter's tests: what is asked for is kept in memory. Real services answer in
`tests/lab`; this holds the adapter to what it says, and to what it must not."""

from __future__ import annotations

import json
import re
import ssl
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from oci.adapters.issuer import X509Issuer

NAME, PASSWORD, CONSOLE_KEY = "api.cloud.test", "planted-password", "planted-console-key"
TOKEN = "planted-token"
# By noun in the URL: its plural, and the member that an answer holds it in.
NOUNS = {
    "images": "image",
    "flavors": "flavor",
    "servers": "server",
    "networks": "network",
    "subnets": "subnet",
    "routers": "router",
    "ports": "port",
    "security-groups": "security_group",
    "security-group-rules": "security_group_rule",
    "floatingips": "floatingip",
}


@dataclass
class Pretended:
    """What the services hold: by plural and id. `asked` is every request so far: method, path and Host."""

    things: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {plural: {} for plural in NOUNS})
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)  # by end of a path, the status of the answer
    lies: dict[str, Any] = field(default_factory=dict)  # the same, with what is answered instead
    servers: str = "ACTIVE"
    down: tuple[str, ...] = ()
    uploads: dict[str, bytes] = field(default_factory=dict)
    ca: str = ""
    port: int = 0

    @property
    def front(self) -> str:
        return f"https://{NAME}:{self.port}"

    def catalogue(self) -> list[dict[str, Any]]:
        paths = {"identity": "/identity", "image": "/image", "compute": "/compute/v2.1", "network": "/network"}
        paths["placement"] = "/placement"
        return [
            {
                "id": kind,
                "type": kind,
                "name": kind,
                "endpoints": [
                    {
                        "id": f"{kind}-{way}",
                        "interface": way,
                        "region": "RegionOne",
                        "region_id": "RegionOne",
                        "url": self.front + path,
                    }
                    for way in ("public", "internal")
                ],
            }
            for kind, path in paths.items()
        ]

    def made(self, plural: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """Keep a new thing as its service would."""
        thing = {"id": str(uuid.uuid4()), **wanted}
        if plural == "images":
            thing |= {"status": "queued", "file": f"/v2/images/{thing['id']}/file"}
        if plural == "servers":
            thing |= {"status": self.servers, "OS-EXT-SRV-ATTR:host": wanted.get("host", "x"), "addresses": {}}
            thing |= {"fault": {"message": "No valid host was found."}} if self.servers == "ERROR" else {}
        if plural == "ports":
            thing |= {"fixed_ips": [{"subnet_id": "s", "ip_address": "192.0.2.11"}], "status": "DOWN"}
        if plural == "floatingips":
            thing |= {"floating_ip_address": "203.0.113.7"}
        self.things[plural][thing["id"]] = thing
        return thing


def _version(front: str, path: str, number: str, **more: Any) -> dict[str, Any]:
    links = [{"rel": "self", "href": front + path}]
    return {"id": number, "status": "CURRENT", "links": links, **more}


class _Handler(BaseHTTPRequestHandler):
    cloud: Pretended
    protocol_version = "HTTP/1.1"

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, data: Any = None, **headers: str) -> None:
        body = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _any(self) -> None:
        path, body = self.path.partition("?")[0].rstrip("/"), self._body()
        self.cloud.asked.append((self.command, path, self.headers["Host"]))
        for end, status in self.cloud.refuse.items():
            if path.endswith(end):
                return self._answer(status, {"forbidden": {"message": f"refused, {PASSWORD} or not", "code": status}})
        for end, lie in self.cloud.lies.items():
            if path.endswith(end):
                return self._answer(200, lie)
        if path.startswith("/identity"):
            return self._identity(path, body)
        if path in ("/image", "/network", "/compute/v2.1", "/placement", "/console/vnc_lite.html"):
            return self._discovery(path)
        if self.headers.get("X-Auth-Token") != TOKEN:
            return self._answer(401, {"error": {"message": "who?"}})
        return self._things(path, body)

    do_GET = do_POST = do_PUT = do_DELETE = _any

    def _identity(self, path: str, body: bytes) -> None:
        if not path.endswith("/auth/tokens"):
            return self._answer(200, {"version": _version(self.cloud.front, "/identity/v3/", "v3.14")})
        user = json.loads(body)["auth"]["identity"]["password"]["user"]
        if user["password"] != PASSWORD:
            return self._answer(
                401, {"error": {"message": "The request you have made requires authentication.", "code": 401}}
            )
        token = {
            "methods": ["password"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": "u", "name": "admin", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": "p", "name": "admin", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "r", "name": "admin"}],
            "catalog": self.cloud.catalogue(),
        }
        return self._answer(201, {"token": token}, X_Subject_Token=TOKEN)

    def _discovery(self, path: str) -> None:
        front = self.cloud.front
        if path == "/image":
            return self._answer(300, {"versions": [_version(front, "/image/v2/", "v2.17")]})
        if path == "/network":
            return self._answer(200, {"versions": [_version(front, "/network/v2.0/", "v2.0")]})
        if path == "/compute/v2.1":
            microversions = {"version": "2.100", "min_version": "2.1"}
            return self._answer(200, {"version": _version(front, "/compute/v2.1/", "v2.1", **microversions)})
        return self._answer(200, {})

    def _things(self, path: str, body: bytes) -> None:
        if path == "/compute/v2.1/os-services":
            hosts = [("compute1", "up"), ("compute3.cloud.test", "up"), *((name, "down") for name in self.cloud.down)]
            told = [{"id": n, "binary": "nova-compute", "host": n, "state": s, "status": "enabled"} for n, s in hosts]
            return self._answer(200, {"services": told})
        found = re.fullmatch(r"/(?:image/v2|network/v2\.0|compute/v2\.1)/([a-z-]+)(?:/([^/]+))?(?:/(.+))?", path)
        if not found or found[1] not in NOUNS:
            return self._answer(404, {"itemNotFound": {"message": f"nothing is at {path}"}})
        plural, id, verb = found[1], found[2], found[3]
        if id == "detail":
            id = None
        kept = self.cloud.things[plural]
        if id is None:
            return self._collection(plural, body)
        if id not in kept:
            return self._answer(404, {"itemNotFound": {"message": "it is gone"}})
        if verb:
            return self._verb(plural, id, verb, body)
        if self.command == "DELETE":
            del kept[id]
            return self._answer(204)
        return self._answer(200, kept[id] if plural == "images" else {NOUNS[plural]: kept[id]})

    def _collection(self, plural: str, body: bytes) -> None:
        noun, named = NOUNS[plural], plural.replace("-", "_")
        if self.command == "POST":
            data = json.loads(body)
            made = self.cloud.made(plural, data if plural == "images" else data[noun])
            return self._answer(202 if plural == "servers" else 201, made if plural == "images" else {noun: made})
        asked = dict(parse_qsl(urlsplit(self.path).query))
        narrow = {key: asked[key] for key in ("name", "description", "device_id") if key in asked and plural != "servers"}
        every = self.cloud.things[plural].values()
        return self._answer(200, {named: [one for one in every if narrow.items() <= {**one}.items()]})

    def _verb(self, plural: str, id: str, verb: str, body: bytes) -> None:
        thing = self.cloud.things[plural][id]
        if verb == "file":
            self.cloud.uploads[thing["name"]], thing["status"] = body, "active"
            return self._answer(204)
        if verb == "remote-consoles":
            assert json.loads(body) == {"remote_console": {"protocol": "vnc", "type": "novnc"}}
            url = f"{self.cloud.front}/console/vnc_lite.html?path=%3Ftoken%3D{CONSOLE_KEY}"
            return self._answer(200, {"remote_console": {"protocol": "vnc", "type": "novnc", "url": url}})
        if verb == "action":
            return self._answer(200, {"output": "OCI-CHECK up\nOCI-CHECK lease 192.0.2.11/24\n"})
        if verb == "remove_router_interface":
            del self.cloud.things["ports"][json.loads(body)["port_id"]]
            return self._answer(200, {"id": id})
        if verb == "add_router_interface":
            self.cloud.made("ports", {"name": "", "device_id": id, "device_owner": "network:router_interface"})
            return self._answer(200, {"id": id})
        return self._answer(404, {"itemNotFound": {"message": verb}})


class Running:
    """The services behind one port of the loopback, until `end`."""

    def __init__(self, folder: Path, names: tuple[str, ...] = (NAME,), now: float = 1_790_000_000.0) -> None:
        issuer = X509Issuer()
        root, by = issuer.authority("a cloud of the tests", now, 3650)
        issued = issuer.issue(by, names, now, 397)
        (folder / "key.pem").write_text(issued.key)
        (folder / "crt.pem").write_text(issued.pem)
        self.cloud = Pretended(ca=root.pem)
        handler = type("Handler", (_Handler,), {"cloud": self.cloud})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "crt.pem", folder / "key.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.cloud.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)

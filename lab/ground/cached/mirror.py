"""The way of the lab's machines to the Debian mirror of this host, and the lab's own downloads from it.

The mirror's address is read from apt's configuration at run time. A caching nginx outside the lab's
namespace listens on a UNIX socket; the appliance's nginx inside passes `/debian` on to that socket.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from lab.ground.process import LabError
from lab.ground.services import listens_in, nginx, offer, socket_serves

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = "trixie"
MIRROR_SOCKET = "mirror.sock"


def cache_dir() -> Path:
    """Where what was downloaded or built is kept between runs: OCI_CACHE, by default /var/cache/oci."""
    return Path(os.environ.get("OCI_CACHE", "/var/cache/oci"))


def mirror_url(apt: Path = Path("/etc/apt")) -> str:
    """The URL of the Debian mirror that this host uses. Raises LabError when apt names none."""
    for source in sorted((apt / "sources.list.d").glob("*.sources")):
        for uri in re.findall(r"^URIs:\s*(\S+)", source.read_text(), re.MULTILINE):
            if urlsplit(uri).path.rstrip("/").endswith("/debian"):
                return str(uri).rstrip("/")
    for source in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]:
        text = source.read_text() if source.exists() else ""
        for uri in re.findall(r"^deb\s+(?:\[[^]]*\]\s+)?(https?://\S+/debian)/?\s", text, re.MULTILINE):
            return str(uri)
    raise LabError(f"no Debian mirror is named under {apt}; add one whose path ends in /debian")


def nginx_server(socket: Path, cache: Path, url: str) -> str:
    """The http block of the caching nginx: all of the mirror's host below `/` of the UNIX socket."""
    parts = urlsplit(url)
    way = f"""
      proxy_pass {parts.scheme}://{parts.netloc};
      proxy_http_version 1.1;
      proxy_set_header Host {parts.netloc};
      proxy_ssl_server_name on;"""
    kept = f"""{way}
      proxy_cache debian;
      proxy_cache_valid 200 30d;
      proxy_cache_lock on;
      proxy_ignore_headers Cache-Control Expires Set-Cookie;
      add_header X-Cache $upstream_cache_status;"""
    return f"""
  proxy_cache_path {cache} keys_zone=debian:10m levels=1:2 max_size=8g inactive=60d use_temp_path=off;
  server {{
    listen unix:{socket};
    location / {{{kept}
    }}
    # What an index names changes; what it names by hash or version does not. The first expression that fits counts.
    location ~ /by-hash/ {{{kept}
    }}
    location ~ /dists/ {{{way}
    }}
  }}"""


def start_mirror(run_dir: Path, cache: Path) -> Path:
    """Start the caching nginx in this process's own namespace; returns its UNIX socket."""
    socket, store = run_dir / MIRROR_SOCKET, cache / "mirror"
    store.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)
    process = nginx("mirror", run_dir, nginx_server(socket, store, mirror_url()))
    process.start().ready("its socket", lambda: socket_serves(socket))
    return socket


def offer_mirror(namespace: str, address: str, run_dir: Path, cache: Path | None = None) -> str:
    """Offer the mirror at port 80 of an `address` in a network namespace, if it is not yet; returns its URL there.

    The two processes are recorded in `run_dir`.
    """
    door = offer(run_dir, namespace, run_dir / MIRROR_SOCKET, address)
    if not door.alive():
        start_mirror(run_dir, cache or cache_dir())
        door.start().ready("its port", lambda: listens_in(namespace, 80))
    return f"http://{address}{urlsplit(mirror_url()).path}"

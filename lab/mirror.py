"""The way of the lab's machines to the Debian mirror of this host, and the lab's own downloads from it.

The mirror's address is read from apt's configuration at run time. A caching nginx outside the lab's
namespace listens on a UNIX socket; the appliance's nginx inside passes `/debian` on to that socket.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from lab.process import LabError, run
from lab.services import nginx, socket_serves

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = "trixie"
LOADER_FILES = ("undionly.kpxe", "snponly.efi", "ipxe.efi", "ipxe-arm64.efi")


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
    return f"""
  proxy_cache_path {cache} keys_zone=debian:10m levels=1:2 max_size=8g inactive=60d use_temp_path=off;
  server {{
    listen unix:{socket};
    location / {{
      proxy_pass {parts.scheme}://{parts.netloc};
      proxy_http_version 1.1;
      proxy_set_header Host {parts.netloc};
      proxy_ssl_server_name on;
      proxy_cache debian;
      proxy_cache_valid 200 30d;
      proxy_cache_lock on;
      proxy_ignore_headers Cache-Control Expires Set-Cookie;
      add_header X-Cache $upstream_cache_status;
    }}
    # What an index names changes; what it names by hash or version does not.
    location ~ /dists/ {{
      proxy_pass {parts.scheme}://{parts.netloc};
      proxy_http_version 1.1;
      proxy_set_header Host {parts.netloc};
      proxy_ssl_server_name on;
    }}
  }}"""


def start_mirror(run_dir: Path, cache: Path) -> Path:
    """Start the caching nginx in this process's own namespace; returns its UNIX socket."""
    socket, store = run_dir / "mirror.sock", cache / "mirror"
    store.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)
    process = nginx("mirror", run_dir, nginx_server(socket, store, mirror_url()))
    process.start().ready("its socket", lambda: socket_serves(socket))
    return socket


def loaders(cache: Path | None = None) -> Path:
    """A TFTP root with the network boot loaders of Debian's package `ipxe`, kept in `cache`.

    The package is checked by apt against Debian's archive key. Raises LabError.
    """
    root = (cache or cache_dir()) / "loaders"
    root.parent.mkdir(parents=True, exist_ok=True)
    with (root.parent / "loaders.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((root / name).exists() for name in LOADER_FILES):
            with tempfile.TemporaryDirectory(prefix="oci-loaders-") as work:
                _unpack(_download("ipxe", Path(work)), Path(work), root)
    return root


def _unpack(package: Path, work: Path, root: Path) -> None:
    run(["dpkg-deb", "-x", str(package), str(work / "tree")])
    root.mkdir(exist_ok=True)
    for name in LOADER_FILES:
        file = work / "tree/usr/lib/ipxe" / name
        if not file.exists():
            raise LabError(f"the package {package.name} has no {name}; take it from suite {SUITE}")
        # Copied beside and renamed, so that a crash leaves no half loader; in.tftpd reads as another user.
        shutil.copyfile(file, root / f".{name}")
        (root / f".{name}").chmod(0o644)
        (root / f".{name}").replace(root / name)
    root.chmod(0o755)


def _download(package: str, work: Path) -> Path:
    """Fetch a .deb of SUITE with a private apt, so that this host's own apt stays as it is."""
    for part in ("lists/partial", "cache/archives/partial"):
        (work / part).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror_url()} {SUITE} main\n")
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Dir::State::status": "/dev/null",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    run(["apt-get", *words, "-q", "update"], timeout=300)
    run(["env", "-C", str(work), "apt-get", *words, "-q", "download", package], timeout=300)
    found = list(work.glob("*.deb"))
    if not found:
        raise LabError(f"apt gave no {package} of {SUITE}; look whether {mirror_url()} answers")
    return found[0]

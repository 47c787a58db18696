"""Where the secrets of a cloud in the lab must not be, and what these secrets are: read out of the appliance's vault."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import requests
from sqlalchemy import create_engine, text

from lab.clouds.cloud import CLUSTER, Cloud
from oci.adapters.files.secrets import FileSealer

ROWS = (
    "event",
    "report",
    "job",
    "machine",
    "bmc",
    "work",
    "boot",
    "challenge",
    "step",
    "deployment",
    "run_order",
    "cloud_check",
)
PAGES = ("/", "/machines", "/events", "/clusters", f"/clusters/{CLUSTER}", "/networks", "/health", "/settings")
REST = ("/v1/machines", "/v1/events?limit=500", "/v1/jobs", "/v1/clusters", f"/v1/clusters/{CLUSTER}", "/openapi.json")
REMEMBERED = "var/cache/puppet/state/transactionstore.yaml"
LOOKED_SECONDS = 0.5


class CommandLines(threading.Thread):
    """The command lines of all processes of this host, looked at again and again; those in containers are among them."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self._over = threading.Event()

    def run(self) -> None:
        """Look until `end`."""
        while not self._over.wait(LOOKED_SECONDS):
            for process in Path("/proc").iterdir():
                try:
                    if process.name.isdigit():
                        self.seen.add((process / "cmdline").read_bytes())
                except OSError:  # it has ended
                    continue

    def end(self) -> bytes:
        """Look no more; all that was seen."""
        self._over.set()
        self.join()
        return b"\n".join(self.seen)


def _body(pem: str) -> str:
    """A line of a key that no other key has: the first lines of all are alike in part."""
    return pem.split("\n")[3]


def secrets_of(cloud: Cloud) -> dict[str, bytes]:
    """Every secret of the cloud in the clear, by what it is: those that OCI made, keys of certificates and of its CA."""
    state = cloud.lab.run_dir / "state"
    sealer = FileSealer(next(state.rglob("secret.key")))
    engine = create_engine(f"sqlite:///{state}/oci.sqlite")
    found = {}
    with engine.connect() as db:
        for name, value in db.execute(text("SELECT name, value FROM secret")):
            found[f"secret {name}"] = sealer.open(value)
        for holder, key in db.execute(text("SELECT holder, key FROM certificate")):
            found[f"key of {holder}"] = _body(sealer.open(key))
        for root, key in db.execute(text("SELECT root_key, key FROM authority")):
            found |= {"key of the CA": _body(sealer.open(root)), "key of its intermediate": _body(sealer.open(key))}
    engine.dispose()
    return {name: value.encode() for name, value in found.items()}


def _rows(cloud: Cloud) -> Iterator[tuple[str, bytes]]:
    engine = create_engine(f"sqlite:///{cloud.lab.run_dir}/state/oci.sqlite")
    with engine.connect() as db:
        for table in ROWS:
            for row in db.execute(text(f"SELECT * FROM {table}")):  # names of tables are of this module
                cells = [zlib.decompress(v) if table == "report" and isinstance(v, bytes) else str(v).encode() for v in row]
                yield f"table {table}", b"\n".join(cells)
    engine.dispose()


def _answers(cloud: Cloud) -> Iterator[tuple[str, bytes]]:
    for path in (*REST, *(f"/v1/machines/{name}" for name in cloud.containers)):
        yield path, cloud.get(path).encode()
    browser, base, ca = requests.Session(), cloud.appliance.url, str(cloud.appliance.ca)
    # Said each time: for a session the host's own REQUESTS_CA_BUNDLE would win.
    word = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(f"{base}/signin", verify=ca).text)
    assert word, "the page to sign in has no form"
    fields = {"name": "admin", "password": cloud.appliance.passwords["admin"], "csrf_token": word[1]}
    browser.post(f"{base}/signin", data=fields, headers={"Referer": f"{base}/signin"}, verify=ca)
    for path in (*PAGES, *(f"/machines/{name}" for name in cloud.containers)):
        answer = browser.get(f"{base}{path}", verify=ca)
        assert answer.status_code == 200 and "Sign out" in answer.text, f"{path}: {answer.status_code}"
        yield f"page {path}", answer.content


def _logs(cloud: Cloud) -> Iterator[tuple[str, bytes]]:
    folder = cloud.lab.run_dir
    for path in (*folder.glob("log/*"), *folder.glob("nginx-*/*.log"), *folder.glob("puppetserver/**/log/**/*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
    for name, machine in cloud.containers.items():
        # In words: what is long is compressed in the journal's own files.
        yield f"journal of {name}", machine.run("journalctl", "-o", "cat", "--no-pager", "-q").stdout.encode()
        # What Puppet itself remembers of each setting is root's alone, like the configuration that it wrote.
        owner, mode = machine.run("stat", "-c", "%U %a", f"/{REMEMBERED}").stdout.split()
        assert owner == "root" and int(mode, 8) & 0o007 == 0, f"{name}:/{REMEMBERED}: {owner} {mode}"
        words = machine.command(
            "tar",
            "-c",
            "--exclude=journal",
            "--exclude=transactionstore.yaml",
            "/var/log",
            "/run/oci",
            "/var/cache/puppet/state",
        )
        # A file that grows while it is read is no fault; status 1 says so (tar(1)).
        packed = subprocess.run(words, capture_output=True, check=False)
        assert packed.returncode in (0, 1), packed.stderr.decode()[-400:]
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            for member in filter(tarfile.TarInfo.isfile, archive):
                file = archive.extractfile(member)
                yield f"{name}:/{member.name}", file.read() if file else b""


def places(cloud: Cloud) -> Iterator[tuple[str, bytes]]:
    """Each place where no secret may be, and all that is there."""
    yield from _rows(cloud)
    yield from _answers(cloud)
    yield from _logs(cloud)

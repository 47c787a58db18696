"""A PostgreSQL of the tests' own: a cluster in a temporary directory, on a UNIX socket and nowhere else.

Each pytest process starts one when a test first needs it, and stops it by its pid. It ends with the process, however
that ends.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

OLDEST = 15
START_SECONDS = 120
# Nothing here outlives a test, so nothing waits for a disk.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "max_connections": "150",
    "jit": "off",
    "listen_addresses": "",
    "log_min_messages": "fatal",
}


class NoPostgres(RuntimeError):
    """There is no PostgreSQL that the tests could use; says what to do."""


def programs() -> Path:
    """The directory of the newest PostgreSQL's programs, as Debian lays them out. Raises NoPostgres."""
    found = {int(p.parts[-2]): p for p in Path("/usr/lib/postgresql").glob("[0-9]*/bin") if (p / "initdb").exists()}
    newest = max(found, default=0)
    if newest < OLDEST:
        raise NoPostgres(f"PostgreSQL {OLDEST} or newer is not installed; run `lab/setup packages` as root")
    return found[newest]


class Cluster:
    """One running server; `url(name)` names a database of it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="oci-pg-"))
        self._log, self._programs = self.folder / "log", programs()
        # PostgreSQL refuses to run as root: it runs as the user that its package made, or else as nobody.
        self._user = None if os.geteuid() else self._somebody()
        self._process: subprocess.Popen[bytes] | None = None

    def _somebody(self) -> str:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        shutil.chown(self.folder, user)
        return user

    def _as_user(self, *argv: str) -> list[str]:
        if self._user is None:
            return ["setpriv", "--pdeathsig", "INT", *argv]
        entry = pwd.getpwnam(self._user)
        who = ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
        return ["setpriv", *who, "--pdeathsig", "INT", *argv]

    def start(self) -> None:
        """Make the cluster and wait until it answers. Raises NoPostgres with what it said."""
        data, made = str(self.folder / "data"), self._programs / "initdb"
        settings = [word for name, value in FAST.items() for word in ("-c", f"{name}={value}")]
        init = self._as_user(str(made), "-D", data, "-U", "oci", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        done = subprocess.run(init, cwd="/", capture_output=True, text=True, check=False, timeout=START_SECONDS)
        if done.returncode:
            raise NoPostgres(f"initdb failed: {done.stderr or done.stdout}")
        with self._log.open("wb") as log:
            serve = self._as_user(str(self._programs / "postgres"), "-D", data, "-k", str(self.folder), *settings)
            self._process = subprocess.Popen(serve, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait()

    def _wait(self) -> None:
        import psycopg

        assert self._process
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise NoPostgres(f"PostgreSQL did not start ({error}): {self._log.read_text()}") from None
                time.sleep(0.05)

    def dsn(self, name: str) -> str:
        """What libpq connects to the database `name` by."""
        return f"host={self.folder} user=oci dbname={name}"

    def url(self, name: str) -> str:
        """The setting database_url for the database `name`."""
        return f"postgresql://oci@/{name}?host={self.folder}"

    def stop(self) -> None:
        """End the server, by its pid, and remove its files."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing here is to be kept
            self._process.wait(START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

"""A fresh database for every test, of either kind, made cheaply: the tables are made once for each pytest process.

An engine is kept from test to test, with the statements that it has compiled. On SQLite each test has a copy of one file;
on PostgreSQL a database is emptied when a test gives it back.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
from postgres import Cluster
from sqlalchemy import Engine, event

from oci.db.session import engine
from oci.db.tables import Table

KINDS = ("sqlite", "postgresql")
NAMES = [table.name for table in Table.metadata.sorted_tables]
# What is deleted stays in the files, and slows every look at a table, until they are made anew.
DELETIONS = 25
# Who waits for whom is what is tested, and not how long: the machine may do much else at the same time.
PATIENCE_SECONDS = 300
PATIENT = f" -c lock_timeout={PATIENCE_SECONDS}s -c idle_in_transaction_session_timeout={2 * PATIENCE_SECONDS}s"


class Database(Protocol):
    """A database that one test has to itself."""

    url: str
    engine: Engine

    def empty(self) -> None:
        """Forget everything that is in it; numbers begin with 1 again."""


class SqliteFile:
    """A copy of one file. `url` is the file that is used now."""

    def __init__(self, template: Path) -> None:
        self._template, self.engine = template, engine("sqlite:////nowhere/oci.sqlite")
        self.path = Path()

        @event.listens_for(self.engine, "do_connect")
        def _elsewhere(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
            arguments[0], options["timeout"] = str(self.path), PATIENCE_SECONDS

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def open(self, folder: Path) -> None:
        """Begin in `folder`."""
        self.path = folder / "oci.sqlite"
        self.empty()

    def empty(self) -> None:
        self.engine.dispose()
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self._template, self.path)

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()


class PostgresDatabase:
    """One database of the cluster, made of the template."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster, self._name, self._deletions = cluster, name, 0
        self.url, self.engine = cluster.url(name), engine(cluster.url(name))

        @event.listens_for(self.engine, "do_connect")
        def _patient(_dialect: Any, _record: Any, _arguments: list[Any], options: dict[str, Any]) -> None:
            options["options"] = f"{options['options'].partition(PATIENT)[0]}{PATIENT}"
            options["connect_timeout"] = PATIENCE_SECONDS

        self._make()

    def _make(self) -> None:
        self.engine.dispose()
        with psycopg.connect(self._cluster.dsn("postgres"), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {self._name} TEMPLATE oci STRATEGY file_copy")
        self._hand = psycopg.connect(self._cluster.dsn(self._name), autocommit=True)
        self._hand.execute("SET lock_timeout = '5s'; SET session_replication_role = replica")
        self._sequences = [row[0] for row in self._hand.execute("SELECT sequencename FROM pg_sequences")]

    def empty(self) -> None:
        self._deletions += 1
        if self._deletions % DELETIONS == 0:
            words = f"TRUNCATE {', '.join(NAMES)} RESTART IDENTITY"
        else:
            words = "; ".join(
                [f"DELETE FROM {name}" for name in NAMES] + [f"ALTER SEQUENCE {name} RESTART" for name in self._sequences]
            )
        try:
            self._hand.execute(words)
        except psycopg.Error:  # a test that dropped a table, or left a transaction open
            self._hand.close()
            self._make()

    def close(self) -> None:
        """Leave nothing to the next test."""
        self.empty()

    def end(self) -> None:
        """Let go of every connection."""
        self._hand.close()
        self.engine.dispose()


class Databases:
    """Gives them out."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="oci-db-")
        self._template: Path | None = None
        self._cluster: Cluster | None = None
        self._files: list[SqliteFile] = []
        self._free: list[PostgresDatabase] = []
        self._made: list[PostgresDatabase] = []
        self._bare = 0

    def bare(self, kind: str, folder: Path) -> str:
        """The URL of a database of `kind` without any table. One on PostgreSQL is gone with its cluster."""
        if kind == "sqlite":
            return f"sqlite:///{folder}/bare.sqlite"
        self._bare += 1
        with psycopg.connect(self.cluster().dsn("postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE bare{self._bare}")
        return self.cluster().url(f"bare{self._bare}")

    @contextlib.contextmanager
    def fresh(self, kind: str, folder: Path) -> Iterator[Database]:
        """A database of `kind` with tables and nothing in them; its file, if it is one, is in `folder`."""
        if kind == "sqlite":
            found = self._files.pop() if self._files else SqliteFile(self._sqlite_template())
            found.open(folder)
            free: list[Any] = self._files
        else:
            found = self._free.pop() if self._free else self._postgres()
            free = self._free
        try:
            yield found
        finally:
            found.close()
            free.append(found)

    def _sqlite_template(self) -> Path:
        if self._template is None:
            self._template = Path(self._folder.name, "template.sqlite")
            made = engine(f"sqlite:///{self._template}")
            Table.metadata.create_all(made)
            made.dispose()
        return self._template

    def cluster(self) -> Cluster:
        """The PostgreSQL of this pytest process, with the template; started when first asked for."""
        if self._cluster is None:
            self._cluster = Cluster()
            self._cluster.start()
            with psycopg.connect(self._cluster.dsn("postgres"), autocommit=True) as admin:
                admin.execute("CREATE DATABASE oci")
            made = engine(self._cluster.url("oci"))
            Table.metadata.create_all(made)
            made.dispose()
        return self._cluster

    def _postgres(self) -> PostgresDatabase:
        made = PostgresDatabase(self.cluster(), f"oci{len(self._made) + 1}")
        self._made.append(made)
        return made

    def end(self) -> None:
        """Stop what was started."""
        for made in self._made:
            made.end()
        if self._cluster is not None:
            self._cluster.stop()
        self._folder.cleanup()

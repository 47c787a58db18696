"""Engines and sessions. SQLite is opened in WAL mode with foreign keys on."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from oci.db import revision

BUSY_SECONDS = 30


def engine(url: str) -> Engine:
    """An engine for `url`. Writers wait up to BUSY_SECONDS for each other on SQLite."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    made = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(made, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, so that SELECTs are inside it too
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(made, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that reads first and writes later would fail at once when another wrote in between;
        # taking the write lock at the start makes it wait instead. Readers ask for the deferred kind.
        options = connection.get_execution_options()
        if options.get("glances"):
            return
        connection.exec_driver_sql("BEGIN" if options.get("reads") else "BEGIN IMMEDIATE")

    return made


@cache
def _glancing(made: Engine) -> Engine:
    if made.dialect.name == "sqlite":
        return made.execution_options(glances=True)
    return made.execution_options(isolation_level="AUTOCOMMIT")


def glance(make_session: sessionmaker[Session]) -> Connection:
    """A connection for one SELECT, which needs no transaction around it. It sees what is committed, and holds no lock."""
    return _glancing(make_session.kw["bind"]).connect()


def sessions(made: Engine) -> sessionmaker[Session]:
    """A factory of sessions whose objects stay readable after commit. What they write lets the revisions grow."""
    factory = sessionmaker(made, expire_on_commit=False)
    revision.watch(factory)
    return factory

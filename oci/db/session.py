"""Engines and sessions: SQLite in WAL mode with foreign keys on, PostgreSQL SERIALIZABLE."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from oci.db import revision

BUSY_SECONDS = 30
CONNECT_SECONDS = 30
STUCK_SECONDS = 120
MOST_FOR_A_MOMENT = 15  # connections beside the five that are kept: a process has fewer threads than that
DRIVER = "postgresql+psycopg"

# Whoever writes holds the first until its end; whoever collided and tries again holds the second, and so is alone.
# LOCK TABLE takes no snapshot, so that what was committed meanwhile is seen (PostgreSQL's manual, LOCK). Which table
# it is does not matter: it is named by nothing else, and readers do not wait for it.
_AMONG_OTHERS = text("LOCK TABLE watch IN ROW SHARE MODE")
_ALONE = text("LOCK TABLE watch IN EXCLUSIVE MODE")
_IN_ORDER = text("SELECT pg_advisory_xact_lock(1868720485)")  # any number that nobody else takes


class BadDatabase(ValueError):
    """A setting database_url that cannot be used; says why, and what would do."""


def is_sqlite(url: str) -> bool:
    """Whether `url` names an SQLite database."""
    return make_url(url).get_backend_name() == "sqlite"


def _with_driver(url: str) -> URL:
    """`url` with the one driver that is there, which nobody has to name: postgresql://... is enough."""
    made = make_url(url)
    if made.get_backend_name() not in ("postgresql", "postgres"):
        raise ArgumentError(f"no such kind of database: {made.get_backend_name()}")
    return made.set(drivername=DRIVER)


def engine(url: str) -> Engine:
    """An engine for `url`. Writers wait up to BUSY_SECONDS for each other. Raises BadDatabase."""
    try:
        return _sqlite(url) if is_sqlite(url) else _postgresql(_with_driver(url))
    except ModuleNotFoundError:
        raise BadDatabase(
            "PostgreSQL cannot be used, because Python's driver for it is missing: install Debian's package python3-psycopg"
        ) from None
    except SQLAlchemyError:
        raise BadDatabase(
            "the setting database_url names no database; it is sqlite:///PATH or postgresql://USER@HOST/NAME"
        ) from None


def _postgresql(url: URL) -> Engine:
    # A process that stands still in its transaction must not hold up the others for ever.
    limits = {
        "lock_timeout": BUSY_SECONDS * 1000,
        "idle_in_transaction_session_timeout": STUCK_SECONDS * 1000,
        "timezone": "UTC",
    }
    return create_engine(
        url,
        isolation_level="SERIALIZABLE",
        max_overflow=MOST_FOR_A_MOMENT,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "oci",
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        },
    )


def _sqlite(url: str) -> Engine:
    made = create_engine(
        url, max_overflow=MOST_FOR_A_MOMENT, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

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


def begin_reading(db: Session) -> None:
    """Begin a transaction in which nothing can be written, and that waits for no writer."""
    db.connection(execution_options={"reads": True, "postgresql_readonly": True})


def _is_postgresql(db: Session) -> bool:
    return db.get_bind().dialect.name == "postgresql"


def begin_writing(db: Session, alone: bool = False) -> None:
    """Begin a transaction that may write; with `alone` nobody else writes until it ends, as always on SQLite."""
    if _is_postgresql(db):
        db.connection().execute(_ALONE if alone else _AMONG_OTHERS)


def one_after_another(db: Session) -> None:
    """From here to the end of the transaction nobody else is past this point: what is numbered now is committed in the
    order of its numbers, as always on SQLite."""
    if _is_postgresql(db):
        db.connection().execute(_IN_ORDER)

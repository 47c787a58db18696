"""What a failed statement says: whether another try can mend it, and whether the database can be used at all.

Sources: PostgreSQL's SQLSTATE (its manual, appendix A, "PostgreSQL Error Codes") and SQLite's extended result codes.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm.exc import StaleDataError

TRIES = 5
_FIRST_PAUSE = 0.02  # seconds; doubled from try to try

_UNIQUE = "23505"
# Another transaction was in the way: serialization failure, deadlock, what was taken or went at the same moment.
_COLLISIONS = ("40001", "40P01", _UNIQUE, "23503")
# By class: connection, resources (disk, memory, connections), operator's intervention, system. And: a lock that nobody
# gave back in time, tables that are not there, no right to use them, a cluster that may only be read.
_UNUSABLE_CLASSES = ("08", "53", "57", "58")
_UNUSABLE = ("55P03", "42P01", "3F000", "42501", "25006", "25P03")
_BAD_VALUE_CLASS = "22"

_SQLITE_UNIQUE = (
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
)


def state(error: DBAPIError) -> str:
    """The SQLSTATE of `error`, five characters; '' where there is none. SQLite's unique violation has PostgreSQL's."""
    cause = error.orig
    if isinstance(cause, sqlite3.IntegrityError):
        return _UNIQUE if cause.sqlite_errorcode in _SQLITE_UNIQUE else ""
    return str(getattr(cause, "sqlstate", None) or "")


def is_collision(error: SQLAlchemyError) -> bool:
    """Whether somebody else was in the way, so that a second try sees what they did."""
    if isinstance(error, StaleDataError):
        return True
    return isinstance(error, DBAPIError) and state(error) in _COLLISIONS


def is_unusable(error: SQLAlchemyError) -> bool:
    """Whether the database itself is the trouble: away, locked, full, without tables. Nobody's defect."""
    if isinstance(error, TimeoutError):  # no connection became free
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = state(error)
    if code:
        return code in _UNUSABLE or code[:2] in _UNUSABLE_CLASSES
    return error.connection_invalidated or isinstance(error, OperationalError)


def is_lost(error: SQLAlchemyError) -> bool:
    """Whether the connection broke, so that nobody knows what became of the last statement."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_bad_value(error: SQLAlchemyError) -> bool:
    """Whether a value cannot be kept: a number out of range, text that is too long or holds a NUL."""
    if not isinstance(error, DBAPIError):
        return False
    code = state(error)
    return code[:2] == _BAD_VALUE_CLASS or (not code and isinstance(error, DataError))


def words(error: SQLAlchemyError) -> str:
    """The first line of what the database said. Its further lines may show values, which can be secrets."""
    said = str(error.orig if isinstance(error, DBAPIError) else error.args[0] if error.args else "")
    return said.strip().splitlines()[0][:200] if said.strip() else type(error).__name__


def pauses() -> Iterator[float]:
    """How long to wait before each further try, in seconds; nobody waits as long as whom he collided with."""
    for number in range(TRIES - 1):
        yield random.uniform(0, _FIRST_PAUSE * 2**number)

"""The version of the tables: where a database is, where this program's migrations end, and the way between."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import column, table

from oci.db import failures
from oci.db.session import engine

COPIES = 5
OLDEST_POSTGRESQL = 15
# Text is then sorted and compared by its bytes, as SQLite does it.
COLLATIONS = ("C", "POSIX")
_SQLITE = "sqlite:///"


class WrongSchema(ValueError):
    """A database that this version of the program cannot use; says why, and what can be done instead."""


class NoDatabase(OSError):
    """A database that cannot be reached or used; says why, and what can be done instead."""


def _settings(scripts: str, url: str) -> Config:
    settings = Config()
    settings.set_main_option("script_location", scripts)
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


def file_of(url: str) -> Path | None:
    """The file of an SQLite database; None for another kind."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def current(url: str) -> str:
    """The revision of the database at `url`; empty for one without tables. Raises SQLAlchemy's errors."""
    path = file_of(url)
    if path is not None and not path.exists():
        return ""
    made = engine(url)
    try:
        with made.connect().execution_options(reads=True) as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.scalar(select(column("version_num")).select_from(table("alembic_version"))) or "")
    finally:
        made.dispose()


def head(scripts: str) -> str:
    """The revision at which the migrations in the directory `scripts` end."""
    return str(ScriptDirectory(scripts).get_current_head() or "")


def is_newer(revision: str, scripts: str) -> bool:
    """Whether a database of `revision` was made by a later version of this program."""
    if not revision:
        return False
    try:
        return ScriptDirectory(scripts).get_revision(revision) is None
    except CommandError:
        return True


def copy(path: Path, target: Path) -> None:
    """Copy a database that is in use, whole and consistent (SQLite's online backup). Readable by its owner alone."""
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(draft)) as into:
            source.backup(into)
            into.execute("PRAGMA journal_mode=DELETE")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def keep_copy(path: Path, revision: str, copies: int = COPIES) -> Path:
    """Put a copy of the database into backups/ beside it, and remove all but the `copies` newest; returns it."""
    directory = path.parent / "backups"
    directory.mkdir(mode=0o700, exist_ok=True)
    target = directory / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-schema-{revision}.sqlite"
    copy(path, target)
    for old in sorted(directory.glob("*-schema-*.sqlite"))[:-copies]:
        old.unlink()
    return target


def _refuse_unlike(connection: Connection) -> None:
    """Raise WrongSchema for a PostgreSQL that is too old, or that sorts text in another way than SQLite."""
    version = connection.dialect.server_version_info or (0,)
    if version[0] < OLDEST_POSTGRESQL:
        raise WrongSchema(
            f"PostgreSQL {'.'.join(map(str, version))} is too old for this program, so nothing was changed; "
            f"{OLDEST_POSTGRESQL} or newer is needed"
        )
    asked = "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database()"
    encoding, *locales = connection.execute(text(asked)).one()
    if encoding != "UTF8" or not set(locales) <= set(COLLATIONS):
        raise WrongSchema(
            f"the database has the encoding {encoding} and the locale {' and '.join(dict.fromkeys(locales))}, in which "
            "names are sorted and searched in another way than this program expects, so nothing was changed. Make it "
            "anew with `createdb --owner oci --encoding UTF8 --locale C --template template0 oci`"
        )


def refuse_unusable(url: str) -> None:
    """Raise NoDatabase for a PostgreSQL that cannot be reached, WrongSchema for one that would not do."""
    if file_of(url) is not None:
        return
    made = engine(url)
    try:
        with made.connect().execution_options(postgresql_readonly=True) as connection:
            _refuse_unlike(connection)
    except SQLAlchemyError as error:
        raise NoDatabase(
            f"the database cannot be used: {failures.words(error)}. See that PostgreSQL runs, that the setting database_url "
            "is right, and that whoever runs this may use it: with peer authentication that is the user oci"
        ) from None
    finally:
        made.dispose()


def upgrade(url: str, scripts: str) -> Path | None:
    """Bring the database to this program's tables; returns the copy that was kept of the one before.

    Nothing happens to one that is there already. Raises WrongSchema for one of a later version, or a PostgreSQL that would
    not do, and NoDatabase for one that cannot be reached.
    """
    refuse_unusable(url)
    before, path, kept = current(url), file_of(url), None
    if is_newer(before, scripts):
        raise WrongSchema(
            f"the database is of a newer version of this program: its tables are at {before}, which this version, whose "
            f"tables end at {head(scripts)}, does not know. Nothing was changed. Install the newer version again; or, to "
            "lose what happened since, stop OCI's services and put the newest copy in backups/ of state_dir that this "
            "version knows in the place of the database (on PostgreSQL: your own newest dump)"
        )
    if before and before != head(scripts) and path is not None:
        kept = keep_copy(path, before)
    command.upgrade(_settings(scripts, url), "head")
    return kept

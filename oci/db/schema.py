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
from sqlalchemy import inspect, select
from sqlalchemy.sql import column, table

from oci.db.session import engine

COPIES = 5
_SQLITE = "sqlite:///"


class WrongSchema(ValueError):
    """A database that this version of the program cannot use; says why, and what can be done instead."""


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


def upgrade(url: str, scripts: str) -> Path | None:
    """Bring the database to this program's tables; returns the copy that was kept of the one before.

    Nothing happens to one that is there already. Raises WrongSchema for one of a later version.
    """
    before, path, kept = current(url), file_of(url), None
    if is_newer(before, scripts):
        raise WrongSchema(
            f"the database is of a newer version of this program: its tables are at {before}, which this version, whose "
            f"tables end at {head(scripts)}, does not know. Nothing was changed. Install the newer version again; or, to "
            "lose what happened since, stop OCI's services and put the newest copy in backups/ of state_dir that this "
            "version knows in the place of the database"
        )
    if before and before != head(scripts) and path is not None:
        kept = keep_copy(path, before)
    command.upgrade(_settings(scripts, url), "head")
    return kept

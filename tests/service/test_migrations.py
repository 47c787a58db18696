"""The migrations make exactly the tables of oci/db/tables.py, and can be run twice and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as Alembic
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import Databases
from sqlalchemy import Engine, insert, inspect, select

from oci.admin import migrate
from oci.config import Config, configure
from oci.db import schema
from oci.db.schema import NoDatabase, WrongSchema
from oci.db.session import engine
from oci.db.tables import Person, Table

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@pytest.fixture
def config(tmp_path: Path, databases: Databases, database: str) -> Config:
    url = databases.bare(database, tmp_path)
    return configure({"state_dir": str(tmp_path), "run_dir": str(tmp_path), "database_url": url})


@pytest.fixture
def bare(config: Config) -> Iterator[Engine]:
    made = engine(config.database_url)
    yield made
    made.dispose()


def alembic(config: Config) -> Alembic:
    settings = Alembic()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.set_main_option("sqlalchemy.url", config.database_url)
    return settings


def shape(database: Engine) -> dict[str, object]:
    """Tables with their columns, keys, indexes and uniques, as the database itself has them."""
    with database.connect() as connection:
        see = inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in see.get_columns(name)],
                see.get_pk_constraint(name)["constrained_columns"],
                sorted(str(sorted(f.items(), key=str)) for f in see.get_foreign_keys(name)),
                sorted((str(i["name"]), i["column_names"], i["unique"]) for i in see.get_indexes(name)),
                sorted(u["column_names"] for u in see.get_unique_constraints(name)),
            )
            for name in see.get_table_names()
            if name != "alembic_version"
        }


def test_from_empty_to_head_makes_the_tables(
    config: Config, bare: Engine, databases: Databases, database: str, tmp_path: Path
) -> None:
    migrate(config)
    with bare.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    with databases.fresh(database, tmp_path) as straight:
        assert shape(bare) == shape(straight.engine)


def test_running_twice_does_nothing(config: Config, bare: Engine) -> None:
    migrate(config)
    with bare.begin() as connection:
        connection.execute(insert(Person).values(name="olga", password_hash="", level="admin", disabled=False, created=0))
    before = shape(bare)
    migrate(config)
    assert shape(bare) == before
    with bare.connect() as connection:
        assert connection.scalar(select(Person.name)) == "olga"


def test_back_to_nothing(config: Config, bare: Engine) -> None:
    migrate(config)
    command.downgrade(alembic(config), "base")
    assert shape(bare) == {}


@pytest.mark.one_database("postgresql")
def test_a_postgresql_that_sorts_in_another_way_is_refused(config: Config, databases: Databases) -> None:
    with psycopg.connect(databases.cluster().dsn("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(WrongSchema, match=r"encoding LATIN1.*createdb"):
        schema.upgrade(databases.cluster().url("latin"), str(MIGRATIONS))
    made = engine(databases.cluster().url("latin"))
    assert shape(made) == {}
    made.dispose()


@pytest.mark.one_database("postgresql")
def test_a_postgresql_that_is_away_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match=r"cannot be used.*See that PostgreSQL runs"):
        schema.upgrade(f"postgresql://oci@/oci?host={tmp_path}", str(MIGRATIONS))


def test_the_revisions_are_one_line() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    revisions = [r.revision for r in script.walk_revisions()]
    assert len(script.get_heads()) == 1
    assert revisions == sorted(revisions, reverse=True)

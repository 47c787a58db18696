"""The migrations make exactly the tables of oci/db/tables.py, and can be run twice and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as Alembic
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from oci.admin import migrate
from oci.config import Config, configure
from oci.db.session import engine
from oci.db.tables import Table

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configure({"state_dir": str(tmp_path), "run_dir": str(tmp_path)})


@pytest.fixture
def database(config: Config) -> Iterator[Engine]:
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


def test_from_empty_to_head_makes_the_tables(config: Config, database: Engine, tmp_path: Path) -> None:
    migrate(config)
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    straight = engine(f"sqlite:///{tmp_path}/straight.sqlite")
    Table.metadata.create_all(straight)
    assert shape(database) == shape(straight)
    straight.dispose()


def test_running_twice_does_nothing(config: Config, database: Engine) -> None:
    migrate(config)
    with database.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO person (name, password_hash, level, disabled, created) VALUES ('olga', '', 'admin', 0, 0)"
        )
    before = shape(database)
    migrate(config)
    assert shape(database) == before
    with database.connect() as connection:
        assert connection.exec_driver_sql("SELECT name FROM person").scalar() == "olga"


def test_back_to_nothing(config: Config, database: Engine) -> None:
    migrate(config)
    command.downgrade(alembic(config), "base")
    assert shape(database) == {}


def test_the_revisions_are_one_line() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    revisions = [r.revision for r in script.walk_revisions()]
    assert len(script.get_heads()) == 1
    assert revisions == sorted(revisions, reverse=True)

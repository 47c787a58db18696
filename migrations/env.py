"""Alembic's entry: the URL comes from the appliance's configuration, or from the caller."""

from __future__ import annotations

from alembic import context

from oci.config import load
from oci.db.session import engine
from oci.db.tables import Table

url = context.config.get_main_option("sqlalchemy.url") or load().database_url
made = engine(url)
with made.connect() as connection:
    context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
made.dispose()

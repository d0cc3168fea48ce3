"""Alembic's entry: migrates over the engine that `migrating.py` hands in."""

import sqlalchemy
from alembic import context

engine: sqlalchemy.Engine = context.config.attributes["engine"]
with engine.begin() as connection:
    connection.execute(sqlalchemy.text("create schema if not exists ops"))
with engine.connect() as connection:
    context.configure(connection=connection, version_table="schema_version", version_table_schema="ops")
    with context.begin_transaction():
        context.run_migrations()

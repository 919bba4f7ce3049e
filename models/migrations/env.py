"""Alembic's environment: it is always given a connection by `models.migrations.upgrade`."""

from alembic import context

from models.records import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

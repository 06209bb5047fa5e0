"""Alembic's environment: the connection is given by `recsys.database.migrate`, which holds the transaction."""

from alembic import context

from recsys.database.migrate import REVISION_TABLE
from recsys.database.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=REVISION_TABLE,
    render_as_batch=True,
)
context.run_migrations()

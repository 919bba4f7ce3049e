"""Prefect's own command line, with one change for a server on SQLite: a transaction that may write says so at once.

Prefect opens deferred transactions: they read first, and when another one has written in between, SQLite refuses the
write ("database is locked"). The server answers 503 and the client sleeps 2, 4, 8 ... seconds: 13 of 30 creations of
a flow run, and 28 s for what takes 3 s this way. An immediate transaction waits its turn for some milliseconds.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.cli import app
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import set_database_config
from prefect.settings import get_current_settings
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class OneWriterAtATime(AioSqliteConfiguration):
    """SQLite as Prefect uses it, with every transaction immediate."""

    @asynccontextmanager
    async def begin_transaction(
        self,
        session: AsyncSession,
        with_for_update: bool = True,  # noqa: ARG002 - the base class's signature
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def main() -> None:
    """Run `prefect ARGUMENTS`."""
    url = get_current_settings().server.database.connection_url
    if url and url.get_secret_value().startswith("sqlite"):
        set_database_config(OneWriterAtATime(connection_url=url.get_secret_value()))
    app()


if __name__ == "__main__":
    main()

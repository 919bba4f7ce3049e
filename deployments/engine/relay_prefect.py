"""Prefect as the relay uses it: its orders, and the register's deployments."""

import logging

from deployments.engine.prefect_orders import PrefectOrders
from deployments.engine.prefect_register import register_deployments
from deployments.engine.wanted import wanted_deployments
from deployments.engine.work_pool import WorkPool, online
from models import clock
from models.queries.book import Book

log = logging.getLogger("watchbill.relay")


class RelayPrefect(PrefectOrders):
    """One kept client for orders; the deployments are brought in line with the register when it changes."""

    def __init__(self, pool: WorkPool | None = None) -> None:
        super().__init__()
        self._pool = pool or WorkPool()

    def register(self, book: Book) -> None:
        """Add, change and remove deployments until they are what the register asks for. Raises EngineError."""
        changes = register_deployments(wanted_deployments(book), self._pool)
        self._deployments.clear()
        if changes.any:
            added, changed, removed = len(changes.added), len(changes.changed), len(changes.removed)
            log.info("Prefect's deployments: %d added, %d changed, %d removed", added, changed, removed)

    def strangers(self) -> tuple[str, ...]:
        """Prefect's own workers that are online in the pool; ours give signs of life themselves. Raises EngineError."""
        if self._pool.is_warm:
            return ()
        return self._ask(lambda client: online(client, self._pool.name, clock.now()))

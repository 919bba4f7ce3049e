"""The work pool in which runs wait for a worker: our warm workers', or one of Prefect's own kinds."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import Worker
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.base import BaseWorker

from deployments.engine.warm_worker import WarmWorker
from models.errors import EngineError
from models.settings import DEFAULT_POOL, WARM, Settings

BEATS_MISSED = 3
"""So often a worker may be silent before it counts as gone; Prefect's server counts the same way."""
BEAT_SECONDS = 30


@dataclass(frozen=True)
class WorkPool:
    """A work pool by its name and the kind of worker that serves it; `process` is Prefect's own kind."""

    name: str = DEFAULT_POOL
    type: str = WARM

    @classmethod
    def chosen(cls, settings: Settings) -> Self:
        """The work pool of these settings."""
        return cls(settings.work_pool, settings.work_pool_type)

    @property
    def is_warm(self) -> bool:
        """Whether our own workers serve it."""
        return self.type == WARM


@dataclass(frozen=True)
class PoolState:
    """How Prefect has a work pool."""

    type: str | None
    """None: there is no such pool."""
    is_paused: bool = False
    online: tuple[str, ...] = ()
    """The names of its workers that gave a sign of life lately."""


def ensure_pool(client: SyncPrefectClient, pool: WorkPool, *, write: bool = True) -> bool:
    """Make the work pool when there is none; whether it was missing.

    Raises EngineError when it cannot be made, or is of another type.
    """
    if has_pool(client, pool):
        return False
    template = worker_class(pool).get_default_base_job_template()
    if write:
        # A worker that starts at the same time makes it, too.
        with contextlib.suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=pool.name, type=pool.type, base_job_template=template))
    return True


def has_pool(client: SyncPrefectClient, pool: WorkPool) -> bool:
    """Whether the work pool is there. Raises EngineError when it is of another type."""
    try:
        found = client.read_work_pool(pool.name)
    except ObjectNotFound:
        return False
    if found.type != pool.type:
        raise EngineError(
            f"work pool {pool.name} is of type {found.type}, not {pool.type}: "
            f"set WATCHBILL_WORK_POOL_TYPE={found.type}, choose another WATCHBILL_WORK_POOL, "
            f"or delete it with `prefect work-pool delete {pool.name}`"
        )
    return True


def worker_class(pool: WorkPool) -> type[BaseWorker[Any, Any, Any]]:
    """What serves the pool. Raises EngineError when this installation has no such worker."""
    found = WarmWorker if pool.is_warm else BaseWorker.get_worker_class_from_type(pool.type)
    if found is None:
        raise EngineError(
            f"work pool {pool.name} is of type {pool.type}, and no worker of that type is installed here: install its "
            f"package (such as prefect-{pool.type}), or make the pool with `prefect work-pool create` and start "
            "its workers elsewhere"
        )
    return found


def ask_for_pool(pool: WorkPool) -> None:
    """Make the work pool when there is none. Raises EngineError: permanent when the settings cannot work."""
    try:
        with get_client(sync_client=True) as client:
            ensure_pool(client, pool)
    except httpx.HTTPError as away:
        raise EngineError(f"the Prefect server does not answer: {away}", permanent=False) from away


def state_of_pool(name: str, now: datetime) -> PoolState:
    """How Prefect has the work pool of this name. Raises EngineError when Prefect does not answer."""
    try:
        with get_client(sync_client=True) as client:
            found = client.read_work_pool(name)
            return PoolState(found.type, found.is_paused, online(client, name, now))
    except ObjectNotFound:
        return PoolState(None)
    except httpx.HTTPError as away:
        raise EngineError(f"Prefect did not tell: {away}", permanent=False) from away


def online(client: SyncPrefectClient, name: str, now: datetime) -> tuple[str, ...]:
    """The workers of a pool that gave a sign of life lately, by name."""
    workers = client.read_workers_for_work_pool(name)
    return tuple(sorted(worker.name for worker in workers if is_online(worker, now)))


def is_online(worker: Worker, now: datetime) -> bool:
    """Whether its last sign of life is not older than three of its intervals."""
    lately = timedelta(seconds=(worker.heartbeat_interval_seconds or BEAT_SECONDS) * BEATS_MISSED)
    return worker.last_heartbeat_time is not None and now - worker.last_heartbeat_time <= lately

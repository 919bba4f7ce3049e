"""What the engine knows and the shared database does not. Its modules load Prefect, so they are asked last."""

import importlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.errors import WatchbillError
from models.queries.book import Book
from models.queries.register import Changes
from models.settings import Settings

if TYPE_CHECKING:
    from deployments.engine.work_pool import PoolState

ANSWER_SECONDS = 3.0
SLOW_ANSWER = "no Prefect server answers: `watchbill up` starts one and registers a deployment for each job"


def prefect_url(settings: Settings) -> str | None:
    """Where the Prefect server of these settings should answer; None before the first start."""
    if settings.prefect_api_url is not None:
        return settings.prefect_api_url
    note = settings.home / "prefect" / "port"
    return f"http://127.0.0.1:{note.read_text(encoding='utf-8').strip()}/api" if note.is_file() else None


def prefect_answers(settings: Settings) -> bool:
    """Whether the Prefect server says that it is well."""
    url = prefect_url(settings)
    if url is None or not url.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - http only, see above
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code in (401, 403)  # it lives, and keeps its door closed
    except (OSError, ValueError):
        return False


def prefect_changes(settings: Settings, book: Book) -> Changes | str:
    """What applying a book would change in Prefect, or in words why nobody can say."""
    if not prefect_answers(settings):
        return SLOW_ANSWER
    try:
        from deployments.engine.up import engine_or_foreign  # noqa: PLC0415 - the engine, for `plan` only

        # Prefect reads its environment when it is imported, and never again.
        os.environ.update(engine_or_foreign(settings))
        from deployments.engine.prefect_register import preview  # noqa: PLC0415 - 2 s of Prefect
        from deployments.engine.wanted import wanted_deployments  # noqa: PLC0415
        from deployments.engine.work_pool import WorkPool  # noqa: PLC0415

        changes = preview(wanted_deployments(book), WorkPool.chosen(settings))
    except WatchbillError as error:
        return f"Prefect could not be compared: {error}"
    new_pool = [f"work pool {settings.work_pool} ({settings.work_pool_type})"] if changes.is_new_pool else []
    moved = [f"work pool {settings.work_pool} instead of {left}" for left in changes.pools_left]
    return Changes(added=[*new_pool, *changes.added], changed=[*moved, *changes.changed], removed=list(changes.removed))


def pool_state(settings: Settings, now: datetime) -> "PoolState":
    """How the Prefect server of these settings has the chosen work pool. Raises WatchbillError when it does not say."""
    from deployments.engine.up import engine_or_foreign  # noqa: PLC0415 - the engine, for `doctor` only

    os.environ.update(engine_or_foreign(settings))
    from deployments.engine.work_pool import state_of_pool  # noqa: PLC0415 - 2 s of Prefect

    return state_of_pool(settings.work_pool, now)


def lazily(module: str, name: str) -> Callable[..., Any]:
    """A function of the engine, loaded now. Raises WatchbillError when this installation has no such part."""
    try:
        return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]  # loaded by name
    except (ImportError, AttributeError) as error:
        raise WatchbillError(f"{module}:{name} cannot be loaded: {error}") from error

"""The task layer writes its own log: no task can run without its row.

`@task` is Prefect's, with three differences. A `task_log` row is committed before the body runs (no database, no
act) and completed after it, whatever the body raised. A permanent error is never retried. Nothing is cached or
persisted by Prefect: the shared database is the memory.
"""

import functools
import inspect
import time
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Generic, ParamSpec, TypeVar

import prefect
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext, TaskRunContext

from models import clock
from models.errors import WatchbillError
from models.queries import task_log
from models.vocabulary import Outcome
from tasks.workplace import database, worker_name

P = ParamSpec("P")
R = TypeVar("R")
CURRENT: ContextVar[task_log.Started] = ContextVar("watchbill_current_task")
"""The task that runs now; its `parent_id` is its own row."""


class LoggedTask(prefect.Task[P, R], Generic[P, R]):
    """A Prefect task whose body is wrapped by the ledger."""

    def __init__(self, function: Callable[P, R], **options: Any) -> None:
        options.setdefault("cache_policy", NO_CACHE)
        options.setdefault("persist_result", False)
        options.setdefault("retry_condition_fn", _may_help)
        name = options.get("name") or function.__name__.replace("_", "-")
        super().__init__(_logged(function, name), **{**options, "name": name})


def task(**options: Any) -> Callable[[Callable[P, R]], LoggedTask[P, R]]:
    """Make a task of a function: `@task(retries=2, timeout_seconds=30)`."""

    def make(function: Callable[P, R]) -> LoggedTask[P, R]:
        return LoggedTask(function, **options)

    return make


def _may_help(_task: Any, _run: Any, state: Any) -> bool:
    """Whether trying again can help: not after an error that says it is permanent."""
    error = state.result(raise_on_failure=False)
    return not (isinstance(error, WatchbillError) and error.permanent)


def _logged(function: Callable[P, R], name: str) -> Callable[P, R]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def body(*positional: P.args, **named: P.kwargs) -> R:
        began = time.monotonic()  # Prefect counts the time of our own row, too
        arguments = signature.bind(*positional, **named).arguments
        started = _started(name, arguments)
        with database().write() as session:
            row_id = task_log.open_row(session, started)
        token = CURRENT.set(replace(started, parent_id=row_id))
        try:
            result = function(*positional, **named)
        except BaseException as error:
            _close(row_id, _outcome_of(error, time.monotonic() - began), f"{type(error).__name__}: {error}")
            raise
        finally:
            CURRENT.reset(token)
        _close(row_id, Outcome.OK, None)
        return result

    return body


def share_of_current(host: str, run_id: int) -> task_log.Started:
    """The row to open for one host's share of the task that runs now. Raises LookupError outside a task."""
    return replace(CURRENT.get(), host=host, run_id=run_id, started_at=clock.now())


def _started(name: str, arguments: Mapping[str, Any]) -> task_log.Started:
    run_id = next((value.run_id for value in arguments.values() if hasattr(value, "run_id")), None)
    in_task, in_flow = TaskRunContext.get(), FlowRunContext.get()
    return task_log.Started(
        task=name,
        run_id=run_id,
        started_at=clock.now(),
        worker=worker_name(),
        attempt=in_task.task_run.run_count if in_task else 1,
        flow_run_id=str(in_flow.flow_run.id) if in_flow and in_flow.flow_run else None,
        task_run_id=str(in_task.task_run.id) if in_task else None,
    )


def _close(row_id: int, outcome: Outcome, message: str | None) -> None:
    with database().write() as session:
        task_log.close_row(session, row_id, clock.now(), outcome, message)


def _outcome_of(error: BaseException, seconds: float) -> Outcome:
    """How a task that raised is logged. Prefect ends a task past its time-out by an exception of its own."""
    in_task = TaskRunContext.get()
    limit = in_task.task.timeout_seconds if in_task else None
    is_cut = limit is not None and (isinstance(error, CancelledError) or seconds >= limit)
    if is_cut or isinstance(error, TimeoutError):
        return Outcome.TIMED_OUT
    return Outcome.FAILED if isinstance(error, Exception) else Outcome.KILLED

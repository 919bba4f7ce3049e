"""Carry out a run in a process of its own, whose database fails or whose life ends at a chosen commit.

SQLite's own tests work like this: fail the first operation, then the second, until a whole run meets no failure.
"""

import itertools
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from prefect import Task
from sqlalchemy.orm import Session

from flows.run_job import run_job
from models.database import Database
from models.errors import DatabaseError, StaleClaim
from models.orders import RunJob

DIED, REFUSED, FAILED = 9, 3, 1
BOUND_SECONDS = 120


class How(StrEnum):
    """What happens at the chosen commit."""

    DIE_BEFORE = "the process dies before it"
    DIE_AFTER = "the process dies after it"
    ERROR = "it fails, and nothing is written"
    LOST_ANSWER = "it is written, and its answer is lost"
    AWAY = "the database is away from then on"


@dataclass(frozen=True)
class Fault:
    """A failure at the n-th commit of a process."""

    how: How
    at: int


def carry_out(number: str, environment: Mapping[str, str], fault: Fault | None = None) -> int:
    """Run the flow for a run, in a process of its own; 0, or one of DIED, REFUSED and FAILED."""
    process = start(number, environment, fault)
    process.join(BOUND_SECONDS)
    assert process.exitcode is not None, "the process did not end"
    return process.exitcode


def start(number: str, environment: Mapping[str, str], fault: Fault | None = None) -> Any:
    """The same, without waiting for its end."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(["tests.faults.crashing"])
    process = forkserver.Process(target=_be_a_worker, args=(number, dict(environment), fault), daemon=True)
    process.start()
    return process


def _be_a_worker(number: str, environment: Mapping[str, str], fault: Fault | None) -> None:
    os.environ.update(environment)
    # The bodies of the tasks, ledger and all, without Prefect's server.
    Task.__call__ = lambda task, *positional, **named: task.fn(*positional, **named)  # type: ignore[method-assign, assignment]  # in this process only
    if fault is not None:
        _meet(fault)
    try:
        run_job.fn(RunJob(run=number))
    except StaleClaim:
        os._exit(REFUSED)
    except DatabaseError:
        os._exit(FAILED)
    os._exit(0)


def _meet(fault: Fault) -> None:
    commits, really_write = itertools.count(1), Database.write

    @contextmanager
    def write(database: Database) -> Iterator[Session]:
        number = next(commits)
        here = number == fault.at
        if fault.how is How.AWAY and number >= fault.at:
            raise DatabaseError("the server is not running at this address")
        with really_write(database) as session:
            yield session
            if here and fault.how is How.DIE_BEFORE:
                os._exit(DIED)
            if here and fault.how is How.ERROR:
                raise DatabaseError("the disk is full")
        if here and fault.how is How.DIE_AFTER:
            os._exit(DIED)
        if here and fault.how is How.LOST_ANSWER:
            raise DatabaseError("the server closed the connection")

    Database.write = write  # type: ignore[method-assign]  # in this process only

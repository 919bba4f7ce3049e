"""Carry out a run in a process of its own, whose database fails or whose life ends at a chosen commit.

SQLite's own tests work like this: fail the first operation, then the second, until a whole run meets no failure.
"""

import itertools
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from prefect import Flow, Task
from sqlalchemy import update
from sqlalchemy.orm import Session

from flows.back_up import back_up
from flows.drill_restore import drill_restore
from flows.run_job import run_job
from models import clock
from models.database import Database
from models.errors import DatabaseError, StaleClaim, WatchbillError
from models.orders import BackUp, DrillRestore, RunJob
from models.orders.run_job import RunOrder, run_id_of
from models.queries import recovery
from models.records import Run
from models.vocabulary import RunState

DIED, REFUSED, FAILED = 9, 3, 1
BOUND_SECONDS = 120
FLOWS: dict[type[RunOrder], Flow[..., None]] = {RunJob: run_job, BackUp: back_up, DrillRestore: drill_restore}


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


def recover(database: Database, number: str) -> None:
    """What planner and relay do about a run that nobody carries out any more."""
    run_id = run_id_of(number)
    with database.write() as session:
        held = (Run.id == run_id, Run.state == RunState.RUNNING)
        session.execute(update(Run).where(*held).values(lease_until=clock.now() - timedelta(seconds=1)))
    with database.write() as session:
        recovery.take_up_lost_runs(session, clock.now(), "planner")
        recovery.send_again(session, run_id, clock.now(), "Prefect ended its flow run before it started")


def carry_out(order: str | RunOrder, environment: Mapping[str, str], fault: Fault | None = None) -> int:
    """Run the flow of an order, or of a job's run by its number, in a process of its own.

    0, or one of DIED, REFUSED and FAILED.
    """
    process = start(order, environment, fault)
    process.join(BOUND_SECONDS)
    assert process.exitcode is not None, "the process did not end"
    return process.exitcode


def carry_out_here(order: RunOrder) -> None:
    """Run the flow of an order in this very process. Raises what it raises."""
    # The bodies of the tasks, ledger and all, without Prefect's server.
    with patch.object(Task, "__call__", lambda task, *positional, **named: task.fn(*positional, **named)):
        FLOWS[type(order)].fn(order)


def start(order: str | RunOrder, environment: Mapping[str, str], fault: Fault | None = None) -> Any:
    """The same, without waiting for its end."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(["tests.faults.crashing"])
    order = RunJob(run=order) if isinstance(order, str) else order
    process = forkserver.Process(target=_be_a_worker, args=(order, dict(environment), fault), daemon=True)
    process.start()
    return process


def _be_a_worker(order: RunOrder, environment: Mapping[str, str], fault: Fault | None) -> None:
    os.environ.update(environment)
    if fault is not None:
        _meet(fault)
    try:
        carry_out_here(order)
    except StaleClaim:
        os._exit(REFUSED)
    except WatchbillError:
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

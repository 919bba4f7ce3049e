"""Claim a run, keep its lease while it is carried out, and close it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from models import clock
from models.errors import DatabaseError, StaleClaim, WatchbillError
from models.orders import RunOrder
from models.queries import closing, runs
from models.queries.runs import ClaimedRun
from models.vocabulary import Outcome
from tasks.ledger import task
from tasks.workplace import database, worker_name

BEAT_SECONDS = 15


@contextmanager
def claimed(order: RunOrder) -> Iterator[ClaimedRun]:
    """Hold the run of an order: claimed at the start, its lease kept, closed at the end, whatever happened.

    While the database is away nothing can be closed truly, and a process that is asked to end says nothing about the
    run: both leave it to whoever takes it up, who reads from the hosts how it ended.
    """
    run = claim_run(order)
    try:
        with _lease(run):
            yield run
    except (StaleClaim, DatabaseError):
        raise
    except Exception as error:
        close_run(run, failed_with=_in_words(error))
        raise
    except BaseException:
        _release(run)
        raise
    close_run(run)


def _in_words(error: Exception) -> str:
    """What people read as the reason: an error of ours says it all, of any other its kind tells most.

    What went wrong beside it is noted on it: a clean-up that failed, too, leaves the host as it is.
    """
    words = str(error) if isinstance(error, WatchbillError) else f"{type(error).__name__}: {error}"
    return "; ".join([words, *getattr(error, "__notes__", ())])


def _release(run: ClaimedRun) -> None:
    # Without it the lease ends by itself.
    with suppress(DatabaseError), database().write() as session:
        runs.release_lease(session, run)


@task(retries=3, retry_delay_seconds=[1, 5, 20], timeout_seconds=120)
def claim_run(order: RunOrder) -> ClaimedRun:
    """Take the run, if it is still to be had and still allowed to start."""
    with database().write() as session:
        refusal = closing.refuse_if_too_late(session, order.run_id, clock.now())
        if refusal is None:
            return runs.claim(session, order.run_id, order.attempt, worker_name())
    raise StaleClaim(refusal)


@task(retries=5, retry_delay_seconds=[1, 5, 20, 60, 60], timeout_seconds=120)
def close_run(run: ClaimedRun, failed_with: str | None = None) -> Outcome | None:
    """Say how the run ended, or when its failed hosts are tried again (None)."""
    with database().write() as session:
        return closing.close(session, run, worker_name(), failed_with=failed_with)


@contextmanager
def _lease(run: ClaimedRun) -> Iterator[None]:
    """Extend the lease every 15 s for as long as the body runs; it lasts 60 s, so three beats may fail."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                with database().write() as session:
                    if not runs.extend_lease(session, run):
                        return
            except WatchbillError:
                continue  # the database is away; the lease itself decides how long that may last

    thread = threading.Thread(target=beat, name=f"lease-{run.number}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=BEAT_SECONDS)

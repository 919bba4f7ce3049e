"""What due slots wait for, other jobs and an event: whether each may start, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import events, slots
from models.queries.book import Book
from models.records import Event, Slot
from models.rules.dependencies import Readiness, Ready, UpstreamSlot, readiness, together
from models.rules.events import event_readiness
from models.site.jobs import EventWait, Job


@dataclass(frozen=True)
class Standing:
    """Whether a slot may start, since when it could, and the event that releases it."""

    ready: Readiness
    startable: datetime
    event: Event | None = None


def standings(session: Session, book: Book, waiting: Sequence[Slot], now: datetime) -> dict[datetime, Standing]:
    """How the waiting slots of one job stand, by due time. They come oldest first: an event releases one of them."""
    found: dict[datetime, Standing] = {}
    taken: set[int] = set()
    for slot in waiting:
        job = book.job(slot.job)
        ready, since = _upstreams(session, job, slot, now)
        event = None
        if job.wait_for_event is not None:
            came, event = _event(session, job.wait_for_event, slot, (taken, now))
            ready = together(ready, came) if job.after else came
        if event is not None:
            taken.add(event.id)
            since = max(since, event.received_at)
        held = ready.state in (Ready.WAIT, Ready.OVER)
        # A job that waits is not late. A clock that differs between machines must not hold back what may start.
        found[slot.due_at] = Standing(ready, now if held else min(since, now), event)
    return found


def _upstreams(session: Session, job: Job, slot: Slot, now: datetime) -> tuple[Readiness, datetime]:
    """Whether the job's upstreams let it start, and since when."""
    upstream: dict[str, UpstreamSlot | None] = {}
    ends = [slot.due_at]
    for dependency in job.after:
        found = slots.latest_within(session, dependency.job, slot.due_at, job.within)
        if found is not None:
            outcome, ended = slots.end_of(session, found)
            upstream[dependency.job] = UpstreamSlot(dependency.job, found.due_at, outcome)
            ends.append(ended or now)
    return readiness(job.after, job.join, upstream), max(ends)


def _event(
    session: Session, wait: EventWait, slot: Slot, moment: tuple[set[int], datetime]
) -> tuple[Readiness, Event | None]:
    """Whether the event of a slot has come, and which it is; not one that an older slot takes."""
    taken, now = moment
    span = events.span_for(session, slot, wait)
    event = events.first_for(session, slot, wait.name, span, taken)
    return event_readiness(wait.name, span, event.received_at if event else None, now), event

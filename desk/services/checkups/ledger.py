"""The shared database: reachable, with the right schema, its journal whole, its clock ours, its parts alive."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from desk.services.checkups.finding import Finding, fail, warn, well
from desk.services.opening import is_there, opened
from desk.services.small_words import several
from models import clock
from models.database import Database
from models.errors import JournalBroken, NotFound, WatchbillError
from models.queries import desk_health, heartbeats, journal, runs
from models.queries.book import Book, read_book
from models.settings import Settings
from tasks.tools.wording import span

MOST_SKEW = timedelta(seconds=2)
START = "`watchbill up`"
RUN_BY = {"anchor": "planner"}
"""The command of a part that has none of its own."""


def look(settings: Settings) -> Iterator[Finding]:
    """Everything about the shared database, and what it knows of the parts."""
    if not is_there(settings):
        yield warn("database", f"there is none in {settings.home} yet", f"{START} makes it")
        return
    try:
        with opened(settings) as database:
            yield well("database", f"{database.name}, schema up to date")
            yield from _look_inside(settings, database)
    except WatchbillError as error:
        yield fail("database", str(error), "mend what it says, then run the doctor again")


def _look_inside(settings: Settings, database: Database) -> Iterator[Finding]:
    with database.read() as session:
        yield _clock(session)
        yield from _parts(session, clock.now())
        yield from _undelivered(session, clock.now())
        yield _journal(session, settings)
        yield _register(session)


def _clock(session: Session) -> Finding:
    before = clock.now()
    theirs = runs.now_by_database(session)
    skew = theirs - before
    if abs(skew) > MOST_SKEW:
        return fail("clock", f"the database's clock is {span(abs(skew))} off", "let both machines keep time (NTP)")
    return well("clock", f"{theirs:%Y-%m-%d %H:%M:%S} UTC, this machine and the database agree")


def _parts(session: Session, now: datetime) -> Iterator[Finding]:
    parts = heartbeats.judge(session, now)
    if not any(part.heard for part in parts):
        yield warn("engine", "no part of it ever ran here", f"{START} starts it")
        return
    for part in parts:
        beat = part.heard
        if beat is None:
            command = RUN_BY.get(part.name, part.name)
            yield fail(part.name, "never gave a sign of life", f"{START}, or `watchbill {command}` on its machine")
        elif part.is_silent:
            text = f"silent for {span(now - beat.at)} ({beat.worker})"
            yield fail(part.name, text, f"look whether `watchbill up` runs on {beat.worker.split(':')[0]}")
        else:
            yield well(part.name, f"alive {span(now - beat.at)} ago ({beat.worker})")


def _undelivered(session: Session, now: datetime) -> Iterator[Finding]:
    waiting = desk_health.undelivered(session, now)
    if waiting.number == 0:
        yield well("outbox", "nothing waits for Prefect")
        return
    what = several(waiting.number, "order")
    text = f"{what} to Prefect could not be delivered; last error: {waiting.last_error or 'not tried yet'}"
    yield warn("outbox", text, "see whether Prefect and the relay run; nothing is lost, it is sent when they are back")


def _journal(session: Session, settings: Settings) -> Finding:
    try:
        found = journal.verify(session, settings.anchors)
    except JournalBroken as error:
        return fail("journal", str(error), "keep a copy of the database and of the anchors; find out who wrote to it")
    return well("journal", f"{several(found.rows, 'row')} verified, {several(found.anchors, 'anchor')}")


def _register(session: Session) -> Finding:
    try:
        book: Book = read_book(session)
    except NotFound:
        return warn("register", "no site was applied yet", f"{START} applies one")
    jobs, hosts = several(len(book.jobs), "job"), several(len(book.hosts), "host")
    return well("register", f"site {book.site}: {jobs}, {hosts}, time zone {book.timezone}")

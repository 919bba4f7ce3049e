"""Stop one job, or all of them, for a while, and let them go on."""

from datetime import datetime

from desk.services.choosing import known_job
from desk.services.jobs import Paused, paused
from models.database import Database
from models.queries import desk_runs, pauses
from models.queries.book import read_book
from models.records import Pause


def pause(database: Database, wanted: Paused) -> Paused:
    """Pause a job, or everything when it names none. Raises NotFound, and Refused when it is paused already."""
    with database.write() as session:
        if wanted.job is not None:
            known_job(read_book(session), wanted.job)
        row = Pause(
            job=wanted.job,
            paused_at=wanted.since,
            until=wanted.until,
            paused_by=wanted.by,
            reason=wanted.reason,
        )
        return paused(pauses.start(session, row, desk_runs.site_zone(session)))


def resume(database: Database, job: str | None, person: str, now: datetime) -> None:
    """End a pause. Raises NotFound, and Refused when there is none."""
    with database.write() as session:
        if job is not None:
            known_job(read_book(session), job)
        pauses.end(session, job, person, now)


def site_zone(database: Database) -> str:
    """The time zone in which people of the site say times."""
    with database.read() as session:
        return desk_runs.site_zone(session)

"""What `plan` compares a site with: the slots that stand in the ledger for the time to come."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries.book import Book, fingerprints, upstream_first
from models.queries.slots import WAITING
from models.records import Job, Slot
from models.site.site import Site

Until = Mapping[str, datetime]


def planned_until(session: Session) -> Until:
    """Up to when the slots of each job in force are written."""
    rows = session.execute(select(Job.name, Job.planned_until).where(Job.retired_at.is_(None))).tuples()
    return {name: until for name, until in rows if until is not None}


def slots_ahead(session: Session, now: datetime, until: datetime) -> dict[str, set[datetime]]:
    """The slots between two instants that will run, by job."""
    query = select(Slot.job, Slot.due_at).where(Slot.state.in_(WAITING), Slot.due_at > now, Slot.due_at <= until)
    found: dict[str, set[datetime]] = {}
    for job, due in session.execute(query).tuples():
        found.setdefault(job, set()).add(due)
    return found


def book_of(site: Site, now: datetime) -> Book:
    """The book as it would be read if the site were applied now."""
    jobs = upstream_first(site.jobs)
    calendars = {name: site.fingerprint("calendar", name) for name in site.calendars}
    own = {name: site.fingerprint("job", name) for name in jobs}
    return Book(
        site=site.name,
        timezone=site.timezone,
        applied_at=now,
        keep=site.settings.keep,
        jobs=jobs,
        hosts=site.hosts,
        calendars=site.calendars,
        backups=site.backups,
        repositories=site.repositories,
        exemptions=site.exemptions,
        sha256=fingerprints(jobs, own, {**calendars, "": site.timezone}),
    )

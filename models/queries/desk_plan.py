"""What `plan` compares a site with: the slots that stand in the ledger for the time to come."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries.book import Book, upstream_first
from models.queries.slots import WAITING
from models.records import Job, Slot
from models.site.site import Site, fingerprint_of

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


def book_of(site: Site) -> Book:
    """The book as it would be read once the site is applied."""
    jobs = upstream_first(site.jobs)
    calendars = {name: site.fingerprint("calendar", name) for name in site.calendars}
    shared = fingerprint_of({**calendars, "": site.timezone})
    sha256: dict[str, str] = {}
    for name, job in jobs.items():
        upstream = {dependency.job: sha256[dependency.job] for dependency in job.after}
        sha256[name] = fingerprint_of({"job": site.fingerprint("job", name), "shared": shared, **upstream})
    return Book(site.name, site.timezone, jobs, site.hosts, site.calendars, sha256)

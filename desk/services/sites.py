"""The site's files: written anew, checked, described for editors, and compared with what is registered."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from desk.services.engine import prefect_changes
from desk.services.forecasting import coming_slots
from desk.services.opening import is_there, opened
from models.errors import Place
from models.queries import desk_plan, register
from models.queries.register import Changes
from models.queries.slots import HORIZON
from models.settings import Settings
from models.site.approval_checks import approval_surprises
from models.site.incident_checks import incident_surprises
from models.site.jobs import EventWait
from models.site.loading import load_site
from models.site.schema import schemas, write_schemas
from models.site.site import Site
from models.site.starting import write_starter
from models.vocabulary import SlotState

__all__ = ["check", "missing", "plan", "schemas", "write_schemas", "write_starter"]

SOON = timedelta(minutes=1)
"""What is due sooner is being settled while we look."""


@dataclass(frozen=True)
class Checked:
    """A site without a fault, and how much it holds."""

    folder: Path
    site: str
    title: str
    counts: dict[str, int]
    """By kind: `job`, `host`, `calendar` ..."""
    surprises: tuple[str, ...] = ()
    """What is legal and seldom meant, each with its place."""


@dataclass(frozen=True)
class SlotChange:
    """What a job's plan for the next 48 hours gains and loses."""

    job: str
    appear: tuple[datetime, ...]
    vanish: tuple[datetime, ...]
    waits_for_event: EventWait | None = None
    """The job's slots start when this event has come."""


@dataclass(frozen=True)
class SitePlan:
    """What applying a site would change."""

    site: str
    timezone: str
    register: Changes
    slots: tuple[SlotChange, ...]
    prefect: Changes | str
    """In words, when no Prefect server could be asked."""
    is_first: bool
    """There is no database yet: everything is new."""

    def __bool__(self) -> bool:
        return bool(self.register) or bool(self.slots) or (isinstance(self.prefect, Changes) and bool(self.prefect))


def check(folder: Path) -> Checked:
    """Read and check a site. Raises SiteError with every fault of every file."""
    site = load_site(folder)
    counts = Counter(entry.kind.value for entry in site.entries())
    del counts["site"]
    surprises = (*incident_surprises(site), *approval_surprises(site))
    return Checked(folder, site.name, site.settings.title, dict(counts), surprises)


def missing(folder: Path) -> Place:
    """The fault of a site folder that is not there."""
    return Place(str(folder), 1, 1, "site", "there is no such folder; `watchbill init DIR` makes one")


def plan(folder: Path, settings: Settings, now: datetime) -> SitePlan:
    """What applying the site would change in the register, in the slots and in Prefect. Raises SiteError."""
    site = load_site(folder)
    if is_there(settings):
        with opened(settings) as database, database.read() as session:
            changes = register.compare(session, site.entries())
            planned, known = desk_plan.slots_ahead(session, now + SOON, now + HORIZON), desk_plan.planned_until(session)
        slots = _slot_changes(site, planned, known, now)
    else:
        changes = Changes(added=sorted(f"{entry.kind.value}/{entry.name}" for entry in site.entries()))
        slots = _slot_changes(site, {}, {}, now)
    prefect = prefect_changes(settings, desk_plan.book_of(site, now))
    return SitePlan(site.name, site.timezone, changes, slots, prefect, is_first=not is_there(settings))


def _slot_changes(
    site: Site, planned: dict[str, set[datetime]], known: desk_plan.Until, now: datetime
) -> tuple[SlotChange, ...]:
    """Compare the ledger with what the rule says, as far ahead as the ledger goes."""
    wanted = {
        job: {slot.due for slot in slots if slot.state is SlotState.EXPECTED and slot.due <= _end(known, job, now)}
        for job, slots in coming_slots(desk_plan.book_of(site, now), (now + SOON, now + HORIZON)).items()
    }
    found = []
    for job in sorted(wanted.keys() | planned.keys()):
        new, old = wanted.get(job, set()), planned.get(job, set())
        if new != old:
            wait = site.jobs[job].wait_for_event if job in site.jobs else None
            found.append(SlotChange(job, tuple(sorted(new - old)), tuple(sorted(old - new)), wait))
    return tuple(found)


def _end(known: desk_plan.Until, job: str, now: datetime) -> datetime:
    """The planner goes on by itself behind what it has written; that is no change."""
    return known.get(job, now + HORIZON)

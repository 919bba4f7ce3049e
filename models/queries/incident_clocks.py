"""The clocks of incidents: read, kept, and looked at when something of them is due.

A look computes everything from the journal. What it does has a key there, so it does nothing twice; what fell due
while nobody looked is found by the next look, and told once, with how late it is.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import clock_cache, escalating, incident_major, incidents, journal, notices
from models.queries.apart import attempt
from models.queries.incident_book import IncidentBook, read_incident_book
from models.queries.incident_history import History, facts_of, histories_of, history_of
from models.queries.notices import Also
from models.queries.tickets import subject_of
from models.records import Incident
from models.rules.clock_course import Course
from models.rules.durations import format_duration
from models.rules.late_words import late_words
from models.rules.service_clock import ClockState, IncidentClock, Reading, read_clock
from models.rules.wall_clock import stamp
from models.vocabulary import IncidentState

__all__ = ["clocks_of", "facts_of", "look", "next_look"]

ACTOR = "clock"
MOST = 100
"""Incidents that one look takes, so that its transaction stays short."""
TRY_AGAIN = timedelta(minutes=10)
RUNNING = (IncidentState.NEW, IncidentState.IN_PROGRESS, IncidentState.ON_HOLD)


@dataclass(frozen=True)
class Crossing:
    """A stopwatch has reached three quarters, or all, of its time."""

    event: str
    """`warning` or `breached`."""
    at: datetime
    reading: Reading

    @property
    def action(self) -> str:
        """What the journal calls it."""
        return "warn" if self.event == "warning" else "breach"

    def key(self, incident: Incident) -> str:
        """What tells it from all others of the incident: a breach lasts as long as nothing cures it."""
        name = f"{self.reading.agreement.value}/{self.reading.measure.value}".replace(" ", "-")
        return f"incident/{incident.id}/{self.action}/{name}/{self.at:%Y%m%dT%H%M%S.%f}"

    def words(self) -> str:
        """It in one sentence."""
        reading = self.reading
        which = f"{reading.agreement.value}, {reading.measure.value}"
        if self.event == "warning":
            due = f"due {stamp(reading.due_at)}" if reading.due_at else "on hold"
            return f"{which}: three quarters of {reading.target} are used, {due}"
        since = f"{which}: {reading.target} are used up since {stamp(self.at)}"
        return since if reading.stopped_at is None else f"{since}; it was stopped {stamp(reading.stopped_at)}"


def clocks_of(session: Session, incident_id: int, now: datetime) -> IncidentClock:
    """Every stopwatch of an incident at an instant, from the journal; none of one that there is not."""
    history = history_of(session, incident_id)
    return read_clock(history.facts, history.promises, now)


def look(session: Session, now: datetime, most: int = MOST) -> int:
    """Do what is due: warnings, breaches, escalations, reminders, closing. How many incidents were looked at."""
    incidents.close_due(session, now)
    incident_major.remind(session, now)
    incident_major.remind_of_reviews(session, now)
    query = select(Incident).where(Incident.look_at <= now).order_by(Incident.look_at, Incident.id).limit(most)
    due = session.scalars(query.with_for_update(skip_locked=True, of=Incident.__table__)).all()
    if not due:
        return 0
    book = read_incident_book(session)
    histories = histories_of(session, [incident.id for incident in due])
    for incident in due:
        _look_safely(session, incident, (histories.get(incident.id, History()), book), now)
    return len(due)


def _look_safely(session: Session, incident: Incident, known: tuple[History, IncidentBook], now: datetime) -> None:
    """One whose clock cannot be computed, since its calendar never opens, must not stop the clocks of all others."""
    error = attempt(session, incident.number, partial(_look_at, session, incident, *known, now))
    if error is None:
        return
    incident.look_at = now + TRY_AGAIN
    key = f"incident/{incident.id}/no-clock/{hashlib.sha256(error.encode()).hexdigest()[:32]}"
    if not journal.is_known(session, key):
        reason = f"its clocks cannot be looked after: {error}"
        tag = "incidents:incident:no-clock"
        journal.append(session, journal.Fact(tag, subject_of(incident), ACTOR, reason=reason, key=key, at=now))


def _look_at(session: Session, incident: Incident, history: History, book: IncidentBook, now: datetime) -> None:
    """Read the clocks of one incident, keep them, do what of it is due, and note when to look again."""
    history = _with_promises(session, incident, history, book, now)
    clock = read_clock(history.facts, history.promises, now)
    clock_cache.store(session, incident.id, clock.readings, now)
    _tell_crossings(session, incident, clock, now)
    if incident.state not in RUNNING:
        incident.look_at = None
        return
    course = Course(history.facts, history.promises, now)
    escalation = escalating.escalate(session, incident, book, (course, history.steps), now)
    reminder = _remind(session, incident, book, course, now)
    if escalation.is_handed_over:
        # Another team has it: its promises may be others, which the next look finds.
        incident.look_at = now
        return
    incident.look_at = next_look(clock, (escalation.next_at, reminder), now)


def next_look(clock: IncidentClock, others: tuple[datetime | None, ...], now: datetime) -> datetime | None:
    """When something of an incident falls due next; None when nothing can before it is moved."""
    running = [reading for reading in clock.readings if reading.stopped_at is None]
    times = [at for reading in running for at in (reading.warn_at, reading.due_at)]
    return min((at for at in (*times, *others) if at is not None and at > now), default=None)


def _with_promises(
    session: Session, incident: Incident, history: History, book: IncidentBook, now: datetime
) -> History:
    """The history; with a row of the journal that says so, when other promises hold for the incident by now."""
    wanted = book.promises_for(book.subject(incident))
    if wanted == history.names or incident.state not in RUNNING:
        return history
    facts = {"promises": list(wanted)}
    tag = "incidents:incident:promises"
    reason = f"{', '.join(wanted) or 'none'} instead of {', '.join(history.names) or 'none'}"
    journal.append(session, journal.Fact(tag, subject_of(incident), ACTOR, reason=reason, facts=facts, at=now))
    return history_of(session, incident.id)


def _tell_crossings(session: Session, incident: Incident, clock: IncidentClock, now: datetime) -> None:
    """A row of the journal for each crossing, and one message for all that are new."""
    new = [one for one in _crossings(clock, now) if not journal.is_known(session, one.key(incident))]
    for crossing in new:
        reading = crossing.reading
        facts = {
            "promise": reading.promise,
            "agreement": reading.agreement.value,
            "measure": reading.measure.value,
            "target": str(reading.target),
            "since": crossing.at.isoformat(),
        }
        tag, subject = f"incidents:incident:{crossing.action}", subject_of(incident)
        fact = journal.Fact(
            tag, subject, ACTOR, reason=crossing.words(), facts=facts, key=crossing.key(incident), at=now
        )
        journal.append(session, fact)
    if new:
        gravest = next((one for one in new if one.event == "breached"), new[0])
        text = "; ".join(one.words() for one in new) + late_words(incident.look_at, now)
        notices.about_incident(session, incident, gravest.event, text, now, Also(key=gravest.key(incident)))


def _crossings(clock: IncidentClock, now: datetime) -> Iterator[Crossing]:
    for reading in clock.readings:
        if reading.breached_at is not None:
            yield Crossing("breached", reading.breached_at, reading)
        elif reading.state in {ClockState.RUNNING, ClockState.HELD} and reading.warn_at and reading.warn_at <= now:
            yield Crossing("warning", reading.warn_at, reading)


def _remind(session: Session, incident: Incident, book: IncidentBook, course: Course, now: datetime) -> datetime | None:
    """Remind of a hold as often as the site wants, of several missed times once. When the next is due."""
    every = book.handling.remind_on_hold
    hold = next((gap for gap in course.gaps() if gap.end is None), None)
    if not every or hold is None:
        return None
    times = (now - hold.begin) // every
    key = f"incident/{incident.id}/remind/{hold.begin:%Y%m%dT%H%M%S.%f}/{times}"
    if times >= 1 and not journal.is_known(session, key):
        waits = f"on hold for {format_duration(now - hold.begin)}: it waits for {hold.reason}"
        text = waits + late_words(incident.look_at, now)
        fact = journal.Fact("incidents:incident:remind", subject_of(incident), ACTOR, reason=text, key=key, at=now)
        journal.append(session, fact)
        notices.about_incident(session, incident, "updated", text, now, Also(key=key))
    return hold.begin + (times + 1) * every

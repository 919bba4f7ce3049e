"""Around routine work: events, expected runs, runs, and the alerts that are made of their trouble."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import own_events
from models.queries.causal_chain.content import Kind, Neighbours
from models.queries.causal_chain.episodes import Episode, episode_of, episodes_of
from models.queries.causal_chain.reading import key_of, named, neighbours, subject_of
from models.queries.causal_chain.tickets import candidates_of
from models.records import Alert, CorrectiveRun, Incident, KnownErrorUse, Run, Slot, TicketLink
from models.vocabulary import AlarmKind, LinkVerb, Outcome, SlotState

NOTICED_WITHIN = timedelta(days=1)
"""Trouble of a job is noticed at the next look; after an outage that may be much later."""
GOOD = (Outcome.OK, Outcome.SKIPPED)
OF_SLOTS = {AlarmKind.MISSED.value, AlarmKind.LATE_START.value}
"""Trouble in which there may be no run: the expected run is what it comes of."""


def before_event(_session: Session, _subject: str) -> Iterator[Neighbours]:
    """An event comes from outside."""
    yield from ()


def after_event(session: Session, subject: str) -> Iterator[Neighbours]:
    """The expected runs that it released."""
    query = select(Slot.id).where(Slot.event_id == key_of(subject)).order_by(Slot.due_at, Slot.id)
    yield from neighbours(session, Kind.SLOT, "released", query)


def before_slot(session: Session, subject: str) -> Iterator[Neighbours]:
    """The event that released it."""
    yield from named(Kind.EVENT, "released", session.get_one(Slot, key_of(subject)).event_id)


def after_slot(session: Session, subject: str) -> Iterator[Neighbours]:
    """Its run; or what was made of it that there was none in time."""
    slot = session.get_one(Slot, key_of(subject))
    yield from neighbours(session, Kind.RUN, "started", select(Run.id).where(Run.slot_id == slot.id))
    if slot.state is SlotState.MISSED and slot.settled_at:
        yield from _alerts(session, slot.job, {AlarmKind.MISSED.value}, slot.settled_at, "was missed")
    if slot.was_late:
        yield from _alerts(session, slot.job, {AlarmKind.LATE_START.value}, slot.due_at, "was late")


def before_run(session: Session, subject: str) -> Iterator[Neighbours]:
    """Why it was started: the expected run, the run that it repeats, an alert, a known error of an incident."""
    run = session.get_one(Run, key_of(subject))
    yield from named(Kind.SLOT, "started", run.slot_id)
    yield from named(Kind.RUN, "was repeated by", run.retry_of)
    mended = select(CorrectiveRun.alert_id, CorrectiveRun.episode).where(CorrectiveRun.run_id == run.id)
    yield from neighbours(session, Kind.ALERT, "was to be mended by", mended.order_by(CorrectiveRun.id))
    used = select(KnownErrorUse.incident_id).where(KnownErrorUse.run_id == run.id)
    yield from neighbours(session, Kind.INCIDENT, "was worked around by", used.order_by(KnownErrorUse.id))


def after_run(session: Session, subject: str) -> Iterator[Neighbours]:
    """What came of it: a repetition, an alert about its job, incidents that name it."""
    run = session.get_one(Run, key_of(subject))
    again = select(Run.id).where(Run.job == run.job, Run.retry_of == run.id).order_by(Run.id)
    yield from neighbours(session, Kind.RUN, "was repeated by", again)
    if run.outcome not in (None, *GOOD) and run.ended_at:
        yield from _alerts(session, run.job, None, run.ended_at, "failed into")
    named_by = (
        select(Incident.id)
        .join(TicketLink, TicketLink.ticket_id == Incident.id)
        .where(TicketLink.target == subject, TicketLink.verb == LinkVerb.CAUSED_BY)
    )
    yield from neighbours(session, Kind.INCIDENT, "caused", named_by.order_by(Incident.id))
    yield from neighbours(session, Kind.CANDIDATE, "recurs as", candidates_of(subject))


def before_alert(session: Session, subject: str) -> Iterator[Neighbours]:
    """Of our own alerts the runs, or the expected runs, that went wrong; what others send has no cause here."""
    alert, episode = session.get_one(Alert, key_of(subject)), episode_of(session, subject)
    job = alert.labels.get("job") if alert.source == own_events.SOURCE else None
    if job is None or episode is None:
        return
    since, until = episode.began_at - NOTICED_WITHIN, episode.ended_at
    kind = alert.labels.get("kind")
    if kind in OF_SLOTS:
        state = Slot.state == SlotState.MISSED if kind == AlarmKind.MISSED else Slot.was_late
        slots = select(Slot.id).where(Slot.job == job, state, Slot.due_at >= since)
        slots = slots.where(Slot.due_at <= until) if until else slots
        verb = "was missed" if kind == AlarmKind.MISSED else "was late"
        yield from neighbours(session, Kind.SLOT, verb, slots.order_by(Slot.due_at.desc()))
        return
    runs = select(Run.id).where(Run.job == job, Run.outcome.not_in(GOOD), Run.ended_at >= since)
    runs = runs.where(Run.ended_at <= until) if until else runs
    yield from neighbours(session, Kind.RUN, "failed into", runs.order_by(Run.ended_at.desc()))


def after_alert(session: Session, subject: str) -> Iterator[Neighbours]:
    """The incident that answers for it, and the runs that were to mend it."""
    alert, episode = session.get_one(Alert, key_of(subject)), episode_of(session, subject)
    if episode is None:
        return
    yield from named(Kind.INCIDENT, "is part of", episode.incident_of(session, alert))
    mending = select(CorrectiveRun.run_id).where(
        CorrectiveRun.alert_id == alert.id,
        CorrectiveRun.episode == episode.number,
        CorrectiveRun.run_id.is_not(None),
    )
    yield from neighbours(session, Kind.RUN, "was to be mended by", mending.order_by(CorrectiveRun.id))


def _alerts(session: Session, job: str, kinds: set[str] | None, at: datetime, verb: str) -> Iterator[Neighbours]:
    """The alerts about a job that fired at this moment, or at the look after it."""
    query = select(Alert).where(Alert.source == own_events.SOURCE, Alert.labels["job"].as_string() == job)
    found = []
    for alert in session.scalars(query.order_by(Alert.id)):
        kind = str(alert.labels.get("kind"))
        if kind in kinds if kinds is not None else kind not in OF_SLOTS:
            found += [one for one in episodes_of(session, alert.id) if _answers(one, at)][:1]
    if found:
        subjects = tuple(subject_of(Kind.ALERT, one.alert, one.number) for one in found)
        yield Neighbours(Kind.ALERT, verb, subjects, len(subjects))


def _answers(episode: Episode, at: datetime) -> bool:
    return episode.began_at <= at + NOTICED_WITHIN and (episode.ended_at is None or episode.ended_at >= at)

"""The timeline of an incident, read from what is known anyway: journal, notes, survey, alerts, runs, notices."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import surveys, tickets
from models.records import Alert, AlertChange, CorrectiveRun, Incident, JournalRow, Notice, Run, WorkNote
from models.rules.incident_words import in_words
from models.vocabulary import RunState

MOST_ALERT_CHANGES = 200
_TOLD_WITH_ITS_WORDS = {"note", "answer"}
"""By the note and by the survey: what people write is not in the journal."""


class Source(StrEnum):
    """What an entry was read from."""

    JOURNAL = "journal"
    NOTE = "note"
    SURVEY = "survey"
    ALERT = "alert"
    RUN = "run"
    NOTICE = "notice"


@dataclass(frozen=True)
class Entry:
    """One thing that happened to an incident, or around it."""

    at: datetime
    source: Source
    who: str
    text: str
    reason: str | None = None
    is_public: bool = False
    """The caller may read it: public notes, and what happened to the incident itself."""


def timeline(session: Session, incident: Incident) -> list[Entry]:
    """Everything, in the order in which it happened; of many changes of alerts the newest."""
    found = [
        *_from_journal(session, incident),
        *_from_notes(session, incident),
        *_from_survey(session, incident),
        *_from_alerts(session, incident),
        *_from_runs(session, incident),
        *_from_notices(session, incident),
    ]
    return sorted(found, key=lambda entry: entry.at)


def _from_journal(session: Session, incident: Incident) -> Iterator[Entry]:
    subjects = [tickets.subject_of(incident), f"major_incident/{incident.id}"]
    query = select(JournalRow).where(JournalRow.subject.in_(subjects)).order_by(JournalRow.seq)
    for row in session.scalars(query):
        action = row.tag.rpartition(":")[2]
        if action not in _TOLD_WITH_ITS_WORDS:
            text = in_words(action, json.loads(row.facts))
            reason = row.reason if row.reason and row.reason not in text else None
            yield Entry(datetime.fromisoformat(row.at), Source.JOURNAL, row.actor, text, reason, is_public=True)


def _from_notes(session: Session, incident: Incident) -> Iterator[Entry]:
    for note in tickets.notes_of(session, incident.id):
        yield Entry(note.at, Source.NOTE, note.person, _note_words(note), is_public=note.is_public)


def _from_survey(session: Session, incident: Incident) -> Iterator[Entry]:
    survey = surveys.of_ticket(session, incident.id)
    if survey is not None and survey.answered_at is not None:
        why = f": {survey.words}" if survey.words else ""
        yield Entry(survey.answered_at, Source.SURVEY, survey.person, f"says {survey.score} of 5{why}", is_public=True)


def _note_words(note: WorkNote) -> str:
    return f"update for {note.audience}: {note.text}" if note.audience else note.text


def _from_alerts(session: Session, incident: Incident) -> Iterator[Entry]:
    query = (
        select(AlertChange, Alert.name, Alert.service, Alert.host)
        .join(Alert, Alert.id == AlertChange.alert_id)
        .where(Alert.incident_id == incident.id)
        .order_by(AlertChange.id.desc())
        .limit(MOST_ALERT_CHANGES)
    )
    for change, name, service, host in session.execute(query):
        where = f" on {host or service}" if host or service else ""
        yield Entry(change.at, Source.ALERT, change.actor, f"{name}{where}: {change.action.value}", change.reason)


def _from_runs(session: Session, incident: Incident) -> Iterator[Entry]:
    """The runs that it is linked with, and those that were to mend what its alerts say."""
    linked = {
        int(link.target.removeprefix("run/"))
        for link in tickets.links_of(session, incident.id)
        if link.target.startswith("run/")
    }
    mending = session.scalars(
        select(CorrectiveRun.run_id)
        .join(Alert, Alert.id == CorrectiveRun.alert_id)
        .where(Alert.incident_id == incident.id, CorrectiveRun.run_id.is_not(None))
    )
    wanted = linked | {run_id for run_id in mending if run_id is not None}
    for run in session.scalars(select(Run).where(Run.id.in_(wanted)).order_by(Run.id)):
        if run.started_at:
            yield Entry(run.started_at, Source.RUN, run.requested_by, f"{run.number} {run.job} started")
        if run.state is RunState.ENDED and run.ended_at and run.outcome:
            text = f"{run.number} {run.job} ended {run.outcome.value}"
            yield Entry(run.ended_at, Source.RUN, run.requested_by, text, run.summary)


def _from_notices(session: Session, incident: Incident) -> Iterator[Entry]:
    query = select(Notice).where(Notice.subject == tickets.subject_of(incident)).order_by(Notice.id)
    for notice in session.scalars(query):
        text = f"{notice.tag} to {notice.to}: {notice.standing.value}"
        yield Entry(notice.sent_at or notice.created_at, Source.NOTICE, "notices", text, notice.error)

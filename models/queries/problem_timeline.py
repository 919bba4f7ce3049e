"""The timeline of a problem, read from what is known anyway: journal, notes, notices."""

import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import journal, tickets
from models.queries.incident_timeline import Entry, Source
from models.records import Notice, Problem
from models.rules.problem_words import in_words

_TOLD_WITH_ITS_WORDS = {"note"}
"""By the note itself: what people write is not in the journal."""


def timeline(session: Session, problem: Problem) -> list[Entry]:
    """Everything, in the order in which it happened."""
    found = [*_from_journal(session, problem), *_from_notes(session, problem), *_from_notices(session, problem)]
    return sorted(found, key=lambda entry: entry.at)


def _from_journal(session: Session, problem: Problem) -> Iterator[Entry]:
    for row in journal.rows_about(session, tickets.subject_of(problem)):
        action = row.tag.rpartition(":")[2]
        if action not in _TOLD_WITH_ITS_WORDS:
            text = in_words(action, json.loads(row.facts))
            reason = row.reason if row.reason and row.reason not in text else None
            yield Entry(datetime.fromisoformat(row.at), Source.JOURNAL, row.actor, text, reason, is_public=True)


def _from_notes(session: Session, problem: Problem) -> Iterator[Entry]:
    for note in tickets.notes_of(session, problem.id):
        yield Entry(note.at, Source.NOTE, note.person, note.text)


def _from_notices(session: Session, problem: Problem) -> Iterator[Entry]:
    query = select(Notice).where(Notice.subject == tickets.subject_of(problem)).order_by(Notice.id)
    for notice in session.scalars(query):
        text = f"{notice.tag} to {notice.to}: {notice.standing.value}"
        yield Entry(notice.sent_at or notice.created_at, Source.NOTICE, "notices", text, notice.error)

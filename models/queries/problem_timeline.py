"""The timeline of a problem, read from what is known anyway: journal, notes, notices."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import journal, problem_analysis, tickets
from models.queries.incident_timeline import Entry, Source
from models.records import JournalRow, Notice, Problem
from models.rules.problem_words import in_words

_BY_ITSELF = {"note"}
"""Told with its words by the note itself: what people write is not in the journal."""
_MANY_AT_ONCE = {"link", "unlink"}


def timeline(session: Session, problem: Problem) -> list[Entry]:
    """Everything, in the order in which it happened."""
    found = [*_from_journal(session, problem), *_from_notes(session, problem), *_from_notices(session, problem)]
    return sorted(found, key=lambda entry: entry.at)


def _from_journal(session: Session, problem: Problem) -> Iterator[Entry]:
    written = _written(session, problem)
    rows = [row for row in journal.rows_about(session, tickets.subject_of(problem)) if _action(row) not in _BY_ITSELF]
    for same in (list(group) for _, group in groupby(rows, _linked_at_once)):
        row, facts = same[0], json.loads(same[0].facts)
        facts["targets"] = [json.loads(one.facts)["target"] for one in same if "target" in facts]
        facts["text"] = written.get(("note", facts.get("note"))) or written.get(("task", facts.get("task")))
        text = in_words(_action(row), facts)
        reason = row.reason if row.reason and row.reason not in text else None
        yield Entry(datetime.fromisoformat(row.at), Source.JOURNAL, row.actor, text, reason, is_public=True)


def _action(row: JournalRow) -> str:
    return row.tag.rpartition(":")[2]


def _linked_at_once(row: JournalRow) -> tuple[object, ...]:
    """The same for links that were made, or undone, in one act: these are one entry."""
    if _action(row) not in _MANY_AT_ONCE:
        return (row.seq,)
    return (row.at, row.tag, row.actor, json.loads(row.facts)["verb"])


def _written(session: Session, problem: Problem) -> dict[tuple[str, int], str]:
    """What the entries of the analysis, and the tasks, say."""
    notes = problem_analysis.analysis_of(session, problem.id)
    tasks = problem_analysis.tasks_of(session, problem.id)
    return {("note", one.id): one.text for one in notes} | {("task", one.id): one.title for one in tasks}


def _from_notes(session: Session, problem: Problem) -> Iterator[Entry]:
    for note in tickets.notes_of(session, problem.id):
        yield Entry(note.at, Source.NOTE, note.person, note.text)


def _from_notices(session: Session, problem: Problem) -> Iterator[Entry]:
    query = select(Notice).where(Notice.subject == tickets.subject_of(problem)).order_by(Notice.id)
    for notice in session.scalars(query):
        text = f"{notice.tag} to {notice.to}: {notice.standing.value}"
        yield Entry(notice.sent_at or notice.created_at, Source.NOTICE, "notices", text, notice.error)

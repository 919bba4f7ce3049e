"""The fixes of a problem, from the journal, which keeps those too that were none; and what came back after each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.records import Incident, JournalRow, Problem, TicketLink
from models.vocabulary import LinkVerb

WAS_FIXED = "problems:problem:watch"
"""The move with which the watch over a fix begins."""


@dataclass(frozen=True)
class Fix:
    """One fix of a problem, and the next one if it was none."""

    seq: int
    """Its row in the journal."""
    problem: int
    at: datetime
    until: datetime | None
    """When the next fix was in."""
    by: str
    words: str
    change: str | None
    """That brought it, of the newest."""


def fixes_of(session: Session, problem_id: int) -> tuple[Fix, ...]:
    """The fixes of a problem, the oldest first."""
    query = select(JournalRow).where(JournalRow.subject == f"problem/{problem_id}", JournalRow.tag == WAS_FIXED)
    rows = list(session.scalars(query.order_by(JournalRow.seq)))
    change = session.scalar(select(Problem.change_reference).where(Problem.id == problem_id))
    return tuple(_fix(row, later, change) for row, later in pairwise([*rows, None]) if row is not None)


def fix_of(session: Session, seq: int) -> Fix | None:
    """The fix of this row of the journal."""
    row = session.get(JournalRow, seq)
    if row is None or row.tag != WAS_FIXED:
        return None
    return next(fix for fix in fixes_of(session, int(row.subject.partition("/")[2])) if fix.seq == seq)


def _fix(row: JournalRow, later: JournalRow | None, change: str | None) -> Fix:
    facts: dict[str, Any] = json.loads(row.facts)
    return Fix(
        seq=row.seq,
        problem=int(row.subject.partition("/")[2]),
        at=datetime.fromisoformat(row.at),
        until=datetime.fromisoformat(later.at) if later is not None else None,
        by=row.actor,
        words=str(facts.get("fix") or row.reason or "it is fixed"),
        change=change if later is None else None,
    )


def incidents_of(problem_id: int) -> Select[Any]:
    """The keys of the incidents of a problem, the oldest first; drills left out."""
    return (
        select(Incident.id)
        .join(TicketLink, TicketLink.ticket_id == Incident.id)
        .where(
            TicketLink.target == f"problem/{problem_id}",
            TicketLink.verb == LinkVerb.CAUSED_BY,
            Incident.is_drill.is_(False),
        )
        .order_by(Incident.opened_at, Incident.id)
    )


def came_back(fix: Fix) -> Select[Any]:
    """The incidents of the problem that were opened after this fix, and before the next."""
    query = incidents_of(fix.problem).where(Incident.opened_at > fix.at)
    return query.where(Incident.opened_at <= fix.until) if fix.until else query


def before_any(problem_id: int, fixes: tuple[Fix, ...]) -> Select[Any]:
    """The incidents of the problem that were opened before its first fix."""
    query = incidents_of(problem_id)
    return query.where(Incident.opened_at <= fixes[0].at) if fixes else query


def fixes_before(session: Session, incident: Incident) -> Iterator[Fix]:
    """The fixes after which this incident came all the same."""
    targets = select(TicketLink.target).where(
        TicketLink.ticket_id == incident.id,
        TicketLink.verb == LinkVerb.CAUSED_BY,
        TicketLink.target.startswith("problem/"),
    )
    for target in session.scalars(targets.order_by(TicketLink.id)):
        for fix in fixes_of(session, int(target.partition("/")[2])):
            if fix.at < incident.opened_at and (fix.until is None or incident.opened_at <= fix.until):
                yield fix

"""The fixes of a problem, from the journal, which keeps those too that were none; and what came back after each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from models.records import Incident, JournalRow, TicketLink
from models.vocabulary import LinkVerb

WAS_FIXED = "problems:problem:watch"
"""The move with which the watch over a fix begins."""
CAME_BACK, REOPENED = "problems:problem:recur", "problems:problem:reopen"
"""What says that it was none."""


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
    """That brought it."""
    recurred: tuple[int, ...]
    """The incidents for which it was reopened, also those of before it that were reopened."""
    has_failed: bool


def fixes_of(session: Session, problem_id: int) -> tuple[Fix, ...]:
    """The fixes of a problem, the oldest first."""
    query = select(JournalRow).where(
        JournalRow.subject == f"problem/{problem_id}", JournalRow.tag.in_((WAS_FIXED, CAME_BACK, REOPENED))
    )
    rows = list(session.scalars(query.order_by(JournalRow.seq)))
    places = [place for place, row in enumerate(rows) if row.tag == WAS_FIXED]
    ends = pairwise([*places, len(rows)])
    return tuple(_fix(rows[start:end], rows[end] if end < len(rows) else None) for start, end in ends)


def fix_of(session: Session, seq: int) -> Fix | None:
    """The fix of this row of the journal."""
    row = session.get(JournalRow, seq)
    if row is None or row.tag != WAS_FIXED:
        return None
    return next(fix for fix in fixes_of(session, int(row.subject.partition("/")[2])) if fix.seq == seq)


def _fix(rows: list[JournalRow], later: JournalRow | None) -> Fix:
    """The first of the rows, with what is said of it before the next."""
    row = rows[0]
    facts: dict[str, Any] = json.loads(row.facts)
    recurred = [json.loads(one.facts)["incident"] for one in rows if one.tag == CAME_BACK]
    return Fix(
        seq=row.seq,
        problem=int(row.subject.partition("/")[2]),
        at=datetime.fromisoformat(row.at),
        until=datetime.fromisoformat(later.at) if later is not None else None,
        by=row.actor,
        words=str(facts.get("fix") or row.reason or "it is fixed"),
        change=facts.get("change_reference"),
        recurred=tuple(int(subject.partition("/")[2]) for subject in recurred),
        has_failed=any(one.tag == REOPENED for one in rows),
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
    """The incidents of the problem that were opened after this fix, and before the next; or reopened."""
    opened = [Incident.opened_at > fix.at, *([Incident.opened_at <= fix.until] if fix.until else [])]
    return incidents_of(fix.problem).where(or_(and_(*opened), Incident.id.in_(fix.recurred)))


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
            came_after = fix.at < incident.opened_at and (fix.until is None or incident.opened_at <= fix.until)
            if came_after or incident.id in fix.recurred:
                yield fix

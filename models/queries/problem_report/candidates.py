"""The candidates that wait for a person."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.queries.problem_report.facts import CandidateLine
from models.queries.problem_report.reading import Ground
from models.records import CandidateTrouble, ProblemCandidate

DAY = timedelta(days=1)
EXAMPLES = 3
WORDS = 8


def candidates(session: Session, ground: Ground) -> tuple[CandidateLine, ...]:
    """Those that are open at the end of the period, which cost the most hours first."""
    until = ground.period.until
    query = select(ProblemCandidate).where(
        ProblemCandidate.found_at < until,
        or_(ProblemCandidate.decided_at.is_(None), ProblemCandidate.decided_at >= until),
    )
    found = [
        _line(ground, row, _troubles(session, ground, row))
        for row in session.scalars(query.order_by(ProblemCandidate.id))
    ]
    return tuple(sorted(found, key=lambda one: (-one.hours, -one.number, one.subject)))


def _troubles(session: Session, ground: Ground, row: ProblemCandidate) -> list[CandidateTrouble]:
    query = select(CandidateTrouble).where(
        CandidateTrouble.candidate_id == row.id, CandidateTrouble.at < ground.period.until
    )
    return list(session.scalars(query.order_by(CandidateTrouble.at, CandidateTrouble.subject)))


def _line(ground: Ground, row: ProblemCandidate, troubles: list[CandidateTrouble]) -> CandidateLine:
    return CandidateLine(
        subject=row.number,
        title=row.title,
        number=len(troubles),
        hours=sum(_hours(ground, one) for one in troubles),
        found_at=row.found_at,
        why="; ".join(_why(row, troubles)),
        examples=tuple(dict.fromkeys(one.title for one in reversed(troubles)))[:EXAMPLES],
    )


def _why(row: ProblemCandidate, troubles: list[CandidateTrouble]) -> Iterator[str]:
    if troubles:
        days = max(int((troubles[-1].at - troubles[0].at) / DAY) + 1, 1)
        yield f"{len(troubles)} within {days} {'day' if days == 1 else 'days'}"
    words = str(row.pattern.get("text") or "").split()
    if words:
        yield f"the same words: {', '.join(words[:WORDS])}"
    places = [f"{name} {row.pattern[name]}" for name in ("service", "host", "category") if row.pattern.get(name)]
    if places:
        yield f"the same {', '.join(places)}"


def _hours(ground: Ground, trouble: CandidateTrouble) -> float:
    """Of an incident; a run or an alert without one cost nobody an hour that is known."""
    kind, _, key = trouble.subject.partition("/")
    incident = ground.incidents.get(int(key)) if kind == "incident" else None
    return incident.hours if incident else 0.0

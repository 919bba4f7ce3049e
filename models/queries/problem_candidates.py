"""Problem candidates: what recurs is searched for, kept with its evidence, and accepted or dismissed by a person."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import MoveRefused, NotFound, Refused
from models.queries import (
    candidate_news,
    journal,
    problem_hours,
    problem_news,
    problem_opening,
    problems,
    trouble_history,
)
from models.queries.problem_opening import Evidence
from models.queries.problem_rules import read_handling
from models.queries.states import Because, advance
from models.records import CandidateTrouble, Problem, ProblemCandidate
from models.rules.candidates import candidate_id_of, candidate_number
from models.rules.figure_words import hours_text
from models.rules.incidents import fitting_text, fitting_title, text_problems, ticket_number
from models.rules.problem_moves import OVER
from models.rules.problems import NewProblem
from models.rules.recurring_trouble import Found, Pattern, Recurrence, clearly_worse, find_recurring
from models.site.detection import Detection
from models.vocabulary import CandidateState, ProblemOrigin, TicketKind

ACTOR = "find-problems"
"""Who finds them: the job of the site."""
MOST_AT_ONCE = 100
"""Candidates that one search makes: nobody would read more of them."""
_INCIDENT = "incident/"
_OPEN, _DISMISSED = CandidateState.OPEN, CandidateState.DISMISSED


@dataclass(frozen=True)
class Decision:
    """What a person says when a candidate becomes a problem; None is what the candidate says."""

    title: str | None = None
    team: str | None = None


def get(session: Session, number: int | str) -> ProblemCandidate:
    """One candidate, by its key or its number. Raises NotFound; ValueError for what is no number of one."""
    candidate_id = candidate_id_of(number) if isinstance(number, str) else number
    found = session.get(ProblemCandidate, candidate_id)
    if found is None:
        last = session.scalar(select(func.max(ProblemCandidate.id)))
        seen = f"the last is {candidate_number(last)}" if last else "there is none yet"
        raise NotFound(f"there is no problem candidate {candidate_number(candidate_id)}; {seen}")
    return found


def listed(session: Session, states: Sequence[CandidateState]) -> list[ProblemCandidate]:
    """Those in these states, the newest trouble first."""
    query = select(ProblemCandidate).where(ProblemCandidate.state.in_(states))
    return list(session.scalars(query.order_by(ProblemCandidate.last_seen_at.desc(), ProblemCandidate.id.desc())))


def troubles_of(session: Session, candidate_id: int) -> list[CandidateTrouble]:
    """What it explains, the oldest first."""
    query = select(CandidateTrouble).where(CandidateTrouble.candidate_id == candidate_id)
    return list(session.scalars(query.order_by(CandidateTrouble.at, CandidateTrouble.subject)))


def incident_ids_of(session: Session, candidate_id: int) -> list[int]:
    """The keys of the incidents among it, the lowest first."""
    row = CandidateTrouble
    query = select(row.subject).where(row.candidate_id == candidate_id, row.subject.startswith(_INCIDENT))
    return sorted(int(subject.removeprefix(_INCIDENT)) for subject in session.scalars(query))


def hours_lost(session: Session, row: ProblemCandidate, now: datetime) -> float:
    """Of its incidents, until their solution or until now."""
    return problem_hours.hours_lost(session, incident_ids_of(session, row.id), now)


def search(session: Session, now: datetime) -> Found:
    """What recurs now, beside what is known already. Nothing is written."""
    limits = _detection(session).limits()
    start = trouble_history.began(session)
    if start is None:
        return Found({}, [])
    troubles = trouble_history.troubles(session, now - limits.within - limits.history)
    known = sorted(_known(session, now), key=_specific_first)
    return find_recurring(troubles, known, limits, now, start)


def keep(session: Session, found: Found, now: datetime) -> list[str]:
    """Write down what a search found, and tell of what is new.

    Returns a line for each candidate that is new or has more trouble than before.
    """
    known = _known(session, now)
    lines: list[str] = []
    opened: list[ProblemCandidate] = []
    for pattern, recurrence in found.known.items():
        row = known.get(pattern)
        if row is not None and row.state is _OPEN:
            lines += _join(session, row, recurrence, now)
        elif row is not None and row.state is _DISMISSED and _is_worse(session, row, recurrence):
            then = f"{row.number} was dismissed when it was {row.times:,}: now it is clearly worse"
            opened.append(_open(session, recurrence, now, then))
    # What another search wrote down since is known by now.
    new = [recurrence for recurrence in found.new if recurrence.pattern not in known]
    opened += [_open(session, recurrence, now) for recurrence in new[:MOST_AT_ONCE]]
    told = [(row, hours_lost(session, row, now)) for row in opened]
    candidate_news.found(session, told, _detection_owner(session), now)
    lines += [f"{row.number}: {row.title}: {candidate_news.said(row)}" for row in opened]
    if new[MOST_AT_ONCE:]:
        lines.append(f"{len(new) - MOST_AT_ONCE:,} more patterns recur: the next search finds them")
    return lines


def accept(session: Session, row: ProblemCandidate, decision: Decision, because: Because, now: datetime) -> Problem:
    """Make it a problem, with its incidents.

    Raises MoveRefused for one that is decided, Refused for a wrong title, and when somebody was quicker by hand.
    """
    _hold(session, row)
    troubles = troubles_of(session, row.id)
    incident_ids = incident_ids_of(session, row.id)
    _refuse_known(session, row, incident_ids)
    said = row.evidence["said"]
    pattern = Pattern(**row.pattern)
    new = NewProblem(
        title=decision.title or row.title,
        description=fitting_text(_description(row, troubles)),
        origin=ProblemOrigin.PROACTIVE,
        service=pattern.service,
        host=pattern.host,
        category=pattern.category,
        team=decision.team or _detection_owner(session),
        source="candidate",
        incidents=tuple(incident_ids),
    )
    reason = replace(because, reason=because.reason or f"{row.number}: {said}", roles=None, key=None)
    problem = problems.open_problem(session, new, reason, now)
    hours = hours_lost(session, row, now)
    impact = f"{said}; {len(incident_ids)} incidents, {hours_text(hours)} lost"
    problem_opening.found_out(session, problem, Evidence(row.evidence["example"] or row.title, impact), reason, now)
    decided = {"problem_id": problem.id, "decided_at": now, "decided_by": because.actor, "reason": because.reason}
    advance(session, row, "accept", replace(because, at=now), **decided)
    problem_news.opened(session, problem, now)
    return problem


def dismiss(session: Session, row: ProblemCandidate, because: Because, now: datetime) -> None:
    """It is no problem: it is not asked about again for a time. Raises Refused when nobody says why."""
    wrong = list(text_problems("reason", because.reason or ""))
    if wrong:
        raise Refused("; ".join(wrong))
    _hold(session, row)
    forget_after = now + _detection(session).forget_after
    decided = {"decided_at": now, "decided_by": because.actor, "reason": because.reason, "forget_after": forget_after}
    advance(session, row, "dismiss", replace(because, at=now), **decided)


def _hold(session: Session, row: ProblemCandidate) -> None:
    """Decide about it alone: of two at once the second learns what the first said."""
    session.refresh(row, with_for_update=True)
    if row.decided_at is None:
        return
    said = f"{row.number} was {row.state.value} by {row.decided_by}"
    if row.problem_id is not None:
        raise MoveRefused(f"{said}: see `watchbill problem show {ticket_number(TicketKind.PROBLEM, row.problem_id)}`")
    raise MoveRefused(f"{said}: {row.reason}; `watchbill problem new --from INC...` opens a problem all the same")


def _refuse_known(session: Session, row: ProblemCandidate, incident_ids: Sequence[int]) -> None:
    """A problem that has all the incidents already is the one that this would become."""
    for problem in problems.problems_of(session, incident_ids[0]) if incident_ids else ():
        own = {incident.id for incident in problems.incidents_of(session, problem.id)}
        if problem.state not in OVER and own.issuperset(incident_ids):
            step = f'`watchbill problem dismiss {row.number} --reason "{problem.number}"`'
            raise Refused(f"{problem.number} has all the incidents of {row.number} already: {step}")


def key_of(pattern: Pattern) -> str:
    """The digest of a pattern."""
    return hashlib.sha256(pattern.key.encode()).hexdigest()


def _detection(session: Session) -> Detection:
    return read_handling(session).detection or Detection(owner=ACTOR)


def _detection_owner(session: Session) -> str | None:
    detection = read_handling(session).detection
    return detection.owner if detection is not None else None


def _specific_first(pattern: Pattern) -> tuple[bool, int]:
    return pattern.text is None, -pattern.key.count("|")


def _known(session: Session, now: datetime) -> dict[Pattern, ProblemCandidate]:
    """What need not be found again: open ones, accepted ones whose problem is not over, dismissals not forgotten."""
    query = (
        select(ProblemCandidate)
        .outerjoin(Problem, Problem.id == ProblemCandidate.problem_id)
        .where(
            (ProblemCandidate.state == _OPEN)
            | ((ProblemCandidate.state == CandidateState.ACCEPTED) & Problem.state.not_in(OVER))
            | ((ProblemCandidate.state == _DISMISSED) & (ProblemCandidate.forget_after > now))
        )
        # Of two with one pattern the newer counts: one that was dismissed may have been asked about again.
        .order_by(ProblemCandidate.id)
    )
    return {Pattern(**row.pattern): row for row in session.scalars(query)}


def _open(session: Session, recurrence: Recurrence, now: datetime, why: str | None = None) -> ProblemCandidate:
    row = ProblemCandidate(
        key=key_of(recurrence.pattern),
        pattern=asdict(recurrence.pattern),
        title=fitting_title(recurrence.title),
        service=recurrence.pattern.service,
        times=recurrence.rate.times,
        evidence=_evidence(recurrence, why),
        found_at=now,
        last_seen_at=recurrence.troubles[-1].at,
    )
    session.add(row)
    session.flush()
    _explain(session, row, recurrence)
    fact = journal.Fact(
        tag="problems:candidate:find",
        subject=f"candidate/{row.id}",
        actor=ACTOR,
        target=_OPEN.value,
        reason=candidate_news.said(row),
        facts={"title": row.title, "times": row.times},
        at=now,
    )
    journal.append(session, fact)
    return row


def _join(session: Session, row: ProblemCandidate, recurrence: Recurrence, now: datetime) -> Iterator[str]:
    """New trouble belongs to the candidate that is open; without any, only its figures are of today."""
    more = _explain(session, row, recurrence)
    row.evidence = _evidence(recurrence, row.evidence["why"])
    row.times, row.last_seen_at = recurrence.rate.times, recurrence.troubles[-1].at
    session.flush()
    if more:
        said = f"{more:,} more: {recurrence.rate.words}"
        advance(session, row, "join", Because(ACTOR, said, at=now), times=recurrence.rate.times)
        yield f"{row.number}: {said}"


def _evidence(recurrence: Recurrence, why: str | None) -> dict[str, Any]:
    rate = recurrence.rate
    return {
        "said": rate.words,
        "within_seconds": int(rate.within.total_seconds()),
        "before": rate.before,
        "before_seconds": int(rate.over.total_seconds()),
        "expected": rate.expected,
        "chance": rate.chance,
        "words": list(recurrence.words),
        "example": recurrence.troubles[0].text if recurrence.pattern.text else None,
        "why": why,
    }


def _explain(session: Session, row: ProblemCandidate, recurrence: Recurrence) -> int:
    """Add what is not with it yet; how many that were."""
    there = set(session.scalars(select(CandidateTrouble.subject).where(CandidateTrouble.candidate_id == row.id)))
    new = [trouble for trouble in recurrence.troubles if trouble.subject not in there]
    session.add_all(
        CandidateTrouble(candidate_id=row.id, subject=one.subject, at=one.at, title=fitting_title(one.said or one.text))
        for one in new
    )
    session.flush()
    return len(new)


def _is_worse(session: Session, row: ProblemCandidate, recurrence: Recurrence) -> bool:
    return clearly_worse(recurrence.rate.times, row.times, _detection(session).worse)


def _description(row: ProblemCandidate, troubles: Sequence[CandidateTrouble]) -> str:
    words = ", ".join(row.evidence["words"])
    lines = [f"{row.number}: {row.evidence['said']}."]
    if words:
        lines.append(f"What they have in common: {words}.")
    return "\n".join([*lines, *(f"{one.at:%Y-%m-%d %H:%M} UTC {one.title}" for one in troubles)])

"""Problem candidates for people: listed, shown with their evidence, accepted, dismissed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from desk.services.acting import acting_on, known_team
from desk.services.errors import Misuse
from desk.services.problems import ProblemLine, lines_of
from models.database import Database
from models.queries import desk_runs, problem_candidates, problem_hours
from models.queries.problem_candidates import Decision, incident_ids_of
from models.queries.problem_rules import read_handling
from models.records import CandidateTrouble, ProblemCandidate
from models.rules.candidates import candidate_id_of
from models.rules.incidents import LONGEST_TITLE, subject_number, text_problems, ticket_number
from models.vocabulary import CandidateState, TicketKind

TABLE = "problem_candidate"


@dataclass(frozen=True)
class CandidateLine:
    """One candidate of the list."""

    candidate: str
    """CAN000012."""
    title: str
    state: CandidateState
    service: str | None
    times: int
    """How often it happened within the span of the search."""
    said: str
    """That, and how unusual it is, in words."""
    expected: float | None
    """How often the time before lets expect it; null: there is no time before."""
    hours_lost: float
    """Of its incidents, until their solution or until now."""
    found_at: datetime
    last_seen_at: datetime
    problem: str | None
    """PRB000017, that it became."""
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    forget_after: datetime | None
    """Until then a dismissed one is not asked about again."""


@dataclass(frozen=True)
class CandidateList:
    """Candidates, the newest trouble first."""

    timezone: str
    at: datetime
    is_searched: bool
    """The site says `detection:`: there is a job that searches."""
    candidates: tuple[CandidateLine, ...]


@dataclass(frozen=True)
class TroubleLine:
    """Something that a candidate explains."""

    subject: str
    """INC000012, RUN000003, alert/7."""
    at: datetime
    title: str


@dataclass(frozen=True)
class CandidateDetail:
    """One candidate with its evidence."""

    line: CandidateLine
    timezone: str
    at: datetime
    pattern: dict[str, str | None]
    """What its trouble has in common: the sorted words of the text, service, host, category; null is anything."""
    words: tuple[str, ...]
    """What binds its texts: most of them have it, and most others have not."""
    example: str | None
    within: timedelta
    chance: float | None
    """How likely so many are when nothing has changed, 0 to 1."""
    before: int
    """How often it happened in the time before."""
    why_again: str | None
    """Why it is asked about though it was dismissed once."""
    cost: dict[str, float]
    """What its incidents have cost, by currency."""
    troubles: tuple[TroubleLine, ...]


@dataclass(frozen=True)
class Decided:
    """A candidate after a person decided; the problem, when it is one."""

    line: CandidateLine
    problem: ProblemLine | None = None


@dataclass(frozen=True)
class Act:
    """Who decides about which candidate, when, and why."""

    candidate: str
    person: str
    now: datetime
    reason: str | None = None


def list_candidates(database: Database, states: tuple[CandidateState, ...], now: datetime) -> CandidateList:
    """The candidates in these states."""
    with database.read() as session:
        lines = tuple(_line(session, row, now) for row in problem_candidates.listed(session, states))
        is_searched = read_handling(session).detection is not None
        return CandidateList(desk_runs.site_zone(session), now, is_searched, lines)


def show_candidate(database: Database, number: str, now: datetime) -> CandidateDetail:
    """One candidate. Raises Misuse for what is no number of one, NotFound."""
    with database.read() as session:
        row = _row(session, number)
        troubles = problem_candidates.troubles_of(session, row.id)
        cost = problem_hours.lost_by(session, incident_ids_of(session, row.id), now).cost
        said = row.evidence
        return CandidateDetail(
            line=_line(session, row, now),
            timezone=desk_runs.site_zone(session),
            at=now,
            pattern=row.pattern,
            words=tuple(said["words"]),
            example=said["example"],
            within=timedelta(seconds=said["within_seconds"]),
            chance=said["chance"],
            before=said["before"],
            why_again=said["why"],
            cost={currency: float(amount) for currency, amount in cost.items()},
            troubles=tuple(map(_trouble, troubles)),
        )


def accept(database: Database, act: Act, decision: Decision) -> Decided:
    """Make a problem of it. Raises Misuse, NotFound, Refused by role, MoveRefused for one that is decided."""
    wrong = list(text_problems("title", decision.title, LONGEST_TITLE)) if decision.title is not None else []
    wrong += text_problems("reason", act.reason) if act.reason is not None else []
    if wrong:
        raise Misuse("; ".join(wrong))
    with database.write() as session:
        row = _row(session, act.candidate)
        because = acting_on(session, act.person, row.number, "accept", TABLE, act.reason)
        if decision.team is not None:
            known_team(session, decision.team)
        problem = problem_candidates.accept(session, row, decision, because, act.now)
        (line,) = lines_of(session, [problem], act.now)
        return Decided(_line(session, row, act.now), line)


def dismiss(database: Database, act: Act) -> Decided:
    """It is no problem. Raises as `accept`, and Refused when nobody says why."""
    with database.write() as session:
        row = _row(session, act.candidate)
        because = acting_on(session, act.person, row.number, "dismiss", TABLE, act.reason)
        problem_candidates.dismiss(session, row, because, act.now)
        return Decided(_line(session, row, act.now))


def _row(session: Session, number: str) -> ProblemCandidate:
    try:
        key = candidate_id_of(number)
    except ValueError as error:
        raise Misuse(str(error)) from None
    return problem_candidates.get(session, key)


def _line(session: Session, row: ProblemCandidate, now: datetime) -> CandidateLine:
    return CandidateLine(
        candidate=row.number,
        title=row.title,
        state=row.state,
        service=row.service,
        times=row.times,
        said=row.evidence["said"],
        expected=row.evidence["expected"],
        hours_lost=round(problem_candidates.hours_lost(session, row, now), 2),
        found_at=row.found_at,
        last_seen_at=row.last_seen_at,
        problem=ticket_number(TicketKind.PROBLEM, row.problem_id) if row.problem_id is not None else None,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        forget_after=row.forget_after,
    )


def _trouble(row: CandidateTrouble) -> TroubleLine:
    # `alert/7/3` is its third episode.
    return TroubleLine(subject_number("/".join(row.subject.split("/")[:2])), row.at, row.title)

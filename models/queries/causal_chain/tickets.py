"""Around tickets: incidents, the problems behind them, what is known of these, and what came back."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from models.queries.causal_chain import fixes
from models.queries.causal_chain.content import Kind, Neighbours
from models.queries.causal_chain.episodes import episodes_of_incident
from models.queries.causal_chain.reading import key_of, named, neighbours, subject_of
from models.records import (
    Alert,
    CandidateTrouble,
    CorrectiveRun,
    Incident,
    KnownError,
    KnownErrorUse,
    ProblemCandidate,
    Ticket,
    TicketLink,
)
from models.vocabulary import LinkVerb


def before_incident(session: Session, subject: str) -> Iterator[Neighbours]:
    """Its alerts, the runs and incidents that caused it, those that are part of it, and a fix that did not hold."""
    incident = session.get_one(Incident, key_of(subject))
    yield from neighbours(session, Kind.ALERT, "is part of", episodes_of_incident(session, incident))
    for kind, verb in ((Kind.RUN, "caused"), (Kind.INCIDENT, "caused")):
        yield from named(kind, verb, *_targets(session, incident.id, LinkVerb.CAUSED_BY, kind))
    yield from named(Kind.INCIDENT, "is part of", *_targets(session, incident.id, LinkVerb.PARENT_OF, Kind.INCIDENT))
    yield from neighbours(session, Kind.INCIDENT, "is a duplicate of", _sources(subject, LinkVerb.DUPLICATE_OF))
    yield from named(Kind.FIX, "did not hold:", *(fix.seq for fix in fixes.fixes_before(session, incident)))


def after_incident(session: Session, subject: str) -> Iterator[Neighbours]:
    """What it belongs to and what it caused; the runs that mended it, the known errors that helped, its problems."""
    key = key_of(subject)
    yield from neighbours(session, Kind.INCIDENT, "is part of", _sources(subject, LinkVerb.PARENT_OF))
    yield from named(Kind.INCIDENT, "is a duplicate of", *_targets(session, key, LinkVerb.DUPLICATE_OF, Kind.INCIDENT))
    yield from neighbours(session, Kind.INCIDENT, "caused", _sources(subject, LinkVerb.CAUSED_BY))
    yield from neighbours(session, Kind.RUN, "was worked around by", _runs(key))
    used = select(KnownErrorUse.known_error_id).where(
        KnownErrorUse.incident_id == key, KnownErrorUse.used_at.is_not(None)
    )
    yield from neighbours(session, Kind.KNOWN_ERROR, "was recognised as", used.order_by(KnownErrorUse.used_at))
    yield from named(Kind.PROBLEM, "belongs to", *_targets(session, key, LinkVerb.CAUSED_BY, Kind.PROBLEM))
    yield from neighbours(session, Kind.CANDIDATE, "recurs as", candidates_of(subject))


def before_candidate(session: Session, subject: str) -> Iterator[Neighbours]:
    """The incidents and the runs that it was found in."""
    for kind in (Kind.INCIDENT, Kind.RUN):
        query = select(CandidateTrouble.subject).where(
            CandidateTrouble.candidate_id == key_of(subject),
            CandidateTrouble.subject.startswith(f"{subject_of(kind)}/"),
        )
        found = session.scalars(query.order_by(CandidateTrouble.at, CandidateTrouble.subject))
        yield from named(kind, "recurs as", *map(key_of, found))


def after_candidate(session: Session, subject: str) -> Iterator[Neighbours]:
    """The problem that it became."""
    yield from named(Kind.PROBLEM, "became", session.get_one(ProblemCandidate, key_of(subject)).problem_id)


def before_problem(session: Session, subject: str) -> Iterator[Neighbours]:
    """Its incidents from before any fix, the candidate that it was, the problems that were merged into it."""
    key = key_of(subject)
    incidents = fixes.before_any(key, fixes.fixes_of(session, key))
    yield from neighbours(session, Kind.INCIDENT, "belongs to", incidents)
    candidates = select(ProblemCandidate.id).where(ProblemCandidate.problem_id == key).order_by(ProblemCandidate.id)
    yield from neighbours(session, Kind.CANDIDATE, "became", candidates)
    yield from neighbours(session, Kind.PROBLEM, "is a duplicate of", _sources(subject, LinkVerb.DUPLICATE_OF))


def after_problem(session: Session, subject: str) -> Iterator[Neighbours]:
    """Its known errors; its fixes, unless these come after a known error; what it is a duplicate of."""
    key = key_of(subject)
    known = select(KnownError.id).where(KnownError.problem_id == key).order_by(KnownError.id)
    found = neighbours(session, Kind.KNOWN_ERROR, "is known as", known)
    yield from found or named(Kind.FIX, "was fixed by", *_fixes(session, key))
    yield from named(Kind.PROBLEM, "is a duplicate of", *_targets(session, key, LinkVerb.DUPLICATE_OF, Kind.PROBLEM))


def before_known_error(session: Session, subject: str) -> Iterator[Neighbours]:
    """The problem that it is of, and the incidents that were recognised as it."""
    key = key_of(subject)
    yield from named(Kind.PROBLEM, "is known as", session.get_one(KnownError, key).problem_id)
    used = select(KnownErrorUse.incident_id).where(
        KnownErrorUse.known_error_id == key, KnownErrorUse.used_at.is_not(None)
    )
    yield from neighbours(session, Kind.INCIDENT, "was recognised as", used.order_by(KnownErrorUse.used_at))


def after_known_error(session: Session, subject: str) -> Iterator[Neighbours]:
    """The fixes of its problem."""
    problem = session.get_one(KnownError, key_of(subject)).problem_id
    if problem is not None:
        yield from named(Kind.FIX, "was fixed by", *_fixes(session, problem))


def before_fix(session: Session, subject: str) -> Iterator[Neighbours]:
    """The known errors of the problem that it fixed, or that problem itself."""
    fix = fixes.fix_of(session, key_of(subject))
    if fix is None:
        return
    known = select(KnownError.id).where(KnownError.problem_id == fix.problem).order_by(KnownError.id)
    found = neighbours(session, Kind.KNOWN_ERROR, "was fixed by", known)
    yield from found or named(Kind.PROBLEM, "was fixed by", fix.problem)


def after_fix(session: Session, subject: str) -> Iterator[Neighbours]:
    """What came back."""
    fix = fixes.fix_of(session, key_of(subject))
    if fix is not None:
        yield from neighbours(session, Kind.INCIDENT, "did not hold:", fixes.came_back(fix))


def candidates_of(subject: str) -> Select[Any]:
    """The keys of the candidates that something was found in."""
    found = CandidateTrouble.candidate_id
    return select(found).where(CandidateTrouble.subject == subject).order_by(found)


def _fixes(session: Session, problem_id: int) -> list[int]:
    return [fix.seq for fix in fixes.fixes_of(session, problem_id)]


def _runs(incident_id: int) -> Select[Any]:
    """The runs that were to mend its alerts, and those of the known errors that were used."""
    mending = (
        select(CorrectiveRun.run_id.label("run"))
        .join(Alert, Alert.id == CorrectiveRun.alert_id)
        .where(
            Alert.incident_id == incident_id,
            Alert.episode == CorrectiveRun.episode,
            CorrectiveRun.run_id.is_not(None),
        )
    )
    used = select(KnownErrorUse.run_id.label("run")).where(
        KnownErrorUse.incident_id == incident_id, KnownErrorUse.run_id.is_not(None)
    )
    both = union(mending, used).subquery()
    return select(both.c.run).order_by(both.c.run)


def _targets(session: Session, ticket_id: int, verb: LinkVerb, kind: Kind) -> list[int]:
    """The keys of what a ticket points at."""
    query = select(TicketLink.target).where(
        TicketLink.ticket_id == ticket_id, TicketLink.verb == verb, TicketLink.target.startswith(f"{subject_of(kind)}/")
    )
    return [key_of(target) for target in session.scalars(query.order_by(TicketLink.id))]


def _sources(subject: str, verb: LinkVerb) -> Select[Any]:
    """The keys of the tickets of its own kind that point at it."""
    return (
        select(TicketLink.ticket_id)
        .join(Ticket, Ticket.id == TicketLink.ticket_id)
        .where(TicketLink.target == subject, TicketLink.verb == verb, Ticket.kind == subject.partition("/")[0])
        .order_by(TicketLink.ticket_id)
    )

"""What is said of each thing of a chain: its number, its title, where it stands, when it began."""

from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.queries.causal_chain import fixes
from models.queries.causal_chain.content import Kind, Node
from models.queries.causal_chain.episodes import episode_of
from models.queries.causal_chain.reading import key_of, kind_of
from models.records import Alert, Event, Incident, KnownError, Problem, ProblemCandidate, Run, Slot


def node_of(session: Session, subject: str) -> Node | None:
    """One thing as the chain shows it; None when there is no such thing (any more)."""
    return READERS[kind_of(subject)](session, subject)


def _event(session: Session, subject: str) -> Node | None:
    row = session.get(Event, key_of(subject))
    if row is None:
        return None
    return Node(subject, Kind.EVENT, None, row.name, "received", row.received_at, f"from {row.source or row.sent_by}")


def _slot(session: Session, subject: str) -> Node | None:
    row = session.get(Slot, key_of(subject))
    if row is None:
        return None
    return Node(subject, Kind.SLOT, None, row.job, row.state.value, row.due_at, row.reason or "")


def _run(session: Session, subject: str) -> Node | None:
    row = session.get(Run, key_of(subject))
    if row is None:
        return None
    state = row.outcome.value if row.outcome else row.state.value
    return Node(subject, Kind.RUN, row.number, row.job, state, row.started_at or row.queued_at, row.summary or "")


def _alert(session: Session, subject: str) -> Node | None:
    row, episode = session.get(Alert, key_of(subject)), episode_of(session, subject)
    if row is None or episode is None:
        return None
    where = row.host or row.service
    title = f"{row.name} of {where}" if where else row.name
    is_newest = episode.number == row.episode
    state = row.state.value if is_newest else "resolved"
    return Node(subject, Kind.ALERT, None, title, state, episode.began_at, f"from {row.source}")


def _incident(session: Session, subject: str) -> Node | None:
    row = session.get(Incident, key_of(subject))
    if row is None:
        return None
    solution = f"{row.resolution_code.value}: {row.resolution}" if row.resolution_code else ""
    return Node(subject, Kind.INCIDENT, row.number, row.title, row.state.value, row.opened_at, solution)


def _candidate(session: Session, subject: str) -> Node | None:
    row = session.get(ProblemCandidate, key_of(subject))
    if row is None:
        return None
    return Node(subject, Kind.CANDIDATE, row.number, row.title, row.state.value, row.found_at)


def _problem(session: Session, subject: str) -> Node | None:
    row = session.get(Problem, key_of(subject))
    if row is None:
        return None
    number = session.scalar(select(func.count()).select_from(fixes.incidents_of(row.id).order_by(None).subquery())) or 0
    words = f"{number:,} incident{'' if number == 1 else 's'}"
    detail = f"{words}; cause: {row.cause}" if row.cause else words
    return Node(subject, Kind.PROBLEM, row.number, row.title, row.state.value, row.opened_at, detail)


def _known_error(session: Session, subject: str) -> Node | None:
    row = session.get(KnownError, key_of(subject))
    if row is None:
        return None
    workaround = f"workaround: {row.workaround or row.workaround_job}" if row.workaround or row.workaround_job else ""
    return Node(subject, Kind.KNOWN_ERROR, row.number, row.title, row.state.value, row.created_at, workaround)


def _fix(session: Session, subject: str) -> Node | None:
    fix = fixes.fix_of(session, key_of(subject))
    if fix is None:
        return None
    back = session.scalar(select(func.count()).select_from(fixes.came_back(fix).order_by(None).subquery())) or 0
    state = "did not hold" if back or fix.has_failed or fix.until else "holds so far"
    return Node(subject, Kind.FIX, fix.change, fix.words, state, fix.at, f"by {fix.by}")


READERS: dict[Kind, Callable[[Session, str], Node | None]] = {
    Kind.EVENT: _event,
    Kind.SLOT: _slot,
    Kind.RUN: _run,
    Kind.ALERT: _alert,
    Kind.INCIDENT: _incident,
    Kind.CANDIDATE: _candidate,
    Kind.PROBLEM: _problem,
    Kind.KNOWN_ERROR: _known_error,
    Kind.FIX: _fix,
}

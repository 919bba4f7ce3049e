"""What became of known errors on incidents: suggested, used, worked or not. How often is counted from the rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import journal, problem_escalation, tickets
from models.queries.states import Because
from models.records import Incident, KnownError, KnownErrorUse, Ticket
from models.rules.known_errors import Tally
from models.vocabulary import KnownErrorState

ACTOR = "known errors"
"""Who suggests them, and starts what runs by itself."""
AT_ONCE = 500
"""In one question: SQLite takes no more than some thousands."""
_WORKED = func.count(case((KnownErrorUse.worked.is_(True), 1)))
_FAILED = func.count(case((KnownErrorUse.worked.is_(False), 1)))


def subject_of(known_error_id: int) -> str:
    """A known error as the journal and the links name it: `known-error/7`."""
    return f"known-error/{known_error_id}"


def uses_of(session: Session, incident_id: int) -> list[tuple[KnownErrorUse, KnownError]]:
    """What was suggested for an incident, the surest first, and what was used besides."""
    query = (
        select(KnownErrorUse, KnownError)
        .join(KnownError, KnownError.id == KnownErrorUse.known_error_id)
        .where(KnownErrorUse.incident_id == incident_id)
        .order_by(KnownErrorUse.id)
    )
    return list(session.execute(query).tuples())


def use(session: Session, incident: Incident, known_error: KnownError, person: str, now: datetime) -> KnownErrorUse:
    """Somebody, or a part of ours, does on this incident what the known error says; once, however often it is said.

    Raises Refused for one that is not published.
    """
    if known_error.state is not KnownErrorState.PUBLISHED:
        raise Refused(f"{known_error.number} is {known_error.state.value}: `watchbill known-error publish` it first")
    session.refresh(incident, with_for_update=True)  # two who say so at once use it once
    row = _of(session, incident, known_error) or _named(session, incident, known_error, person)
    if row.used_at is None:
        row.used_at, row.used_by = now, person
        session.flush()
        _tell(session, row, "use", person, now)
        problem_escalation.consider(session, incident, now)
    return row


def worked(session: Session, row: KnownErrorUse, has_worked: bool, because: Because, now: datetime) -> None:
    """Write down whether it helped, and how that is known; a verdict of today may be another tomorrow."""
    if row.worked is has_worked:
        return
    incident = session.get_one(Incident, row.incident_id)
    row.worked, row.settled_at, row.reason = has_worked, now, because.reason
    row.service, row.category, row.look_at = incident.service, incident.category, None
    session.flush()
    _tell(session, row, "worked" if has_worked else "failed", because.actor, now)


def reopened(session: Session, incident: Incident, because: Because, now: datetime) -> None:
    """What was thought to have worked has not: the incident goes on."""
    query = select(KnownErrorUse).where(KnownErrorUse.incident_id == incident.id, KnownErrorUse.worked.is_(True))
    for row in session.scalars(query):
        worked(session, row, False, Because(because.actor, f"{incident.number} was reopened"), now)


def tallies(session: Session, known_error_ids: Iterable[int]) -> dict[int, Tally]:
    """How often each was suggested and used, and what came of it. Drills are left out."""
    row = KnownErrorUse
    counts = (func.count(row.suggested_at), func.count(row.used_at), _WORKED, _FAILED)
    return {number: Tally(*known) for number, known in _counted(session, known_error_ids, counts).items()}


def verdicts(session: Session, known_error_ids: Iterable[int]) -> dict[int, Tally]:
    """Only what came of each: quick however often it was suggested."""
    found = _counted(session, known_error_ids, (_WORKED, _FAILED), KnownErrorUse.settled_at.is_not(None))
    return {number: Tally(worked=worked, failed=failed) for number, (worked, failed) in found.items()}


def _counted(
    session: Session, known_error_ids: Iterable[int], counts: Sequence[ColumnElement[int]], *where: ColumnElement[bool]
) -> dict[int, Sequence[int]]:
    wanted, row = list(known_error_ids), KnownErrorUse
    query = (
        select(row.known_error_id, *counts)
        .join(Ticket, Ticket.id == row.incident_id)
        .where(Ticket.is_drill.is_(False), *where)
        .group_by(row.known_error_id)
    )
    found: dict[int, Sequence[int]] = dict.fromkeys(wanted, (0,) * len(counts))
    for first in range(0, len(wanted), AT_ONCE):
        some = query.where(row.known_error_id.in_(wanted[first : first + AT_ONCE]))
        found |= {number: known for number, *known in session.execute(some)}
    return found


def _of(session: Session, incident: Incident, known_error: KnownError) -> KnownErrorUse | None:
    return session.scalar(
        select(KnownErrorUse).where(
            KnownErrorUse.incident_id == incident.id, KnownErrorUse.known_error_id == known_error.id
        )
    )


def _named(session: Session, incident: Incident, known_error: KnownError, person: str) -> KnownErrorUse:
    row = KnownErrorUse(incident_id=incident.id, known_error_id=known_error.id, why=f"named by {person}", score=0)
    session.add(row)
    return row


def _tell(session: Session, row: KnownErrorUse, action: str, by: str, now: datetime) -> None:
    incident = session.get_one(Incident, row.incident_id)
    facts = {"incident": tickets.subject_of(incident)}
    tag, subject = f"problems:known-error:{action}", subject_of(row.known_error_id)
    journal.append(session, journal.Fact(tag, subject, by, reason=row.reason, facts=facts, at=now))

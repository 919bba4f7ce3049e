"""Known errors for a new incident: the published ones that recognise it, and those that solved one like it.

Each published known error is filed under one of the things that it asks for (`known_error_key`), so that of those that
are filed under what an incident has only the surest are tried, however many there are; the table serves all processes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.queries import incidents
from models.queries.incident_book import read_incident_book
from models.queries.known_error_uses import ACTOR, AT_ONCE, verdicts
from models.queries.known_error_workarounds import start_of
from models.records import Alert, Incident, KnownError, KnownErrorKey, KnownErrorUse, Ticket
from models.rules.incidents import ticket_number
from models.rules.known_error_filing import keys_of
from models.rules.known_error_lessons import Lesson, Like, likenesses
from models.rules.known_error_matching import Recognition, Seen, of_spec
from models.rules.known_error_search import MOST_SURE, Filed, Found, search
from models.rules.known_error_words import Said
from models.rules.known_errors import Tally
from models.vocabulary import KnownErrorState, TicketKind

MOST_SUGGESTED = 5
MOST_ALERTS = 200
MOST_LESSONS = 200
"""The newest of the service and category."""


@dataclass(frozen=True)
class Suggestion:
    """A known error that may fit an incident."""

    known_error: KnownError
    why: str
    score: int
    """How surely it fits; 0: it is only like one that it has solved."""
    tally: Tally


@dataclass(frozen=True)
class Suggestions:
    """What may fit an incident."""

    surest: tuple[Suggestion, ...]
    """The surest first."""
    untried: int
    """How many might fit besides, and were too many to be tried."""


def suggest(session: Session, incident: Incident, now: datetime) -> list[Suggestion]:
    """Say on a new incident, privately and once, which known errors may fit it; the surest first."""
    known = set(session.scalars(select(KnownErrorUse.known_error_id).where(KnownErrorUse.incident_id == incident.id)))
    fitting = suggestions(session, incident)
    found = [one for one in fitting.surest if one.known_error.id not in known]
    rows = [_row(incident, one, now) for one in found]
    session.add_all(rows)
    start = start_of(session, incident, [(row, one.known_error) for row, one in zip(rows, found, strict=True)])
    if start.row is not None:
        start.row.look_at = now
    session.flush()
    lines = ["Known errors that may fit:", *map(_line, found), *start.words] if found else []
    lines += [_untried(fitting.untried)] if fitting.untried else []
    if lines:
        incidents.note(session, incident, ACTOR, "\n".join(lines), public=False, now=now)
    return found


def suggestions(session: Session, incident: Incident) -> Suggestions:
    """The published known errors that may fit it; nothing is written."""
    searched = _searched(session, _seen(session, incident))
    found = {number: (one.score, one.why) for number, one in searched.recognised.items()}
    for like in _alike(session, incident):
        found.setdefault(like.known_error, (0, _why(incident, like)))
    surest = sorted(found, key=lambda number: (-found[number][0], number))[:MOST_SURE]
    counted = verdicts(session, surest)
    ranked = sorted(surest, key=lambda number: (-found[number][0], -counted[number].worked, number))[:MOST_SUGGESTED]
    rows = {row.id: row for row in session.scalars(select(KnownError).where(KnownError.id.in_(ranked)))}
    surest_first = tuple(Suggestion(rows[key], found[key][1], found[key][0], counted[key]) for key in ranked)
    return Suggestions(surest_first, searched.untried)


def _seen(session: Session, incident: Incident) -> Seen:
    alerts = select(Alert.labels).where(Alert.incident_id == incident.id).order_by(Alert.id).limit(MOST_ALERTS)
    labels = tuple({name: str(value) for name, value in one.items()} for one in session.scalars(alerts))
    book = read_incident_book(session)
    return Seen(
        said=Said((incident.title, incident.description)),
        service=incident.service,
        categories=book.subject(incident).categories,
        host=incident.host,
        alerts=labels,
    )


def _searched(session: Session, seen: Seen) -> Found:
    """Those that are filed under something that it has, tried as far as need be."""

    def read(numbers: Sequence[int]) -> dict[int, Recognition]:
        query = select(KnownError.id, KnownError.recognise).where(KnownError.id.in_(numbers))
        return {number: of_spec(spec) for number, spec in session.execute(query).tuples()}

    return search(_filed(session, seen), seen, read)


def _filed(session: Session, seen: Seen) -> Iterator[Filed]:
    row, keys = KnownErrorKey.__table__.c, sorted(keys_of(seen))
    query = select(row.known_error_id, row.key, row.score, row.pieces).where(
        or_(row.service.is_(None), row.service == seen.service),
        or_(row.category.is_(None), row.category.in_(seen.categories)),
    )
    for first in range(0, len(keys), AT_ONCE):
        yield from map(Filed._make, session.execute(query.where(row.key.in_(keys[first : first + AT_ONCE]))))


def _alike(session: Session, incident: Incident) -> list[Like]:
    """What the solved incidents of the same service and category teach about it."""
    if incident.service is None:
        return []
    query = (
        select(KnownErrorUse.known_error_id, Ticket.id, Ticket.title)
        .join(Ticket, Ticket.id == KnownErrorUse.incident_id)
        .join(KnownError, KnownError.id == KnownErrorUse.known_error_id)
        .where(
            KnownErrorUse.service == incident.service,
            KnownErrorUse.category == incident.category,
            KnownErrorUse.worked.is_(True),
            KnownError.state == KnownErrorState.PUBLISHED,
            Ticket.is_drill.is_(False),
        )
        .order_by(KnownErrorUse.id.desc())
        .limit(MOST_LESSONS)
    )
    found = session.execute(query).tuples().all()
    if not found:
        return []
    lessons = [Lesson(known_error, ticket_number(TicketKind.INCIDENT, key), title) for known_error, key, title in found]
    taught = {key for _, key, _ in found}
    recent = (
        select(Ticket.id, Ticket.title)
        .where(Ticket.service == incident.service, Ticket.kind == TicketKind.INCIDENT, Ticket.id != incident.id)
        .order_by(Ticket.opened_at.desc())
        .limit(MOST_LESSONS)
    )
    others = [title for key, title in session.execute(recent).tuples() if key not in taught]
    return likenesses(incident.title, lessons, others)


def _why(incident: Incident, like: Like) -> str:
    shared = " and ".join(f"'{word}'" for word in like.words)
    return f"it solved {like.incident}: service {incident.service}, the words {shared}"


def _row(incident: Incident, one: Suggestion, now: datetime) -> KnownErrorUse:
    row = KnownErrorUse(incident_id=incident.id, known_error_id=one.known_error.id, why=one.why, score=one.score)
    row.suggested_at = now
    return row


def _line(one: Suggestion) -> str:
    known, tally = one.known_error, one.tally
    percent = tally.worked_percent
    so_far = "" if percent is None else f"; it worked {percent} % of {tally.worked + tally.failed} times"
    help_ = known.workaround or f"the job {known.workaround_job}"
    return f"{known.number} {known.title} ({one.why}{so_far}): {' '.join(help_.split())[:500]}"


def _untried(many: int) -> str:
    return (
        f"{many:,} more known errors might fit and were not tried: they ask for nothing by which they could be told "
        "apart. A word, the value of a label, a host or a service of their own would do that."
    )

"""What a batch of tickets of another tool would change here: found without writing anything."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from models.queries.ticket_import.known import Known, known_of, left_of, records_of
from models.rules.replay_columns import Record
from models.rules.source_tickets import SourceEvent, SourceTicket, chain
from models.rules.ticket_replay import Grade, Replayed, go_on, replay
from models.rules.ticket_rows import Refusal, RowRefused
from models.vocabulary import FileShape


@dataclass(frozen=True)
class Change:
    """A ticket with what becomes of it."""

    ticket: SourceTicket
    replayed: Replayed
    digest: str
    known: Known | None = None
    """What was here of it; None: nothing."""
    events: int = 0
    """How many events of the file are new."""


@dataclass
class Plan:
    """What a batch changes."""

    new: list[Change] = field(default_factory=list)
    continued: list[Change] = field(default_factory=list)
    same: int = 0
    refused: list[Refusal] = field(default_factory=list)


def plan(session: Session, source: str, tickets: Sequence[SourceTicket], grade: Grade) -> Plan:
    """What these tickets change here."""
    found = Plan()
    known = known_of(session, source, [ticket.id for ticket in tickets])
    records = _records(session, list(known.values()))
    for ticket in tickets:
        try:
            _plan_one(found, ticket, known.get(ticket.id), records, grade)
        except RowRefused as error:
            found.refused += [Refusal(line, ticket.id, error.reason, error.words) for line in _lines(ticket)]
    return found


def _records(session: Session, known: Sequence[Known]) -> dict[int, Record]:
    by_kind = defaultdict(list)
    for one in known:
        by_kind[one.kind].append(one.ticket_id)
    return {key: row for kind, ids in by_kind.items() for key, row in records_of(session, kind, ids).items()}


def _plan_one(found: Plan, ticket: SourceTicket, known: Known | None, records: dict[int, Record], grade: Grade) -> None:
    whole = chain(ticket.events)
    if known is None:
        found.new.append(Change(ticket, replay(ticket, grade), whole, events=ticket.rows))
        return
    if known.digest == whole:
        found.same += 1
        return
    events = _new_events(ticket, known)
    if not events:
        found.same += 1
        return
    record = records[known.ticket_id]
    if known.kind is not ticket.kind:
        raise RowRefused("a ticket of two kinds", f"{ticket.id} is {known.kind.value} here already")
    now = left_of(record)
    if now != dict(known.left):
        changed = ", ".join(name for name in now if now[name] != known.left.get(name))
        words = f"{ticket.id} has gone on in the file, and its {changed} was changed here since: it is yours now"
        raise RowRefused("a ticket that was worked on here", words)
    is_longer = ticket.shape is FileShape.CHANGES and events[0] is not ticket.events[0]
    digest = whole if is_longer or ticket.shape is FileShape.TICKETS else chain(events, known.digest)
    found.continued.append(Change(ticket, go_on(ticket, grade, record, events), digest, known, len(events)))


def _new_events(ticket: SourceTicket, known: Known) -> Sequence[SourceEvent]:
    """The events that are not here yet. Raises RowRefused when the file tells another story than the one before."""
    events = ticket.events
    if ticket.shape is FileShape.TICKETS:
        later = [event for event in events if event.at > known.last_at]
        if later:
            return later
        return [events[-1]] if events[-1].at == known.last_at else []
    if len(events) > known.rows and chain(events[: known.rows]) == known.digest:
        return events[known.rows :]
    if events[0].at > known.last_at:
        return events
    words = (
        f"{ticket.id} is told otherwise here than in the import before: nothing of it was changed; "
        "correct it by hand, or take the file in under another `source`"
    )
    raise RowRefused("another story than before", words)


def _lines(ticket: SourceTicket) -> Iterator[int]:
    """The lines of its rows, in order: all that is said of it is refused together."""
    yield from sorted({event.line for event in ticket.events})

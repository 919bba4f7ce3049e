"""Links between imported tickets: which is part of which."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import journal
from models.queries.ticket_import.known import IMPORTED, TICKET
from models.queries.ticket_import.writing import Import
from models.records import TicketLink
from models.rules.parent_links import Parents
from models.vocabulary import LinkVerb, TicketKind

BATCH = 500
Subjects = Mapping[str, tuple[int, TicketKind]]


def known_ids(session: Session, source: str, parents: Parents) -> set[str]:
    """Those of the parents that are here."""
    return set(_keys(session, source, sorted({parent for _, parent in parents.values()})))


def add(session: Session, order: Import, parents: Mapping[str, str]) -> tuple[int, list[tuple[str, str]]]:
    """Link tickets with their parents. How many links are new, and which tickets are part of another one already."""
    keys = _keys(session, order.source, sorted({*parents, *parents.values()}))
    wanted = {
        f"{kind.value}/{key}": (child, keys[parents[child]])
        for child, (key, kind) in keys.items()
        if child in parents and parents[child] in keys
    }
    there = _there(session, sorted(wanted))
    added, taken = 0, []
    for target, (child, (parent_id, kind)) in wanted.items():
        if target in there:
            if there[target] != parent_id:
                taken.append((child, parents[child]))
            continue
        added += 1
        link = TicketLink(ticket_id=parent_id, verb=LinkVerb.PARENT_OF, target=target)
        link.linked_at, link.linked_by = order.now, order.actor
        session.add(link)
        for subject, verb, other in (
            (f"{kind.value}/{parent_id}", LinkVerb.PARENT_OF.value, target),
            (target, "part of", f"{kind.value}/{parent_id}"),
        ):
            tag = f"{subject.partition('/')[0]}s:{subject.partition('/')[0]}:link"
            facts = {"verb": verb, "target": other}
            journal.append(session, journal.Fact(tag, subject, order.actor, facts=facts, at=order.now))
    return added, taken


def _keys(session: Session, source: str, ids: Sequence[str]) -> dict[str, tuple[int, TicketKind]]:
    query = select(IMPORTED.c.external_id, TICKET.c.id, TICKET.c.kind).join(TICKET, TICKET.c.id == IMPORTED.c.ticket_id)
    query = query.where(IMPORTED.c.source == source)
    return {
        name: (key, kind)
        for begin in range(0, len(ids), BATCH)
        for name, key, kind in session.execute(query.where(IMPORTED.c.external_id.in_(ids[begin : begin + BATCH])))
    }


def _there(session: Session, targets: Sequence[str]) -> dict[str, int]:
    query = select(TicketLink.target, TicketLink.ticket_id).where(TicketLink.verb == LinkVerb.PARENT_OF)
    return {
        target: ticket_id
        for begin in range(0, len(targets), BATCH)
        for target, ticket_id in session.execute(query.where(TicketLink.target.in_(targets[begin : begin + BATCH])))
    }

"""Parents and children, originals and duplicates: who belongs to whom, and what may be put together."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import tickets
from models.records import Incident, TicketLink
from models.vocabulary import IncidentState, LinkVerb

WORKED_ON = (IncidentState.NEW, IncidentState.IN_PROGRESS, IncidentState.ON_HOLD)
OVER = (IncidentState.CLOSED, IncidentState.CANCELLED)

_FOLLOWS: dict[str, Callable[[Incident], bool]] = {
    "hold": lambda child: child.state in (IncidentState.NEW, IncidentState.IN_PROGRESS) or _is_taken_along(child),
    "resume": lambda child: child.state is IncidentState.ON_HOLD and child.moved_with_parent,
    "resolve": lambda child: child.state in WORKED_ON,
    "reopen": lambda child: child.state in (IncidentState.RESOLVED, IncidentState.CLOSED) and child.moved_with_parent,
    "close": lambda child: child.state is IncidentState.RESOLVED and child.moved_with_parent,
}
"""Which children a parent's move takes along: those that wait for somebody of their own keep waiting for them."""


def follows(child: Incident, action: str) -> bool:
    """Whether a move of its parent is the child's, too."""
    return action in _FOLLOWS and _FOLLOWS[action](child)


def _is_taken_along(child: Incident) -> bool:
    return child.state is IncidentState.ON_HOLD and child.moved_with_parent


def children_of(session: Session, incident: Incident) -> list[Incident]:
    """The incidents that are part of this one, by number."""
    links = tickets.links_of(session, incident.id, LinkVerb.PARENT_OF)
    keys = [int(link.target.removeprefix("incident/")) for link in links]
    return list(session.scalars(select(Incident).where(Incident.id.in_(keys)).order_by(Incident.id))) if keys else []


def parent_of(session: Session, incident: Incident) -> Incident | None:
    """The incident that this one is part of."""
    query = (
        select(Incident)
        .join(TicketLink, TicketLink.ticket_id == Incident.id)
        .where(TicketLink.target == tickets.subject_of(incident), TicketLink.verb == LinkVerb.PARENT_OF)
    )
    return session.scalar(query)


def duplicates_of(session: Session, incident: Incident) -> list[Incident]:
    """The incidents that were merged into this one, by number; not those merged into these."""
    query = (
        select(Incident)
        .join(TicketLink, TicketLink.ticket_id == Incident.id)
        .where(TicketLink.target == tickets.subject_of(incident), TicketLink.verb == LinkVerb.DUPLICATE_OF)
        .order_by(Incident.id)
    )
    return list(session.scalars(query))


def original_of(session: Session, incident: Incident) -> Incident:
    """What this one is a duplicate of, in the end; itself when it is none."""
    links = tickets.links_of(session, incident.id, LinkVerb.DUPLICATE_OF)
    if not links:
        return incident
    return original_of(session, session.get_one(Incident, int(links[0].target.removeprefix("incident/"))))


def check_parent(session: Session, parent: Incident, child: Incident) -> None:
    """Raises Refused when the one cannot be part of the other."""
    if parent.id == child.id:
        raise Refused(f"{child.number} cannot be part of itself")
    for one in (parent, child):
        if one.state in OVER:
            raise Refused(f"{one.number} is {one.state.value}: only incidents that are not over have parts")
    known = parent_of(session, child)
    if known is not None and known.id != parent.id:
        raise Refused(f"{child.number} is part of {known.number} already: unlink it there first")
    _refuse_above(session, child, parent, f"{parent.number} is itself part of {child.number}")


def check_original(session: Session, duplicate: Incident, original: Incident) -> None:
    """Raises Refused when the one cannot be merged into the other."""
    if original.id == duplicate.id:
        raise Refused(f"{duplicate.number} cannot be merged into itself")
    if original.state is IncidentState.CANCELLED:
        raise Refused(f"{original.number} is cancelled: there will be no solution to share")
    _refuse_above(session, duplicate, original, f"{original.number} is part of {duplicate.number}: unlink it first")


def _refuse_above(session: Session, upper: Incident, lower: Incident, words: str) -> None:
    above = parent_of(session, lower)
    while above is not None:
        if above.id == upper.id:
            raise Refused(words)
        above = parent_of(session, above)

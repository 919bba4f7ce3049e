"""Which incidents belong to which problem: incident --caused by--> problem/5, many to many."""

from datetime import datetime

from sqlalchemy import Select, String, cast, func, literal, select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import tickets
from models.queries.incident_family import WORKED_ON
from models.records import Incident, Problem, TicketLink
from models.rules.incidents import ticket_number
from models.rules.problems import problem_id_of
from models.vocabulary import LinkVerb, TicketKind

PREFIX = "problem/"
MOST_AT_ONCE = 500
"""So many keys of one query: both databases take them."""


def get(session: Session, number: int | str) -> Problem:
    """One problem, by its key or its number. Raises NotFound; ValueError for what is no number of a problem."""
    problem_id = problem_id_of(number) if isinstance(number, str) else number
    problem = session.get(Problem, problem_id)
    if problem is None:
        last = session.scalar(select(func.max(Problem.id)))
        seen = f"the last is {ticket_number(TicketKind.PROBLEM, last)}" if last else "there is none yet"
        raise NotFound(f"there is no problem {ticket_number(TicketKind.PROBLEM, problem_id)}; {seen}")
    return problem


def incidents_of(session: Session, problem_id: int) -> list[Incident]:
    """The incidents that it causes, by number."""
    query = (
        select(Incident)
        .join(TicketLink, TicketLink.ticket_id == Incident.id)
        .where(TicketLink.target == f"{PREFIX}{problem_id}", TicketLink.verb == LinkVerb.CAUSED_BY)
        .order_by(Incident.id)
    )
    return list(session.scalars(query))


def open_incidents_of(session: Session, problem_id: int) -> list[Incident]:
    """Those of them that somebody still works on, or that wait."""
    return [incident for incident in incidents_of(session, problem_id) if incident.state in WORKED_ON]


def problems_of(session: Session, incident_id: int) -> list[Problem]:
    """The problems that an incident comes from, by number."""
    query = (
        select(Problem)
        .join(TicketLink, TicketLink.target == literal(PREFIX) + cast(Problem.id, String))
        .where(TicketLink.ticket_id == incident_id, TicketLink.verb == LinkVerb.CAUSED_BY)
        .order_by(Problem.id)
    )
    return list(session.scalars(query))


def add(session: Session, problem: Problem, incident: Incident, actor: str, now: datetime) -> bool:
    """Say that the incident comes from the problem. Returns False when that was said already."""
    link = TicketLink(ticket_id=incident.id, verb=LinkVerb.CAUSED_BY, target=tickets.subject_of(problem))
    link.linked_at, link.linked_by = now, actor
    return tickets.add_link(session, link)


def remove(session: Session, problem: Problem, incident: Incident, actor: str, now: datetime) -> None:
    """It does not come from it after all. Raises NotFound when nobody said that it does."""
    target = tickets.subject_of(problem)
    found = [one for one in tickets.links_of(session, incident.id, LinkVerb.CAUSED_BY) if one.target == target]
    if not found:
        raise NotFound(f"{incident.number} is not linked with {problem.number}")
    tickets.remove_link(session, found[0], actor, now)


def linked_ids(session: Session, problem_id: int) -> set[int]:
    """The keys of its incidents."""
    return set(session.scalars(linked(problem_id)))


def linked(problem_id: int) -> Select[tuple[int]]:
    """The same as a query, to be part of others."""
    target = f"{PREFIX}{problem_id}"
    return select(TicketLink.ticket_id).where(TicketLink.target == target, TicketLink.verb == LinkVerb.CAUSED_BY)

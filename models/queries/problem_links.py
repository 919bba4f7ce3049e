"""Which incidents belong to which problem: incident --caused by--> problem/5, many to many."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import tickets
from models.queries.incident_family import WORKED_ON
from models.queries.states import Because
from models.records import Incident, Problem, TicketLink
from models.rules.incidents import ticket_number
from models.rules.problems import problem_id_of
from models.vocabulary import IncidentState, LinkVerb, ResolutionCode, TicketKind

PREFIX = "problem/"


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
    links = tickets.links_of(session, incident_id, LinkVerb.CAUSED_BY)
    keys = [int(link.target.removeprefix(PREFIX)) for link in links if link.target.startswith(PREFIX)]
    return list(session.scalars(select(Problem).where(Problem.id.in_(keys)).order_by(Problem.id))) if keys else []


def is_trouble() -> tuple[ColumnElement[bool], ...]:
    """Incidents that count: a drill is none, a duplicate is its original's trouble, and what was cancelled was none."""
    return (
        Incident.is_drill.is_(False),
        Incident.state != IncidentState.CANCELLED,
        or_(Incident.resolution_code.is_(None), Incident.resolution_code != ResolutionCode.DUPLICATE),
    )


def original_of(session: Session, problem: Problem) -> Problem | None:
    """What a problem was merged into."""
    links = tickets.links_of(session, problem.id, LinkVerb.DUPLICATE_OF)
    return get(session, int(links[0].target.removeprefix(PREFIX))) if links else None


def add(
    session: Session, problem: Problem, incidents: Sequence[Incident], because: Because, now: datetime
) -> list[Incident]:
    """Say that these incidents come from the problem, and why. Gives those of which nobody had said it."""
    links = [
        TicketLink(
            ticket_id=incident.id,
            verb=LinkVerb.CAUSED_BY,
            target=tickets.subject_of(problem),
            linked_at=now,
            linked_by=because.actor,
        )
        for incident in incidents
    ]
    new = {link.ticket_id for link in tickets.add_links(session, links, because.reason)}
    return [incident for incident in dict.fromkeys(incidents) if incident.id in new]


def unlink_incidents(
    session: Session, problem: Problem, incidents: Sequence[Incident], because: Because, now: datetime
) -> None:
    """They do not come from it after all. Raises NotFound, and undoes none, when nobody said so of one of them."""
    links = tickets.links_to(session, tickets.subject_of(problem), LinkVerb.CAUSED_BY)
    known = {link.ticket_id: link for link in links}
    for incident in incidents:
        if incident.id not in known:
            raise NotFound(f"{incident.number} is not linked with {problem.number}")
    tickets.remove_links(session, [known[incident.id] for incident in dict.fromkeys(incidents)], because, now)


def linked_ids(session: Session, problem_id: int) -> set[int]:
    """The keys of its incidents."""
    return set(session.scalars(linked(problem_id)))


def linked(problem_id: int) -> Select[tuple[int]]:
    """The same as a query, to be part of others."""
    target = f"{PREFIX}{problem_id}"
    return select(TicketLink.ticket_id).where(TicketLink.target == target, TicketLink.verb == LinkVerb.CAUSED_BY)

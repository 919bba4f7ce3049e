"""Who acts on a ticket: a person of the site with roles, and what they may do."""

from collections.abc import Mapping, Set

from sqlalchemy.orm import Session

from desk.services.small_words import hint
from models.errors import NotFound, Refused
from models.queries import register
from models.queries.states import Because
from models.records import Ticket
from models.rules.lifecycle import Role
from models.rules.moves import TABLES

ROLES: Mapping[str, Role] = {
    role.value: role for role in (Role.OPERATOR, Role.MANAGER, Role.MAJOR_INCIDENT_MANAGER, Role.PROBLEM_MANAGER)
}
"""The roles of people.yaml that move tickets."""
WORKERS = frozenset(ROLES.values())


def roles_of(session: Session, person: str, ticket: Ticket | None = None) -> frozenset[Role]:
    """What a person is to a ticket; nothing for somebody whom the site does not know."""
    spec = {row.name: row.spec for row in register.in_force(session, "person")}.get(person, {})
    roles = {ROLES[role] for role in spec.get("roles", ()) if role in ROLES}
    return frozenset(roles | ({Role.CALLER} if ticket is not None and ticket.caller == person else set()))


def acting(
    session: Session, person: str, ticket: Ticket, action: str, reason: str | None = None, table: str = "incident"
) -> Because:
    """Who makes a move, and why. Raises Refused with those who may, for somebody who may make it in no state at all."""
    roles = roles_of(session, person, ticket)
    _check_may(session, (person, roles), action, ticket.number, table)
    return Because(person, reason, roles=roles)


def acting_on(session: Session, person: str, what: str, action: str, table: str, reason: str | None = None) -> Because:
    """The same for what troubles nobody in person, such as a known error; `what` is its number, or its noun."""
    roles = roles_of(session, person)
    _check_may(session, (person, roles), action, what, table)
    return Because(person, reason, roles=roles)


def works_on_tickets(session: Session, person: str) -> bool:
    """Whether private notes are for this person, too."""
    return bool(roles_of(session, person) & WORKERS)


def check_works(session: Session, person: str, ticket: Ticket, act: str) -> None:
    """Raises Refused for somebody who does not work on tickets; `act` says what they wanted to do."""
    check_may_work(session, person, f"{act} {ticket.number}")


def check_may_work(session: Session, person: str, act: str) -> None:
    """The same where there is no ticket yet."""
    if not works_on_tickets(session, person):
        raise Refused(f"{person} may not {act}: {_who_may(session, person, WORKERS)}")


def known_person(session: Session, name: str) -> str:
    """A person of the site. Raises NotFound, with the one that was probably meant."""
    return _known(session, "person", name, "people.yaml")


def known_team(session: Session, name: str) -> str:
    """A team of the site. Raises NotFound, with the one that was probably meant."""
    return _known(session, "team", name, "people.yaml")


def known_service(session: Session, name: str) -> str:
    """A service of the site. Raises NotFound, with the one that was probably meant."""
    return _known(session, "service", name, "services.yaml")


def known_category(session: Session, name: str) -> str:
    """A category of the site. Raises NotFound, with the one that was probably meant."""
    return _known(session, "category", name, "incidents.yaml")


def known_job(session: Session, name: str) -> str:
    """A job of the site. Raises NotFound, with the one that was probably meant."""
    return _known(session, "job", name, "jobs.yaml")


def known_host(session: Session, name: str) -> str:
    """A host of the site. Raises NotFound, with the one that was probably meant."""
    return _known(session, "host", name, "services.yaml")


def _known(session: Session, kind: str, name: str, file: str) -> str:
    names = [row.name for row in register.in_force(session, kind)]
    if name not in names:
        listed = f"; there are: {', '.join(names[:10])}" if names and len(names) <= 10 else ""
        raise NotFound(f"there is no {kind} {name!r} in {file}{hint(name, names) or listed}")
    return name


def _check_may(session: Session, who: tuple[str, Set[Role]], action: str, what: str, table: str) -> None:
    person, roles = who
    may = {role for move in TABLES[table] if move.action == action for role in move.roles} - {Role.ENGINE}
    if not roles & may:
        raise Refused(f"{person} may not {action} {what}: {_who_may(session, person, may)}")


def _who_may(session: Session, person: str, roles: Set[Role]) -> str:
    people = {row.name: row.spec for row in register.in_force(session, "person")}
    words = {role.value for role in roles}
    able = [name for name, spec in people.items() if words & set(spec.get("roles", ()))]
    who = f"who may: {', '.join(able[:5])}{' ...' if len(able) > 5 else ''}" if able else "nobody of people.yaml has it"
    unknown = (
        "" if person in people else f"; {person} is not in people.yaml{hint(person, people)}: say with --as who acts"
    )
    return f"that takes the role of {' or '.join(sorted(words))} ({who}){unknown}"

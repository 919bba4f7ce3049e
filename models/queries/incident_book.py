"""What the site in force says about incidents, as the engine needs it, read once for each change of the register."""

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.queries import register
from models.queries.book import StoredCalendars
from models.queries.incident_rules import read_rules
from models.queries.promise_terms import AROUND_THE_CLOCK
from models.records import Incident
from models.rules.calendars import Calendar
from models.rules.incident_rules import IncidentRules
from models.rules.incidents import NewIncident
from models.rules.rota import Rota
from models.rules.scopes import LABELS, Subject
from models.site.incidents import Category, Escalation, Handling, Promise
from models.site.people import Person, PersonRole, Team
from models.site.services import Service
from models.site.site import from_spec


@dataclass(frozen=True)
class IncidentBook:
    """What holds for incidents now."""

    revision: int
    rules: IncidentRules
    handling: Handling
    promises: Mapping[str, Promise]
    """The lower rank first, then by name: of each agreement the first that fits holds."""
    categories: Mapping[str, Category]
    escalations: Mapping[str, Escalation]
    rotas: Mapping[str, Rota]
    services: Mapping[str, Service]
    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    calendars: Mapping[str, Calendar]

    def subject(self, one: Incident | NewIncident) -> Subject:
        """An incident, or a new one, as scopes see it."""
        return self.rules.subject({name: getattr(one, name, None) for name in LABELS})

    def promises_for(self, subject: Subject) -> tuple[str, ...]:
        """The names of the promises that hold for it, at most one of each agreement."""
        found: dict[str, str] = {}
        for promise in self.promises.values():
            if promise.agreement not in found and promise.scope.takes(subject):
                found[promise.agreement] = promise.name
        return tuple(found.values())

    def chains_for(self, subject: Subject) -> tuple[Escalation, ...]:
        """The escalations that run for it, by name."""
        return tuple(chain for chain in self.escalations.values() if chain.scope.takes(subject))

    def calendar(self, name: str | None) -> Calendar:
        """A calendar; without a name the one that is always open."""
        return self.calendars[name] if name else AROUND_THE_CLOCK

    def operators(self, team: str) -> tuple[str, ...]:
        """Who of a team works on tickets, by name."""
        return tuple(
            name for name, person in self.people.items() if team in person.teams and PersonRole.OPERATOR in person.roles
        )

    def rota_of(self, team: str | None) -> Rota | None:
        """The first rota of a team, by name."""
        return next((rota for rota in self.rotas.values() if rota.team == team), None)

    def owner_of(self, service: str | None, category: str | None) -> tuple[str, str] | None:
        """The team that owns the service, or else the category, and why; None when nobody does."""
        owning = self.services.get(service or "")
        if owning is not None:
            return owning.owner, f"it owns the service {owning.name}"
        found = self.categories.get(category or "")
        while found is not None:
            if found.owner is not None:
                return found.owner, f"it owns the category {found.name}"
            found = self.categories.get(found.parent or "")
        return None


_books: WeakKeyDictionary[Engine, IncidentBook] = WeakKeyDictionary()


def read_incident_book(session: Session) -> IncidentBook:
    """The book of the register as it is; the one of the last time while nothing has changed."""
    engine, revision = session.connection().engine, register.revision(session)
    known = _books.get(engine)
    if known is None or known.revision != revision:
        known = _books[engine] = _read(session, revision)
    return known


def _read(session: Session, revision: int) -> IncidentBook:
    rows = {
        kind: {row.name: from_spec(kind, row.spec) for row in register.in_force(session, kind)}
        for kind in ("handling", "promise", "category", "escalation", "rota", "service", "team", "person")
    }
    calendars = {row.name: row.spec for row in register.in_force(session, "calendar")}
    promises = sorted(rows["promise"].values(), key=lambda promise: (promise.rank, promise.name))
    return IncidentBook(
        revision=revision,
        rules=read_rules(session),
        handling=next(iter(rows["handling"].values()), Handling()),
        promises={promise.name: promise for promise in promises},
        categories=rows["category"],
        escalations=rows["escalation"],
        rotas=rows["rota"],
        services=rows["service"],
        teams=rows["team"],
        people=rows["person"],
        calendars=StoredCalendars(calendars),
    )

"""What the site says about events now, understood once for many of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import incident_rules, register
from models.queries.book import Book, read_book
from models.rules.correlation import STORM_LIMIT
from models.rules.event_rules import EventRules
from models.rules.event_sources import EventSource
from models.rules.incident_rules import STANDARD, IncidentRules
from models.rules.inhibition import InhibitRule
from models.rules.maintenance import Maintenance
from models.rules.routing import Branch
from models.rules.time_intervals import Intervals
from models.rules.topology import Topology, applications
from models.site.events import EventHandling, event_rules, event_sources
from models.site.incidents import Handling
from models.site.services import Service
from models.site.site import from_spec


@dataclass(frozen=True)
class EventBook:
    """All that is needed to make alerts and incidents of events."""

    revision: int
    rules: EventRules
    tree: Branch
    inhibitions: tuple[InhibitRule, ...] = ()
    time_intervals: Intervals = field(default_factory=dict)
    maintenance: Mapping[str, Maintenance] = field(default_factory=dict)
    topology: Topology | None = None
    applications: Mapping[str, str] = field(default_factory=dict)
    storm_limit: int = STORM_LIMIT
    incidents: IncidentRules = STANDARD
    sources: Mapping[str, EventSource] = field(default_factory=dict)
    owners: Mapping[str, str | None] = field(default_factory=dict)
    """The team that answers for each source."""
    known_since: Mapping[str, datetime] = field(default_factory=dict)
    """When each source came into the site."""
    book: Book | None = None
    """Jobs, hosts and calendars; None: no site was ever applied."""

    def of_jobs(self) -> Book:
        """Jobs, hosts and calendars. Raises NotFound when no site was ever applied."""
        if self.book is None:
            raise NotFound("the register is empty: run `watchbill up SITE` first")
        return self.book


def read_event_book(session: Session) -> EventBook:
    """Read it from the register; without a site everything is as usual."""
    handlings = register.in_force(session, "rules")
    handling: EventHandling = from_spec("rules", handlings[0].spec) if handlings else EventHandling()
    graded = register.in_force(session, "handling")
    levels = (from_spec("handling", graded[0].spec) if graded else Handling()).levels
    book = read_book(session) if register.in_force(session, "site") else None
    rows = {kind: register.in_force(session, kind) for kind in ("service", "table", "source")}
    services: dict[str, Service] = {row.name: from_spec("service", row.spec) for row in rows["service"]}
    tables = {row.name: from_spec("table", row.spec) for row in rows["table"]}
    sources = {row.name: from_spec("source", row.spec) for row in rows["source"]}
    return EventBook(
        revision=register.revision(session),
        rules=event_rules(handling, tables, services, book.hosts if book else {}, levels),
        tree=handling.tree(),
        inhibitions=handling.inhibit,
        time_intervals=handling.time_intervals,
        maintenance=handling.maintenance,
        topology=handling.topology,
        storm_limit=handling.storm_above,
        applications=applications({name: service.depends_on for name, service in services.items()}),
        incidents=incident_rules.read_rules(session),
        sources=event_sources(sources),
        owners={name: source.owner for name, source in sources.items()},
        known_since={row.name: row.registered_at for row in rows["source"]},
        book=book,
    )

"""A desk for tests of alerts: events are put in, worked off and looked at, at times that the test says."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import inbox
from models.queries.event_processing import looking, working_off
from models.queries.event_processing.event_book import EventBook, read_event_book
from models.queries.event_processing.looking import Looked
from models.queries.event_processing.memory import Memory, remember
from models.queries.event_processing.working_off import WorkedOff
from models.queries.inbox import Delivery
from models.records import Alert, AlertChange, AlertGroup, Incident
from models.rules.event_rules import EventRules
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import to_bytes
from models.rules.routing import Route, routing_tree
from models.site.events import EventHandling
from models.vocabulary import EventFormat, EventStatus, Severity
from tests.rules.moments import utc

BEGIN = utc("2026-11-21 12:00")
STATUS = {"+": EventStatus.FIRING, "-": EventStatus.RESOLVED, "a": EventStatus.ACKNOWLEDGED}
AT_ONCE = Route(receiver="", group_by=("service", "name"), group_wait=timedelta(0))


def event(said: str, severity: Severity = Severity.HIGH, **more: Any) -> Incoming:
    """`+DiskFull host=web1` fires, `-DiskFull host=web1` is resolved."""
    name, *labels = said[1:].split()
    known = dict(label.split("=", 1) for label in labels)
    values: dict[str, Any] = {"format": EventFormat.ALERTMANAGER, "labels": known, **more}
    return Incoming(name=name, status=STATUS[said[0]], severity=severity, **values)


@dataclass
class Lab:
    """What the part `events` does, step by step."""

    database: Database
    book: EventBook = field(default_factory=lambda: EventBook(0, EventRules(), routing_tree(AT_ONCE)))
    memory: Memory | None = None

    def handled(self, **handling: Any) -> "Lab":
        """The same with these entries of events.yaml."""
        known = EventHandling(**{"route": AT_ONCE, **handling})
        rules = replace(self.book.rules, rules=known.rules, defaults=known.defaults)
        self.book = replace(
            self.book,
            rules=rules,
            tree=known.tree(),
            inhibitions=known.inhibit,
            maintenance=known.maintenance,
            topology=known.topology,
            time_intervals=known.time_intervals,
        )
        return self

    def registered(self) -> "Lab":
        """The same as the register says it."""
        with self.database.read() as session:
            self.book = read_event_book(session)
        return self

    def now(self, second: float) -> datetime:
        """So many seconds after the beginning."""
        return BEGIN + timedelta(seconds=second)

    def send(self, second: float, *events: Incoming | str, source: str = "prometheus") -> None:
        """One request with these events."""
        said = [event(one) if isinstance(one, str) else one for one in events]
        body = to_bytes(said)
        with self.database.write() as session:
            inbox.put(session, [Delivery(source, EventFormat.ALERTMANAGER, len(said), body, self.now(second))])

    def work(self, second: float) -> WorkedOff:
        """Work off what waits."""
        with self.database.write() as session:
            rows = inbox.take(session, 1_000, self.now(second))
            return working_off.work_off(session, rows, self._memory(session, second), self.now(second))

    def told(self, second: float, *events: Incoming | str, source: str = "prometheus") -> WorkedOff:
        """One request, and it is worked off at once."""
        self.send(second, *events, source=source)
        return self.work(second)

    def look(self, second: float) -> Looked:
        """What is due now."""
        with self.database.write() as session:
            return looking.look(session, self._memory(session, second), self.now(second))

    def _memory(self, session: Session, second: float) -> Memory:
        if self.memory is None:
            self.memory = remember(session, self.book, self.now(second))
        return self.memory

    def alerts(self) -> list[Alert]:
        """All alerts, in order of their numbers."""
        return self._all(select(Alert).order_by(Alert.id))

    def alert(self) -> Alert:
        """The only one."""
        (one,) = self.alerts()
        return one

    def groups(self) -> list[AlertGroup]:
        """All groups."""
        return self._all(select(AlertGroup).order_by(AlertGroup.id))

    def incidents(self) -> list[Incident]:
        """All incidents."""
        return self._all(select(Incident).order_by(Incident.id))

    def incident(self) -> Incident:
        """The only one."""
        (one,) = self.incidents()
        return one

    def actions(self) -> list[str]:
        """What happened to all alerts, in order."""
        return [change.action.value for change in self._all(select(AlertChange).order_by(AlertChange.id))]

    def _all(self, query: Any) -> list[Any]:
        with self.database.read() as session:
            found = list(session.scalars(query))
            session.expunge_all()
            return found

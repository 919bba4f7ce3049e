"""The figures of tickets in a period, as people ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desk.services.errors import Misuse
from models.database import Database
from models.queries import desk_runs, measures
from models.rules.measures import By, Figures, figures, grouped, top
from models.rules.periods import period_of
from models.vocabulary import TicketKind

TOP = (By.TEAM, By.SERVICE, By.CATEGORY)


@dataclass(frozen=True)
class MeasureOrder:
    """Which tickets are measured, and by what they are put into groups."""

    kind: TicketKind
    period: str
    by: By
    source: str | None = None


@dataclass(frozen=True)
class Group:
    """The figures of one group."""

    name: str
    figures: Figures


@dataclass(frozen=True)
class There:
    """What the sources of the imported ones say in their own words."""

    tickets: int
    rows: int
    rows_by_state: Mapping[str, int]
    tickets_by_last_state: Mapping[str, int]


@dataclass(frozen=True)
class Measures:
    """The figures of the tickets of one kind."""

    kind: TicketKind
    period: str
    since: datetime | None
    until: datetime | None
    """Before this instant."""
    timezone: str
    source: str | None
    by: By
    all: Figures
    groups: tuple[Group, ...]
    states: Mapping[str, int]
    """How those opened in the period stand now."""
    top: Mapping[str, Mapping[str, int]]
    """The teams, services and categories with the most of them."""
    drills_left_out: int
    there: There | None
    """None: none of them was imported."""


def measure(database: Database, order: MeasureOrder) -> Measures:
    """Measure. Raises Misuse for a period that is none."""
    with database.read() as session:
        zone = desk_runs.site_zone(session)
        try:
            period = period_of(order.period, zone)
        except ValueError as error:
            raise Misuse(f"--period {error}") from None
        found = measures.population(session, order.kind, period, order.source)
    tickets = found.tickets
    groups = grouped(tickets, order.by, period)
    rows, last = dict(found.rows_there.most_common()), dict(found.states_there.most_common())
    return Measures(
        kind=order.kind,
        period=period.name,
        since=period.since,
        until=period.until,
        timezone=zone,
        source=order.source,
        by=order.by,
        all=figures(tickets, period),
        groups=tuple(Group(name, group) for name, group in groups.items()),
        states={name: group.opened for name, group in grouped(tickets, By.STATE, period).items() if group.opened},
        top={by.value: top(tickets, by, period) for by in TOP},
        drills_left_out=found.drills,
        there=There(found.imported, sum(rows.values()), rows, last) if found.imported else None,
    )

"""The figures of tickets in a period, as people ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desk.services.errors import Misuse
from desk.services.small_words import hint
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
    reopened: int | None
    """How many were reopened as the sources count; None: they say nothing of it."""
    reassigned: int | None
    reassignments: int | None


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
    """Measure. Raises Misuse for a period that is none, and for a source that no ticket came from."""
    with database.read() as session:
        zone = desk_runs.site_zone(session)
        try:
            period = period_of(order.period, zone)
        except ValueError as error:
            raise Misuse(f"--period {error}") from None
        known = measures.sources(session) if order.source else []
        if order.source and order.source not in known:
            there = ", ".join(known) or "none"
            raise Misuse(
                f"--source {order.source}: no ticket came from it{hint(order.source, known)}; there are: {there}"
            )
        found = measures.population(session, order.kind, period, order.source)
    tickets = found.tickets
    groups = grouped(tickets, order.by, period)
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
        there=_there(found) if found.imported else None,
    )


def _there(found: measures.Population) -> There:
    rows, reopened, reassigned = found.rows_there, found.reopened_there, found.reassigned_there
    return There(
        tickets=found.imported,
        rows=rows.total(),
        rows_by_state=dict(rows.most_common()),
        tickets_by_last_state=dict(found.states_there.most_common()),
        reopened=sum(count > 0 for count in reopened) if reopened else None,
        reassigned=sum(count > 0 for count in reassigned) if reassigned else None,
        reassignments=sum(reassigned) if reassigned else None,
    )

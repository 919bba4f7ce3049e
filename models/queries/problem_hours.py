"""What incidents have cost: the hours that they lasted, and the money that these hours cost the services."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.queries import register
from models.queries.problem_links import is_trouble
from models.records import Incident

CENT = Decimal("0.01")
MOST_AT_ONCE = 10_000
"""Keys of one query: both databases take them, and each query reads the table once at worst."""


@dataclass(frozen=True)
class Lost:
    """What some incidents have cost."""

    hours: float
    """From each one's opening to its solution, or until now; an hour of two incidents counts twice."""
    cost: dict[str, Decimal]
    """By currency; only services that say what an hour costs."""
    hours_without_cost: float
    """Of services that say nothing of it, or of no service."""


def hours_lost(session: Session, incident_ids: Iterable[int], now: datetime | None = None) -> float:
    """The hours from opening to solution (open ones: until `now`), summed; drills and what was none left out."""
    return sum((hours for _, hours in _spans(session, incident_ids, now or clock.now())), 0.0)


def lost_by(session: Session, incident_ids: Iterable[int], now: datetime) -> Lost:
    """The same with what it cost, by the `hourly_cost` of services.yaml."""
    hours: dict[str | None, float] = defaultdict(float)
    for service, span in _spans(session, incident_ids, now):
        hours[service] += span
    prices = {row.name: row.spec.get("hourly_cost") for row in register.in_force(session, "service")}
    cost: dict[str, Decimal] = defaultdict(Decimal)
    without = 0.0
    for service, span in hours.items():
        price = prices.get(service or "")
        if price is None:
            without += span
        else:
            cost[price["currency"]] += Decimal(str(price["amount"])) * Decimal(str(span))
    rounded = {currency: amount.quantize(CENT, ROUND_HALF_UP) for currency, amount in sorted(cost.items())}
    return Lost(sum(hours.values(), 0.0), rounded, without)


def _spans(session: Session, incident_ids: Iterable[int], now: datetime) -> Iterator[tuple[str | None, float]]:
    """The service and the hours of each that counts."""
    keys = sorted(set(incident_ids))
    for start in range(0, len(keys), MOST_AT_ONCE):
        columns = (Incident.service, Incident.opened_at, Incident.resolved_at, Incident.closed_at)
        query = select(*columns).where(Incident.id.in_(keys[start : start + MOST_AT_ONCE]), *is_trouble())
        for service, opened_at, resolved_at, closed_at in session.execute(query).tuples():
            end = resolved_at or closed_at or now
            yield service, max((end - opened_at).total_seconds(), 0.0) / 3600

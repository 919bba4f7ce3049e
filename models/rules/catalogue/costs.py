"""What an item costs, which scheme must approve it, and until when it is promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from models.rules.business_time import due
from models.rules.calendars import Calendar
from models.rules.catalogue.conditions import Answer, texts_of
from models.rules.clock_promises import Target
from models.vocabulary import CostPer

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Price:
    """What an item costs. With `each`, once for every answer to that field."""

    amount: Decimal
    currency: str
    per: CostPer = CostPer.ONCE
    each: str | None = None


@dataclass(frozen=True)
class ApprovalRule:
    """The scheme that decides on a request that costs more than `above`; without it, on any."""

    scheme: str
    above: Decimal | None = None


def cost_of(price: Price | None, answers: Mapping[str, Answer]) -> Decimal:
    """What a request with these answers costs, in the price's currency; nothing without a price."""
    if price is None:
        return Decimal(0)
    times = len(texts_of(answers.get(price.each, ()))) if price.each else 1
    return (price.amount * times).quantize(CENT)


def scheme_for(rules: Sequence[ApprovalRule], cost: Decimal) -> str | None:
    """The scheme that must approve a request of this cost, by the first rule that fits; None: nobody has to."""
    return next((rule.scheme for rule in rules if rule.above is None or cost > rule.above), None)


def promised_at(target: Target, calendar: Calendar, start: datetime) -> datetime:
    """When a request that began at an instant is promised. Raises ValueError for a calendar that never opens."""
    by_day = target.day_due(calendar, start)
    if by_day is not None:
        return by_day
    if target.open_time is None:
        raise ValueError("a target is an amount of open time or a number of working days")
    return due(calendar, start, target.open_time)

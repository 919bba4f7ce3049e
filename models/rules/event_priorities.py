"""The composite priority: how grave an incident is when no rule says so, from what is hit and how badly.

The impact follows the service's tier (1 the company needs most, 4 least; what is bound to no service counts as
tier 3), the urgency how severe the event is, one step less for a warning than for an exception. Both are places on
the site's own scales, the gravest first, however many levels these have.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.vocabulary import EventClass, Severity

TIERS = 4
UNBOUND_TIER = 3
IMPACTS = URGENCIES = ("high", "medium", "low")
_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Levels:
    """Impact and urgency in the site's words, and why these."""

    impact: str
    urgency: str
    reason: str


@dataclass(frozen=True)
class Scales:
    """The impacts and urgencies that a site uses, the gravest first."""

    impacts: tuple[str, ...] = IMPACTS
    urgencies: tuple[str, ...] = URGENCIES


def composite_levels(scales: Scales, tier: int | None, event_class: EventClass, severity: Severity) -> Levels:
    """The impact and urgency of an incident of which no rule says them; `tier` None: bound to no service."""
    place = _SEVERITIES.index(severity) + (event_class is not EventClass.EXCEPTION)
    words = "no service" if tier is None else f"a service of tier {tier}"
    return Levels(
        _level(scales.impacts, (tier or UNBOUND_TIER) - 1, TIERS),
        _level(scales.urgencies, place, len(_SEVERITIES)),
        f"{event_class.value} of severity {severity.value} on {words}",
    )


def _level(levels: Sequence[str], place: int, places: int) -> str:
    """The level as far down its scale as the place is on its own: first to first, last and beyond to last."""
    return levels[min(round(place * (len(levels) - 1) / (places - 1)), len(levels) - 1)]

"""Who had an incident while its clocks counted: the time of each stopwatch, by team and owner.

The parts of a stopwatch add up to its reading, in open hours and around the clock; together with the time for which it
stood still they are all the time from the opening, but for that between a solution and a reopening.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from models.rules.business_time import elapsed
from models.rules.clock_course import Course
from models.rules.clock_facts import Fact
from models.rules.clock_promises import Agreement, Measure, Promise
from models.rules.service_clock import Stopwatch, stopwatches
from models.rules.wall_clock import require_aware

_NOTHING = timedelta(0)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_Has = tuple[str | None, str | None]


class Handover(NamedTuple):
    """From here on a team and a person have it; None is nobody."""

    at: datetime
    team: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What of one stopwatch passed while one team and one person had the incident."""

    agreement: Agreement
    measure: Measure
    team: str | None
    owner: str | None
    business: timedelta
    """Counted time in the calendar's open hours."""
    actual: timedelta
    """Counted time around the clock."""
    held: Mapping[str, timedelta]
    """Time around the clock for which it stood still, by the reason of the hold."""


def break_down(
    facts: Sequence[Fact], promises: Sequence[Promise], handovers: Sequence[Handover], now: datetime
) -> tuple[Share, ...]:
    """The shares of every stopwatch up to an instant; whoever had it first comes first, however often they had it.

    Both histories are in the journal's order. Raises ValueError as `read_clock`.
    """
    until = require_aware(now, "now")
    tenures = list(_tenures(handovers))
    watches = stopwatches(Course(facts, tuple(promises), until))
    return tuple(share for watch in watches for share in _shares(watch, tenures, until))


def _tenures(handovers: Sequence[Handover]) -> Iterator[tuple[datetime, datetime | None, _Has]]:
    """Who had it from when until when; nobody before the first. A clock that jumped back hands nothing over earlier."""
    has: _Has = (None, None)
    since = _BEGINNING
    for handover in handovers:
        at = max(since, require_aware(handover.at, "a handover"))
        yield since, at, has
        since, has = at, (handover.team, handover.owner)
    yield since, None, has


class _Stretch(NamedTuple):
    begin: datetime
    end: datetime
    reason: str | None
    """Why it stood still; None: it counted."""


def _stretches(watch: Stopwatch, now: datetime) -> Iterator[_Stretch]:
    end = watch.end(now)
    for begin, until in watch.run(now).stretches:
        yield _Stretch(begin, until, None)
    for gap in watch.gaps:
        if gap.reason in watch.promise.stops_for:
            yield _Stretch(gap.begin, min(gap.end or end, end), gap.reason)


def _shares(
    watch: Stopwatch, tenures: Sequence[tuple[datetime, datetime | None, _Has]], now: datetime
) -> Iterator[Share]:
    calendar, end = watch.promise.calendar, watch.end(now)
    stretches = list(_stretches(watch, now))
    parts: dict[_Has, list[_Stretch]] = {}
    for since, until, has in tenures:
        for stretch in stretches:
            begin, last = max(stretch.begin, since), min(stretch.end, until or end)
            if begin < last:
                parts.setdefault(has, []).append(_Stretch(begin, last, stretch.reason))
    for (team, owner), mine in parts.items():
        counted = [part for part in mine if part.reason is None]
        held: dict[str, timedelta] = {}
        for part in mine:
            if part.reason is not None:
                held[part.reason] = held.get(part.reason, _NOTHING) + (part.end - part.begin)
        yield Share(
            agreement=watch.promise.agreement,
            measure=watch.measure,
            team=team,
            owner=owner,
            business=sum((elapsed(calendar, part.begin, part.end) for part in counted), _NOTHING),
            actual=sum((part.end - part.begin for part in counted), _NOTHING),
            held=held,
        )

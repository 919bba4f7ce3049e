"""Which restore points a policy keeps, and why: exactly what restic's `forget` answers.

Source: restic's own table (tests/vectors/retention.json) and restic itself (tests/drills/test_retention.py). What may
then really be removed is another question: models.rules.keeping.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from models.rules.calendar_span import CalendarSpan, Span
from models.rules.field_error import FieldError
from models.rules.restore_points import Point
from models.rules.wall_clock import require_aware, zone_of

UNLIMITED = -1

_OLDEST_SINCE = (0, 16)
_VERSION = re.compile(r"^(?:restic )?v?(\d{1,6})\.(\d{1,6})", re.ASCII)


@dataclass(frozen=True)
class KeepPolicy:
    """How many points of each period are kept; -1 is all of them. `within` counts back from the newest point."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within: Span | None = None
    within_hourly: Span | None = None
    within_daily: Span | None = None
    within_weekly: Span | None = None
    within_monthly: Span | None = None
    within_yearly: Span | None = None
    tags: tuple[tuple[str, ...], ...] = ()
    """A point that has all tags of one of these lists is kept."""

    def __post_init__(self) -> None:
        for name in _PERIODS:
            if getattr(self, name) < UNLIMITED:
                raise FieldError(name, f"{name} is 0 or more, or -1 for no limit")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked to be kept."""
        return all(getattr(self, field.name) == field.default for field in fields(self))

    def __str__(self) -> str:
        counts = [(name, getattr(self, name)) for name in _PERIODS]
        words = [f"{'all' if count == UNLIMITED else count} {name}" for name, count in counts if count]
        for name in ("", *list(_PERIODS)[1:]):
            span = getattr(self, f"within_{name}" if name else "within")
            words += [f"{name or 'all'} within {span}"] if span else []
        words += [f"tagged {_listed(tags)}" for tags in self.tags]
        return ", ".join(words) or "nothing"


@dataclass(frozen=True)
class Semantics:
    """What differs between installations: restic 0.16 began to keep the oldest point too while counts remain."""

    keeps_oldest: bool = True
    timezone: str = "UTC"
    """Where days, weeks and months begin."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return zone_of(self.timezone)


@dataclass(frozen=True)
class Kept:
    """A point that stays, and every reason for it."""

    point: Point
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Retained:
    """What a policy keeps and what it does not want, each newest first."""

    kept: tuple[Kept, ...]
    unwanted: tuple[Point, ...]


def keeps_oldest(version: str) -> bool:
    """Whether this restic keeps the oldest point too while counts remain. Raises ValueError for no version."""
    found = _VERSION.match(version.strip())
    if found is None:
        raise ValueError(f'"{version}" is not a version of restic, such as 0.14.0')
    return (int(found[1]), int(found[2])) >= _OLDEST_SINCE


def retain(points: Sequence[Point], policy: KeepPolicy, semantics: Semantics, now: datetime) -> Retained:
    """What the policy keeps of these points.

    Of an empty policy the older restic made "keep all", the newer one "keep nothing": models.rules.keeping refuses it.
    """
    ordered = sorted(points, key=lambda point: require_aware(point.taken_at, "a point"), reverse=True)
    if policy.is_empty and not semantics.keeps_oldest:
        return Retained(tuple(Kept(point, ("policy is empty",)) for point in ordered), ())
    picks = _picks(ordered, policy, semantics, require_aware(now, "now"))
    kept, unwanted = [], []
    for number, point in enumerate(ordered):
        reasons = tuple(pick[number] for pick in picks if number in pick)
        if reasons:
            kept.append(Kept(point, reasons))
        else:
            unwanted.append(point)
    return Retained(tuple(kept), tuple(unwanted))


_Pick = dict[int, str]
_Period = Callable[[datetime, int], tuple[int, ...]]

_PERIODS: dict[str, _Period] = {
    "last": lambda _wall, number: (number,),
    "hourly": lambda wall, _number: (wall.year, wall.month, wall.day, wall.hour),
    "daily": lambda wall, _number: (wall.year, wall.month, wall.day),
    "weekly": lambda wall, _number: tuple(wall.isocalendar()[:2]),
    "monthly": lambda wall, _number: (wall.year, wall.month),
    "yearly": lambda wall, _number: (wall.year,),
}


def _picks(ordered: Sequence[Point], policy: KeepPolicy, semantics: Semantics, now: datetime) -> list[_Pick]:
    """What each part of the policy picks, by place in the list, in the order in which restic names its reasons."""
    zone = semantics.zone
    walls = [point.taken_at.astimezone(zone) for point in ordered]
    past = [wall for wall in walls if wall < now]

    def reach(span: CalendarSpan | None) -> int:
        """How many points, newest first, are newer than the span before the newest point that is not of the future."""
        if span is None:
            return 0
        start = span.before(past[0], zone) if past else None
        return sum(start is None or wall > start for wall in walls)

    picks = [_tagged(ordered, tags) for tags in policy.tags]
    picks.append(dict.fromkeys(range(reach(policy.within)), f"within {policy.within}"))
    for name, period in _PERIODS.items():
        count = getattr(policy, name)
        picks.append(_newest_of_each(walls, period, count, semantics.keeps_oldest).picked(f"{name} snapshot"))
    for name, period in list(_PERIODS.items())[1:]:
        span = getattr(policy, f"within_{name}")
        found = _newest_of_each(walls, period, UNLIMITED, semantics.keeps_oldest)
        picks.append(found.picked(f"{name} within {span}", reach(span)))
    return picks


@dataclass(frozen=True)
class _Places:
    """Places in the list that a period picks; the last of all may be picked only because it is the oldest."""

    first_of_period: tuple[int, ...]
    only_oldest: int | None

    def picked(self, label: str, reach: int | None = None) -> _Pick:
        found = dict.fromkeys(self.first_of_period, label)
        if self.only_oldest is not None:
            found[self.only_oldest] = f"oldest {label}"
        return {place: text for place, text in found.items() if reach is None or place < reach}


def _newest_of_each(walls: Sequence[datetime], period: _Period, count: int, keeps_oldest: bool) -> _Places:
    """The newest point of each period that has one, until the count is used up."""
    places: list[int] = []
    before: tuple[int, ...] | None = None
    for place, wall in enumerate(walls):
        value = period(wall, place)
        if len(places) != count and value != before:
            places.append(place)
            before = value
    oldest = len(walls) - 1
    counts_remain = count == UNLIMITED or len(places) < count
    is_extra = keeps_oldest and counts_remain and oldest >= 0 and oldest not in places
    return _Places(tuple(places), oldest if is_extra else None)


def _tagged(ordered: Sequence[Point], tags: tuple[str, ...]) -> _Pick:
    """Points with all these tags."""
    return {place: f"has tags {_listed(tags)}" for place, point in enumerate(ordered) if _has_tags(point, tags)}


def _has_tags(point: Point, tags: tuple[str, ...]) -> bool:
    for tag in tags:
        if not tag and not point.tags:
            return True  # an empty tag stands for a point that has none
        if tag not in point.tags:
            return False
    return True


def _listed(tags: tuple[str, ...]) -> str:
    return f"[{', '.join(tags)}]"

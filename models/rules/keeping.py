"""What may really be removed: never the last proven point, never below the floor, never after a failed run.

Retention says what a policy does not want any more; this rule says what of it stays all the same, and why.
Source: FAULTS R18 and law 11 of the design: retention does not run after a failed or unproven backup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from models.rules.durations import Duration
from models.rules.field_error import FieldError
from models.rules.figure_words import age_text
from models.rules.restore_points import GOOD, Point, from_the_future, newest_of
from models.rules.retention import KeepPolicy, Kept, Semantics, retain
from models.rules.wall_clock import require_aware
from models.vocabulary import Outcome, PointState


@dataclass(frozen=True)
class Safeguards:
    """What no policy may go below."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    at_least: int = 1
    """So many good points of the plan stay, whatever the policy says."""
    grace: Duration = timedelta(0)
    """A point is removed only after it was unwanted for so long."""
    behind_proof: bool = True
    """Only points that are older than the newest proven one are removed: what is not proven displaces nothing."""

    def __post_init__(self) -> None:
        if self.at_least < 1:
            raise FieldError("at_least", "at_least is 1 or more: a plan without a point is no backup")


@dataclass(frozen=True)
class Shelf:
    """What retention looks at: the plan, every point that its repository holds, its policy and its last run."""

    plan: str
    points: tuple[Point, ...]
    policy: KeepPolicy
    last_run: Outcome | None
    semantics: Semantics


@dataclass(frozen=True)
class Spared:
    """A point that the policy does not want and that stays."""

    point: Point
    reason: str


@dataclass(frozen=True)
class Removals:
    """What is kept by the policy, spared from it, and removed; each newest first."""

    kept: tuple[Kept, ...]
    spared: tuple[Spared, ...]
    removed: tuple[Point, ...]
    refusal: str | None = None
    """Why nothing at all is removed now."""
    newly_unwanted: tuple[Point, ...] = ()
    """Their grace period begins now."""
    wanted_again: tuple[Point, ...] = ()
    """Their grace period is over without a removal."""


def removals(shelf: Shelf, safeguards: Safeguards, now: datetime) -> Removals:
    """What retention may remove now. Bad and unlisted points take no place of the policy: only good ones count."""
    now = require_aware(now, "now")
    here = [point for point in shelf.points if point.state is not PointState.EXPIRED]
    own = [point for point in here if point.plan == shelf.plan]
    good = [point for point in own if point.state in GOOD]
    strangers = [Spared(point, f"it belongs to the plan {point.plan}") for point in here if point.plan != shelf.plan]
    retained = retain(good, shelf.policy, shelf.semantics, now)
    unwanted = _newest_first([*retained.unwanted, *(point for point in own if point.state not in GOOD)])
    refusal = _refusal(shelf, own, now)
    if refusal is not None:
        return Removals(retained.kept, _ordered([*(Spared(p, refusal) for p in unwanted), *strangers]), (), refusal)
    settled = _settled(unwanted, good, safeguards, now)
    doomed = _without(unwanted, [item.point for item in settled])
    waiting = [Spared(p, text) for p in doomed if (text := _waits(p, safeguards.grace, now)) is not None]
    return Removals(
        retained.kept,
        _ordered([*settled, *waiting, *strangers]),
        tuple(_without(doomed, [item.point for item in waiting])),
        newly_unwanted=tuple(item.point for item in waiting if item.point.unwanted_since is None),
        wanted_again=tuple(point for point in _without(own, doomed) if point.unwanted_since is not None),
    )


def _refusal(shelf: Shelf, own: Sequence[Point], now: datetime) -> str | None:
    if shelf.policy.is_empty:
        return "the plan does not say what to keep"
    if shelf.last_run is not Outcome.OK:
        how = f"ended {shelf.last_run.value}" if shelf.last_run else "has not ended yet"
        return f"the last run of the plan {how}: retention follows good runs only"
    future = from_the_future(own, now)
    if future is not None:
        return f"the point {future.key} is dated {age_text(future.taken_at - now)} after now: set the clock right first"
    return None


def _settled(unwanted: Sequence[Point], good: Sequence[Point], safeguards: Safeguards, now: datetime) -> list[Spared]:
    """Points that stay for a reason of their own, and the newest of the others that the floor needs."""
    proven = newest_of(good, {PointState.PROVEN}, now)
    reasons = [(point, _own_reason(point, proven, safeguards)) for point in unwanted]
    free = [point for point, reason in reasons if reason is None and point.state in GOOD]
    missing = safeguards.at_least - (len(good) - len(free))
    floor = f"at least {safeguards.at_least} good point{'s' if safeguards.at_least > 1 else ''} must stay"
    return [
        *(Spared(point, reason) for point, reason in reasons if reason is not None),
        *(Spared(point, floor) for point in free[: max(0, missing)]),
    ]


def _own_reason(point: Point, proven: Point | None, safeguards: Safeguards) -> str | None:
    if point.legal_hold is not None:
        return f"legal hold: {point.legal_hold}"
    if point.state is PointState.TAKEN:
        return "it was never seen in the repository: list the repository first"
    if proven is not None and point.key == proven.key:
        return "it is the last proven point"
    is_behind = proven is not None and point.taken_at < proven.taken_at
    if point.state is PointState.BAD and not is_behind:
        return "it is bad, but nothing newer is proven: it may be all there is"
    if safeguards.behind_proof and not is_behind:
        return "nothing newer is proven"
    return None


def _waits(point: Point, grace: timedelta, now: datetime) -> str | None:
    waited = now - (point.unwanted_since or now)
    if waited >= grace:
        return None
    return f"its grace period lasts {age_text(grace - waited)} more"


def _without(points: Sequence[Point], others: Sequence[Point]) -> list[Point]:
    keys = {point.key for point in others}
    return [point for point in points if point.key not in keys]


def _ordered(spared: Sequence[Spared]) -> tuple[Spared, ...]:
    return tuple(sorted(spared, key=lambda item: item.point.taken_at, reverse=True))


def _newest_first(points: Sequence[Point]) -> list[Point]:
    return sorted(points, key=lambda point: point.taken_at, reverse=True)

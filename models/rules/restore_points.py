"""What a backup plan is worth today: green only when restored and compared, in time, and never without data.

The states of a point and their moves are in models.rules.moves. Source: law 11 of the design: the newest proven
point is younger than the plan's RPO, and a drill has passed within its interval.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.figure_words import age_text
from models.rules.wall_clock import require_aware
from models.vocabulary import Health, Outcome, PointState

GOOD = frozenset({PointState.LISTED, PointState.READ_CHECKED, PointState.PROVEN})
"""States in which a point is there and nothing is known against it."""

# Clocks of a host and of ours may differ by this much.
CLOCK_TOLERANCE = timedelta(minutes=5)

SHOWN_DIGITS = 8

_RANK = (Health.GREEN, Health.AMBER, Health.RED)
_QUIET = frozenset({Outcome.OK, Outcome.SKIPPED})


@dataclass(frozen=True)
class Point:
    """One restore point as the rules see it."""

    key: str
    plan: str
    taken_at: datetime
    state: PointState = PointState.LISTED
    tags: tuple[str, ...] = ()
    legal_hold: str | None = None
    """Why it must not be removed, and by whose word."""
    unwanted_since: datetime | None = None
    """When retention first did not want it any more."""


@dataclass(frozen=True)
class Drill:
    """One restore test that ended: ok passed, failed means that the point is bad, all else is no answer."""

    point: str
    point_taken_at: datetime
    started: datetime
    duration: timedelta
    """From the start of the restore to the last comparison: the measured RTO."""
    outcome: Outcome
    reason: str = ""

    @property
    def ended(self) -> datetime:
        """When its answer was known."""
        return self.started + self.duration

    @property
    def point_age(self) -> timedelta:
        """How much would have been lost, had the restore been real: the measured RPO."""
        return self.started - self.point_taken_at


@dataclass(frozen=True)
class Targets:
    """What a plan promises."""

    rpo: timedelta
    drill_every: timedelta
    rto: timedelta | None = None


@dataclass(frozen=True)
class PlanFacts:
    """What is known of a plan. `warnings` are other sentences that are against green: copies, anomalies, coverage."""

    known_since: datetime
    points: tuple[Point, ...] = ()
    drills: tuple[Drill, ...] = ()
    last_run: Outcome | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """One sentence, and the health that it alone would give."""

    health: Health
    text: str


@dataclass(frozen=True)
class PlanVerdict:
    """What a plan is worth, the gravest reason first, and the points to name beside it."""

    health: Health
    reasons: tuple[Reason, ...]
    newest: Point | None
    newest_proven: Point | None


def short_key(key: str) -> str:
    """A point's key as people see and type it: eight digits of restic's, an archive's name without its folder."""
    folder, slash, name = key.rpartition("/")
    return name if slash and folder else key[:SHOWN_DIGITS]


def plan_verdict(targets: Targets, facts: PlanFacts, now: datetime) -> PlanVerdict:
    """The health of a plan with every reason in words."""
    now = require_aware(now, "now")
    reasons = [
        *_clocks(facts, now),
        *_points(targets, facts, now),
        *_drills(targets, facts, now),
        *_runs(facts),
        *(Reason(Health.AMBER, text) for text in facts.warnings),
    ]
    reasons.sort(key=lambda reason: _RANK.index(reason.health), reverse=True)
    proven = newest_of(facts.points, {PointState.PROVEN}, now)
    return PlanVerdict(reasons[0].health, tuple(reasons), newest_of(facts.points, GOOD, now), proven)


def newest_of(points: Iterable[Point], states: Iterable[PointState], now: datetime) -> Point | None:
    """The newest point in one of these states; one that is dated after now is not counted."""
    wanted = frozenset(states)
    found = (point for point in points if point.state in wanted and point.taken_at <= now + CLOCK_TOLERANCE)
    return max(found, key=lambda point: point.taken_at, default=None)


def from_the_future(points: Iterable[Point], now: datetime) -> Point | None:
    """The point that is dated furthest after now, beyond what clocks may differ; None when no clock is wrong."""
    found = (p for p in points if p.state is not PointState.EXPIRED and p.taken_at > now + CLOCK_TOLERANCE)
    return max(found, key=lambda point: point.taken_at, default=None)


def _clocks(facts: PlanFacts, now: datetime) -> Iterator[Reason]:
    point = from_the_future(facts.points, now)
    if point is not None:
        ahead = age_text(point.taken_at - now)
        yield Reason(
            Health.AMBER,
            f"the point {short_key(point.key)} is dated {ahead} after now: a clock is wrong; it is not counted",
        )


def _points(targets: Targets, facts: PlanFacts, now: datetime) -> Iterator[Reason]:
    newest = newest_of(facts.points, GOOD, now)
    last = newest_of(facts.points, GOOD | {PointState.BAD}, now)
    if last is not None and last.state is PointState.BAD:
        use = f"the last good one is {short_key(newest.key)}" if newest else "there is no good one"
        yield Reason(Health.AMBER if newest else Health.RED, f"the newest point {short_key(last.key)} is bad; {use}")
    elif newest is None:
        yield _not_yet("there is no restore point", facts.known_since + targets.rpo, now)
    if newest is None:
        return
    if now - newest.taken_at >= targets.rpo:
        age = age_text(now - newest.taken_at)
        yield Reason(Health.RED, f"the newest good point is {age} old; the RPO is {age_text(targets.rpo)}")
    yield _proof(targets, facts, now)


def _proof(targets: Targets, facts: PlanFacts, now: datetime) -> Reason:
    proven = newest_of(facts.points, {PointState.PROVEN}, now)
    if proven is None:
        return _not_yet("no restore point is proven", facts.known_since + targets.drill_every, now)
    age = max(timedelta(0), now - proven.taken_at)
    text = f"the newest proven point is {age_text(age)} old; the RPO is {age_text(targets.rpo)}"
    if age < targets.rpo:
        return Reason(Health.GREEN, text)
    return Reason(Health.AMBER, f"{text}; what was taken since is not proven")


def _drills(targets: Targets, facts: PlanFacts, now: datetime) -> Iterator[Reason]:
    drills = sorted((drill for drill in facts.drills if drill.ended <= now + CLOCK_TOLERANCE), key=lambda d: d.ended)
    passed = [drill for drill in drills if drill.outcome is Outcome.OK]
    every = f"one is due every {age_text(targets.drill_every)}"
    last = drills[-1] if drills else None
    if last is not None and last.outcome is Outcome.FAILED:
        yield Reason(Health.RED, _failed_drill(last, facts, now))
    elif last is not None and last.outcome is not Outcome.OK:
        why = last.reason or "nothing was said"
        yield Reason(Health.AMBER, f"the last drill gave no answer: {last.outcome.value}, {why}")
    if not passed:
        yield _not_yet("no drill has passed", facts.known_since + targets.drill_every, now)
        return
    since = max(timedelta(0), now - passed[-1].ended)
    in_time = since <= targets.drill_every
    yield Reason(Health.GREEN if in_time else Health.RED, f"the last drill passed {age_text(since)} ago; {every}")
    if targets.rto is not None and passed[-1].duration > targets.rto:
        took = age_text(passed[-1].duration)
        yield Reason(Health.AMBER, f"the last restore took {took}; the RTO is {age_text(targets.rto)}")


def _failed_drill(drill: Drill, facts: PlanFacts, now: datetime) -> str:
    """What to use instead comes before why: a report cuts long texts, and reasons are long."""
    proven = newest_of(facts.points, {PointState.PROVEN}, now)
    use = f"the last proven point is {short_key(proven.key)}" if proven else "no point is proven"
    return f"the drill of {drill.point} failed ({use}): {drill.reason or 'it differs'}"


def _runs(facts: PlanFacts) -> Iterator[Reason]:
    if facts.last_run is not None and facts.last_run not in _QUIET:
        yield Reason(Health.AMBER, f"the last run ended {facts.last_run.value}")


def _not_yet(text: str, due: datetime, now: datetime) -> Reason:
    """A plan that is new has until its first target to show something; it is not green until then either."""
    if now < due:
        return Reason(Health.AMBER, f"{text} yet; one is due within {age_text(due - now)}")
    return Reason(Health.RED, text)

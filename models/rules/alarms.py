"""What is wrong with a job now: late start, too long, too short, no success for T, missed, failed.

An alarm holds as long as its cause does, so it clears by itself when the rule no longer returns it.
"""

import re
import statistics
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from models.rules.durations import Duration, format_duration, parse_duration
from models.rules.field_error import FieldError, under
from models.rules.wall_clock import require_aware, stamp
from models.vocabulary import AlarmKind, Outcome

# Below this many runs nobody can say what is usual.
FEWEST_RUNS = 5
_PART = re.compile(r"^\+?(\d{1,4})%$", re.ASCII)


@dataclass(frozen=True)
class Alarms:
    """The limits of a job. `over_usual` is a part of its usual duration (20%) or a time beyond it (20s)."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    too_long: Duration | None = None
    too_short: Duration | None = None
    no_success_for: Duration | None = None
    over_usual: str | None = None

    def __post_init__(self) -> None:
        if self.too_long is not None and self.too_short is not None and self.too_short >= self.too_long:
            raise FieldError("too_short", "too_short must be below too_long")
        if self.over_usual is not None and not _PART.match(self.over_usual):
            with under("over_usual"):
                parse_duration(self.over_usual.removeprefix("+"))

    def longest(self, usual: "Usual | None") -> tuple[timedelta, str] | None:
        """The longest duration that is still in order and what sets it; None when nothing limits it."""
        limits = []
        if self.too_long is not None:
            limits.append((self.too_long, f"the limit is {format_duration(self.too_long)}"))
        if self.over_usual is not None and usual is not None:
            match = _PART.match(self.over_usual)
            extra = usual.median * int(match[1]) / 100 if match else parse_duration(self.over_usual.removeprefix("+"))
            limits.append((usual.median + extra, f"usual is {format_duration(usual.median)} (n = {usual.n})"))
        return min(limits, default=None)


@dataclass(frozen=True)
class Usual:
    """How long a job usually takes: the median of n runs, and the band that holds most of them."""

    n: int
    median: timedelta
    low: timedelta
    high: timedelta


@dataclass(frozen=True)
class EndedRun:
    """The last run of a job that ended."""

    started: datetime
    ended: datetime
    outcome: Outcome


@dataclass(frozen=True)
class JobFacts:
    """What is known about a job now. `known_since` is when it was registered: no success is counted from then."""

    known_since: datetime
    waiting_due: datetime | None = None  # the oldest slot that is due and has neither started nor been settled
    late_after: timedelta = timedelta(minutes=5)
    running_since: datetime | None = None  # the oldest run that is active
    last_ended: EndedRun | None = None
    last_success: datetime | None = None  # the end of the last run that was ok
    missed: tuple[datetime, ...] = ()  # slots missed and followed by no success
    usual: Usual | None = None


@dataclass(frozen=True)
class Alarm:
    """One thing that is wrong, since when, in words."""

    kind: AlarmKind
    since: datetime
    text: str


def alarms_for(alarms: Alarms, facts: JobFacts, now: datetime) -> list[Alarm]:
    """Every alarm that holds now, at most one of a kind."""
    now = require_aware(now, "now")
    found = (
        _late(facts, now),
        _too_long(alarms, facts, now),
        _too_short(alarms, facts),
        _no_success(alarms, facts, now),
        _missed(facts),
        _failed(facts),
    )
    return [alarm for alarm in found if alarm is not None]


def changes(open_kinds: Collection[AlarmKind], now_held: Sequence[Alarm]) -> tuple[list[Alarm], list[AlarmKind]]:
    """The alarms to raise, and the kinds to clear, given those that are open."""
    held = {alarm.kind for alarm in now_held}
    return (
        [alarm for alarm in now_held if alarm.kind not in open_kinds],
        [kind for kind in AlarmKind if kind in open_kinds and kind not in held],
    )


def usual_duration(history: Iterable[timedelta]) -> Usual | None:
    """The median and the 10 % to 90 % band of the durations of good runs; None with too few to say."""
    durations = sorted(history)
    if len(durations) < FEWEST_RUNS:
        return None
    seconds = [duration.total_seconds() for duration in durations]
    tenths = statistics.quantiles(seconds, n=10, method="inclusive")
    median = timedelta(seconds=statistics.median(seconds))
    return Usual(len(seconds), median, timedelta(seconds=tenths[0]), timedelta(seconds=tenths[-1]))


def _late(facts: JobFacts, now: datetime) -> Alarm | None:
    if facts.waiting_due is None or now - facts.waiting_due < facts.late_after:
        return None
    late = format_duration(now - facts.waiting_due)
    text = f"due at {stamp(facts.waiting_due)} and not started, {late} late"
    return Alarm(AlarmKind.LATE_START, facts.waiting_due + facts.late_after, text)


def _too_long(alarms: Alarms, facts: JobFacts, now: datetime) -> Alarm | None:
    limit = alarms.longest(facts.usual)
    if limit is None:
        return None
    longest, reason = limit
    started, ended = facts.running_since, now
    if started is None or now - started <= longest:
        if facts.last_ended is None or facts.last_ended.outcome is Outcome.SKIPPED:
            return None
        started, ended = facts.last_ended.started, facts.last_ended.ended
        if ended - started <= longest:
            return None
    verb = "runs for" if ended == now and started == facts.running_since else "took"
    text = f"{verb} {format_duration(ended - started)}; {reason}"
    return Alarm(AlarmKind.TOO_LONG, started + longest, text)


def _too_short(alarms: Alarms, facts: JobFacts) -> Alarm | None:
    last = facts.last_ended
    if alarms.too_short is None or last is None or last.outcome is not Outcome.OK:
        return None
    took = last.ended - last.started
    if took >= alarms.too_short:
        return None
    least = format_duration(alarms.too_short)
    text = f"ended ok after {format_duration(took)}; at least {least} is expected, so it may have done nothing"
    return Alarm(AlarmKind.TOO_SHORT, last.ended, text)


def _no_success(alarms: Alarms, facts: JobFacts, now: datetime) -> Alarm | None:
    if alarms.no_success_for is None:
        return None
    since = facts.last_success or facts.known_since
    if now - since <= alarms.no_success_for:
        return None
    what = f"no success since {stamp(since)}" if facts.last_success else f"no success yet, known since {stamp(since)}"
    text = f"{what}; one is expected every {format_duration(alarms.no_success_for)}"
    return Alarm(AlarmKind.NO_SUCCESS, since + alarms.no_success_for, text)


def _missed(facts: JobFacts) -> Alarm | None:
    if not facts.missed:
        return None
    count = len(facts.missed)
    text = f"{count} {'slot' if count == 1 else 'slots'} missed, the first due at {stamp(min(facts.missed))}"
    return Alarm(AlarmKind.MISSED, min(facts.missed), text)


def _failed(facts: JobFacts) -> Alarm | None:
    last = facts.last_ended
    if last is None or last.outcome in (Outcome.OK, Outcome.SKIPPED, Outcome.MISSED):
        return None
    return Alarm(AlarmKind.FAILED, last.ended, f"the last run ended {last.outcome.value} at {stamp(last.ended)}")

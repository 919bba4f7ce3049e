"""Why a clock stands where it stands: each move of each stopwatch, as a line.

A line is the difference between two readings, without a fact and with it, so it can say nothing that the clock does
not do. What the lines of a stopwatch count adds up to its reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.rules.clock_facts import (
    Closed,
    Fact,
    HoldBegan,
    HoldEnded,
    Noted,
    Opened,
    Owned,
    PrioritySet,
    PromisesChanged,
    Reopened,
    Resolved,
)
from models.rules.clock_promises import Agreement, Measure, Promise
from models.rules.service_clock import ClockState, Reading, read_clock
from models.rules.wall_clock import require_aware, stamp

_NOTHING, _INSTANT = timedelta(0), timedelta(microseconds=1)
_Which = tuple[Agreement, Measure]


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One move of one stopwatch. Instants inside the texts are stamps in UTC (`wall_clock.with_times`)."""

    at: datetime
    agreement: Agreement
    measure: Measure
    what: str
    """What happened."""
    effect: str
    """What it did to the clock."""
    counted: timedelta
    """Open time counted since the line before."""
    closed: timedelta
    """Time since the line before that the calendar kept from counting."""
    used: timedelta
    remaining: timedelta | None


def explain_clock(facts: Sequence[Fact], promises: Sequence[Promise], now: datetime) -> tuple[ClockLine, ...]:
    """Every line that moved a stopwatch, up to an instant, in order. Raises ValueError as `read_clock`."""
    until = require_aware(now, "now")
    times = [at for at in _times(facts) if at <= until]
    told: dict[_Which, Reading] = {}
    lines: list[ClockLine] = []
    for number, at in enumerate(times):
        before = _readings(facts[:number], promises, at)
        after = _readings(facts[: number + 1], promises, at)
        for which, reading in after.items():
            effect = _effect(facts[number], before.get(which), reading)
            if effect:
                lines.append(_line(at, (_what(facts[number]), effect), reading, told))
        # What falls on the instant of the next fact is told after it: it may have come just in time.
        following = times[number + 1] if number + 1 < len(times) else until + _INSTANT
        lines += _crossings(facts[: number + 1], promises, (at, following), told)
    return tuple(lines)


def _times(facts: Iterable[Fact]) -> Iterator[datetime]:
    """When each fact counts: never before the one that the journal has before it."""
    latest = datetime.min.replace(tzinfo=UTC)
    for fact in facts:
        latest = max(latest, require_aware(fact.at, "a fact"))
        yield latest


def _readings(facts: Sequence[Fact], promises: Sequence[Promise], at: datetime) -> dict[_Which, Reading]:
    return {(one.agreement, one.measure): one for one in read_clock(facts, promises, at).readings}


def _crossings(
    facts: Sequence[Fact], promises: Sequence[Promise], span: tuple[datetime, datetime], told: dict[_Which, Reading]
) -> list[ClockLine]:
    """The lines of time alone: three quarters used, and all of it, before the next fact."""
    moments = []
    for which, reading in _readings(facts, promises, span[0]).items():
        if reading.stopped_at is None and not reading.is_held:
            moments += [(at, which, text) for at, text in _marks(reading) if span[0] <= at < span[1]]
    lines = []
    for at, which, (what, effect) in sorted(moments, key=lambda moment: moment[0]):
        lines.append(_line(at, (what, effect), _readings(facts, promises, at)[which], told))
    return lines


def _marks(reading: Reading) -> Iterator[tuple[datetime, tuple[str, str]]]:
    if reading.warn_at is not None and reading.warn_at != reading.due_at:
        yield reading.warn_at, ("three quarters of the time are used", f"due {_at(reading.due_at)}")
    if reading.due_at is not None:
        yield reading.due_at, ("the time is used up", "breached")


def _line(at: datetime, texts: tuple[str, str], reading: Reading, told: dict[_Which, Reading]) -> ClockLine:
    which = reading.agreement, reading.measure
    earlier = told.get(which)
    counted = reading.business_elapsed - (earlier.business_elapsed if earlier else _NOTHING)
    passed = reading.actual_elapsed - (earlier.actual_elapsed if earlier else _NOTHING)
    told[which] = reading
    return ClockLine(at, *which, *texts, counted, passed - counted, reading.business_elapsed, reading.remaining)


def _effect(fact: Fact, before: Reading | None, after: Reading) -> str:
    """What a fact did to a stopwatch; nothing when it did not concern it."""
    if before is None:
        return f"starts: {_terms(after)}"
    if after.stopped_at is not None:
        return "" if before.stopped_at is not None else f"stops: {after.state.value}"
    if before.stopped_at is not None:
        return f"goes on where it stood: {_due(after)}"
    if isinstance(fact, PrioritySet | PromisesChanged):
        return _changed(before, after)
    return _of_hold(fact, before, after)


def _of_hold(fact: Fact, before: Reading, after: Reading) -> str:
    if isinstance(fact, HoldBegan) and not after.is_held:
        return f"does not stop for this reason: {_due(after)}"
    if isinstance(fact, HoldBegan):
        return "stays held" if before.is_held else "is held: the due time is unknown until it goes on"
    return f"goes on: {_due(after)}" if before.is_held and not after.is_held else ""


def _changed(before: Reading, after: Reading) -> str:
    was, now = before.target or "no target", after.target or "no target"
    if was == now and before.due_at == after.due_at and before.is_held == after.is_held:
        return f"stays: {_terms(after)}"
    return f"from {was} to {now}, counted from the start: {_due(after)}"


def _terms(reading: Reading) -> str:
    return f"{reading.target}, {_due(reading)}" if reading.target else _due(reading)


def _due(reading: Reading) -> str:
    if reading.state is ClockState.NO_TARGET:
        return "nothing is promised for this priority"
    if reading.due_at is None:
        return f"held, due {_at(reading.due_if_resumed_at)} if it went on now"
    breached = ", breached" if reading.state is ClockState.BREACHED else ""
    return f"due {_at(reading.due_at)}{breached}"


def _at(instant: datetime | None) -> str:
    return stamp(instant) if instant is not None else "at an unknown time"


def _what(fact: Fact) -> str:  # noqa: PLR0911 - one sentence for each kind of fact
    match fact:
        case Opened():
            return f"opened with priority {fact.priority}" if fact.priority else "opened"
        case Owned():
            return f"owned by {fact.by}" if fact.by else "owned"
        case PrioritySet():
            return f"priority {fact.priority}"
        case PromisesChanged():
            return f"other promises: {fact.reason}" if fact.reason else "other promises"
        case HoldBegan():
            return f"on hold: {fact.reason}"
        case HoldEnded():
            return "hold ended"
        case Resolved():
            return "resolved"
        case Reopened():
            return "reopened"
        case Closed():
            return "closed"
        case Noted():
            return fact.text

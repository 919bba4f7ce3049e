"""The course of an incident: its facts put in order, as the stopwatches need them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

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
from models.rules.clock_promises import Promise
from models.rules.wall_clock import require_aware


class Terms(NamedTuple):
    """What was promised from an instant on."""

    at: datetime
    priority: str | None
    promises: tuple[Promise, ...]


class Gap(NamedTuple):
    """A stretch that may not count: on hold for a reason, or over (None), until an instant or still."""

    begin: datetime
    end: datetime | None
    reason: str | None


class Stop(NamedTuple):
    """Where a stopwatch stopped, and what held then."""

    at: datetime
    is_met: bool
    """What it waits for has happened; False when the incident was only closed."""
    terms: int
    """How many terms there were: what is promised later does not move it."""
    gaps: tuple[Gap, ...]


class Course:
    """The facts up to an instant. The order is the journal's: a clock that jumped back moves no fact before another.

    Facts that change nothing (the end of a hold that there is not, a second owner) are passed over.
    """

    def __init__(self, facts: Iterable[Fact], promises: tuple[Promise, ...], until: datetime) -> None:
        self.started: datetime | None = None
        self.terms: list[Terms] = []
        self.reopened = 0
        self.owned: Stop | None = None
        self.ended: Stop | None = None
        self._gaps: list[Gap] = []
        self._hold: tuple[datetime, str] | None = None
        latest: datetime | None = None
        for fact in facts:
            at = fact.at if fact.at.tzinfo is UTC else require_aware(fact.at, "a fact")
            latest = at if latest is None or at > latest else latest
            if latest > until:
                break
            self._take(fact, latest, promises)

    def _take(self, fact: Fact, at: datetime, promises: tuple[Promise, ...]) -> None:
        if isinstance(fact, Opened) != (self.started is None):
            raise ValueError("the first fact of an incident, and no other, is that it was opened")
        match fact:
            case Opened():
                self.started = at
                self.terms.append(Terms(at, fact.priority, promises))
            case PrioritySet():
                self._change(Terms(at, fact.priority, self.terms[-1].promises))
            case PromisesChanged():
                self._change(Terms(at, self.terms[-1].priority, fact.promises))
            case Owned():
                self._own(at)
            case HoldBegan():
                self._begin_hold(at, fact.reason)
            case HoldEnded():
                self._end_hold(at)
            case Resolved():
                self._end(at, is_met=True)
            case Closed():
                self._end(at, is_met=False)
            case Reopened():
                self._reopen(at)
            case Noted():
                pass

    def gaps(self) -> tuple[Gap, ...]:
        """What may not count, in order; an open hold is the last."""
        still = (Gap(self._hold[0], None, self._hold[1]),) if self._hold else ()
        return (*self._gaps, *still)

    def _change(self, terms: Terms) -> None:
        if terms[1:] != self.terms[-1][1:]:
            self.terms.append(terms)

    def _stop(self, at: datetime, *, is_met: bool) -> Stop:
        return Stop(at, is_met, len(self.terms), self.gaps())

    def _own(self, at: datetime) -> None:
        if self.owned is None and self.ended is None:
            self.owned = self._stop(at, is_met=True)

    def _begin_hold(self, at: datetime, reason: str) -> None:
        if self.ended is None:
            self._end_hold(at)
            self._hold = at, reason

    def _end_hold(self, at: datetime) -> None:
        if self._hold is not None:
            self._gaps.append(Gap(self._hold[0], at, self._hold[1]))
            self._hold = None

    def _end(self, at: datetime, *, is_met: bool) -> None:
        if self.ended is not None:
            return
        self.ended = self._stop(at, is_met=is_met)
        if is_met and self.owned is None:
            self.owned = self.ended
        self._end_hold(at)

    def _reopen(self, at: datetime) -> None:
        if self.ended is not None:
            self._gaps.append(Gap(self.ended.at, at, None))
            self.ended = None
            self.reopened += 1

"""Silences: a person keeps some alerts from being told, says why, and for how long. There is none without an end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.durations import format_duration
from models.rules.matchers import Labels, Matchers, contradictions, matching
from models.rules.wall_clock import require_aware, stamp

LONGEST = timedelta(days=92)
"""What is to be quiet for longer is no case for a silence but for a rule, which somebody can read and review."""
REMIND_BEFORE = timedelta(hours=1)
SHORTEST_PART = 4
"""The reminder comes no earlier than in the last quarter."""


@dataclass(frozen=True)
class Silence:
    """The alerts of these matchers are not told from `starts` on, until `ends`; the end does not belong to it."""

    matchers: Matchers
    starts: datetime
    ends: datetime
    author: str
    comment: str
    number: str = ""
    """What people call it; empty while it is only asked for."""

    def holds(self, now: datetime) -> bool:
        """Whether the instant is within its time."""
        return self.starts <= now < self.ends

    @property
    def remind_at(self) -> datetime:
        """When its author is told that it ends soon."""
        return self.ends - min(REMIND_BEFORE, (self.ends - self.starts) / SHORTEST_PART)


def silence_problems(silence: Silence, now: datetime) -> Iterator[str]:
    """Everything that keeps a silence from being set."""
    starts, ends = require_aware(silence.starts, "the start"), require_aware(silence.ends, "the end")
    if matching(silence.matchers, {}):
        yield 'it would silence every alert: give it a matcher that asks for a value, like service="shop"'
    yield from contradictions(silence.matchers)
    if ends <= starts:
        yield f"it ends at {stamp(ends)}, not after its start at {stamp(starts)}"
    elif ends <= now:
        yield f"its end, {stamp(ends)}, is over already"
    elif ends - starts > LONGEST:
        yield f"it lasts longer than {format_duration(LONGEST)}: what is to stay quiet is a rule of events.yaml"
    for what, text in (("author", silence.author), ("comment", silence.comment)):
        if not text.strip():
            yield f"it has no {what}: others must know who keeps this quiet, and why"


def silenced_by(silences: Iterable[Silence], labels: Labels, now: datetime) -> Silence | None:
    """The silence that keeps an alert with these labels quiet now: of several, the one that ends last."""
    holding = (one for one in silences if one.holds(now) and matching(one.matchers, labels))
    return max(holding, key=lambda one: one.ends, default=None)

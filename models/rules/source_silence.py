"""Silence is red: a source of events that is not heard of for longer than it should be is an event itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.durations import format_duration
from models.rules.wall_clock import require_aware, stamp


@dataclass(frozen=True)
class SourceVerdict:
    """Since when a source is silent (None: it is not), why, and when to look again (None: its next event tells)."""

    silent_since: datetime | None
    reason: str
    look_at: datetime | None


def source_verdict(
    expected_every: timedelta | None, last_heard: datetime | None, known_since: datetime, now: datetime
) -> SourceVerdict:
    """Whether a source is silent. One that was never heard of counts from when it came to be known."""
    now = require_aware(now, "now")
    heard = last_heard or known_since
    words = f"heard last at {stamp(last_heard)}" if last_heard else f"never heard since {stamp(known_since)}"
    if expected_every is None:
        return SourceVerdict(None, f"{words}; it may be silent", None)
    due = heard + expected_every
    words = f"{words}, expected every {format_duration(expected_every)}"
    return SourceVerdict(due, words, None) if now >= due else SourceVerdict(None, words, due)

"""Events: what one may say, when one counts for a slot that waits for it, and what becomes of the slot.

Each slot has a time of its own in which its event may come. Unless the job says how early that may be, it begins
half-way between the end of the previous slot's time and the due time: an event that was sent twice last night, or
that came too late for last night's run, does not release tonight's. An event releases one slot of a job, the oldest
that it counts for; every other job takes it for itself.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.rules.dependencies import Readiness, Ready
from models.rules.names import NAME_PATTERN, NAME_WORDS
from models.rules.wall_clock import stamp

EARLIEST = timedelta(hours=12)
"""How early the event of a job's very first slot may come, when the job does not say."""
LONGEST_WORD, LONGEST_TEXT = 128, 8_000
MOST_FACTS, MOST_FACTS_BYTES = 50, 16_384
_FACT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class NewEvent:
    """What somebody says has happened. The same name and `key` again are the same event."""

    name: str
    source: str | None = None
    text: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True)
class EventSpan:
    """From when to when an event counts for a slot; both ends belong to it."""

    opens: datetime
    closes: datetime

    def holds(self, instant: datetime) -> bool:
        """Whether an event that was received at this instant counts."""
        return self.opens <= instant <= self.closes


def event_problems(event: NewEvent) -> Iterator[str]:
    """Everything that keeps an event from being accepted."""
    if not re.fullmatch(NAME_PATTERN, event.name):
        yield f"the event's name {event.name[:LONGEST_WORD]!r} {NAME_WORDS}"
    for what, word in (("source", event.source), ("key", event.key)):
        if word is not None and not (0 < len(word) <= LONGEST_WORD and word.isprintable()):
            yield f"the {what} must have 1 to {LONGEST_WORD} printable characters"
    if event.text is not None and (len(event.text) > LONGEST_TEXT or not _is_storable(event.text)):
        yield f"the text must have at most {LONGEST_TEXT} characters, and no NUL"
    yield from _fact_problems(event.facts)


def _fact_problems(facts: Mapping[str, str]) -> Iterator[str]:
    for name, value in facts.items():
        if not _FACT.fullmatch(name):
            yield f"{name[:64]!r} cannot name a fact: letters, digits, _ . - and at most 64, beginning with a letter"
        if not _is_storable(value):
            yield f"the fact {name[:64]!r} has a NUL or a character that is none"
    size = len(json.dumps(dict(facts)))
    if len(facts) > MOST_FACTS or size > MOST_FACTS_BYTES:
        yield f"{len(facts)} facts of {size} bytes: at most {MOST_FACTS} of {MOST_FACTS_BYTES} bytes are kept"


def _is_storable(text: str) -> bool:
    """PostgreSQL takes no NUL, and neither database half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def span_of(due: datetime, previous: datetime | None, within: timedelta | None, up_to: timedelta) -> EventSpan:
    """When the event of a slot may come; `previous` is when the job's slot before it was due.

    It may come `within` before the due time, but not before the previous slot was due. Without `within`, what comes
    in the first half of the time since the previous slot's own ended was meant for that one; where the two overlap,
    it may not come before the due time.
    """
    if within is not None:
        opens = due - within if previous is None else max(due - within, previous)
    elif previous is None:
        opens = due - EARLIEST
    else:
        opens = due - (due - min(previous + up_to, due)) / 2
    return EventSpan(opens, due + up_to)


def event_readiness(name: str, span: EventSpan, received: datetime | None, now: datetime) -> Readiness:
    """Whether the event that counts for a slot (`received`) lets it start, or how long it is waited for."""
    if received is not None:
        return Readiness(Ready.READY, f"released by the event {name} of {stamp(received)}")
    if now <= span.closes:
        return Readiness(Ready.WAIT, f"waits for the event {name} until {stamp(span.closes)}")
    return Readiness(Ready.OVER, f"the event {name} did not come between {stamp(span.opens)} and {stamp(span.closes)}")

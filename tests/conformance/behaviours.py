"""Behaviours that RT's own tests describe in a sentence: each sentence has a check of the same on our clocks."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from models.rules.calendars import Calendar
from models.rules.clock_facts import Fact, Noted, Opened, Owned, PrioritySet
from models.rules.clock_promises import Agreement, Measure, Promise, Target
from models.rules.reply_clock import Message, ReplyPromise, read_replies
from models.rules.service_clock import Reading, read_clock
from tests.conformance.cases import VectorError

_OFFICE = Calendar(timezone="UTC", hours={"mon-fri": ("09:00-17:00",)})
_ANSWER, _LOOP = timedelta(hours=2), timedelta(hours=4)
_TARGETS = {"1": Target(timedelta(hours=2)), "2": Target(timedelta(hours=6))}
_PROMISE = Promise(Agreement.SLA, _OFFICE, own=_TARGETS, resolve=_TARGETS)


def fault(sentence: Any, where: str) -> str | None:
    """What is wrong with our clocks by this sentence. Raises VectorError for one that no check is known for."""
    if sentence not in _CHECKS:
        raise VectorError(f"{where}: no check is known for the behaviour {sentence!r}")
    return _CHECKS[sentence]()


def _at(hour: int) -> datetime:
    """On one Monday."""
    return datetime(2026, 11, 23, hour, tzinfo=UTC)


def _read(measure: Measure, *facts: Fact) -> Reading:
    reading = read_clock([Opened(_at(10), "2"), *facts], (_PROMISE,), _at(16)).reading(Agreement.SLA, measure)
    assert reading is not None
    return reading


def _reply_due(*messages: tuple[int, bool], keep: timedelta | None = None) -> datetime | None:
    said = [Message(_at(hour), from_desk) for hour, from_desk in messages]
    return read_replies(said, ReplyPromise(_OFFICE, _ANSWER, keep)).due_at


def _same(found: Any, expected: Any) -> str | None:
    return None if found == expected else f"expected {expected}, found {found}"


def _level_changes() -> str | None:
    was, now = (_read(Measure.RESOLVE, *facts).due_at for facts in ((), (PrioritySet(_at(11), "1"),)))
    return _same((was, now), (_at(16), _at(12)))


def _staff_reply_clears() -> str | None:
    waiting, answered = _reply_due((10, False)), _reply_due((10, False), (11, True))
    return _same((waiting, answered, _read(Measure.OWN, Owned(_at(11))).next_at), (_at(12), None, None))


def _second_message() -> str | None:
    own = _read(Measure.OWN, Noted(_at(11), "and another thing")).due_at
    return _same((_reply_due((10, False), (11, False)), own), (_at(12), _at(16)))


def _keep_in_loop() -> str | None:
    return _same(_reply_due((10, False), (11, True), keep=_LOOP), _at(11) + _LOOP)


def _replies_leave_the_deadline() -> str | None:
    noted = _read(Measure.RESOLVE, Noted(_at(11), "we look at it"), Owned(_at(12)))
    return _same(noted.due_at, _read(Measure.RESOLVE).due_at)


def _opened_by_the_desk() -> str | None:
    return _same((_reply_due(), _reply_due((10, True))), (None, None))


_CHECKS: Mapping[str, Callable[[], str | None]] = {
    "changing the SLA level moves Due by the difference of the two targets, counted from the original start": (
        _level_changes
    ),
    "response clock runs only when the requestor wrote last; a staff reply clears Due": _staff_reply_clears,
    "a second requestor message does not move the response Due": _second_message,
    "KeepInLoop: after a staff reply Due = reply time + keep-in-loop minutes": _keep_in_loop,
    "resolve deadline is not touched by replies": _replies_leave_the_deadline,
    "ticket opened by a non-requestor: no response Due": _opened_by_the_desk,
    "owner who is also requestor: treated as owner, no response Due": _opened_by_the_desk,
}

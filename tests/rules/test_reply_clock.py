"""The reply clock: who wrote last, since when the caller waits, and the longest wait."""

from datetime import timedelta

import pytest

from models.rules.calendars import Calendar
from models.rules.reply_clock import Message, ReplyPromise, ReplyReading, read_replies
from tests.rules.moments import utc

HOUR = timedelta(hours=1)
OFFICE = Calendar(timezone="UTC", hours={"mon-fri": ("09:00-17:00",)})
PROMISE = ReplyPromise(OFFICE, 2 * HOUR)
KEEP_IN_LOOP = ReplyPromise(OFFICE, 2 * HOUR, 4 * HOUR)


def at(text: str):
    return utc(f"2026-11-{text}")


def caller(text: str) -> Message:
    return Message(at(text), from_desk=False)


def desk(text: str) -> Message:
    return Message(at(text), from_desk=True)


@pytest.mark.parametrize(
    ("messages", "promise", "due", "worst", "why"),
    [
        ([], PROMISE, None, None, "nobody wrote"),
        ([caller("23 10:00")], PROMISE, "23 12:00", None, "the caller waits"),
        ([caller("23 10:00"), caller("23 11:00")], PROMISE, "23 12:00", None, "a second message does not move it"),
        ([caller("23 16:00")], PROMISE, "24 10:00", None, "in open time"),
        ([caller("23 10:00"), desk("23 11:00")], PROMISE, None, HOUR, "answered"),
        ([caller("23 10:00"), desk("23 13:00"), caller("23 14:00"), desk("23 15:00")], PROMISE, None, 3 * HOUR,
         "the worst exchange is kept"),
        ([caller("23 10:00"), desk("23 11:00"), caller("23 16:30")], PROMISE, "24 10:30", HOUR, "asked again"),
        ([desk("23 10:00")], PROMISE, None, None, "the desk wrote first: nobody waits"),
        ([desk("23 10:00"), desk("23 11:00")], KEEP_IN_LOOP, "23 15:00", None, "kept in the loop since the last words"),
        ([caller("23 10:00"), desk("23 11:00")], KEEP_IN_LOOP, "23 15:00", HOUR, "after an answer, too"),
        ([caller("23 10:00")], KEEP_IN_LOOP, "23 12:00", None, "who waits comes first"),
    ],
)  # fmt: skip
def test_the_desk_must_write_by_then(messages, promise, due, worst, why):
    assert read_replies(messages, promise) == ReplyReading(at(due) if due else None, worst), why


@pytest.mark.parametrize("promise", [PROMISE, KEEP_IN_LOOP], ids=["answer", "keep in loop"])
def test_nothing_is_due_after_the_end(promise):
    messages = [caller("23 10:00"), desk("23 11:00"), caller("23 12:00")]
    assert read_replies(messages, promise, at("23 13:00")) == ReplyReading(None, HOUR)

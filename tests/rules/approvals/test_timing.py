"""When a step is reminded of, escalated and over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.rules.approvals.schemes import Approver, Step
from models.rules.approvals.timing import Due, Waited, due, expires_at
from models.rules.calendars import Calendar
from models.vocabulary import ApproverKind
from tests.rules.approvals.crew import DAY, HOUR, NOW

ALWAYS = Calendar(name="always", always=True)
BOB, EVE = Approver(ApproverKind.PERSON, "bob"), Approver(ApproverKind.PERSON, "eve")
WHOLE = Step((BOB,), remind_after=4 * HOUR, escalate_after=DAY, escalate_to=(EVE,), expires_after=3 * DAY)
BARE = Step((BOB,), expires_after=None)
FRESH, TOLD = Waited(NOW), Waited(NOW, reminders=6, is_escalated=True)
CASES = [
    (WHOLE, FRESH, HOUR, Due(0, next_at=NOW + 4 * HOUR), "nothing yet"),
    (WHOLE, FRESH, 4 * HOUR, Due(1, remind=True, next_at=NOW + 8 * HOUR), "the first reminder, to the instant"),
    (WHOLE, FRESH, 13 * HOUR, Due(3, remind=True, next_at=NOW + 16 * HOUR), "several that were missed are one"),
    (WHOLE, Waited(NOW, 5), 23 * HOUR, Due(5, next_at=NOW + DAY), "between two"),
    (WHOLE, Waited(NOW, 5), DAY, Due(6, escalate=True, next_at=NOW + 28 * HOUR), "an escalation reminds, too"),
    (WHOLE, TOLD, DAY, Due(6, next_at=NOW + 28 * HOUR), "once"),
    (WHOLE, FRESH, 3 * DAY, Due(0, expire=True), "over: nothing else counts"),
    (WHOLE, Waited(NOW, 10, True), 2 * DAY, Due(10, next_at=NOW + 3 * DAY), "no reminder after the tenth"),
    (BARE, FRESH, 400 * DAY, Due(0), "a step without times waits for ever"),
    (replace(WHOLE, expires_after=None, remind_after=None), TOLD, 9 * DAY, Due(6), "nothing is next"),
]


@pytest.mark.parametrize(("step", "waited", "after", "expected", "why"), CASES, ids=[case[-1] for case in CASES])
def test_what_is_due(step: Step, waited: Waited, after: timedelta, expected: Due, why: str) -> None:
    assert due(step, ALWAYS, waited, NOW + after) == expected, why


def test_where_nobody_may_decide_it_is_escalated_at_once_and_once() -> None:
    step = replace(WHOLE, escalate_after=None)
    assert due(step, ALWAYS, FRESH, NOW, nobody_may=True).escalate
    assert not due(step, ALWAYS, replace(FRESH, is_escalated=True), NOW, nobody_may=True).escalate
    assert not due(step, ALWAYS, FRESH, NOW).escalate
    assert not due(BARE, ALWAYS, FRESH, NOW, nobody_may=True).escalate


def test_times_are_counted_in_the_hours_of_the_calendar() -> None:
    office = Calendar(name="office", timezone="UTC", hours={"mon-fri": ("09:00-17:00",)})
    assert expires_at(replace(WHOLE, expires_after=12 * HOUR), office, NOW) == NOW + DAY + 4 * HOUR
    assert due(WHOLE, office, FRESH, NOW + DAY).reminders == 2
    assert expires_at(BARE, office, NOW) is None

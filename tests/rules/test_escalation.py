"""Escalation chains: which steps are due, by open time or by a share of the promised time."""

from datetime import timedelta

import pytest

from models.rules.calendars import Calendar
from models.rules.clock_course import Course
from models.rules.clock_facts import Closed, HoldBegan, HoldEnded, Opened, Owned, PrioritySet, Reopened, Resolved
from models.rules.clock_promises import Agreement, Measure, Promise, Target
from models.rules.escalation import Chain, Step, Wait, pending
from tests.rules.moments import utc

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = utc("2026-11-23 09:00")
ALWAYS = Calendar(always=True)
OFFICE = Calendar(timezone="UTC", hours={"mon-fri": ("08:00-18:00",)})
PROMISE = Promise(
    Agreement.SLA,
    OFFICE,
    own={"P1": Target(HOUR), "P2": Target(4 * HOUR)},
    resolve={"P1": Target(4 * HOUR), "P2": Target(working_days=2)},
    stops_for=frozenset({"caller"}),
)
LATER = MONDAY + 30 * DAY


def chain(*steps, measure=Measure.RESOLVE, calendar=ALWAYS, agreement=Agreement.SLA):
    return Chain(calendar, measure, agreement, steps)


def due(chain, *facts, done=(), now=LATER, priority="P1"):
    course = Course([Opened(MONDAY, priority), *facts], (PROMISE,), now)
    return [(one.key, one.at - MONDAY) for one in pending(chain, course, now, done)]


SHARE, ALL, TEN = Step(Wait(percent=75)), Step(Wait(percent=100)), Step(Wait(10 * MINUTE))

CASES = [
    ("open time", chain(TEN), (), [("1.0", 10 * MINUTE)]),
    ("a share of the time to resolve", chain(SHARE, ALL), (), [("1.0", 3 * HOUR), ("2.0", 4 * HOUR)]),
    ("a share of the time to own", chain(SHARE, measure=Measure.OWN), (), [("1.0", 45 * MINUTE)]),
    ("more than all of it, over the night", chain(Step(Wait(percent=250))), (), [("1.0", DAY)]),
    ("repeats in the hours of the chain", chain(Step(Wait(8 * HOUR), 30 * MINUTE, 3), calendar=OFFICE), (),
     [("1.0", 8 * HOUR), ("1.1", 8.5 * HOUR), ("1.2", 23 * HOUR), ("1.3", 23.5 * HOUR)]),
    ("nothing promised for it", chain(SHARE, TEN, agreement=Agreement.OLA), (), [("2.0", 10 * MINUTE)]),
    ("steps in order of time", chain(ALL, TEN), (), [("2.0", 10 * MINUTE), ("1.0", 4 * HOUR)]),
    ("a hold moves what waits in open time", chain(Step(Wait(2 * HOUR))),
     (HoldBegan(MONDAY + HOUR, "change"), HoldEnded(MONDAY + 3 * HOUR)), [("1.0", 4 * HOUR)]),
    ("a hold that does not stop the clock does not move its share", chain(SHARE),
     (HoldBegan(MONDAY + HOUR, "change"), HoldEnded(MONDAY + 2 * HOUR)), [("1.0", 3 * HOUR)]),
    ("one that does moves it", chain(SHARE),
     (HoldBegan(MONDAY + HOUR, "caller"), HoldEnded(MONDAY + 2 * HOUR)), [("1.0", 4 * HOUR)]),
    ("nothing while it is on hold", chain(TEN, SHARE), (HoldBegan(MONDAY + HOUR, "change"),), []),
    ("another priority, another share", chain(ALL), (PrioritySet(MONDAY + HOUR, "P2"),), [("1.0", 2 * DAY)]),
    ("owned ends a chain until then", chain(TEN, measure=Measure.OWN), (Owned(MONDAY + HOUR),), []),
    ("and not the other", chain(TEN), (Owned(MONDAY + HOUR),), [("1.0", 10 * MINUTE)]),
    ("resolved ends it", chain(TEN), (Resolved(MONDAY + HOUR),), []),
    ("so does the end without an owner", chain(TEN, measure=Measure.OWN), (Closed(MONDAY + HOUR),), []),
    ("reopened it goes on where it stood", chain(Step(Wait(2 * HOUR))),
     (Resolved(MONDAY + HOUR), Reopened(MONDAY + 5 * HOUR)), [("1.0", 6 * HOUR)]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "chain", "facts", "found"), CASES, ids=[case[0] for case in CASES])
def test_what_is_pending(why, chain, facts, found):
    assert due(chain, *facts) == found


def test_what_was_done_is_not_pending():
    repeated = chain(Step(Wait(10 * MINUTE), 5 * MINUTE, 2))
    assert due(repeated, done={"1.0", "1.1"}) == [("1.2", 20 * MINUTE)]


def test_nothing_is_pending_before_it_is_opened():
    assert pending(chain(TEN), Course([], (), MONDAY), MONDAY, ()) == []


def test_a_wait_is_one_of_two():
    for wrong in ({}, {"open_time": HOUR, "percent": 5}):
        with pytest.raises(ValueError, match="an amount of open time or a share"):
            Wait(**wrong)

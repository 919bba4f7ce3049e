"""The clock explains itself: a line for each move, and together they are the reading."""

from dataclasses import replace

import pytest

from models.rules.clock_facts import (
    Closed,
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
from models.rules.clock_lines import explain_clock
from models.rules.clock_promises import Agreement, Measure
from models.rules.wall_clock import in_zone, wall_time
from tests.rules.test_service_clock import HOUR, OFFICE, OLA, OPENED, SLA, at, hold


def said(*facts, now, opened=OPENED, measure=Measure.RESOLVE, promise=SLA):
    """The lines of one stopwatch, as people read them."""
    return [
        f"{wall_time(line.at, OFFICE.zone):%d %H:%M} {line.what}: {in_zone(line.effect, 'Europe/Berlin')}"
        for line in explain_clock([opened, *facts], (promise,), at(now))
        if line.measure is measure
    ]


STARTS = "23 09:00 opened with priority 2: starts: 4h, due 2026-11-23 13:00 CET"
WARNS = "23 12:00 three quarters of the time are used: due 2026-11-23 13:00 CET"
RUNS_OUT = "23 13:00 the time is used up: breached"
HOLDS = "23 10:00 on hold: caller: is held: the due time is unknown until it goes on"


@pytest.mark.parametrize(
    ("facts", "now", "lines"),
    [
        ((), "23 09:00", [STARTS]),
        ((), "23 14:00", [STARTS, WARNS, RUNS_OUT]),
        ((Noted(at("23 10:00"), "hello"),), "23 11:00", [STARTS]),
        ((Owned(at("23 10:00"), "ada"),), "23 11:00", [STARTS]),
        ((Resolved(at("23 11:00")),), "24 11:00", [STARTS, "23 11:00 resolved: stops: met"]),
        ((Resolved(at("23 13:00")),), "24 11:00", [STARTS, WARNS, "23 13:00 resolved: stops: met"]),
        ((Resolved(at("23 14:00")),), "24 11:00", [STARTS, WARNS, RUNS_OUT, "23 14:00 resolved: stops: breached"]),
        ((Closed(at("23 11:00")),), "24 11:00", [STARTS, "23 11:00 closed: stops: stopped"]),
        ((Noted(at("23 13:00")), Noted(at("23 14:00"))), "23 15:00", [STARTS, WARNS, RUNS_OUT]),
        (
            hold("23 10:00", "23 12:00"),
            "23 12:00",
            [STARTS, HOLDS, "23 12:00 hold ended: goes on: due 2026-11-23 15:00 CET"],
        ),
        (
            (*hold("23 10:00"), *hold("23 11:00", None, "vendor")),
            "23 12:00",
            [STARTS, HOLDS, "23 11:00 on hold: vendor: stays held"],
        ),
        (
            hold("23 10:00", "23 11:00", "change"),
            "23 11:30",
            [STARTS, "23 10:00 on hold: change: does not stop for this reason: due 2026-11-23 13:00 CET"],
        ),
        (
            (PrioritySet(at("23 12:30"), "1"),),
            "23 12:45",
            [
                STARTS,
                WARNS,
                "23 12:30 priority 1: from 4h to 2h, counted from the start: due 2026-11-23 11:00 CET, breached",
            ],
        ),
        (
            (*hold("23 10:00"), PrioritySet(at("23 11:00"), "1")),
            "23 11:00",
            [
                STARTS,
                HOLDS,
                "23 11:00 priority 1: from 4h to 2h, counted from the start: "
                "held, due 2026-11-23 12:00 CET if it went on now",
            ],
        ),
        (
            (PrioritySet(at("23 10:00"), "9"),),
            "23 12:00",
            [
                STARTS,
                "23 10:00 priority 9: from 4h to no target, counted from the start: "
                "nothing is promised for this priority",
            ],
        ),
        (
            (PromisesChanged(at("23 10:00"), (replace(SLA, own={}),), "a new contract"),),
            "23 10:00",
            [STARTS, "23 10:00 other promises: a new contract: stays: 4h, due 2026-11-23 13:00 CET"],
        ),
        (
            (Resolved(at("23 11:00")), Reopened(at("24 11:00"))),
            "24 11:00",
            [
                STARTS,
                "23 11:00 resolved: stops: met",
                "24 11:00 reopened: goes on where it stood: due 2026-11-24 13:00 CET",
            ],
        ),
    ],
    ids=[
        "opened", "breached", "words", "owned", "resolved", "just in time", "late", "cancelled", "words after",
        "held", "held again", "another reason", "more urgent", "more urgent while held", "no target", "promises",
        "reopened",
    ],
)  # fmt: skip
def test_each_move_of_the_clock_is_a_line(facts, now, lines):
    assert said(*facts, now=now) == lines


def test_the_time_to_own_has_its_own_lines():
    opened = Opened(at("23 09:00"), "3")
    assert said(Owned(at("23 10:00"), "ada"), now="23 12:00", opened=opened, measure=Measure.OWN) == [
        "23 09:00 opened with priority 3: starts: 2h, due 2026-11-23 11:00 CET",
        "23 10:00 owned by ada: stops: met",
    ]


def test_a_line_says_what_was_counted_and_what_the_calendar_cut():
    facts = [Opened(at("23 16:00"), "3"), *hold("24 10:00", "24 12:00")]
    lines = [line for line in explain_clock(facts, (SLA,), at("24 12:00")) if line.measure is Measure.RESOLVE]
    assert [(line.counted, line.closed, line.used, line.remaining) for line in lines] == [
        (0 * HOUR, 0 * HOUR, 0 * HOUR, 20 * HOUR),
        (4 * HOUR, 14 * HOUR, 4 * HOUR, 16 * HOUR),
        (0 * HOUR, 0 * HOUR, 4 * HOUR, 16 * HOUR),
    ]


def test_the_lines_of_all_clocks_are_in_the_order_of_time():
    lines = explain_clock([Opened(at("23 09:00"), "3")], (SLA, OLA), at("30 09:00"))
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert {line.agreement for line in lines} == {Agreement.SLA, Agreement.OLA}


def test_nothing_is_explained_before_the_opening():
    assert explain_clock([OPENED, HoldBegan(at("23 10:00"), "caller")], (SLA,), at("23 08:00")) == ()
    assert explain_clock([OPENED, HoldEnded(at("23 10:00"))], (SLA,), at("23 10:00"))[-1].what == (
        "opened with priority 2"
    )

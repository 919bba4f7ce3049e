"""The service clock: what each fact does to the two stopwatches of each promise."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.rules.calendars import Calendar
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
from models.rules.clock_promises import Agreement, Measure, Promise, Target
from models.rules.service_clock import ClockState, IncidentClock, Reading, read_clock
from tests.rules.moments import local

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OFFICE = Calendar(
    name="office",
    timezone="Europe/Berlin",
    hours={"mon-fri": ("08:00-18:00",)},
    dates={"2026-11-25": "closed"},
)
ALWAYS = Calendar(name="always", timezone="Europe/Berlin", always=True)
SLA = Promise(
    Agreement.SLA,
    OFFICE,
    own={"1": Target(MINUTE * 15), "3": Target(2 * HOUR)},
    resolve={"1": Target(2 * HOUR), "2": Target(4 * HOUR), "3": Target(20 * HOUR), "days": Target(working_days=2)},
    stops_for=frozenset({"caller", "vendor"}),
)
OLA = replace(SLA, agreement=Agreement.OLA, own={}, resolve={"3": Target(10 * HOUR)}, stops_for=frozenset({"caller"}))
SUPPLIER = replace(OLA, agreement=Agreement.SUPPLIER, calendar=ALWAYS, resolve={"3": Target(48 * HOUR)})
RUNNING, HELD, MET = ClockState.RUNNING, ClockState.HELD, ClockState.MET
BREACHED, STOPPED, NO_TARGET = ClockState.BREACHED, ClockState.STOPPED, ClockState.NO_TARGET


def at(text: str):
    """`23 10:00` in Berlin, in November 2026; the 23rd is a Monday, the 25th a holiday."""
    return local(f"2026-11-{text}")


OPENED = Opened(at("23 09:00"), "2")


def resolve_clock(*facts, now: str, opened=OPENED, promise=SLA) -> Reading:
    reading = read_clock([opened, *facts], (promise,), at(now)).reading(promise.agreement, Measure.RESOLVE)
    assert reading is not None
    return reading


def own_clock(*facts, now: str, opened=OPENED, promise=SLA) -> Reading:
    reading = read_clock([opened, *facts], (promise,), at(now)).reading(promise.agreement, Measure.OWN)
    assert reading is not None
    return reading


def hold(begin: str, end: str | None = None, reason: str = "caller"):
    began = HoldBegan(at(begin), reason)
    return (began,) if end is None else (began, HoldEnded(at(end)))


CASES = [
    # facts after opening on Monday at 09:00 with priority 2 (4 h), now, state, due, used in hours, why
    ((), "23 10:00", RUNNING, "23 13:00", 1, "four hours from the opening"),
    ((), "23 12:59", RUNNING, "23 13:00", 4 - 1 / 60, "a minute is left"),
    ((), "23 13:00", BREACHED, "23 13:00", 4, "not resolved at the due instant"),
    ((), "23 20:00", BREACHED, "23 13:00", 9, "a breached clock runs on, in open hours"),
    ((Resolved(at("23 12:00")),), "24 12:00", MET, "23 13:00", 3, "resolved in time"),
    ((Resolved(at("23 13:00")),), "24 12:00", MET, "23 13:00", 4, "resolved at the due instant is in time"),
    ((Resolved(at("23 14:00")),), "24 12:00", BREACHED, "23 13:00", 5, "resolved late"),
    ((Closed(at("23 12:00")),), "24 12:00", STOPPED, "23 13:00", 3, "cancelled: nothing kept, nothing broken"),
    ((Closed(at("23 15:00")),), "24 12:00", BREACHED, "23 13:00", 6, "cancelled too late to be nothing"),
    ((Resolved(at("23 12:00")), Closed(at("27 12:00"))), "30 12:00", MET, "23 13:00", 3, "closing changes nothing"),
    (hold("23 10:00"), "23 16:00", HELD, None, 1, "held: the due time is unknown"),
    (hold("23 10:00", "23 12:00"), "23 12:30", RUNNING, "23 15:00", 1.5, "a hold is subtracted"),
    (hold("23 10:00", "24 10:00"), "24 10:30", RUNNING, "24 13:00", 1.5, "over night, too"),
    (hold("23 18:30", "24 07:30"), "24 08:00", BREACHED, "23 13:00", 9, "a hold after the breach cures nothing"),
    (hold("23 14:00"), "23 16:00", BREACHED, "23 13:00", 5, "held after the breach: breached, and not counted"),
    (hold("23 10:00", "23 12:00", "change"), "23 12:30", RUNNING, "23 13:00", 3.5, "a reason that does not stop it"),
    (hold("23 10:00", None, "change"), "23 12:30", RUNNING, "23 13:00", 3.5, "nor while it lasts"),
    ((*hold("23 10:00"), *hold("23 11:00", "23 12:00", "change")), "23 12:00", RUNNING, "23 14:00", 2, "other reason"),
    ((*hold("23 10:00"), *hold("23 11:00", "23 12:00", "vendor")), "23 12:00", RUNNING, "23 15:00", 1, "one after one"),
    (hold("23 13:00", "23 15:00"), "23 14:00", HELD, None, 4, "held on the due instant: it counts again later"),
    (hold("23 13:00", "23 15:00"), "23 15:00", BREACHED, "23 15:00", 4, "and is due when it goes on"),
    ((HoldEnded(at("23 10:00")),), "23 11:00", RUNNING, "23 13:00", 2, "the end of no hold"),
    ((*hold("23 10:00"), Resolved(at("23 14:00"))), "24 10:00", MET, None, 1, "resolved while held"),
    ((PrioritySet(at("23 10:00"), "3"),), "23 10:30", RUNNING, "24 19:00", 1.5, None),
    ((PrioritySet(at("23 10:00"), "1"),), "23 10:30", RUNNING, "23 11:00", 1.5, "a shorter target from the opening"),
    ((PrioritySet(at("23 12:00"), "1"),), "23 12:00", BREACHED, "23 11:00", 3, "due before the change"),
    ((PrioritySet(at("23 14:00"), "3"),), "23 14:00", RUNNING, "24 19:00", 5, None),
    ((PrioritySet(at("23 10:00"), "9"),), "23 12:00", NO_TARGET, None, 3, "nothing is promised"),
    ((*hold("23 10:00", "23 12:00"), PrioritySet(at("23 12:30"), "1")), "23 12:30", RUNNING, "23 13:00", 1.5,
     "the pause holds under the new priority, too"),
    ((*hold("23 10:00"), PrioritySet(at("23 11:00"), "1"), HoldEnded(at("23 12:00"))), "23 12:30", RUNNING,
     "23 13:00", 1.5, "changed during the hold"),
    ((*hold("23 10:00"), PrioritySet(at("23 11:00"), "1")), "23 12:30", HELD, None, 1, "the hold goes on"),
    ((PrioritySet(at("23 10:00"), "1"), *hold("23 10:30"), PrioritySet(at("23 11:00"), "2"),
      HoldEnded(at("23 12:30"))), "23 13:00", RUNNING, "23 15:00", 2, "there and back again"),
    ((Resolved(at("23 11:00")), Reopened(at("24 11:00"))), "24 12:00", RUNNING, "24 13:00", 3,
     "goes on where it stood: resolved time is not counted"),
    ((Resolved(at("23 11:00")), Reopened(at("24 11:00")), Resolved(at("24 14:00"))), "26 12:00", BREACHED,
     "24 13:00", 5, "late at the second time"),
    ((Resolved(at("23 14:00")), Reopened(at("24 11:00"))), "24 12:00", BREACHED, "23 13:00", 6, "late is late"),
    ((*hold("23 10:00"), Resolved(at("23 11:00")), Reopened(at("23 12:00"))), "23 12:30", RUNNING, "23 15:00", 1.5,
     "resolving ends the hold"),
    ((Reopened(at("23 11:00")),), "23 12:00", RUNNING, "23 13:00", 3, "what was never resolved is not reopened"),
    ((Closed(at("23 11:00")), Reopened(at("23 12:00"))), "23 12:30", RUNNING, "23 14:00", 2.5, "closed and reopened"),
    ((Resolved(at("23 11:00")), PrioritySet(at("23 12:00"), "1")), "24 12:00", MET, "23 13:00", 2,
     "a change after the end moves nothing"),
    ((Resolved(at("23 12:00")), PrioritySet(at("23 12:30"), "1"), Reopened(at("23 13:00"))), "23 13:00", BREACHED,
     "23 11:00", 3, "until it is reopened"),
    ((Noted(at("23 10:00"), "hello"),), "23 10:00", RUNNING, "23 13:00", 1, "words move nothing"),
]  # fmt: skip
DUE_OF_TWENTY_HOURS = "26 09:00"


@pytest.mark.parametrize(
    ("facts", "now", "state", "due", "used", "why"),
    [(*case[:3], DUE_OF_TWENTY_HOURS, case[4], "a longer target, over a holiday") if case[5] is None else case
     for case in CASES],
)  # fmt: skip
def test_the_time_to_resolve_stands_as_the_facts_say(facts, now, state, due, used, why):
    reading = resolve_clock(*facts, now=now)
    assert reading.state is state, why
    assert reading.due_at == (at(due) if due else None), why
    assert reading.business_elapsed == pytest.approx(used * HOUR, abs=timedelta(seconds=1)), why
    if reading.target is not None and reading.target.open_time is not None:
        assert reading.remaining == reading.target.open_time - reading.business_elapsed


OWN_CASES = [
    ((), "23 10:00", RUNNING, "23 11:00", None, "two hours to own"),
    ((Owned(at("23 10:30"), "ada"),), "23 15:00", MET, "23 11:00", "23 10:30", "owned in time"),
    ((Owned(at("23 11:30"), "ada"),), "23 15:00", BREACHED, "23 11:00", "23 11:30", "owned late"),
    ((Owned(at("23 10:30")), Owned(at("23 14:00"))), "23 15:00", MET, "23 11:00", "23 10:30", "the first owner counts"),
    ((Resolved(at("23 10:30")),), "23 15:00", MET, "23 11:00", "23 10:30", "who resolves owns"),
    ((Resolved(at("23 10:30")), Reopened(at("24 10:00"))), "24 15:00", MET, "23 11:00", "23 10:30", "for good"),
    ((Closed(at("23 10:30")),), "23 15:00", STOPPED, "23 11:00", "23 10:30", "cancelled before anyone looked"),
    ((Closed(at("23 10:30")), Owned(at("23 12:00"))), "23 15:00", STOPPED, "23 11:00", "23 10:30", "over is over"),
    ((Closed(at("23 10:00")), Reopened(at("23 12:00"))), "23 12:30", RUNNING, "23 13:00", None, "and goes on"),
    (hold("23 10:00", "23 12:00"), "23 12:30", RUNNING, "23 13:00", None, "a hold stops it, too"),
    ((*hold("23 10:00"), Owned(at("23 12:00"))), "23 15:00", MET, None, "23 12:00", "owned while held"),
    ((PrioritySet(at("23 09:10"), "1"),), "23 09:12", RUNNING, "23 09:15", None, "more urgent"),
    ((Owned(at("23 10:00")), PrioritySet(at("23 10:10"), "1")), "23 15:00", MET, "23 11:00", "23 10:00",
     "a priority that comes after the owner makes nobody late"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "now", "state", "due", "stopped", "why"), OWN_CASES)
def test_the_time_to_own_stops_when_somebody_takes_it(facts, now, state, due, stopped, why):
    reading = own_clock(*facts, now=now, opened=Opened(at("23 09:00"), "3"))
    assert reading.state is state, why
    assert reading.due_at == (at(due) if due else None), why
    assert reading.stopped_at == (at(stopped) if stopped else None), why
    assert reading.next_at == (reading.due_at if stopped is None else None)


@pytest.mark.parametrize(
    ("facts", "now", "breached", "why"),
    [
        ((), "23 14:00", "23 13:00", "at its due instant"),
        ((PrioritySet(at("23 12:00"), "1"),), "23 12:30", "23 12:00", "by the change that put it into the past"),
        ((PrioritySet(at("23 10:00"), "1"),), "23 12:30", "23 11:00", "by time, after the change"),
        ((PrioritySet(at("23 15:00"), "1"),), "23 15:30", "23 13:00", "it was breached before, and is still"),
        ((PrioritySet(at("23 15:00"), "3"), PrioritySet(at("23 16:00"), "2")), "23 17:00", "23 16:00", "cured between"),
        ((PrioritySet(at("23 12:00"), "1"), PrioritySet(at("23 13:30"), "2")), "23 14:00", "23 13:00", "twice over"),
        ((PrioritySet(at("23 14:00"), "9"), PrioritySet(at("23 15:00"), "2")), "23 16:00", "23 15:00", "no promise"),
        (
            (PrioritySet(at("23 09:00"), "1"), PrioritySet(at("23 15:00"), "2")),
            "23 16:00",
            "23 13:00",
            "not before due",
        ),
        ((Resolved(at("23 14:00")),), "24 14:00", "23 13:00", "resolved late"),
        ((*hold("23 14:00", "23 15:00"), PrioritySet(at("23 15:30"), "1")), "23 16:00", "23 13:00", "held in it"),
        ((), "23 12:00", None, "not yet"),
    ],
)
def test_a_breach_began_when_the_time_was_used_up_or_a_change_made_it_so(facts, now, breached, why):
    assert resolve_clock(*facts, now=now).breached_at == (at(breached) if breached else None), why


@pytest.mark.parametrize(
    ("facts", "now", "warn", "why"),
    [
        ((), "23 10:00", "23 12:00", "three of four hours"),
        (hold("23 10:00", "23 11:00"), "23 11:00", "23 13:00", "with the hold subtracted"),
        (hold("23 12:30"), "23 14:00", "23 12:00", "reached before the hold"),
        (hold("23 10:00"), "23 14:00", None, "unknown while it is held"),
        ((PrioritySet(at("23 10:00"), "3"),), "23 10:00", "24 14:00", "fifteen of twenty hours"),
    ],
)
def test_three_quarters_of_the_time_have_their_instant(facts, now, warn, why):
    assert resolve_clock(*facts, now=now).warn_at == (at(warn) if warn else None), why


@pytest.mark.parametrize(
    ("facts", "now", "if_resumed"),
    [
        (hold("23 10:00"), "23 16:00", "24 09:00"),
        (hold("23 10:00"), "23 10:00", "23 13:00"),
        (hold("23 10:00", "23 11:00"), "23 16:00", None),
        (hold("23 14:00"), "23 16:00", None),
    ],
    ids=["one of four hours used", "at once", "not held", "breached before"],
)
def test_while_held_it_is_told_when_it_would_be_due_if_it_went_on_now(facts, now, if_resumed):
    found = resolve_clock(*facts, now=now).due_if_resumed_at
    assert found == (at(if_resumed) if if_resumed else None)


DAYS = Opened(at("23 10:00"), "days")


@pytest.mark.parametrize(
    ("opened", "facts", "now", "due", "state", "why"),
    [
        (DAYS, (), "23 12:00", "26 10:00", RUNNING, "two working days, the clock time kept, over a holiday"),
        (DAYS, (), "26 10:00", "26 10:00", BREACHED, "and over"),
        (replace(DAYS, at=at("21 23:00")), (), "23 12:00", "24 23:00", RUNNING, "opened on a Saturday night"),
        (DAYS, hold("23 19:00", "23 22:00"), "24 12:00", "26 10:00", RUNNING, "held over night costs nothing"),
        (DAYS, hold("23 12:00", "23 14:00"), "24 12:00", "26 12:00", RUNNING, "held for two open hours"),
        (DAYS, hold("23 12:00", "24 12:00"), "24 12:00", "27 10:00", RUNNING, "held for a working day"),
        (DAYS, hold("23 12:00"), "24 12:00", None, HELD, "still held"),
        (DAYS, (Resolved(at("26 09:59")),), "26 12:00", "26 10:00", MET, "just in time"),
    ],
)
def test_a_target_in_working_days_keeps_its_clock_time_until_a_hold_costs_open_time(
    opened, facts, now, due, state, why
):
    reading = resolve_clock(*facts, now=now, opened=opened)
    assert (reading.state, reading.due_at) == (state, at(due) if due else None), why


def test_a_target_to_the_end_of_a_working_day_is_due_when_its_hours_end():
    promise = replace(SLA, resolve={"2": Target(working_days=1, end_of_day=True)})
    assert resolve_clock(now="23 12:00", promise=promise).due_at == at("24 18:00")


@pytest.mark.parametrize(
    ("opened", "now", "due", "used"),
    [
        ("2026-03-28 22:00", "2026-03-29 06:00", "2026-03-30 23:00", 7),
        ("2026-10-24 22:00", "2026-10-25 06:00", "2026-10-26 21:00", 9),
    ],
    ids=["spring", "autumn"],
)
def test_hours_are_elapsed_hours_also_when_the_clocks_change(opened, now, due, used):
    facts = [Opened(local(opened), "3")]
    (reading,) = read_clock(facts, (SUPPLIER,), local(now)).readings
    assert (reading.due_at, reading.business_elapsed) == (local(due), used * HOUR)


def test_actual_time_runs_around_the_clock_and_stops_with_holds():
    reading = resolve_clock(*hold("23 10:00", "23 12:00"), now="24 09:00")
    assert (reading.business_elapsed, reading.actual_elapsed) == (8 * HOUR, 22 * HOUR)


def test_each_agreement_has_its_own_clock_with_its_own_hours_and_holds():
    facts = [Opened(at("23 16:00"), "3"), Owned(at("23 16:30")), *hold("23 17:00", "24 09:00", "vendor")]
    clock = read_clock(facts, (SLA, OLA, SUPPLIER), at("24 10:00"))
    found = {(one.agreement, one.measure): (one.due_at, one.business_elapsed) for one in clock.readings}
    assert found == {
        (Agreement.SLA, Measure.OWN): (at("23 18:00") + 14 * HOUR, HOUR / 2),
        (Agreement.SLA, Measure.RESOLVE): (at("26 18:00") + 14 * HOUR, 2 * HOUR),
        (Agreement.OLA, Measure.RESOLVE): (at("24 16:00"), 4 * HOUR),
        (Agreement.SUPPLIER, Measure.RESOLVE): (at("25 16:00"), 18 * HOUR),
    }
    assert clock.next_due_at == at("24 16:00"), "what a list is sorted by: the time to own is met"
    assert clock.reading(Agreement.OLA, Measure.OWN) is None


@pytest.mark.parametrize(
    ("promise", "due", "used"),
    [
        (replace(SLA, resolve={"2": Target(8 * HOUR)}), "24 09:00", 2),
        (replace(SLA, calendar=ALWAYS), "23 15:00", 2),
        (replace(SLA, stops_for=frozenset()), "23 13:00", 4),
    ],
    ids=["another target", "another calendar", "another reason to stop"],
)
def test_other_promises_hold_from_the_opening_with_every_hold_subtracted(promise, due, used):
    changed = PromisesChanged(at("23 12:30"), (promise,), "a new contract")
    reading = resolve_clock(*hold("23 10:00", "23 12:00"), changed, now="23 13:00")
    assert (reading.due_at, reading.business_elapsed) == (at(due), used * HOUR)


def test_a_promise_that_is_withdrawn_has_no_clock_any_more():
    clock = read_clock([OPENED, PromisesChanged(at("23 10:00"), ())], (SLA,), at("23 11:00"))
    assert clock == IncidentClock((), 0)


def test_reopenings_are_counted():
    again = [
        fact for day in ("24", "26", "27") for fact in (Resolved(at(f"{day} 09:00")), Reopened(at(f"{day} 10:00")))
    ]
    assert read_clock([OPENED, *again], (SLA,), at("27 12:00")).reopened == 3


def test_a_priority_that_comes_later_counts_from_the_opening():
    reading = resolve_clock(PrioritySet(at("23 10:00"), "2"), now="23 10:30", opened=Opened(at("23 09:00")))
    assert reading.due_at == at("23 13:00")


def test_facts_after_the_instant_do_not_count():
    later = (*hold("23 10:00", "23 12:00"), Resolved(at("23 15:00")))
    assert resolve_clock(*later, now="23 09:30") == resolve_clock(now="23 09:30")
    assert read_clock([OPENED], (SLA,), at("23 08:00")) == IncidentClock((), 0)


def test_the_order_is_the_journals_when_a_clock_jumped_back():
    jumped = (HoldBegan(at("23 10:00"), "caller"), HoldEnded(at("23 09:55")))
    assert resolve_clock(*jumped, now="23 11:00") == resolve_clock(*hold("23 10:00", "23 10:00"), now="23 11:00")


@pytest.mark.parametrize("facts", [[Resolved(at("23 10:00"))], [OPENED, OPENED]], ids=["none", "two"])
def test_an_incident_is_opened_once_and_first(facts):
    with pytest.raises(ValueError, match="the first fact of an incident, and no other, is that it was opened"):
        read_clock(facts, (SLA,), at("23 12:00"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "not neither"),
        ({"open_time": HOUR, "working_days": 1}, "not both"),
        ({"open_time": -HOUR}, "negative"),
        ({"working_days": -1}, "negative"),
        ({"open_time": HOUR, "end_of_day": True}, "in working days"),
    ],
)
def test_a_target_that_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Target(**fields)


def test_a_target_is_said_in_hours_or_days():
    targets = (Target(36 * HOUR), Target(working_days=1), Target(working_days=3, end_of_day=True))
    assert [str(target) for target in targets] == ["36h", "1 working day", "3 working days, to the end of the day"]

"""The slot ledger: what is expected, and what becomes of slots whose time has passed."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.calendars import Calendar, is_open
from models.rules.schedule import Schedule
from models.rules.slots import (
    Action,
    CalendarUse,
    CatchUpPolicy,
    JobSchedule,
    Lateness,
    OnClosed,
    plan_slots,
    settle_overdue,
)
from models.rules.windows import Window
from models.vocabulary import CatchUp, SlotState
from tests.rules.moments import utc

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CALENDARS = {
    "office": Calendar(name="office", hours={"mon-fri": ("08:00-18:00",)}, dates={"2026-11-23": "closed stocktaking"}),
    "night": Calendar(name="night", hours={"mon-sun": ("22:00-06:00",)}),
    "freeze": Calendar(
        name="freeze", windows=(Window(starts=utc("2026-11-24 05:00"), ends=utc("2026-11-24 07:00"), reason="move"),)
    ),
    "never-open": Calendar(name="never-open", dates={"2001-01-01": "08:00-09:00"}),
    "forever": Calendar(name="forever", always=True),
}
DAILY = Schedule(cron="0 6 * * *")
MOVING = CalendarUse(on_closed=OnClosed.NEXT_WORKING_DAY, working_days="office")


def planned(use, after="2026-11-19 12:00", until="2026-11-25 12:00", schedule=DAILY):
    return plan_slots(JobSchedule(schedule, use), CALENDARS, utc(after), utc(until))


def test_without_calendars_each_due_time_is_expected():
    slots = planned(CalendarUse())
    assert [slot.due.day for slot in slots] == [20, 21, 22, 23, 24, 25]
    assert {slot.state for slot in slots} == {SlotState.EXPECTED}


def test_a_slot_in_a_blackout_is_skipped_with_its_reason_and_the_others_are_not():
    slots = planned(CalendarUse(never=("freeze",)))
    skipped = [slot for slot in slots if slot.state is SlotState.SKIPPED]
    assert [slot.due for slot in skipped] == [utc("2026-11-24 06:00")]
    assert skipped[0].reason == "skipped by calendar: inside the blackout freeze: move"
    assert len(slots) == 6


def test_a_slot_outside_the_allowed_calendar_is_skipped():
    noon = Schedule(cron="0 12 * * *")
    slots = planned(CalendarUse(only=("office",)), "2026-11-20 00:00", "2026-11-24 23:00", noon)
    assert [(slot.due.day, slot.state) for slot in slots] == [
        (20, SlotState.EXPECTED),
        (21, SlotState.SKIPPED),
        (22, SlotState.SKIPPED),
        (23, SlotState.SKIPPED),
        (24, SlotState.EXPECTED),
    ]


def test_a_closed_slot_moves_to_the_next_working_day_at_the_same_wall_time():
    saturdays = Schedule(cron="0 6 * * sat")
    (slot,) = planned(MOVING, schedule=saturdays)
    assert slot.due == utc("2026-11-24 06:00")
    assert slot.moved_from == utc("2026-11-21 06:00")
    assert "moved from 2026-11-21T06:00Z: Saturday 2026-11-21 is no working day of office" in slot.reason


def test_a_moved_slot_also_keeps_clear_of_the_blackout():
    saturdays = Schedule(cron="0 6 * * sat")
    use = CalendarUse(never=("freeze",), on_closed=OnClosed.NEXT_WORKING_DAY, working_days="office")
    (slot,) = planned(use, schedule=saturdays)
    assert slot.due == utc("2026-11-25 06:00")


def test_where_a_run_is_due_already_the_moved_ones_are_skipped_and_say_so():
    slots = planned(MOVING)
    assert [(slot.due.day, slot.state) for slot in slots] == [
        (20, SlotState.EXPECTED),
        (21, SlotState.SKIPPED),
        (22, SlotState.SKIPPED),
        (23, SlotState.SKIPPED),
        (24, SlotState.EXPECTED),
        (25, SlotState.EXPECTED),
    ]
    assert "already due on the next working day" in slots[1].reason


def test_two_closed_days_that_move_to_one_day_are_one_run():
    weekends = Schedule(cron="0 6 * * sat,sun")
    slots = planned(MOVING, schedule=weekends)
    assert [(slot.due.day, slot.state) for slot in slots] == [(22, SlotState.SKIPPED), (24, SlotState.EXPECTED)]


def test_a_slot_in_the_gap_of_spring_moves_at_the_wall_time_that_the_schedule_names():
    office = Calendar(name="office", timezone="Europe/Berlin", hours={"mon-fri": ("00:00-24:00",)})
    job = JobSchedule(Schedule(cron="30 2 * * *", timezone="Europe/Berlin"), MOVING)
    slots = plan_slots(job, {"office": office}, utc("2026-03-29 00:00"), utc("2026-03-30 12:00"))
    assert [(slot.due, slot.state) for slot in slots] == [
        (utc("2026-03-29 01:00"), SlotState.SKIPPED),
        (utc("2026-03-30 00:30"), SlotState.EXPECTED),
    ]


def test_with_no_working_day_in_sight_the_slot_is_skipped():
    use = CalendarUse(on_closed=OnClosed.NEXT_WORKING_DAY, working_days="never-open")
    slots = planned(use)
    assert {slot.state for slot in slots} == {SlotState.SKIPPED}
    assert "no working day within 31 days" in slots[0].reason


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 40 * 24), st.sampled_from([MOVING, CalendarUse(never=("freeze",)), CalendarUse(only=("office",))])
)
def test_a_plan_does_not_depend_on_where_the_time_is_cut(hours, use):
    start, end = utc("2026-11-10 00:00"), utc("2026-12-20 00:00")
    cut = start + hours * HOUR
    job = JobSchedule(DAILY, use)
    whole = plan_slots(job, CALENDARS, start, end)
    assert whole == plan_slots(job, CALENDARS, start, cut) + plan_slots(job, CALENDARS, cut, end)
    assert len({slot.due for slot in whole}) == len(whole)


def settle(dues, now, policy=CatchUp.LAST, max_late="2h", use=None):
    late = {"2h": 2 * HOUR, "30m": 30 * MINUTE, "9h": 9 * HOUR}[max_late]
    lateness = Lateness(CatchUpPolicy(policy, late), 5 * MINUTE, use or CalendarUse())
    settled = settle_overdue([utc(due) for due in dues], lateness, CALENDARS, utc(now))
    return [(f"{slot.due:%H:%M}", slot.action) for slot in settled], settled


EVERY_HOUR = [f"2026-11-23 {hour:02d}:00" for hour in range(8, 14)]


@pytest.mark.parametrize(
    ("policy", "now", "expected", "reason"),
    [
        (CatchUp.NONE, "2026-11-23 13:30", "MMMMMM", "none: each is missed"),
        (CatchUp.LAST, "2026-11-23 13:30", "MMMMMR", "last: only the latest runs"),
        (CatchUp.ALL, "2026-11-23 13:30", "MMMMRR", "all: those not more than two hours late"),
        (CatchUp.ALL, "2026-11-23 14:00", "MMMMRR", "exactly two hours late is not more"),
        (CatchUp.LAST, "2026-11-23 16:00", "MMMMMM", "the latest is too late as well"),
        (CatchUp.NONE, "2026-11-23 13:04", "MMMMMR", "a punctual slot runs under every policy"),
        (CatchUp.NONE, "2026-11-23 13:05", "MMMMMM", "late_after is late"),
        (CatchUp.LAST, "2026-11-23 13:01", "MMMMMR", "a punctual run is the latest, older ones are missed"),
        (CatchUp.LAST, "2026-11-23 13:00", "MMMMMR", "due this moment, so it is the latest"),
        (CatchUp.LAST, "2026-11-23 12:30", "MMMMRW", "a slot of the future waits and is not the latest"),
    ],
)
def test_after_an_outage_each_slot_has_its_answer(policy, now, expected, reason):
    answers, settled = settle(EVERY_HOUR, now, policy)
    letters = {Action.MISS: "M", Action.RUN: "R", Action.WAIT: "W"}
    assert "".join(letters[action] for _, action in answers) == expected, reason
    assert all(slot.reason for slot in settled)


def test_a_caught_up_run_says_how_late_it_is_and_a_punctual_one_is_not_caught_up():
    _, (slot,) = settle(["2026-11-23 08:00"], "2026-11-23 09:30")
    assert (slot.action, slot.caught_up) == (Action.RUN, True)
    assert slot.reason == "caught up 1h30m after it was due"
    _, (slot,) = settle(["2026-11-23 08:00"], "2026-11-23 08:02")
    assert (slot.action, slot.caught_up) == (Action.RUN, False)


def test_a_slot_that_waited_for_another_job_is_late_only_from_when_it_could_start():
    due, ended = utc("2026-11-23 08:00"), utc("2026-11-23 12:00")
    lateness = Lateness(CatchUpPolicy(CatchUp.LAST, HOUR), 5 * MINUTE, CalendarUse(), {due: ended})

    def at(now):
        (slot,) = settle_overdue([due], lateness, CALENDARS, utc(now))
        return slot.action, slot.caught_up, slot.reason

    assert at("2026-11-23 11:00") == (Action.WAIT, False, "cannot start yet")
    assert at("2026-11-23 12:04") == (Action.RUN, False, "due")
    assert at("2026-11-23 12:30") == (Action.RUN, True, "caught up 30m after it could start")
    assert at("2026-11-23 13:01")[0] is Action.MISS


def test_an_upstream_that_ended_before_the_slot_was_due_changes_nothing():
    due = utc("2026-11-23 08:00")
    lateness = Lateness(startable_from={due: due - HOUR})
    (slot,) = settle_overdue([due], lateness, CALENDARS, utc("2026-11-23 08:01"))
    assert (slot.action, slot.reason) == (Action.RUN, "due")


def test_the_upgrade_of_the_night_does_not_run_in_the_morning():
    night_only = CalendarUse(only=("night",))
    _, (slot,) = settle(["2026-11-23 02:00"], "2026-11-23 09:00", max_late="9h", use=night_only)
    assert slot.action is Action.MISS
    assert "outside the allowed calendar night" in slot.reason
    assert "22:00Z" in slot.reason


def test_a_slot_waits_for_the_end_of_a_blackout_when_it_may_still_start_then():
    use = CalendarUse(never=("freeze",))
    _, (slot,) = settle(["2026-11-24 04:30"], "2026-11-24 05:30", max_late="9h", use=use)
    assert (slot.action, slot.until) == (Action.WAIT, utc("2026-11-24 07:00"))
    assert slot.reason == "inside the blackout freeze: move, until 2026-11-24T07:00Z"
    _, (slot,) = settle(["2026-11-24 04:30"], "2026-11-24 05:30", max_late="2h", use=use)
    assert slot.action is Action.MISS
    assert slot.reason == "inside the blackout freeze: move, until 2026-11-24T07:00Z: more than 2h after it was due"
    _, (slot,) = settle(["2026-11-24 05:00"], "2026-11-24 07:00", max_late="2h", use=use)
    assert (slot.action, slot.caught_up) == (Action.RUN, True)


@pytest.mark.parametrize(
    ("policy", "max_late", "action", "reason"),
    [
        (CatchUp.NONE, "9h", Action.MISS, "without catch-up it cannot wait for the end"),
        (CatchUp.LAST, "30m", Action.MISS, "the blackout is longer than it may wait"),
        (CatchUp.LAST, "9h", Action.WAIT, "it may wait"),
    ],
)
def test_a_punctual_slot_does_not_start_in_a_blackout_either(policy, max_late, action, reason):
    _, (slot,) = settle(["2026-11-24 04:58"], "2026-11-24 05:01", policy, max_late, CalendarUse(never=("freeze",)))
    assert slot.action is action, reason


@pytest.mark.parametrize(
    ("due", "policy", "action", "reason"),
    [
        ("2026-11-24 05:00", CatchUp.LAST, Action.WAIT, "at the end it is two hours late, which is just allowed"),
        ("2026-11-24 04:59", CatchUp.LAST, Action.MISS, "a minute more is too late"),
        ("2026-11-24 06:56", CatchUp.NONE, Action.WAIT, "at the end it is four minutes old, so still punctual"),
        ("2026-11-24 06:55", CatchUp.NONE, Action.MISS, "at the end it is late, and late ones do not run"),
    ],
)
def test_a_slot_waits_only_as_long_as_it_may_still_start_at_the_end(due, policy, action, reason):
    _, (slot,) = settle([due], "2026-11-24 06:58", policy, "2h", CalendarUse(never=("freeze",)))
    assert slot.action is action, reason


def test_a_punctual_slot_is_not_refused_because_its_allowed_hours_just_ended():
    _, (slot,) = settle(["2026-11-24 05:59"], "2026-11-24 06:01", use=CalendarUse(only=("night",)))
    assert slot.action is Action.RUN


def test_a_blackout_without_an_end_is_a_miss():
    _, (slot,) = settle(["2026-11-24 05:59"], "2026-11-24 06:01", use=CalendarUse(never=("forever",)))
    assert slot.action is Action.MISS
    assert "no end in sight" in slot.reason


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 600), max_size=8),
    st.sampled_from(list(CatchUp)),
    st.integers(0, 700),
    st.integers(0, 300),
)
def test_every_slot_gets_one_answer_and_none_runs_inside_a_blackout_or_too_late(minutes, policy, now, max_late):
    dues = [utc("2026-11-24 00:00") + minute * MINUTE for minute in minutes]
    moment = utc("2026-11-24 00:00") + now * MINUTE
    lateness = Lateness(CatchUpPolicy(policy, max_late * MINUTE), 5 * MINUTE, CalendarUse(never=("freeze",)))
    settled = settle_overdue(dues, lateness, CALENDARS, moment)
    assert [slot.due for slot in settled] == sorted(set(dues))
    running = [slot for slot in settled if slot.action is Action.RUN]
    assert not (running and is_open(CALENDARS["freeze"], moment))
    caught_up = [slot for slot in running if slot.caught_up]
    assert all(moment - slot.due <= max_late * MINUTE for slot in caught_up)
    assert policy is CatchUp.ALL or len(caught_up) <= (policy is CatchUp.LAST)
    assert all(slot.until > moment for slot in settled if slot.action is Action.WAIT)


@pytest.mark.parametrize(
    ("fields", "key", "reason"),
    [
        ({"on_closed": OnClosed.NEXT_WORKING_DAY}, "on_closed", "whose working days"),
        ({"working_days": "office"}, "working_days", "says nothing when slots are skipped"),
    ],
)
def test_a_use_of_calendars_that_says_half_is_refused(fields, key, reason):
    with pytest.raises(ValueError, match="working_days") as refused:
        CalendarUse(**fields)
    assert refused.value.key == key, reason

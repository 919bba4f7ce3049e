"""What is coming, and where runs meet."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.calendars import Calendar
from models.rules.forecast import Clash, ExpectedRun, clashes, next_runs, will_run
from models.rules.schedule import Schedule
from models.rules.slots import CalendarUse, JobSchedule
from models.vocabulary import SlotState
from tests.rules.moments import utc

MINUTE = timedelta(minutes=1)
START = utc("2026-11-21 02:00")


def run(job, begin, length, *hosts, service=None):
    return ExpectedRun(job, START + begin * MINUTE, length * MINUTE, hosts, service)


@pytest.mark.parametrize(
    ("runs", "limit", "found", "reason"),
    [
        ([run("a", 0, 10, "h"), run("b", 10, 10, "h")], 1, [], "one ends as the other begins"),
        ([run("a", 0, 10, "h"), run("b", 9, 10, "h")], 1, [("host h", 9, 10, "a b")], "a minute together"),
        ([run("a", 0, 10, "h"), run("b", 5, 10, "i")], 1, [], "on two hosts"),
        ([run("a", 0, 10, "h"), run("b", 5, 10, "h")], 2, [], "two are allowed"),
        (
            [run("a", 0, 30, "h"), run("b", 5, 20, "h"), run("c", 10, 5, "h")],
            2,
            [("host h", 10, 15, "a b c")],
            "three for five minutes",
        ),
        (
            [run("a", 0, 30, "h"), run("b", 5, 5, "h"), run("c", 20, 5, "h")],
            1,
            [("host h", 5, 10, "a b"), ("host h", 20, 25, "a c")],
            "twice",
        ),
        ([run("a", 0, 0, "h"), run("b", 0, 0, "h")], 1, [("host h", 0, 0, "a b")], "at the same moment"),
        (
            [run("a", 0, 10, "h", "i"), run("b", 5, 10, "h", "i")],
            1,
            [("host h", 5, 10, "a b"), ("host i", 5, 10, "a b")],
            "both hosts",
        ),
        (
            [run("a", 0, 10, "h", service="shop"), run("b", 5, 10, "i", service="shop")],
            1,
            [("service shop", 5, 10, "a b")],
            "one service on two hosts",
        ),
        ([], 1, [], "nothing"),
    ],
)
def test_runs_that_meet_are_shown(runs, limit, found, reason):
    expected = [
        Clash(place, START + begin * MINUTE, START + end * MINUTE, tuple(jobs.split()))
        for place, begin, end, jobs in found
    ]
    assert clashes(runs, limit) == expected, reason


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=10),
    st.integers(1, 3),
)
def test_a_clash_is_where_a_minute_has_more_than_the_limit(spans, limit):
    runs = [run(f"j{number}", begin, length, "h") for number, (begin, length) in enumerate(spans)]
    busy = {minute for minute in range(45) if sum(b <= minute < b + n for b, n in spans) > limit}
    told = {
        minute
        for clash in clashes(runs, limit)
        for minute in range(45)
        if clash.start <= START + minute * MINUTE < clash.end
    }
    assert told == busy


def test_the_next_runs_of_all_jobs_are_in_order_of_time_with_the_skipped_ones():
    calendars = {"office": Calendar(name="office", hours={"mon-fri": ("00:00-24:00",)})}
    jobs = {
        "b": JobSchedule(Schedule(cron="0 6 * * *")),
        "a": JobSchedule(Schedule(cron="0 6 * * *"), CalendarUse(only=("office",))),
    }
    found = next_runs(jobs, calendars, (utc("2026-11-20 12:00"), utc("2026-11-23 12:00")))
    assert [(one.job, one.slot.due.day) for one in found] == [(job, day) for day in (21, 22, 23) for job in "ab"]
    assert [one.slot.state for one in found[:2]] == [SlotState.SKIPPED, SlotState.EXPECTED]
    assert [(one.job, one.slot.due.day) for one in will_run(found)] == [("b", 21), ("b", 22), ("a", 23), ("b", 23)]
    assert len(next_runs(jobs, calendars, (utc("2026-11-20 12:00"), utc("2026-11-23 12:00")), 3)) == 3

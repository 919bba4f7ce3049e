"""The schedule against an oracle that knows nothing of it: a clock on the wall, read minute by minute."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.schedule import Schedule, due_times
from tests.rules.moments import utc

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Africa/Casablanca",
]
FIRST, LAST = date(2012, 1, 1), date(2022, 1, 1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@lru_cache
def days_near_a_change(zone: str) -> frozenset[date]:
    """The dates whose wall clock may be moved: the offset differs from the noon before to the noon after."""
    place = ZoneInfo(zone)
    day, found = FIRST, set()
    while day < LAST:
        noon = datetime.combine(day, time(12), UTC)
        offsets = {(noon + step * DAY).astimezone(place).utcoffset() for step in (-1, 0, 1)}
        if len(offsets) > 1:
            found.add(day)
        day += DAY
    return frozenset(found)


def first_time_the_clock_shows(wall: datetime, zone: str) -> datetime:
    """The first minute at which the clock on the wall has reached this time, found by watching it."""
    place = ZoneInfo(zone)
    if wall.date() not in days_near_a_change(zone):
        return (wall - (wall.replace(tzinfo=place).utcoffset() or timedelta(0))).replace(tzinfo=UTC)
    minute = wall.replace(tzinfo=UTC) - timedelta(hours=15)
    while minute.astimezone(place).replace(tzinfo=None) < wall:
        minute += MINUTE
    return minute


def every_day_at(wall: time, zone: str) -> Iterator[datetime]:
    day, last = FIRST, None
    while day < LAST:
        instant = first_time_the_clock_shows(datetime.combine(day, wall), zone)
        if instant != last:
            yield instant
        last, day = instant, day + DAY


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("wall", [time(0, 0), time(1, 45), time(2, 0), time(2, 30), time(3, 0)])
def test_a_daily_job_is_due_once_a_day_for_ten_years(zone, wall):
    expected = list(every_day_at(wall, zone))
    since, until = expected[0] - MINUTE, expected[-1]
    for schedule in (
        Schedule(cron=f"{wall.minute} {wall.hour} * * *", timezone=zone),
        Schedule(rrule="FREQ=DAILY", start=datetime.combine(FIRST, wall), timezone=zone),
    ):
        assert list(due_times(schedule, since, until)) == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("cron", "minutes", "hours"),
    [
        ("*/15 * * * *", {0, 15, 30, 45}, set(range(24))),
        ("20 * * * *", {20}, set(range(24))),
        ("* 2 * * *", set(range(60)), {2}),
    ],
)
def test_a_starred_line_is_due_at_every_minute_the_clock_shows_it(zone, cron, minutes, hours):
    place = ZoneInfo(zone)
    schedule = Schedule(cron=cron, timezone=zone)
    near = sorted(days_near_a_change(zone))
    for day in near[1:40:6] or [date(2015, 6, 1)]:
        since = datetime.combine(day, time(0), UTC) - 2 * MINUTE
        watched = (since + count * MINUTE for count in range(1, 1442))
        shown = [(minute, minute.astimezone(place)) for minute in watched]
        expected = [minute for minute, clock in shown if clock.minute in minutes and clock.hour in hours]
        assert list(due_times(schedule, since, since + 1441 * MINUTE)) == expected


def test_the_days_of_a_change_have_23_24_and_25_hourly_runs():
    hourly = Schedule(cron="0 * * * *", timezone="Europe/Berlin")
    place = ZoneInfo("Europe/Berlin")
    for day, count in ((date(2026, 3, 29), 23), (date(2026, 6, 1), 24), (date(2026, 10, 25), 25)):
        since, until = (datetime.combine(day + step * DAY, time(0), place) - MINUTE for step in (0, 1))
        assert len(list(due_times(hourly, since, until))) == count


minutes_of_ten_years = st.integers(0, 10 * 365 * 1440).map(lambda count: utc("2012-01-01") + count * MINUTE)
fields = st.tuples(
    st.sampled_from(["0", "30", "*/20", "5,50", "*", "15-17"]),
    st.sampled_from(["0", "2", "1-3", "*", "*/6", "23"]),
    st.sampled_from(["*", "1", "L", "13", "28-31"]),
    st.sampled_from(["*", "3", "10", "2,4"]),
    st.sampled_from(["*", "mon-fri", "sun", "fri#2", "5L"]),
).map(" ".join)
zones = st.sampled_from(ZONES)
schedules = st.one_of(
    st.builds(lambda cron, zone: Schedule(cron=cron, timezone=zone), fields, zones),
    st.builds(lambda minutes, zone: Schedule(every=minutes * MINUTE, timezone=zone), st.integers(7, 5000), zones),
    st.builds(
        lambda rule, zone: Schedule(rrule=rule, start=datetime.combine(FIRST, time(2, 30)), timezone=zone),
        st.sampled_from(
            [
                "FREQ=WEEKLY;BYDAY=SU,MO",
                "FREQ=MONTHLY;BYDAY=-1SU",
                "FREQ=DAILY;BYHOUR=0,1,2,3",
                "FREQ=HOURLY;INTERVAL=5",
            ]
        ),
        zones,
    ),
)


@settings(max_examples=150, deadline=None)
@given(schedules, minutes_of_ten_years, st.integers(0, 20 * 1440), st.floats(0, 1))
def test_due_times_ascend_stay_in_range_and_do_not_depend_on_where_the_time_is_cut(schedule, after, length, part):
    until = after + length * MINUTE
    cut = after + int(length * part) * MINUTE
    found = list(due_times(schedule, after, until))
    assert all(after < instant <= until for instant in found)
    assert all(one < other for one, other in pairwise(found))
    assert found == [*due_times(schedule, after, cut), *due_times(schedule, cut, until)]

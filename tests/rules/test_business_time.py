"""Business time: due instants, elapsed time, and the way back, in calendars that make it hard."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules import business_time
from models.rules.business_time import before, counted, due, due_in_days, elapsed, in_hours
from models.rules.calendars import Calendar, is_open
from models.rules.windows import Window
from tests.rules.moments import local, utc

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING = timedelta(0)
OFFICE = Calendar(
    name="office",
    timezone="Europe/Berlin",
    hours={"mon-fri": ("08:00-12:00", "13:00-18:00")},
    dates={date(2026, 12, 24): "08:00-12:00 half day", "12-25": "closed", date(2026, 11, 28): "10:00-12:00 a Saturday"},
    closures=(Window(starts=datetime(2026, 11, 24, 9, 0), ends=datetime(2026, 11, 24, 9, 30), reason="break"),),  # noqa: DTZ001
)
NIGHT = Calendar(name="night", timezone="Europe/Berlin", hours={"mon-sun": ("22:00-06:00",)})
LORD_HOWE = Calendar(timezone="Australia/Lord_Howe", hours={"mon-sun": ("00:00-12:00", "13:00-20:00")})
ST_JOHNS = Calendar(timezone="America/St_Johns", hours={"mon-sun": ("00:00-09:00",)})
KOLKATA = Calendar(timezone="Asia/Kolkata", hours={"mon-sat": ("09:30-13:00", "14:00-18:30")})
KATHMANDU = Calendar(timezone="Asia/Kathmandu", hours={"sun-fri": ("10:00-17:00",)})
WEEKLY_MINUTE = Calendar(timezone="Europe/Berlin", hours={"mon": ("09:00-09:01",)})
ALWAYS = Calendar(timezone="Europe/Berlin", always=True)
LEAP_DAY = Calendar(dates={"02-29": "09:00-10:00"})


@pytest.mark.parametrize(
    ("calendar", "start", "length", "expected", "reason"),
    [
        (OFFICE, local("2026-11-23 10:00"), HOUR, local("2026-11-23 11:00"), "within one stretch"),
        (OFFICE, local("2026-11-23 11:00"), 2 * HOUR, local("2026-11-23 14:00"), "over the lunch of a split day"),
        (OFFICE, local("2026-11-23 11:00"), HOUR, local("2026-11-23 13:00"), "on a closing: the next opening"),
        (OFFICE, local("2026-11-20 17:00"), HOUR, local("2026-11-23 08:00"), "on the week's closing: Monday"),
        (OFFICE, local("2026-11-23 10:00"), NOTHING, local("2026-11-23 10:00"), "no length, open: the start"),
        (OFFICE, local("2026-11-21 10:00"), NOTHING, local("2026-11-23 08:00"), "no length, closed: the opening"),
        (OFFICE, local("2026-11-23 18:00"), NOTHING, local("2026-11-24 08:00"), "a closing is closed"),
        (OFFICE, local("2026-11-24 08:30"), HOUR, local("2026-11-24 10:00"), "over a break"),
        (OFFICE, local("2026-11-24 08:30"), HOUR / 2, local("2026-11-24 09:30"), "on the beginning of a break"),
        (OFFICE, local("2026-11-27 17:00"), 2 * HOUR, local("2026-11-28 11:00"), "into a shift on a Saturday"),
        (OFFICE, local("2026-12-24 11:00"), 2 * HOUR, local("2026-12-28 09:00"), "half a day, then a holiday"),
        (NIGHT, local("2026-10-24 23:00"), 7 * HOUR, local("2026-10-25 05:00"), "the night of 25 hours has one more"),
        (NIGHT, local("2026-03-28 23:00"), 6 * HOUR, local("2026-03-29 22:00"), "the night of 23 hours: over at 06:00"),
        (LORD_HOWE, utc("2026-10-03 13:30"), 2 * HOUR, utc("2026-10-03 15:30"), "half an hour is skipped at 02:00"),
        (LORD_HOWE, utc("2026-10-03 13:30"), 12 * HOUR, utc("2026-10-04 02:30"), "11 h 30 that day, then lunch"),
        (LORD_HOWE, utc("2026-04-04 13:00"), 13 * HOUR, utc("2026-04-05 03:00"), "12 h 30 that day, then lunch"),
        (ST_JOHNS, utc("2026-03-08 03:30"), 8 * HOUR, utc("2026-03-09 02:30"), "9 hours less the skipped one"),
        (ST_JOHNS, utc("2026-11-01 02:30"), 9.5 * HOUR, utc("2026-11-01 12:00"), "9 hours and the repeated one"),
        (KOLKATA, utc("2026-11-21 12:30"), HOUR, utc("2026-11-23 04:30"), "five hours and a half from Greenwich"),
        (KATHMANDU, utc("2026-11-20 10:15"), 2 * HOUR, utc("2026-11-22 05:15"), "five and three quarters, a Saturday"),
        (WEEKLY_MINUTE, utc("2026-11-23 08:00"), MINUTE, utc("2026-11-30 08:00"), "a minute a week"),
        (WEEKLY_MINUTE, utc("2026-11-23 08:00"), MINUTE * 1.5, utc("2026-11-30 08:00:30"), "and a half"),
        (WEEKLY_MINUTE, utc("2026-11-23 08:00"), 60 * MINUTE, utc("2028-01-17 08:00"), "an hour takes a year"),
        (ALWAYS, utc("2020-01-01"), 3650 * DAY, utc("2020-01-01") + 3650 * DAY, "ten years around the clock"),
        (LEAP_DAY, utc("2026-01-01"), 2 * HOUR, utc("2036-02-29 09:00"), "a day that comes every fourth year"),
    ],
)
def test_something_is_due_when_its_open_time_is_used_up(calendar, start, length, expected, reason):
    assert due(calendar, start, length) == expected, reason
    assert elapsed(calendar, start, expected) == length, "and as much has elapsed by then"


@pytest.mark.parametrize(
    ("calendar", "start", "end", "expected", "reason"),
    [
        (OFFICE, "2026-11-23 07:00", "2026-11-23 19:00", 9 * HOUR, "a day"),
        (OFFICE, "2026-11-23 10:00", "2026-11-23 10:00", NOTHING, "no time at all"),
        (OFFICE, "2026-11-23 12:00", "2026-11-23 09:00", NOTHING, "backwards is none"),
        (OFFICE, "2026-11-21 10:00", "2026-11-22 10:00", NOTHING, "a weekend"),
        (OFFICE, "2026-11-24 08:00", "2026-11-24 10:00", 1.5 * HOUR, "less a break"),
        (OFFICE, "2016-01-01 00:00", "2026-01-01 00:00", 2602 * 9 * HOUR, "ten years without their Christmases"),
    ],
)
def test_only_open_time_elapses(calendar, start, end, expected, reason):
    assert elapsed(calendar, local(start), local(end)) == expected, reason


@pytest.mark.parametrize(
    ("end", "length", "expected", "reason"),
    [
        ("2026-11-23 11:00", HOUR, "2026-11-23 10:00", "within one stretch"),
        ("2026-11-23 14:00", 2 * HOUR, "2026-11-23 11:00", "over lunch"),
        ("2026-11-23 13:30", HOUR / 2, "2026-11-23 13:00", "on an opening: it stays there"),
        ("2026-11-23 09:00", 2 * HOUR, "2026-11-20 17:00", "over the weekend"),
        ("2026-11-22 12:00", NOTHING, "2026-11-20 18:00", "no length, closed: the last closing"),
        ("2026-11-23 08:00", NOTHING, "2026-11-20 18:00", "no length, just opening: nothing was open before"),
        ("2026-11-23 10:00", NOTHING, "2026-11-23 10:00", "no length, open"),
        ("2026-11-24 10:00", HOUR, "2026-11-24 08:30", "over a break"),
        ("2026-11-23 09:00", 2602 * 9 * HOUR, None, "ten years and more"),
    ],
)
def test_going_back_gives_the_instant_from_which_so_much_elapses(end, length, expected, reason):
    found = before(OFFICE, local(end), length)
    assert elapsed(OFFICE, found, local(end)) == length, reason
    assert expected is None or found == local(expected), reason


@pytest.mark.parametrize(
    ("start", "days", "end_of_day", "expected", "reason"),
    [
        ("2026-11-23 10:00", 1, False, "2026-11-24 10:00", "tomorrow at the same time"),
        ("2026-11-23 10:00", 0, False, "2026-11-23 10:00", "today"),
        ("2026-11-23 10:00", 0, True, "2026-11-23 18:00", "today to the end"),
        ("2026-11-22 10:00", 0, True, "2026-11-23 18:00", "on a Sunday: to the end of Monday"),
        ("2026-11-26 10:00", 2, False, "2026-11-28 10:00", "a Saturday with a shift is a working day"),
        ("2026-12-23 16:00", 2, False, "2026-12-28 16:00", "over Christmas"),
        ("2026-12-23 16:00", 1, True, "2026-12-24 12:00", "the end of half a day"),
        ("2026-11-23 10:00", -2, False, "2026-11-19 10:00", "back over the weekend"),
        ("2026-11-21 23:00", 1, False, "2026-11-23 23:00", "the clock time is kept, also when it is closed then"),
        ("2026-03-27 02:30", 1, False, "2026-03-30 02:30", "a clock time over the change of the clocks"),
    ],
)
def test_working_days_keep_the_clock_time_or_end_with_the_day(start, days, end_of_day, expected, reason):
    assert due_in_days(OFFICE, local(start), days, end_of_day=end_of_day) == local(expected), reason


def test_working_days_over_the_change_of_the_clocks_keep_the_clock_time_not_the_hours():
    found = due_in_days(NIGHT, local("2026-03-28 02:30"), 1)
    assert found.astimezone(ZoneInfo("Europe/Berlin")).time() == time(3, 0), "02:30 does not exist: the moment after"


def test_the_end_of_the_day_of_a_night_shift_lies_on_the_next_morning():
    assert due_in_days(NIGHT, local("2026-11-23 23:00"), 1, end_of_day=True) == local("2026-11-25 06:00")


def test_the_working_is_the_open_stretches_between_the_two_instants():
    found = list(counted(OFFICE, local("2026-11-23 11:00"), local("2026-11-23 14:00")))
    assert found == [
        (local("2026-11-23 11:00"), local("2026-11-23 12:00")),
        (local("2026-11-23 13:00"), local("2026-11-23 14:00")),
    ]
    assert list(counted(OFFICE, local("2026-11-23 14:00"), local("2026-11-23 11:00"))) == []


@pytest.mark.parametrize(
    ("length", "text"),
    [(36.5 * HOUR, "36h30m"), (NOTHING, "0s"), (-HOUR, "-1h"), (timedelta(seconds=61), "1m1s"), (30 * DAY, "720h")],
)
def test_open_time_is_said_in_hours_and_never_in_days(length, text):
    assert in_hours(length) == text


NEVER_AGAIN = Calendar(name="once", dates={date(2025, 1, 1): "09:00-10:00"})
START = utc("2026-11-23 08:00")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: due(OFFICE, START, -HOUR), "cannot be negative: -1h"),
        (lambda: before(OFFICE, START, -HOUR), "cannot be negative: -1h"),
        (lambda: due(NEVER_AGAIN, START, NOTHING), "the calendar once is not open in the hundred years after 2026"),
        (lambda: due(NEVER_AGAIN, START, HOUR), "not open for 1h in the hundred years after 2026-11-23T08:00Z"),
        (lambda: before(NEVER_AGAIN, START, 2 * HOUR), "not open for 2h in the hundred years before"),
        (lambda: due(WEEKLY_MINUTE, START, 100 * HOUR), "the calendar is not open for 100h in the hundred years"),
        (lambda: due(OFFICE, START, 40_000 * DAY), "more than 100 years"),
        (lambda: elapsed(OFFICE, utc("1910-01-01"), START), "more than 100 years"),
        (lambda: elapsed(OFFICE, START.replace(tzinfo=None), START), "the start has no time zone"),
        (lambda: due(OFFICE, datetime(9999, 12, 31, tzinfo=UTC), HOUR), "between 1900 and 2900"),
        (lambda: elapsed(OFFICE, datetime(1, 1, 1, tzinfo=UTC), START), "between 1900 and 2900"),
        (lambda: due(ALWAYS, datetime(2899, 12, 31, tzinfo=UTC), 9 * DAY), "is not open for 216h"),
        (lambda: before(ALWAYS, datetime(1900, 1, 2, tzinfo=UTC), 9 * DAY), "is not open for 216h"),
        (lambda: due_in_days(NEVER_AGAIN, START, 1), "the calendar once has no 1 working days in sight of 2026-11-23"),
        (lambda: due_in_days(OFFICE, START, 9999), "no 9999 working days in sight"),
    ],
)
def test_what_has_no_answer_is_refused_with_the_reason(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()


def test_an_answer_does_not_depend_on_what_was_asked_before(monkeypatch):
    questions = [
        lambda calendar: due(calendar, utc("2026-11-23 09:00"), 30 * HOUR),
        lambda calendar: elapsed(calendar, utc("2001-01-01"), utc("2003-01-01")),
        lambda calendar: before(calendar, utc("1990-06-01 12:00"), 300 * HOUR),
        lambda calendar: due(calendar, utc("2150-06-01 12:00"), 3000 * HOUR),
    ]
    fresh = []
    for ask in questions:
        monkeypatch.setattr(business_time, "_rulers", {})
        fresh.append(ask(OFFICE))
    monkeypatch.setattr(business_time, "_rulers", {})
    assert [ask(OFFICE) for ask in questions + questions] == fresh + fresh
    assert len(business_time._rulers) == 1


def test_no_more_than_some_calendars_are_remembered(monkeypatch):
    monkeypatch.setattr(business_time, "_rulers", {})
    for number in range(200):
        elapsed(Calendar(name=str(number), always=True), START, START + HOUR)
    assert 0 < len(business_time._rulers) <= 64


ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "UTC")
clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02d}:{quarter % 4 * 15:02d}")
calendars = st.builds(
    lambda zone, week: Calendar(timezone=zone, hours={day: (f"{a}-{b}",) for day, (a, b) in week.items()}),
    st.sampled_from(ZONES),
    st.dictionaries(
        st.sampled_from(["mon", "tue", "wed", "sat", "sun"]),
        st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1]),
        min_size=1,
    ),
)
instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.timedeltas(NOTHING, 200 * HOUR)


@settings(max_examples=60, deadline=None)
@given(calendars, instants, lengths)
def test_due_and_elapsed_are_each_others_answer(calendar, start, length):
    found = due(calendar, start, length)
    assert elapsed(calendar, start, found) == length
    assert is_open(calendar, found), "a due instant belongs to open time"
    assert found >= start
    back = before(calendar, found, length)
    assert elapsed(calendar, back, found) == length


@settings(max_examples=60, deadline=None)
@given(calendars, st.lists(instants, min_size=3, max_size=3))
def test_elapsed_time_adds_up(calendar, moments):
    first, middle, last = sorted(moments)
    whole = elapsed(calendar, first, last)
    assert whole == elapsed(calendar, first, middle) + elapsed(calendar, middle, last)
    assert NOTHING <= whole <= last - first
    assert whole == sum((end - start for start, end in counted(calendar, first, last)), NOTHING)

"""When a calendar is open: hours, holidays, own days, windows and closures, in elapsed time."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.tseries.offsets import CustomBusinessDay

from models.rules.calendars import (
    HORIZON_DAYS,
    Calendar,
    add_working_days,
    closed_until,
    is_open,
    next_working_day,
    nth_working_day,
    open_intervals,
    open_until,
    why,
    working_day,
)
from models.rules.windows import Window
from tests.rules.moments import local, utc, wall

BERLIN = "Europe/Berlin"
OFFICE = Calendar(
    name="office",
    title="office hours",
    timezone=BERLIN,
    hours={"mon-thu": ("08:00-12:00", "13:00-18:00"), "fri": ("08:00-16:00",)},
    holidays=("DE/BE",),
    dates={
        date(2026, 12, 24): "08:00-12:00 half day",
        "2026-12-28": "closed stocktaking",
        "2026-12-26": "open the fair",
        "12-31": "closed",
    },
    closures=(Window(starts=wall("2026-11-24 10:00"), ends=wall("2026-11-24 11:00"), reason="fire drill"),),
)
NIGHT = Calendar(name="night", timezone=BERLIN, hours={"fri": ("22:00-06:00",)})
PATCHING = Calendar(
    name="patching",
    timezone=BERLIN,
    windows=(
        Window(day="sun", at=time(2), lasts=timedelta(hours=4), reason="weekly maintenance"),
        Window(rrule="FREQ=MONTHLY;BYDAY=2TU", at=time(22), lasts=timedelta(hours=10), reason="patch night"),
        Window(starts=wall("2026-12-20 00:00"), ends=wall("2027-01-05 06:00"), reason="year-end freeze"),
    ),
)


@pytest.mark.parametrize(
    ("calendar", "moment", "opened", "reason"),
    [
        (OFFICE, "2026-11-23 08:00", True, "the start belongs to the hours"),
        (OFFICE, "2026-11-23 12:00", False, "the end does not"),
        (OFFICE, "2026-11-23 17:59", True, "the second interval of the day"),
        (OFFICE, "2026-11-20 17:00", False, "Friday ends early"),
        (OFFICE, "2026-11-21 10:00", False, "a day not named is closed"),
        (OFFICE, "2026-12-25 10:00", False, "Christmas on a Friday"),
        (OFFICE, "2026-12-24 11:59", True, "half a day"),
        (OFFICE, "2026-12-24 13:30", False, "the other half"),
        (OFFICE, "2026-12-28 10:00", False, "an own closed day"),
        (OFFICE, "2027-12-31 10:00", False, "an own day of each year"),
        (OFFICE, "2026-12-26 10:00", False, "open as its weekday, which is a closed Saturday"),
        (OFFICE, "2026-11-24 10:30", False, "a closure cuts the hours"),
        (OFFICE, "2026-11-24 11:00", True, "and ends"),
        (NIGHT, "2026-11-20 21:59", False, "not yet"),
        (NIGHT, "2026-11-20 23:00", True, "Friday night"),
        (NIGHT, "2026-11-21 05:59", True, "belongs to Friday until Saturday morning"),
        (NIGHT, "2026-11-21 06:00", False, "and ends"),
        (NIGHT, "2026-11-20 05:00", False, "Thursday night is not Friday's"),
        (PATCHING, "2026-11-22 02:00", True, "a weekly window"),
        (PATCHING, "2026-11-22 06:00", False, "its end"),
        (PATCHING, "2026-11-11 07:59", True, "the second Tuesday's window ends on Wednesday"),
        (PATCHING, "2026-11-18 03:00", False, "the third Tuesday has none"),
        (PATCHING, "2026-12-31 12:00", True, "inside a window once"),
        (PATCHING, "2027-01-05 06:00", False, "the end of it"),
    ],
)
def test_a_calendar_is_open_when_its_file_says(calendar, moment, opened, reason):
    assert is_open(calendar, local(moment)) is opened, reason


@pytest.mark.parametrize(
    ("calendar", "moment", "words", "reason"),
    [
        (OFFICE, "2026-11-23 09:00", "office hours", "the title of the calendar"),
        (NIGHT, "2026-11-20 23:00", "within its hours", "no title"),
        (OFFICE, "2026-11-23 19:00", "outside its hours", "an evening"),
        (OFFICE, "2026-12-25 10:00", "Christmas Day", "the name of the holiday"),
        (OFFICE, "2026-12-24 13:30", "half day", "the words of the own day"),
        (OFFICE, "2026-11-24 10:30", "fire drill", "the words of the closure"),
        (PATCHING, "2026-11-22 03:00", "weekly maintenance", "the words of the window"),
    ],
)
def test_a_calendar_tells_why(calendar, moment, words, reason):
    assert why(calendar, local(moment)) == words, reason


@pytest.mark.parametrize(
    ("day", "hours", "reason"),
    [
        ("2026-11-22", 4, "02:00 to 06:00 on any Sunday"),
        ("2026-03-29", 3, "in spring 02:00 does not exist, so it begins at 03:00"),
        ("2026-10-25", 5, "in autumn it begins at the first 02:00"),
    ],
)
def test_a_window_is_wall_clock_time_counted_in_elapsed_time(day, hours, reason):
    midnight = local(f"{day} 00:00")
    ((start, end),) = open_intervals(PATCHING, midnight, midnight + timedelta(hours=23))
    assert end - start == timedelta(hours=hours), reason
    assert f"{end.astimezone(PATCHING.zone):%H:%M}" == "06:00"


def test_open_stretches_join_over_midnight_and_end_where_they_are_cut():
    always = Calendar(name="always", timezone=BERLIN, always=True)
    assert list(open_intervals(always, utc("2026-01-01"), utc("2026-03-01"))) == [
        (utc("2026-01-01"), utc("2026-03-01"))
    ]
    assert open_until(always, utc("2026-01-01")) is None
    assert closed_until(always, utc("2026-01-01")) == utc("2026-01-01")


def test_open_and_closed_stretches_tell_their_ends():
    monday = local("2026-11-23 09:00")
    assert open_until(OFFICE, monday) == local("2026-11-23 12:00")
    assert closed_until(OFFICE, monday) == monday
    friday = local("2026-11-20 16:00")
    assert open_until(OFFICE, friday) == friday
    assert closed_until(OFFICE, friday) == local("2026-11-23 08:00")


def test_a_calendar_of_the_past_has_no_opening_in_sight():
    past = Calendar(name="past", dates={"2001-01-01": "08:00-09:00"})
    assert closed_until(past, utc("2026-01-01")) is None
    assert next_working_day(past, date(2026, 1, 1)) is None
    assert list(open_intervals(past, utc("2026-01-01"), utc("2026-02-01"))) == []


def test_windows_make_no_working_day():
    assert not working_day(PATCHING, date(2026, 11, 22))
    assert working_day(OFFICE, date(2026, 12, 24))
    assert not working_day(OFFICE, date(2026, 12, 28))


@pytest.mark.parametrize("year", [2024, 2025, 2026])
@pytest.mark.parametrize("number", [1, 2, 3, 10, 19, 22, 23, -1, -2, -20])
def test_the_nth_working_day_is_what_pandas_says(year, number):
    days = [date(year, 1, 1) + timedelta(days=count) for count in range(366)]
    office = Calendar(name="o", hours={"mon-fri": ("08:00-18:00",)}, holidays=("DE/BE",))
    holidays = [day for day in days if office.holiday(day)]
    assert len(holidays) >= 9
    business = CustomBusinessDay(holidays=holidays)
    for month in range(1, 13):
        start = pandas.Timestamp(year, month, 1)
        listed = [day.date() for day in pandas.date_range(start, start + pandas.offsets.MonthEnd(0), freq=business)]
        index = number - 1 if number > 0 else len(listed) + number
        expected = listed[index] if 0 <= index < len(listed) else None
        assert nth_working_day(office, year, month, number) == expected


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-30, 30))
def test_adding_working_days_and_taking_them_away_comes_back(day, count):
    office = Calendar(name="o", hours={"mon-fri": ("08:00-18:00",)}, holidays=("DE/BE",))
    if not working_day(office, day):
        day = next_working_day(office, day)
    there = add_working_days(office, day, count)
    assert there is not None
    assert working_day(office, there)
    assert add_working_days(office, there, -count) == day


clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02d}:{quarter % 4 * 15:02d}")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 6), st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1]), min_size=1),
    st.dates(date(2025, 1, 1), date(2027, 1, 1)),
)
def test_a_calendar_in_utc_is_open_exactly_in_its_hours(week, first):
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    calendar = Calendar(hours={names[day]: (f"{start}-{end}",) for day, (start, end) in week.items()})

    def in_hours(moment):
        at = f"{moment:%H:%M}"
        today, yesterday = week.get(moment.weekday()), week.get((moment.weekday() - 1) % 7)
        if today and (today[0] <= at < today[1] or (today[1] < today[0] and at >= today[0])):
            return True
        return bool(yesterday and yesterday[1] < yesterday[0] and at < yesterday[1])

    since = datetime.combine(first, time(0), UTC)
    moments = [since + timedelta(minutes=15 * count) for count in range(4 * 24 * 9)]
    assert [is_open(calendar, moment) for moment in moments] == [in_hours(moment) for moment in moments]
    opened = sum(((end - start) for start, end in open_intervals(calendar, since, moments[-1])), timedelta(0))
    assert opened == timedelta(minutes=15 * sum(in_hours(moment) for moment in moments[:-1]))


def test_the_calendars_of_a_service_desk_tool_give_its_answers():
    document = json.loads((Path(__file__).parents[1] / "vectors" / "sla.json").read_text())
    rows = document["sets"]["business_time"]
    calendars = {
        name: Calendar(
            timezone=given["tz"],
            hours={day: tuple("-".join(span) for span in spans) for day, spans in given["hours"].items()},
            dates=dict.fromkeys(given["holidays"], "closed"),
        )
        for name, given in rows["schedules"].items()
    }
    for name, moment, expected in rows["in_hours"]:
        assert is_open(calendars[name], datetime.fromisoformat(moment)) is expected, (name, moment)
    for name, start, end, seconds in rows["elapsed"]:
        opened = open_intervals(calendars[name], datetime.fromisoformat(start), datetime.fromisoformat(end))
        assert sum((b - a).total_seconds() for a, b in opened) == seconds, (name, start, end)


@pytest.mark.parametrize(
    ("fields", "key", "message", "reason"),
    [
        ({}, None, "never open", "nothing at all"),
        ({"always": True, "hours": {"mon": ("08:00-09:00",)}}, None, "not both", "two answers"),
        ({"always": True, "timezone": "Mars/Olympus"}, "timezone", "not a time zone", "a zone that is none"),
        ({"hours": {"mond": ("08:00-09:00",)}}, "hours", 'did you mean "mon"', "a weekday that is none"),
        ({"hours": {"mon": ("8-9",)}}, "hours", "not an interval", "no minutes"),
        ({"hours": {"mon": ("08:00-08:00",)}}, "hours", "not an interval", "nothing"),
        ({"hours": {"mon": ("24:00-08:00",)}}, "hours", "not an interval", "starts after the day"),
        ({"hours": {"mon": ("08:00-25:00",)}}, "hours", "not an interval", "no such hour"),
        ({"hours": {"mon": ("08:00-12:00", "11:00-13:00")}}, "hours", "overlap at 11:00", "two at once"),
        ({"hours": {"mon": ("08:00-12:00",), "mon-fri": ()}}, "hours", "twice", "a day twice"),
        ({"always": True, "holidays": ("XX",)}, "holidays", "not a country", "no such country"),
        ({"always": True, "holidays": ("DE/XX",)}, "holidays", "allowed: BB", "no such part"),
        ({"always": True, "dates": {"24.12.": "closed"}}, "dates", "2026-12-24", "a date that is none"),
        ({"always": True, "dates": {"02-30": "closed"}}, "dates", "2026-12-24", "a day that never comes"),
        ({"always": True, "dates": {"12-24": "half day"}}, "dates", "must begin with", "no hours"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_at_its_key(fields, key, message, reason):
    with pytest.raises(ValueError, match=message) as refused:
        Calendar(**fields)
    assert getattr(refused.value, "key", None) == key, reason


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "message", "reason"),
    [
        ({}, "of one kind", "nothing"),
        ({"starts": wall("2026-01-01")}, "of one kind", "no end"),
        ({"starts": wall("2026-01-02"), "ends": wall("2026-01-01")}, "before it starts", "backwards"),
        ({"starts": wall("2026-01-01"), "ends": utc("2026-01-02")}, "both", "half in a zone"),
        ({"starts": wall("2026-01-01"), "ends": wall("2026-01-02"), "lasts": HOUR}, "of one kind", "two kinds"),
        ({"starts": wall("2026-01-01"), "ends": wall("2026-01-01")}, "before it starts", "no time at all"),
        (
            {"starts": wall("2026-01-01"), "day": "sun", "at": time(2), "lasts": HOUR},
            "of one kind",
            "a weekly one with a start",
        ),
        ({"day": "sun", "at": time(2)}, "of one kind", "no length"),
        ({"day": "sun", "at": time(2), "lasts": timedelta(0)}, "more than 0s", "no time"),
        ({"day": "sun", "at": time(2), "lasts": timedelta(days=60)}, "at most 31d", "longer than its turn"),
        ({"day": "sonntag", "at": time(2), "lasts": HOUR}, "not a weekday", "another language"),
        ({"rrule": "FREQ=NEVER", "at": time(2), "lasts": HOUR}, "allowed: YEARLY", "no rule"),
        ({"rrule": "FREQ=HOURLY", "at": time(2), "lasts": HOUR}, "not by the hour", "too often"),
    ],
)
def test_a_window_that_cannot_be_is_refused(fields, message, reason):
    with pytest.raises(ValueError, match=message):
        Window(**fields)


def test_a_window_without_a_reason_tells_when_it_is():
    assert Window(day="sun", at=time(2), lasts=HOUR).describe() == "window sun at 02:00 for 1h"
    once = Window(starts=utc("2026-01-01 10:00"), ends=utc("2026-01-01 11:00"))
    assert once.describe() == "window from 2026-01-01 10:00 to 2026-01-01 11:00"
    assert list(once.overlapping(utc("2026-01-01"), utc("2026-01-02"), OFFICE.zone)) == [
        (utc("2026-01-01 10:00"), utc("2026-01-01 11:00"))
    ]


def test_a_year_of_questions_is_answered_from_kept_days():
    for count in range(HORIZON_DAYS):
        is_open(OFFICE, utc("2026-01-01") + timedelta(days=count))
    first = OFFICE.intervals_of(utc("2026-01-01").toordinal())
    assert OFFICE.intervals_of(utc("2026-01-01").toordinal()) is first


def test_a_recurring_window_may_last_a_month():
    month = Window(rrule="FREQ=MONTHLY;BYMONTHDAY=1", at=time(0), lasts=timedelta(days=31))
    assert is_open(Calendar(windows=(month,)), utc("2026-11-30 12:00"))

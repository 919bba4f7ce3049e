"""Time intervals: which instants are inside, and which texts are refused."""

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.time_intervals import MONTHS, WEEKDAYS, Spans, TimeInterval, TimeRange, may_tell
from tests.rules.moments import local, utc

OFFICE = TimeInterval(times=(TimeRange("09:00", "17:00"),), weekdays=("monday:friday",), location="Europe/Berlin")
NIGHT = TimeInterval(times=(TimeRange("22:00", "24:00"), TimeRange("00:00", "06:00")))


@pytest.mark.parametrize(
    ("interval", "instant", "inside", "reason"),
    [
        (TimeInterval(), "2026-11-21 12:00", True, "nothing is asked"),
        (OFFICE, "2026-11-20 08:00", True, "09:00 in Berlin, a Friday"),
        (OFFICE, "2026-11-20 07:59", False, "a minute earlier"),
        (OFFICE, "2026-11-20 15:59", True, "16:59 in Berlin"),
        (OFFICE, "2026-11-20 16:00", False, "the end does not belong to it"),
        (OFFICE, "2026-11-21 08:00", False, "a Saturday"),
        (OFFICE, "2026-07-20 07:00", True, "09:00 in summer time"),
        (NIGHT, "2026-11-20 23:59", True, "to the end of the day"),
        (NIGHT, "2026-11-21 00:00", True, "and from its beginning"),
        (NIGHT, "2026-11-21 06:00", False, "not beyond"),
        (TimeInterval(weekdays=("Sunday", "SATURDAY")), "2026-11-22 12:00", True, "any letters"),
        (TimeInterval(weekdays=("sunday:saturday",)), "2026-11-20 12:00", True, "the whole week"),
        (TimeInterval(days_of_month=("-1",)), "2026-02-28 12:00", True, "the last day"),
        (TimeInterval(days_of_month=("-1",)), "2028-02-28 12:00", False, "of a leap year"),
        (TimeInterval(days_of_month=("29:31",)), "2026-02-28 12:00", False, "days that February has not"),
        (TimeInterval(days_of_month=("-31:-29",)), "2026-02-01 12:00", False, "nor from its end"),
        (TimeInterval(days_of_month=("20:-1",)), "2026-11-30 12:00", True, "to the last"),
        (TimeInterval(days_of_month=(1, "15:16")), "2026-11-01 12:00", True, "a number is as good"),
        (TimeInterval(months=("january:march", 11)), "2026-11-21 12:00", True, "by name or number"),
        (TimeInterval(months=("january:march", "12")), "2026-11-21 12:00", False, "another"),
        (TimeInterval(years=("2020:2025", "2027")), "2026-11-21 12:00", False, "between"),
        (TimeInterval(years=(2026,)), "2026-12-31 23:59", True, "this year"),
        (TimeInterval(years=(2026,), location="Asia/Tokyo"), "2026-12-31 23:59", False, "next year in Tokyo"),
        (TimeInterval(weekdays=()), "2026-11-21 12:00", False, "an empty list has no day"),
        (TimeInterval(times=()), "2026-11-21 12:00", False, "nor a time"),
        (TimeInterval(location=""), "2026-11-21 12:00", True, "no place is UTC"),
    ],
)
def test_an_instant_is_inside_or_not(interval, instant, inside, reason):
    assert interval.contains(utc(instant)) is inside, reason


def test_without_a_location_it_goes_by_the_zone_that_is_asked_for():
    nine = TimeInterval(times=(TimeRange("09:00", "10:00"),))
    assert not nine.contains(local("2026-11-20 09:30"))
    assert nine.contains(local("2026-11-20 09:30"), ZoneInfo("Europe/Berlin"))
    with pytest.raises(ValueError, match="no time zone"):
        nine.contains(datetime(2026, 11, 20, 9, 30))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    ("make", "key", "words", "reason"),
    [
        (lambda: TimeRange("9:00", "10:00"), "start_time", "not a time", "no leading zero"),
        (lambda: TimeRange("09:60", "10:00"), "start_time", "not a time", "no such minute"),
        (lambda: TimeRange("09:00", "24:01"), "end_time", "not a time", "past the day"),
        (lambda: TimeRange("09:00\n", "10:00"), "start_time", "not a time", "the whole text"),
        (lambda: TimeRange("09:00", "09:00"), "end_time", "must be after", "nothing between"),
        (lambda: TimeRange("22:00", "06:00"), "end_time", "past midnight, give two", "over midnight"),
        (lambda: TimeInterval(weekdays=("friday:monday",)), "weekdays", "begins on sunday", "over the weekend"),
        (lambda: TimeInterval(weekdays=("mon",)), "weekdays", '"mon" is not a weekday; allowed: sunday', "short"),
        (lambda: TimeInterval(weekdays=("1:3",)), "weekdays", "not a weekday", "numbers"),
        (lambda: TimeInterval(weekdays=("monday:tuesday:friday",)), "weekdays", "not a weekday", "three"),
        (lambda: TimeInterval(weekdays=("",)), "weekdays", "not a weekday", "nothing"),
        (lambda: TimeInterval(days_of_month=("0",)), "days_of_month", "not a day of the month", "no day"),
        (lambda: TimeInterval(days_of_month=("1:32",)), "days_of_month", "not a day of the month", "too late"),
        (lambda: TimeInterval(days_of_month=("-15:5",)), "days_of_month", "must end there too", "around the end"),
        (lambda: TimeInterval(days_of_month=("10:-25",)), "days_of_month", "ends before it starts", "always empty"),
        (lambda: TimeInterval(days_of_month=("10:5",)), "days_of_month", "ends before it starts", "backwards"),
        (lambda: TimeInterval(days_of_month=("1.5",)), "days_of_month", "not a whole number", "half a day"),
        (lambda: TimeInterval(months=("december:january",)), "months", "end of the year", "over the year"),
        (lambda: TimeInterval(months=("jan",)), "months", "not a month", "short"),
        (lambda: TimeInterval(years=("2022:2020",)), "years", "ends before it starts", "backwards"),
        (lambda: TimeInterval(years=("x",)), "years", "not a whole number", "no year"),
        (lambda: TimeInterval(location="Mars"), "location", "not a time zone", "no place"),
    ],
)
def test_what_is_no_interval_is_refused_with_its_key(make, key, words, reason):
    with pytest.raises(FieldError, match=words) as refused:
        make()
    assert refused.value.key == key, reason


@pytest.mark.parametrize(
    ("interval", "is_never", "reason"),
    [
        (TimeInterval(), False, "always"),
        (OFFICE, False, "office hours"),
        (TimeInterval(weekdays=()), True, "no weekday"),
        (TimeInterval(times=()), True, "no time"),
        (TimeInterval(days_of_month=()), True, "no day"),
        (TimeInterval(months=("13",)), True, "no such month"),
        (TimeInterval(months=("0:13",)), False, "some are"),
        (TimeInterval(days_of_month=("31",), months=("april", "june")), True, "no such day"),
        (TimeInterval(days_of_month=("29",), months=("february",)), False, "in leap years"),
        (TimeInterval(days_of_month=("30:31",), months=("february",)), True, "not even then"),
        (TimeInterval(days_of_month=("-29",), months=("february",)), False, "the same from the end"),
        (TimeInterval(days_of_month=("-31:-30",), months=("february",)), True, "before its beginning"),
    ],
)
def test_an_interval_without_any_instant_is_known(interval, is_never, reason):
    assert interval.spans.is_never is is_never, reason


INTERVALS = {"office": (OFFICE,), "night": (NIGHT,), "never": (), "sundays": (TimeInterval(weekdays=("sunday",)),)}


@pytest.mark.parametrize(
    ("mute", "active", "instant", "allowed", "words"),
    [
        ((), (), "2026-11-20 12:00", True, "within its time"),
        (("night",), (), "2026-11-20 12:00", True, "within its time"),
        (("never", "night"), (), "2026-11-20 23:00", False, "muted by the time interval night"),
        ((), ("office",), "2026-11-20 12:00", True, "within its time"),
        ((), ("office", "sundays"), "2026-11-20 18:00", False, "outside of the active time intervals office, sundays"),
        ((), ("office", "sundays"), "2026-11-22 18:00", True, "within its time"),
        (("sundays",), ("sundays",), "2026-11-22 18:00", False, "muted by the time interval sundays"),
    ],
)
def test_a_route_tells_within_its_time(mute, active, instant, allowed, words):
    verdict = may_tell(mute, active, INTERVALS, utc(instant))
    assert (verdict.allowed, verdict.reason) == (allowed, words)


def test_a_time_interval_that_there_is_not_is_named():
    with pytest.raises(ValueError, match='no time interval "nights"; known: never, night, office, sundays'):
        may_tell(("nights",), (), INTERVALS, utc("2026-11-20 12:00"))


def ranges(low, high):
    return st.none() | st.lists(
        st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted).map(tuple), max_size=2
    ).map(tuple)


days = st.none() | st.lists(
    st.tuples(st.integers(-31, 31).filter(bool), st.integers(-31, 31).filter(bool)), max_size=2
).map(tuple)
instants = st.datetimes(datetime(2019, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001


def naive(spans, wall):
    """Membership by writing out every member."""
    month = [wall.replace(day=1) + timedelta(days=number) for number in range(31)]
    month = [day.day for day in month if day.month == wall.month]
    members = {
        "minutes": (range, wall.hour * 60 + wall.minute),
        "weekdays": (lambda a, b: range(a, b + 1), int(wall.strftime("%w"))),
        "days": (lambda a, b: range(month[0] + a - 1 if a > 0 else len(month) + a + 1,
                                    (b if b > 0 else len(month) + b + 1) + 1), wall.day),
        "months": (lambda a, b: range(a, b + 1), wall.month),
        "years": (lambda a, b: range(a, b + 1), wall.year),
    }  # fmt: skip
    return all(
        getattr(spans, name) is None or any(value in write_out(*pair) for pair in getattr(spans, name))
        for name, (write_out, value) in members.items()
    )


@given(ranges(0, 1440), ranges(0, 6), days, ranges(1, 12), ranges(2018, 2031), instants)
def test_membership_is_what_writing_all_members_out_gives(minutes, weekdays, month_days, months, years, instant):
    spans = Spans(minutes, weekdays, month_days, months, years)
    assert spans.hold(instant) is naive(spans, instant)


@given(st.integers(0, 6), st.integers(0, 6), instants)
def test_weekdays_by_name_are_those_of_the_calendar(first, last, instant):
    if first > last:
        first, last = last, first
    interval = TimeInterval(weekdays=(f"{WEEKDAYS[first]}:{WEEKDAYS[last].upper()}",))
    name = calendar.day_name[instant.weekday()].lower()
    assert interval.contains(instant) is (name in WEEKDAYS[first : last + 1])
    assert TimeInterval(months=MONTHS).contains(instant)

"""When a job is due: cases by hand, and every kind of schedule that must be refused."""

from datetime import date, time, timedelta
from itertools import islice

import pytest

from models.rules.calendars import Calendar
from models.rules.field_error import FieldError
from models.rules.schedule import Schedule, due_times
from models.rules.schedule_words import explain
from tests.rules.moments import local, utc, wall

OFFICE = Calendar(
    name="office",
    timezone="Europe/Berlin",
    hours={"mon-fri": ("08:00-18:00",)},
    holidays=("DE/BE",),
)
CALENDARS = {"office": OFFICE}
BERLIN = "Europe/Berlin"


def due(schedule, after, count, zone=BERLIN):
    found = islice(due_times(schedule, after, after + timedelta(days=800), CALENDARS), count)
    return [f"{instant.astimezone(schedule.zone):%Y-%m-%d %H:%M%z}" for instant in found]


@pytest.mark.parametrize(
    ("schedule", "after", "expected", "reason"),
    [
        (
            Schedule(cron="30 2 * * *", timezone=BERLIN),
            local("2026-03-28 12:00"),
            ["2026-03-29 03:00+0200", "2026-03-30 02:30+0200"],
            "a time in the gap runs at the first valid moment after",
        ),
        (
            Schedule(cron="30 2 * * *", timezone=BERLIN),
            local("2026-10-24 12:00"),
            ["2026-10-25 02:30+0200", "2026-10-26 02:30+0100"],
            "a time that exists twice runs once",
        ),
        (
            Schedule(cron="30 2 * * *", timezone=BERLIN),
            utc("2026-10-25 01:10"),
            ["2026-10-26 02:30+0100"],
            "asked in the second pass of the hour, it does not run a second time",
        ),
        (
            Schedule(cron="0,30 2 * * *", timezone=BERLIN),
            local("2026-03-28 12:00"),
            ["2026-03-29 03:00+0200", "2026-03-30 02:00+0200"],
            "two times in one gap are one run",
        ),
        (
            Schedule(cron="0 * * * *", timezone=BERLIN),
            utc("2026-10-24 23:30"),
            ["2026-10-25 02:00+0200", "2026-10-25 02:00+0100", "2026-10-25 03:00+0100"],
            "hourly goes by elapsed time: 25 runs that day",
        ),
        (
            Schedule(cron="*/15 3 * * *", timezone="Australia/Lord_Howe"),
            local("2026-10-04 00:30", "Australia/Lord_Howe"),
            ["2026-10-04 03:00+1100", "2026-10-04 03:15+1100"],
            "a gap of half an hour loses no run of the next hour",
        ),
        (
            Schedule(cron="30 2 * * *", timezone="Pacific/Apia"),
            local("2011-12-29 00:00", "Pacific/Apia"),
            ["2011-12-29 02:30-1000", "2011-12-31 00:00+1400", "2011-12-31 02:30+1400"],
            "a whole day that never was",
        ),
        (
            Schedule(cron="0 0 * * *", timezone="America/Sao_Paulo"),
            local("2018-11-03 12:00", "America/Sao_Paulo"),
            ["2018-11-04 01:00-0200", "2018-11-05 00:00-0200"],
            "a day that begins at one o'clock",
        ),
        (
            Schedule(every=timedelta(hours=6), timezone=BERLIN),
            local("2026-03-28 23:30"),
            ["2026-03-29 00:00+0100", "2026-03-29 07:00+0200"],
            "an interval is elapsed time, counted from a fixed moment in winter time",
        ),
        (
            Schedule(every=timedelta(days=7), timezone=BERLIN),
            local("2026-11-21 12:00"),
            ["2026-11-23 00:00+0100"],
            "without an anchor a week begins on Monday",
        ),
        (
            Schedule(every=timedelta(minutes=15), anchor=utc("2026-01-01 00:07"), timezone=BERLIN),
            local("2025-12-31 00:00"),
            ["2025-12-31 00:07+0100", "2025-12-31 00:22+0100"],
            "an anchor says where the grid lies, not when it begins",
        ),
        (
            Schedule(rrule="FREQ=MONTHLY;BYDAY=-1FR", start=wall("2026-01-01 02:00"), timezone=BERLIN),
            local("2026-11-01 00:00"),
            ["2026-11-27 02:00+0100", "2026-12-25 02:00+0100"],
            "the last Friday",
        ),
        (
            Schedule(rrule="FREQ=DAILY", start=wall("2026-03-28 02:30"), timezone=BERLIN),
            local("2026-03-28 12:00"),
            ["2026-03-29 03:00+0200", "2026-03-30 02:30+0200"],
            "a rule keeps the daylight saving rule of cron",
        ),
        (
            Schedule(rrule="FREQ=HOURLY;INTERVAL=2", start=wall("2026-03-29 00:00"), timezone=BERLIN),
            local("2026-03-20 00:00"),
            ["2026-03-29 00:00+0100", "2026-03-29 03:00+0200"],
            "an hourly rule is elapsed time and begins at its start",
        ),
        (
            Schedule(rrule="FREQ=HOURLY", start=wall("2026-10-01 00:00"), timezone=BERLIN),
            utc("2026-10-24 23:30"),
            ["2026-10-25 02:00+0200", "2026-10-25 02:00+0100", "2026-10-25 03:00+0100"],
            "an hourly rule runs in both passes of the hour",
        ),
        (
            Schedule(rrule="FREQ=DAILY;COUNT=2", start=wall("2026-05-01 06:00"), timezone=BERLIN),
            local("2026-04-20 00:00"),
            ["2026-05-01 06:00+0200", "2026-05-02 06:00+0200"],
            "a rule with a count ends",
        ),
        (
            Schedule(rrule="FREQ=HOURLY;COUNT=3", start=wall("2026-05-01 06:00"), timezone=BERLIN),
            local("2026-05-01 06:30"),
            ["2026-05-01 07:00+0200", "2026-05-01 08:00+0200"],
            "an hourly rule with a count ends too",
        ),
        (
            Schedule(rrule="FREQ=DAILY;UNTIL=20260502T040000Z", start=wall("2026-05-01 06:00"), timezone=BERLIN),
            local("2026-04-20 00:00"),
            ["2026-05-01 06:00+0200", "2026-05-02 06:00+0200"],
            "an end in UTC counts on the wall",
        ),
        (
            Schedule(business_day=3, at=time(6, 30), calendar="office", timezone=BERLIN),
            local("2026-12-15 00:00"),
            ["2027-01-06 06:30+0100", "2027-02-03 06:30+0100"],
            "the third working day after New Year and a weekend",
        ),
        (
            Schedule(business_day=-1, at=time(6, 30), calendar="office", timezone=BERLIN),
            local("2026-12-01 00:00"),
            ["2026-12-31 06:30+0100", "2027-01-29 06:30+0100"],
            "the last working day",
        ),
        (
            Schedule(cron="0 6 * * tue#2", offset_days=2, timezone=BERLIN),
            local("2026-11-11 00:00"),
            ["2026-11-12 06:00+0100", "2026-12-10 06:00+0100"],
            "two days after the second Tuesday",
        ),
        (
            Schedule(cron="0 6 1 * *", offset_working_days=-1, calendar="office", timezone=BERLIN),
            local("2026-10-15 00:00"),
            ["2026-10-30 06:00+0100", "2026-11-30 06:00+0100", "2026-12-31 06:00+0100"],
            "the working day before the first of the month",
        ),
        (
            Schedule(cron="0 6 1 * *", offset_working_days=15, calendar="office", timezone=BERLIN),
            local("2026-11-20 00:00"),
            ["2026-11-20 06:00+0100", "2026-12-22 06:00+0100"],
            "three working weeks after the first of the month",
        ),
        (
            Schedule(cron="0 12 29 2 *", timezone="UTC"),
            utc("2026-12-01 00:00"),
            ["2028-02-29 12:00+0000"],
            "a leap day comes when it comes",
        ),
    ],
)
def test_a_job_is_due_when_its_schedule_says(schedule, after, expected, reason):
    assert due(schedule, after, len(expected)) == expected, reason


def test_a_due_time_at_the_start_is_left_out_and_one_at_the_end_is_in():
    schedule = Schedule(every=timedelta(hours=1), timezone="UTC")
    found = list(due_times(schedule, utc("2026-05-01 06:00"), utc("2026-05-01 08:00")))
    assert found == [utc("2026-05-01 07:00"), utc("2026-05-01 08:00")]


def test_a_schedule_without_a_zone_is_in_utc():
    found = due_times(Schedule(cron="0 6 * * *"), utc("2026-07-01 00:00"), utc("2026-07-02 00:00"))
    assert list(found) == [utc("2026-07-01 06:00")]


def test_a_month_with_too_few_working_days_has_no_due_time():
    schedule = Schedule(business_day=23, at=time(6), calendar="office", timezone=BERLIN)
    found = list(due_times(schedule, local("2026-01-01 00:00"), local("2027-01-01 00:00"), CALENDARS))
    assert [f"{instant:%Y-%m}" for instant in found] == ["2026-07"]


def test_a_calendar_that_never_opens_gives_no_due_time_and_an_answer():
    closed = Calendar(name="closed", dates={"2001-01-01": "08:00-09:00"})
    schedule = Schedule(business_day=1, at=time(6), calendar="closed")
    assert list(due_times(schedule, utc("2026-01-01 00:00"), utc("2027-01-01 00:00"), {"closed": closed})) == []


def test_a_missing_calendar_is_named():
    schedule = Schedule(business_day=1, at=time(6), calendar="offce")
    with pytest.raises(ValueError, match='no calendar "offce"; known: office'):
        list(due_times(schedule, utc("2026-01-01 00:00"), utc("2027-01-01 00:00"), CALENDARS))


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        list(due_times(Schedule(cron="0 6 * * *"), wall("2026-01-01 00:00"), utc("2027-01-01 00:00")))


@pytest.mark.parametrize(
    ("fields", "key", "message", "reason"),
    [
        ({}, None, "exactly one of", "no kind at all"),
        ({"cron": "0 6 * * *", "every": timedelta(1)}, None, "given: cron, every", "two kinds"),
        ({"cron": "61 * * * *"}, "cron", "bad minute", "a minute that is none"),
        ({"cron": "0 6 * *"}, "cron", "has 4 fields", "too few fields"),
        ({"cron": "0 0 6 * * *"}, "cron", "has 6 fields", "seconds are not for jobs"),
        ({"cron": "@daily"}, "cron", "nickname", "nicknames are not read"),
        ({"cron": "0 0 31 2 *"}, "cron", "day-of-month", "a day that never comes"),
        ({"cron": "0 6 * * *", "timezone": "Europe/Berln"}, "timezone", "did you mean", "a zone that is none"),
        ({"cron": "0 6 * * *", "timezone": "Europe"}, "timezone", "not a time zone", "a folder of zones"),
        ({"cron": "0 6 * * *", "timezone": "localtime"}, "timezone", "not a time zone", "differs by machine"),
        ({"cron": "0 6 * * *", "timezone": "../../etc/passwd"}, "timezone", "not a time zone", "no path"),
        ({"cron": "0 6 * * *", "anchor": utc("2026-01-01")}, "anchor", "goes with every", "a field of another kind"),
        ({"every": timedelta(0)}, "every", "at least 1s", "for ever at once"),
        ({"every": timedelta(hours=1), "at": time(6)}, "at", "goes with business_day", "at with an interval"),
        ({"rrule": "FREQ=MONTLY"}, "rrule", "allowed: YEARLY", "an unknown frequency"),
        ({"rrule": "FREQ=DAILY;BYDY=MO"}, "rrule", "not a part", "an unknown part"),
        ({"rrule": "FREQ=MONTHLY;BYDAY=9XX"}, "rrule", "not a valid RRULE", "a weekday that is none"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0"}, "rrule", "above 0", "an interval of nothing"),
        ({"rrule": "FREQ=DAILY;FREQ=DAILY"}, "rrule", "twice", "a part twice"),
        ({"rrule": "FREQ=HOURLY;BYHOUR=9"}, "rrule", "elapsed time", "hourly by the wall"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rrule", "never be due", "never"),
        ({"rrule": "FREQ=DAILY;UNTIL=soon"}, "rrule", "UNTIL=SOON", "an end that is none"),
        ({"rrule": "FREQ=DAILY", "start": utc("2026-01-01")}, "start", "local wall time", "a start with an offset"),
        ({"business_day": 0, "at": time(6), "calendar": "office"}, "business_day", "1 to 23", "no such day"),
        ({"business_day": 1, "calendar": "office"}, "business_day", "needs `at`", "without a time"),
        ({"business_day": 1, "at": time(6)}, "business_day", "needs `calendar`", "without a calendar"),
        ({"every": timedelta(1), "offset_days": 1}, "offset_days", "set times", "an offset of elapsed time"),
        ({"cron": "* 6 * * *", "offset_days": 1}, "offset_days", "set times", "an offset of every minute"),
        ({"cron": "0 6 * * *", "offset_working_days": 1}, "offset_working_days", "needs `calendar`", "whose days"),
        ({"cron": "0 6 * * *", "offset_days": 99}, "offset_days", "at most 31", "too far"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_at_its_key(fields, key, message, reason):
    with pytest.raises(ValueError, match=message) as refused:
        Schedule(**fields)
    assert getattr(refused.value, "key", None) == key, reason
    assert key is None or isinstance(refused.value, FieldError)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(cron="30 2 * * *", timezone=BERLIN), "at 02:30 every day (Europe/Berlin)"),
        (Schedule(every=timedelta(minutes=15)), "every 15m (UTC)"),
        (
            Schedule(rrule="FREQ=MONTHLY;BYDAY=-1FR", start=wall("2026-01-01 02:00")),
            "every month on the last Friday at 02:00, counted from 2026-01-01 (UTC)",
        ),
        (
            Schedule(rrule="FREQ=MONTHLY;BYMONTHDAY=1,15", start=wall("2001-01-01 00:00")),
            "every month on the 1st and 15th at 00:00 (UTC)",
        ),
        (
            Schedule(rrule="FREQ=YEARLY;BYSETPOS=1;BYDAY=MO", start=wall("2026-01-01 02:00")),
            "by the rule FREQ=YEARLY;BYSETPOS=1;BYDAY=MO from 2026-01-01 02:00 (UTC)",
        ),
        (
            Schedule(rrule="FREQ=DAILY;COUNT=1", start=wall("2026-11-22 03:30"), timezone=BERLIN),
            "once, on 2026-11-22 at 03:30 (Europe/Berlin)",
        ),
        (
            Schedule(rrule="FREQ=HOURLY;INTERVAL=2", start=wall("2026-01-01 02:00")),
            "every 2 hours counted from 2026-01-01 02:00 (UTC)",
        ),
        (
            Schedule(business_day=-2, at=time(6, 30), calendar="office"),
            "at 06:30 on the 2nd to last working day of the month (calendar office) (UTC)",
        ),
        (
            Schedule(cron="0 6 * * 2#2", offset_days=2),
            "at 06:00 on the second Tuesday of the month, then 2 days later (UTC)",
        ),
    ],
)
def test_a_schedule_is_told_in_words(schedule, words):
    assert explain(schedule) == words


def test_the_third_working_day_moves_when_a_day_is_closed():
    closed = Calendar(name="office", hours=OFFICE.hours, dates={date(2026, 11, 2): "closed stocktaking"})
    schedule = Schedule(business_day=1, at=time(6), calendar="office")
    found = due_times(schedule, utc("2026-11-01 00:00"), utc("2026-11-30 00:00"), {"office": closed})
    assert [instant.day for instant in found] == [3]

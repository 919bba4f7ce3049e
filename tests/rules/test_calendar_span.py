"""A span of the calendar, counted back as restic does it."""

import pytest
from pydantic import TypeAdapter

from models.rules.calendar_span import CalendarSpan, Span, parse_calendar_span
from models.rules.wall_clock import zone_of
from tests.rules.moments import local, utc

UTC = zone_of("UTC")


@pytest.mark.parametrize(
    ("instant", "span", "before", "reason"),
    [
        ("2026-03-15 12:00", "2d", "2026-03-13 12:00", "days"),
        ("2026-03-15 12:00", "36h", "2026-03-14 00:00", "hours"),
        ("2026-03-15 12:00", "3m", "2025-12-15 12:00", "months over a new year"),
        ("2026-03-15 12:00", "1y2m3d4h", "2025-01-12 08:00", "years and months first, then days, then hours"),
        ("2026-10-31 12:00", "1m", "2026-10-01 12:00", "31 September runs over into October"),
        ("2026-03-31 12:00", "1m", "2026-03-03 12:00", "31 February of a common year is 3 March"),
        ("2028-02-29 12:00", "1y", "2027-03-01 12:00", "29 February of a common year"),
        ("2026-03-30 12:00", "1m1d", "2026-03-01 12:00", "the days are taken off before it runs over"),
    ],
)
def test_a_span_is_counted_back_on_the_calendar(instant, span, before, reason):
    assert parse_calendar_span(span).before(utc(instant), UTC) == utc(before), reason


@pytest.mark.parametrize("span", ["9999y", "2026y3m", "9999m", "1y9999h"])
def test_a_span_that_is_longer_than_the_calendar_reaches_everything(span):
    before = parse_calendar_span(span).before(utc("0002-01-02 00:00"), UTC)
    assert before is None or before.year <= 1


def test_days_are_days_on_the_wall_and_hours_are_elapsed_hours():
    berlin, instant = zone_of("Europe/Berlin"), local("2026-03-29 12:00")
    assert parse_calendar_span("1d").before(instant, berlin) == local("2026-03-28 12:00")
    assert parse_calendar_span("24h").before(instant, berlin) == local("2026-03-28 11:00")


def test_hours_alone_are_not_moved_by_an_hour_that_exists_twice():
    second = utc("2026-10-25 01:30")  # 02:30 in Berlin for the second time
    assert parse_calendar_span("1h").before(second, zone_of("Europe/Berlin")) == utc("2026-10-25 00:30")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2d", "2d"), ("1y1d1m", "1y1m1d"), (" 13d23h ", "13d23h"), ("0y5h", "5h"), (CalendarSpan(months=1), "1m")],
)
def test_a_span_is_shown_from_years_to_hours(text, shown):
    assert str(parse_calendar_span(text)) == shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing"),
        ("5", "no unit"),
        ("d", "no number"),
        ("5w", "weeks: restic has none"),
        ("1d1d", "twice the same unit"),
        ("0d", "no time"),
        ("-1d", "backwards"),
        ("1 d", "a gap"),
        ("1d\n2", "two lines"),
        ("٣d", "digits that are not ASCII"),
        (None, "nothing at all"),
        (7, "a number"),
    ],
)
def test_a_text_that_names_no_span_is_refused_with_an_example(text, reason):
    with pytest.raises(ValueError, match=r"write it as 2d"):
        parse_calendar_span(text)


def test_a_site_file_reads_and_shows_a_span():
    adapter = TypeAdapter(Span)
    assert adapter.validate_python("1y2m") == CalendarSpan(years=1, months=2)
    assert adapter.dump_json(CalendarSpan(days=3)) == b'"3d"'
    assert adapter.json_schema()["type"] == "string"

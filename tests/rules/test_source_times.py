"""The times of other tools are read as they were meant, or refused in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.source_times import SourceTimes, time_reader


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "text", "instant"),
    [
        (SourceTimes(), "2016-02-29 14:05", utc(2016, 2, 29, 14, 5)),
        (SourceTimes(), "2016-02-29T14:05:06.5+02:00", utc(2016, 2, 29, 12, 5, 6, 500000)),
        (SourceTimes(), "2016-02-29", utc(2016, 2, 29)),
        (SourceTimes(), "2016/02/29 14:05", utc(2016, 2, 29, 14, 5)),
        (SourceTimes(), "29.2.2016 14:05:06", utc(2016, 2, 29, 14, 5, 6)),
        (SourceTimes(day_first=True), "2/3/2016 01:23", utc(2016, 3, 2, 1, 23)),
        (SourceTimes(day_first=False), "2/3/2016 1:23 PM", utc(2016, 2, 3, 13, 23)),
        (SourceTimes(day_first=False), "2/3/2016 12:23 AM", utc(2016, 2, 3, 0, 23)),
        (SourceTimes(day_first=True), "5/2/2012  13:32:57", utc(2012, 2, 5, 13, 32, 57)),
        (SourceTimes(timezone="Europe/Berlin"), "2016-07-01 12:00", utc(2016, 7, 1, 10)),
        (SourceTimes(timezone="Europe/Berlin"), "2016-03-27 02:30", utc(2016, 3, 27, 1)),
        (SourceTimes(timezone="Europe/Berlin"), "2016-07-01T12:00Z", utc(2016, 7, 1, 12)),
        (SourceTimes(formats=("%d-%b-%y %H:%M",)), "29-Feb-16 14:05", utc(2016, 2, 29, 14, 5)),
        (SourceTimes(formats=("%d/%m/%Y", "iso")), "2016-02-29T14:05", utc(2016, 2, 29, 14, 5)),
        (SourceTimes(formats=("unix",)), "1456754700", utc(2016, 2, 29, 14, 5)),
        (SourceTimes(formats=("unix ms",)), "1456754700000", utc(2016, 2, 29, 14, 5)),
        (SourceTimes(formats=("excel",)), "42429,5868055556", utc(2016, 2, 29, 14, 5)),
    ],
)
def test_a_time_is_read(times: SourceTimes, text: str, instant: datetime) -> None:
    assert time_reader(times)(text) == instant


@pytest.mark.parametrize(
    ("times", "text", "words"),
    [
        (SourceTimes(), "2/3/2016 01:23", "times.day_first"),
        (SourceTimes(day_first=True), "2/13/2016", "not a time that exists"),
        (SourceTimes(day_first=True), "29/2/2015 10:00", "not a time that exists"),
        (SourceTimes(), "2016-13-01", "not a time that exists"),
        (SourceTimes(), "yesterday", "times.formats"),
        (SourceTimes(), "2016-02-29 25:00", "not a time that exists"),
        (SourceTimes(day_first=True), "2/3/2016 13:00 PM", "not a time that exists"),
        (SourceTimes(), "0001-01-01", "1970 to 2199"),
        (SourceTimes(formats=("%d/%m/%Y",)), "2016-02-29", "is none of: %d/%m/%Y"),
        (SourceTimes(formats=("unix",)), "9e99", "is none of"),
        (SourceTimes(formats=("unix",)), "nan", "is none of"),
    ],
)
def test_what_is_no_time_is_refused_in_words(times: SourceTimes, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        time_reader(times)(text)


@pytest.mark.parametrize(
    ("key", "given_keys"),
    [
        ("timezone", {"timezone": "Europe/Bern"}),
        ("formats", {"formats": ("dd/mm/yyyy",)}),
        ("formats", {"formats": ("%d/%m",)}),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_its_key(key: str, given_keys: dict[str, object]) -> None:
    with pytest.raises(FieldError) as caught:
        SourceTimes(**given_keys)  # type: ignore[arg-type]
    assert caught.value.key == key


@given(
    st.datetimes(datetime(1971, 1, 2), datetime(2198, 12, 30)),  # noqa: DTZ001 - the offset is put to it
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_what_was_written_with_an_offset_comes_back(at: datetime, zone: timezone) -> None:
    instant = at.replace(tzinfo=zone)
    assert time_reader(SourceTimes())(instant.isoformat(" ")) == instant

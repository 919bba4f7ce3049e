"""The months of a report."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from models.rules.trends.time_windows import month_named, windows_before, working_days_after

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
MONTHS = {
    "2026-10": ("2026-09-30T22:00", "2026-10-31T23:00", "Oct 2026", True),
    "last month": ("2026-09-30T22:00", "2026-10-31T23:00", "Oct 2026", True),
    "this month": ("2026-10-31T23:00", "2026-11-22T13:00", "Nov 2026", False),
    "2026-11": ("2026-10-31T23:00", "2026-11-22T13:00", "Nov 2026", False),
    "2025-12": ("2025-11-30T23:00", "2025-12-31T23:00", "Dec 2025", True),
}


@pytest.mark.parametrize(("text", "wanted"), MONTHS.items(), ids=MONTHS)
def test_a_month_is_the_zones_and_ends_now_at_the_latest(text: str, wanted: tuple[str, str, str, bool]) -> None:
    found = month_named(text, NOW, BERLIN)
    assert (f"{found.since:%Y-%m-%dT%H:%M}", f"{found.until:%Y-%m-%dT%H:%M}", found.name, found.is_whole) == wanted


def test_in_january_the_last_month_was_december() -> None:
    assert month_named("last month", datetime(2027, 1, 3, tzinfo=UTC), BERLIN).name == "Dec 2026"


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-11", "november", "", "2026-12", "0001-01"])
def test_what_is_no_month_and_what_has_not_begun_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no month|has not begun"):
        month_named(text, NOW, BERLIN)


def test_before_a_month_come_months() -> None:
    month = month_named("2026-02", NOW, BERLIN)
    found = windows_before(month.since, month.until, BERLIN, 12)
    assert [window.name for window in found] == [
        "Mar 2025", "Apr 2025", "May 2025", "Jun 2025", "Jul 2025", "Aug 2025", "Sep 2025", "Oct 2025", "Nov 2025",
        "Dec 2025", "Jan 2026", "Feb 2026",
    ]  # fmt: skip
    assert found[-1] == month
    assert all(one.until == later.since and one.is_whole for one, later in pairwise(found))


def test_before_a_month_that_is_not_over_come_whole_months() -> None:
    month = month_named("this month", NOW, BERLIN)
    found = windows_before(month.since, month.until, BERLIN, 3)
    assert [(window.name, window.is_whole) for window in found] == [
        ("Sep 2026", True),
        ("Oct 2026", True),
        ("Nov 2026", False),
    ]
    assert found[-1] == month


def test_before_any_other_span_come_spans_of_its_length() -> None:
    found = windows_before(NOW - timedelta(days=7), NOW, BERLIN, 3)
    assert [window.name for window in found] == ["1 Nov", "8 Nov", "15 Nov"]
    assert [window.until - window.since for window in found] == [timedelta(days=7)] * 3
    assert found[-1].until == NOW


DAYS = {
    "Monday to Tuesday": ("2026-11-23T09:00", 1, "2026-11-24T09:00"),
    "Friday to Monday": ("2026-11-20T17:00", 1, "2026-11-23T17:00"),
    "Sunday to Monday": ("2026-11-22T12:00", 1, "2026-11-23T12:00"),
    "ten are two weeks": ("2026-11-09T08:00", 10, "2026-11-23T08:00"),
    "over the end of summer time": ("2026-10-23T09:00", 1, "2026-10-26T09:00"),
}


@pytest.mark.parametrize(("wall", "days", "wanted"), DAYS.values(), ids=DAYS)
def test_working_days_leave_out_the_weekend_and_keep_the_time_of_day(wall: str, days: int, wanted: str) -> None:
    instant = datetime.fromisoformat(wall).replace(tzinfo=BERLIN)
    assert working_days_after(instant, days, BERLIN) == datetime.fromisoformat(wanted).replace(tzinfo=BERLIN)

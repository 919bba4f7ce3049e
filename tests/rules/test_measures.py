"""The figures of the daily operations log."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.rules.measures import (
    NO_DATA,
    WORST_FIRST,
    DayCounts,
    SlotRow,
    counts,
    minutes_saved,
    share,
    strip,
    worst_first,
    worst_of,
)
from models.vocabulary import SlotState as S
from tests.rules.moments import utc

DUE = utc("2026-11-21 02:00")
MINUTE = timedelta(minutes=1)


def row(state, job="j", late=0, attempts=1, due=DUE, saved=0.0):
    started = None if state in (S.EXPECTED, S.LATE, S.MISSED, S.SKIPPED) else due + late * MINUTE
    return SlotRow(job, due, state, started, attempts, saved)


NIGHT = [
    row(S.DONE, saved=15),
    row(S.DONE, attempts=2, saved=15),
    row(S.DONE, late=6),
    row(S.CAUGHT_UP, late=90, saved=10),
    row(S.FAILED, saved=15),
    row(S.FAILED, late=6, attempts=3),
    row(S.MISSED),
    row(S.SKIPPED),
    row(S.LATE),
    row(S.STARTED),
    row(S.EXPECTED),
]


def test_a_night_is_counted():
    assert counts(NIGHT) == DayCounts(
        expected=10, ran=7, right_first_time=3, late=4, missed=1, failed=2, skipped=1, open=3
    )
    assert counts(NIGHT).good_share == "42 % (3 of 7)"


def test_a_night_without_slots_has_no_data_rather_than_a_perfect_score():
    nothing = counts([])
    assert nothing == DayCounts(0, 0, 0, 0, 0, 0, 0, 0)
    assert nothing.good_share == NO_DATA
    assert counts([row(S.SKIPPED)]).good_share == NO_DATA


@pytest.mark.parametrize(
    ("part", "whole", "text", "reason"),
    [
        (24, 25, "96 % (24 of 25)", "with its numbers"),
        (999, 1000, "99 % (999 of 1000)", "not 100 % while one is missing"),
        (5, 5, "100 % (5 of 5)", "all"),
        (0, 5, "0 % (0 of 5)", "none is not no data"),
        (0, 0, "no data", "nothing to divide by"),
    ],
)
def test_a_share_is_honest(part, whole, text, reason):
    assert share(part, whole) == text, reason


def test_only_good_runs_save_time():
    assert minutes_saved(NIGHT) == 40


def test_the_strip_has_a_cell_a_day_in_the_zone_of_the_reader_and_the_worst_wins():
    late_evening = utc("2026-11-20 23:30")
    rows = [
        row(S.DONE, "a", due=late_evening),
        row(S.MISSED, "a", due=DUE),
        row(S.DONE, "a", due=DUE + 20 * MINUTE),
        row(S.FAILED, "a", due=utc("2026-11-01 00:00")),
        row(S.SKIPPED, "b", due=utc("2026-11-19 12:00")),
    ]
    cells = strip(rows, date(2026, 11, 21), ZoneInfo("Europe/Berlin"), days=3)
    assert cells == {"a": [None, None, S.MISSED], "b": [S.SKIPPED, None, None]}
    assert strip(rows, date(2026, 11, 21), ZoneInfo("UTC"), days=3)["a"] == [None, S.DONE, S.MISSED]
    assert len(strip(rows, date(2026, 11, 21), ZoneInfo("UTC"))["a"]) == 14


def test_every_state_has_its_place_from_worst_to_best():
    assert sorted(WORST_FIRST) == sorted(S)
    assert worst_of(S.DONE, S.FAILED) is S.FAILED
    assert worst_of(None, S.DONE) is S.DONE
    assert worst_of(None, None) is None


def test_the_most_painful_rows_come_first():
    found = worst_first([row(S.DONE, "d"), row(S.FAILED, "b"), row(S.FAILED, "c", late=9), row(S.MISSED, "a")])
    assert [one.job for one in found] == ["c", "b", "a", "d"]

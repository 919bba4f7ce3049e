"""Who is on call: weeks in turn, handed over by the clock on the wall, and those who stand in."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.rota import Override, Rota, Shift, on_call, shifts
from tests.rules.moments import utc

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHRISTMAS = Override("dora", datetime(2026, 12, 24, 9), datetime(2026, 12, 26, 9), "holiday")  # noqa: DTZ001
ROTA = Rota("web", ("anna", "bela", "cleo"), date(2026, 11, 2), timezone="Europe/Berlin", overrides=(CHRISTMAS,))

ON_CALL = [
    ("2026-11-02 07:59:59", None, "before it starts nobody is"),
    ("2026-11-02 08:00", "anna", "the first handover, 9:00 in Berlin"),
    ("2026-11-09 07:59:59", "anna", "to the last second"),
    ("2026-11-09 08:00", "bela", "the next"),
    ("2026-11-16 08:00", "cleo", "the third"),
    ("2026-11-23 08:00", "anna", "round again"),
    ("2026-12-24 07:59", "bela", "before somebody stands in"),
    ("2026-12-24 08:00", "dora", "somebody stands in"),
    ("2026-12-26 08:00", "bela", "and it goes on as before"),
    ("2027-03-29 06:59", "cleo", "in summer the handover is an hour earlier in UTC"),
    ("2027-03-29 07:00", "anna", "9:00 in Berlin, again"),
]


@pytest.mark.parametrize(("at", "person", "why"), ON_CALL, ids=[case[2] for case in ON_CALL])
def test_on_call_is(at, person, why):
    shift = on_call(ROTA, utc(at))
    assert (shift.person if shift else None) == person, why


def test_a_shift_says_since_and_until_when_and_whether_somebody_stands_in():
    assert on_call(ROTA, utc("2026-11-11 12:00")) == Shift("bela", utc("2026-11-09 08:00"), utc("2026-11-16 08:00"))
    assert on_call(ROTA, utc("2026-12-25 12:00")) == Shift(
        "dora", utc("2026-12-24 08:00"), utc("2026-12-26 08:00"), stands_in=True
    )


def test_the_shifts_of_a_time_are_in_order_and_without_a_gap():
    found = list(shifts(ROTA, utc("2026-12-20 00:00"), utc("2027-01-05 00:00")))
    assert [(one.person, one.starts) for one in found] == [
        ("anna", utc("2026-12-20 00:00")),
        ("bela", utc("2026-12-21 08:00")),
        ("dora", utc("2026-12-24 08:00")),
        ("bela", utc("2026-12-26 08:00")),
        ("cleo", utc("2026-12-28 08:00")),
        ("anna", utc("2027-01-04 08:00")),
    ]
    assert all(one.ends == other.starts for one, other in pairwise(found))


def test_the_last_override_in_the_file_holds_and_offsets_are_instants():
    other = Override("emil", datetime(2026, 12, 25, 8, tzinfo=UTC), datetime(2026, 12, 25, 12, tzinfo=UTC))
    rota = Rota("web", ("anna",), date(2026, 1, 5), timezone="Asia/Kathmandu", overrides=(CHRISTMAS, other))
    assert on_call(rota, utc("2026-12-25 09:00")).person == "emil"
    assert on_call(rota, utc("2026-12-25 12:00")).person == "dora"


def test_a_handover_inside_the_hour_that_is_left_out_is_the_moment_after_it():
    rota = Rota("web", ("anna", "bela"), date(2026, 3, 28), days=1, handover=time(2, 30), timezone="Europe/Berlin")
    assert on_call(rota, utc("2026-03-29 00:59")).person == "anna"
    assert on_call(rota, utc("2026-03-29 01:00")).person == "bela"


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), st.integers(1, 20), st.integers(0, 23))  # noqa: DTZ001
def test_at_every_instant_the_shift_covers_it_and_its_neighbours_are_others_turns(moment, days, hour):
    rota = Rota("t", ("a", "b"), date(2025, 12, 1), days=days, handover=time(hour), timezone="Australia/Lord_Howe")
    at = moment.replace(tzinfo=UTC)
    shift = on_call(rota, at)
    assert shift.starts <= at < shift.ends
    assert abs((shift.ends - shift.starts) - days * DAY) <= HOUR
    assert on_call(rota, shift.ends).person != shift.person
    assert on_call(rota, shift.ends).starts == shift.ends


WRONG = [
    ({"people": ()}, "calls nobody", "no people"),
    ({"days": 0}, "1 to 366 days", "no days"),
    ({"timezone": "Europe/Berln"}, "is not a time zone", "no zone"),
    ({"handover": time(9, tzinfo=UTC)}, "without an offset", "an offset"),
]


@pytest.mark.parametrize(("changed", "message", "why"), WRONG, ids=[case[2] for case in WRONG])
def test_a_wrong_rota_is_refused(changed, message, why):
    with pytest.raises(ValueError, match=message):
        Rota(**{"team": "web", "people": ("a",), "starts": date(2026, 1, 1), **changed})


def test_a_wrong_override_is_refused():
    with pytest.raises(ValueError, match="ends before it starts"):
        Override("a", datetime(2026, 1, 2), datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="both local wall times, or both carry an offset"):
        Override("a", datetime(2026, 1, 2), datetime(2026, 1, 3, tzinfo=UTC))  # noqa: DTZ001

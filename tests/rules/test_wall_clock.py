"""Instants inside texts: written once, said to each reader in the reader's zone."""

from datetime import UTC, datetime

import pytest

from models.rules.wall_clock import in_zone, stamp, with_times
from tests.rules.moments import utc

SUMMER = utc("2026-07-01 05:52")


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        (f"due at {stamp(SUMMER)}, late", "due at 2026-07-01 07:52 CEST, late", "summer time"),
        ("until 2026-11-21T23:30Z", "until 2026-11-22 00:30 CET", "the next day there"),
        ("2026-11-21T05:52Z, 2026-11-21T06:52Z", "2026-11-21 06:52 CET, 2026-11-21 07:52 CET", "each of several"),
        ("2026-13-41T05:52Z", "2026-13-41T05:52Z", "no such day: somebody else's text"),
        ("9999-12-31T23:59Z", "9999-12-31T23:59Z", "past the end of the calendar there"),
        ("log 2026-11-21T05:52:01Z x2026-11-21T05:52Zy", "log 2026-11-21T05:52:01Z x2026-11-21T05:52Zy", "not ours"),
        ("nothing at all", "nothing at all", "no instant"),
    ],
)
def test_instants_in_a_text_are_said_in_the_readers_zone(text: str, expected: str, reason: str) -> None:
    assert in_zone(text, "Europe/Berlin") == expected, reason


def test_the_reader_decides_how_a_time_is_said() -> None:
    assert with_times("since 2026-11-21T05:52Z", lambda instant: f"<{instant:%H.%M}>") == "since <05.52>"


def test_a_stamp_is_in_utc_whatever_the_zone_of_the_instant() -> None:
    assert stamp(SUMMER) == "2026-07-01T05:52Z"
    with pytest.raises(ValueError, match="has no time zone"):
        stamp(SUMMER.replace(tzinfo=None))
    assert datetime.fromisoformat(stamp(SUMMER)) == SUMMER.astimezone(UTC)

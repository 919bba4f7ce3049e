"""A source that is not heard of is red."""

from datetime import timedelta

import pytest

from models.rules.source_silence import source_verdict
from tests.rules.moments import utc

KNOWN, HEARD = utc("2026-11-20 08:00"), utc("2026-11-20 12:00")
M = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("every", "heard", "now", "silent_since", "look_at", "reason"),
    [
        (5 * M, HEARD, HEARD + 4 * M, None, HEARD + 5 * M, "in time"),
        (5 * M, HEARD, HEARD + 5 * M, HEARD + 5 * M, None, "the look at its time finds it silent"),
        (5 * M, HEARD, HEARD + 60 * M, HEARD + 5 * M, None, "since it should have been heard of"),
        (5 * M, None, KNOWN + 4 * M, None, KNOWN + 5 * M, "a new one has its time"),
        (5 * M, None, KNOWN + 6 * M, KNOWN + 5 * M, None, "never heard of"),
        (None, HEARD, HEARD + 999 * M, None, None, "it may be silent"),
        (None, None, KNOWN, None, None, "it may be silent"),
    ],
)
def test_a_source_is_silent_after_its_time(every, heard, now, silent_since, look_at, reason):
    verdict = source_verdict(every, heard, KNOWN, now)
    assert (verdict.silent_since, verdict.look_at) == (silent_since, look_at), reason


def test_the_verdict_says_what_was_expected():
    assert source_verdict(5 * M, None, KNOWN, KNOWN).reason == (
        "never heard since 2026-11-20T08:00Z, expected every 5m"
    )

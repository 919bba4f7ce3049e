"""Late start, too long, too short, no success, missed, failed: each has its own alarm and its own end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.rules.alarms import Alarms, EndedRun, JobFacts, Usual, alarms_for, changes, usual_duration
from models.vocabulary import AlarmKind, Outcome
from tests.rules.moments import utc

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = utc("2026-11-21 06:00")
QUIET = JobFacts(known_since=utc("2026-11-01 00:00"), last_success=NOW - HOUR)
LIMITS = Alarms(too_long=20 * MINUTE, too_short=timedelta(seconds=5), no_success_for=26 * HOUR)


def ended(minutes, outcome=Outcome.OK):
    return EndedRun(NOW - minutes * MINUTE, NOW, outcome)


@pytest.mark.parametrize(
    ("facts", "kinds", "reason"),
    [
        ({}, "", "all is well"),
        ({"waiting_due": NOW - 4 * MINUTE}, "", "waiting, not late yet"),
        ({"waiting_due": NOW - 5 * MINUTE}, "late start", "late from late_after on"),
        ({"running_since": NOW - 20 * MINUTE}, "", "at its limit"),
        ({"running_since": NOW - 21 * MINUTE}, "too long", "over its limit while it runs"),
        ({"last_ended": ended(21)}, "too long", "the last run took too long"),
        ({"last_ended": ended(21, Outcome.FAILED)}, "too long failed", "two things are wrong"),
        ({"running_since": NOW - MINUTE, "last_ended": ended(21)}, "too long", "a new run has not yet done better"),
        ({"last_ended": ended(0.05)}, "too short", "ok after three seconds"),
        ({"last_ended": ended(0.05, Outcome.FAILED)}, "failed", "a failure may be short"),
        ({"last_ended": ended(0.05, Outcome.SKIPPED)}, "", "nothing ran"),
        ({"last_success": NOW - 26 * HOUR}, "", "just in time"),
        ({"last_success": NOW - 27 * HOUR}, "no success", "too long ago"),
        ({"last_success": None}, "no success", "never since the job is known"),
        ({"last_success": None, "known_since": NOW - HOUR}, "", "new, and not yet due"),
        ({"missed": (NOW - HOUR, NOW - 2 * HOUR)}, "missed", "slots that nobody ran"),
        ({"last_ended": ended(1, Outcome.UNKNOWN)}, "failed", "unknown is not well"),
        ({"last_ended": ended(1, Outcome.MISSED)}, "", "missed has its own alarm"),
    ],
)
def test_each_thing_that_is_wrong_has_its_alarm(facts, kinds, reason):
    found = alarms_for(LIMITS, replace(QUIET, **facts), NOW)
    assert " ".join(alarm.kind.value for alarm in found) == kinds, reason
    assert all(alarm.text and alarm.since <= NOW for alarm in found)


def test_without_limits_only_what_is_always_wrong_alarms():
    facts = replace(QUIET, last_success=None, last_ended=ended(300), running_since=NOW - 300 * MINUTE)
    assert alarms_for(Alarms(), facts, NOW) == []


@pytest.mark.parametrize(
    ("facts", "since", "text"),
    [
        (
            {"waiting_due": NOW - 8 * MINUTE},
            NOW - 3 * MINUTE,
            "due at 2026-11-21T05:52Z and not started, 8m late",
        ),
        ({"running_since": NOW - 30 * MINUTE}, NOW - 10 * MINUTE, "runs for 30m; the limit is 20m"),
        ({"last_ended": ended(30)}, NOW - 10 * MINUTE, "took 30m; the limit is 20m"),
        (
            {"last_success": NOW - 27 * HOUR},
            NOW - HOUR,
            "no success since 2026-11-20T03:00Z; one is expected every 1d2h",
        ),
        (
            {"missed": (NOW - HOUR, NOW - 2 * HOUR)},
            NOW - 2 * HOUR,
            "2 slots missed, the first due at 2026-11-21T04:00Z",
        ),
        ({"last_ended": ended(1, Outcome.TIMED_OUT)}, NOW, "the last run ended timed out at 2026-11-21T06:00Z"),
    ],
)
def test_an_alarm_says_since_when_and_what(facts, since, text):
    (alarm,) = alarms_for(LIMITS, replace(QUIET, **facts), NOW)
    assert (alarm.since, alarm.text) == (since, text)


@pytest.mark.parametrize(
    ("over", "minutes", "alarms", "reason"),
    [
        ("20%", 12, False, "a fifth more than ten minutes"),
        ("20%", 13, True, "more than that"),
        ("+50%", 15, False, "with a sign"),
        ("90s", 11, False, "less than 90 seconds over"),
        ("90s", 12, True, "more than 90 seconds over"),
    ],
)
def test_a_run_over_its_usual_duration_alarms(over, minutes, alarms, reason):
    usual = usual_duration([minute * MINUTE for minute in (9, 10, 10, 10, 11)])
    facts = replace(QUIET, running_since=NOW - minutes * MINUTE, usual=usual)
    found = alarms_for(Alarms(over_usual=over), facts, NOW)
    assert bool(found) is alarms, reason
    assert not found or found[0].text.endswith("usual is 10m (n = 5)")


def test_the_narrower_of_two_limits_counts():
    usual = Usual(9, 10 * MINUTE, 9 * MINUTE, 11 * MINUTE)
    assert Alarms(too_long=HOUR, over_usual="20%").longest(usual)[0] == 12 * MINUTE
    assert Alarms(too_long=HOUR, over_usual="20%").longest(None)[0] == HOUR
    assert Alarms().longest(usual) is None


def test_usual_is_the_median_with_its_band_and_nothing_below_five_runs():
    assert usual_duration([MINUTE] * 4) is None
    found = usual_duration([minute * MINUTE for minute in range(1, 12)])
    assert found == Usual(11, 6 * MINUTE, 2 * MINUTE, 10 * MINUTE)


def test_an_alarm_is_raised_once_and_cleared_when_it_no_longer_holds():
    held = alarms_for(LIMITS, replace(QUIET, last_ended=ended(21, Outcome.FAILED)), NOW)
    raised, cleared = changes({AlarmKind.FAILED, AlarmKind.LATE_START}, held)
    assert [alarm.kind for alarm in raised] == [AlarmKind.TOO_LONG]
    assert cleared == [AlarmKind.LATE_START]
    assert changes({AlarmKind.TOO_LONG, AlarmKind.FAILED}, held) == ([], [])


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"too_short": HOUR, "too_long": MINUTE}, "too_short"),
        ({"too_short": HOUR, "too_long": HOUR}, "too_short"),
        ({"over_usual": "a lot"}, "over_usual"),
    ],
)
def test_limits_that_cannot_be_are_refused(fields, key):
    with pytest.raises(ValueError, match=r"below|not a duration") as refused:
        Alarms(**fields)
    assert refused.value.key == key

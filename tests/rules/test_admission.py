"""Allowed calendars and blackouts together."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.admission import admits, named
from models.rules.calendars import Calendar, is_open
from models.rules.windows import Window
from tests.rules.moments import utc

OFFICE = Calendar(name="office", hours={"mon-fri": ("08:00-18:00",)})
EVENING = Calendar(name="evening", hours={"mon-fri": ("18:00-22:00",)})
ALWAYS = Calendar(name="always", always=True)
FREEZE = Calendar(name="freeze", windows=(Window(starts=utc("2026-12-21"), ends=utc("2027-01-05"), reason="year end"),))
LUNCH = Calendar(name="lunch", hours={"mon-fri": ("12:00-13:00",)})


@pytest.mark.parametrize(
    ("only", "never", "moment", "allowed", "until", "reason"),
    [
        ([], [], "2026-11-21 03:00", True, None, "nothing forbids it"),
        ([OFFICE], [], "2026-11-23 09:00", True, "2026-11-23 18:00", "inside the allowed hours"),
        ([OFFICE], [], "2026-11-21 03:00", False, "2026-11-23 08:00", "on a weekend, until Monday"),
        ([OFFICE, EVENING], [], "2026-11-23 19:00", True, "2026-11-23 22:00", "any allowed calendar is enough"),
        ([OFFICE, EVENING], [], "2026-11-23 09:00", True, "2026-11-23 22:00", "one hands over to the other"),
        ([OFFICE], [LUNCH], "2026-11-23 12:30", False, "2026-11-23 13:00", "a blackout wins over an allowed calendar"),
        ([OFFICE], [LUNCH], "2026-11-23 09:00", True, "2026-11-23 12:00", "allowed until the blackout"),
        ([OFFICE], [FREEZE, LUNCH], "2026-12-24 10:00", False, "2027-01-05 08:00", "freeze, then night, then open"),
        ([], [FREEZE], "2027-01-05 00:00", True, None, "the end of a blackout is outside it"),
        ([], [ALWAYS], "2026-11-21 03:00", False, None, "a blackout without an end"),
        ([ALWAYS], [], "2026-11-21 03:00", True, None, "an allowed calendar without an end"),
        ([FREEZE], [FREEZE], "2026-12-24 10:00", False, None, "both the only time and never"),
    ],
)
def test_work_may_start_when_calendars_and_blackouts_say(only, never, moment, allowed, until, reason):
    verdict = admits(only, never, utc(moment))
    assert verdict.allowed is allowed, reason
    assert verdict.until == (utc(until) if until else None), reason


@pytest.mark.parametrize(
    ("only", "never", "moment", "words"),
    [
        ([OFFICE], [FREEZE], "2026-12-24 10:00", "inside the blackout freeze: year end"),
        ([OFFICE], [], "2026-11-21 03:00", "outside the allowed calendar office: outside its hours"),
        ([OFFICE], [], "2026-11-23 09:00", "inside the calendar office"),
        ([], [FREEZE], "2026-11-23 09:00", "no calendar is against it"),
    ],
)
def test_the_verdict_names_the_calendar(only, never, moment, words):
    assert admits(only, never, utc(moment)).reason == words


@given(
    st.lists(st.sampled_from([OFFICE, EVENING, LUNCH]), max_size=2),
    st.lists(st.sampled_from([FREEZE, LUNCH, EVENING]), max_size=2),
    st.integers(0, 60 * 24 * 60).map(lambda minutes: utc("2026-11-16") + timedelta(minutes=minutes)),
)
def test_nothing_is_admitted_in_a_blackout_and_the_answer_holds_until_its_end(only, never, moment):
    verdict = admits(only, never, moment)
    in_blackout = any(is_open(calendar, moment) for calendar in never)
    assert verdict.allowed is (not in_blackout and (not only or any(is_open(one, moment) for one in only)))
    if verdict.until is not None:
        assert verdict.until > moment
        assert admits(only, never, verdict.until).allowed is not verdict.allowed
        almost = verdict.until - timedelta(seconds=1)
        assert admits(only, never, almost).allowed is verdict.allowed


def test_an_unknown_calendar_is_named():
    with pytest.raises(ValueError, match='no calendar "offce"; known: office'):
        named(["offce"], {"office": OFFICE})

"""Whose time it was: each stopwatch by those who had the incident, and together they are the whole of it."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.clock_breakdown import Handover, break_down
from models.rules.clock_facts import Closed, Opened, Owned, PrioritySet, Reopened, Resolved
from models.rules.clock_promises import Measure
from models.rules.service_clock import read_clock
from tests.rules.test_service_clock import HOUR, OLA, OPENED, SLA, at, hold
from tests.rules.test_service_clock_properties import LATER, NOTHING, PROMISES, START, WHOLE


def had(text: str, team: str | None = None, owner: str | None = None) -> Handover:
    return Handover(at(text), team, owner)


def hours(span: timedelta) -> float:
    return span / HOUR


def shares(facts, handovers, now, promise=SLA, measure=Measure.RESOLVE):
    """Team, owner, open hours, hours around the clock, and those of each hold."""
    found = break_down([OPENED, *facts], (promise,), handovers, at(now))
    return [
        (one.team, one.owner, hours(one.business), hours(one.actual), {name: hours(t) for name, t in one.held.items()})
        for one in found
        if one.measure is measure
    ]


WEB, ADA, DATA = ("web", None), ("web", "ada"), ("data", None)
GIVEN = (had("23 09:00", *WEB), had("23 11:00", *ADA))
CASES = [
    # facts after Monday 09:00, who had it, now, shares, why
    ((), (), "23 10:00", [(None, None, 1, 1, {})], "nobody has it"),
    ((), (), "23 09:00", [], "no time has passed"),
    ((), GIVEN, "23 10:00", [(*WEB, 1, 1, {})], "what comes later does not count"),
    ((), GIVEN, "23 12:00", [(*WEB, 2, 2, {}), (*ADA, 1, 1, {})], "a team, then one of it"),
    ((), GIVEN, "24 09:00", [(*WEB, 2, 2, {}), (*ADA, 8, 22, {})], "the night counts around the clock only"),
    ((), (had("23 10:00", *WEB),), "23 12:00", [(None, None, 1, 1, {}), (*WEB, 2, 2, {})], "nobody's at first"),
    ((), (had("23 09:00", *WEB), had("23 09:00", *ADA)), "23 10:00", [(*ADA, 1, 1, {})], "not for a moment"),
    ((), (*GIVEN, had("23 12:00", *WEB)), "23 15:00", [(*WEB, 5, 5, {}), (*ADA, 1, 1, {})], "had it twice"),
    ((), (*GIVEN, had("23 10:00", *DATA)), "23 12:00", [(*WEB, 2, 2, {}), (*DATA, 1, 1, {})], "a clock jumped back"),
    ((Resolved(at("23 12:00")),), (*GIVEN, had("23 13:00", *DATA)), "24 12:00",
     [(*WEB, 2, 2, {}), (*ADA, 1, 1, {})], "who has it after the solution has no part"),
    ((Closed(at("23 10:00")),), GIVEN, "24 12:00", [(*WEB, 1, 1, {})], "cancelled"),
    (hold("23 10:00", "23 12:00"), GIVEN, "23 13:00",
     [(*WEB, 1, 1, {"caller": 1}), (*ADA, 1, 1, {"caller": 1})], "handed over while it waited"),
    (hold("23 10:00"), GIVEN, "23 12:00", [(*WEB, 1, 1, {"caller": 1}), (*ADA, 0, 0, {"caller": 1})], "waits still"),
    ((*hold("23 09:30", "23 10:00"), *hold("23 10:00", "23 10:30", "vendor"), *hold("23 10:30", "23 11:00")), GIVEN,
     "23 11:00", [(*WEB, 0.5, 0.5, {"caller": 1, "vendor": 0.5})], "each reason by itself"),
    (hold("23 10:00", "23 10:30", "change"), GIVEN, "23 11:00", [(*WEB, 2, 2, {})], "a reason that stops nothing"),
    ((Resolved(at("23 10:00")), Reopened(at("23 13:00"))), GIVEN, "23 14:00",
     [(*WEB, 1, 1, {}), (*ADA, 1, 1, {})], "nobody's time between solution and reopening"),
    ((PrioritySet(at("23 10:00"), "1"),), GIVEN, "23 12:00", [(*WEB, 2, 2, {}), (*ADA, 1, 1, {})], "any target"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "handovers", "now", "expected", "why"), CASES, ids=[case[-1] for case in CASES])
def test_time_belongs_to_who_had_it(facts, handovers, now, expected, why):
    assert shares(facts, handovers, now) == expected, why


def test_each_clock_has_its_own_shares():
    facts = [Opened(at("23 09:00"), "3"), Owned(at("23 11:00"), "ada"), *hold("23 12:00", "23 13:00", "vendor")]
    found = break_down(facts, (SLA, OLA), GIVEN, at("23 14:00"))
    told = [(one.agreement.value, one.measure.value, one.owner, hours(one.business), one.held) for one in found]
    assert told == [
        ("SLA", "time to own", None, 2, {}),
        ("SLA", "time to resolve", None, 2, {}),
        ("SLA", "time to resolve", "ada", 2, {"vendor": HOUR}),
        ("OLA", "time to resolve", None, 2, {}),
        ("OLA", "time to resolve", "ada", 3, {}),
    ]


def test_before_the_opening_nobody_has_a_part():
    assert break_down([OPENED], (SLA,), GIVEN, at("23 08:00")) == ()


HAS = st.tuples(st.sampled_from([None, "web", "data"]), st.sampled_from([None, "ada", "bob"]))
HANDOVERS = st.lists(
    st.builds(lambda step, has: Handover(START + step, *has), st.timedeltas(-9 * HOUR, 300 * HOUR), HAS), max_size=8
)


@settings(max_examples=80, deadline=None)
@given(WHOLE, HANDOVERS, LATER)
def test_the_shares_add_up_to_the_reading_and_to_all_time(facts, handovers, later):
    now = facts[-1].at + later
    found = break_down(facts, PROMISES, handovers, now)
    readings = read_clock(facts, PROMISES, now).readings
    assert {(one.agreement, one.measure) for one in found} <= {(one.agreement, one.measure) for one in readings}
    for reading in readings:
        mine = [one for one in found if (one.agreement, one.measure) == (reading.agreement, reading.measure)]
        assert len({(one.team, one.owner) for one in mine}) == len(mine), "each holder once"
        assert sum((one.business for one in mine), NOTHING) == reading.business_elapsed
        assert sum((one.actual for one in mine), NOTHING) == reading.actual_elapsed
        assert all(span > NOTHING for one in mine for span in one.held.values())
        held = sum((span for one in mine for span in one.held.values()), NOTHING)
        passed = (reading.stopped_at or now) - reading.started_at
        assert reading.actual_elapsed + held <= passed
        if not any(isinstance(fact, Reopened) for fact in facts):
            assert reading.actual_elapsed + held == passed

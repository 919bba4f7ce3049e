"""What holds of the service clock for every history, random ones too."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules import business_time
from models.rules.business_time import elapsed
from models.rules.calendars import Calendar
from models.rules.clock_facts import (
    Closed,
    HoldBegan,
    HoldEnded,
    Noted,
    Opened,
    Owned,
    PrioritySet,
    PromisesChanged,
    Reopened,
    Resolved,
)
from models.rules.clock_lines import explain_clock
from models.rules.clock_promises import Agreement, Promise, Target
from models.rules.service_clock import ClockState, read_clock
from tests.rules.moments import utc

START = utc("2026-03-25 05:00")
"""Before the clocks change in Europe."""
NOTHING, MINUTE, HOUR = timedelta(0), timedelta(minutes=1), timedelta(hours=1)
BERLIN = Calendar(timezone="Europe/Berlin", hours={"mon-fri": ("08:00-12:00", "13:00-18:00"), "sat": ("22:00-06:00",)})
HOWE = Calendar(timezone="Australia/Lord_Howe", hours={"mon-sun": ("00:00-09:00",)}, dates={"2026-03-30": "closed"})
TARGETS = {"1": Target(HOUR), "2": Target(9 * HOUR), "3": Target(working_days=2)}
TARGETS["4"] = Target(working_days=1, end_of_day=True)
PROMISES = (
    Promise(Agreement.SLA, BERLIN, TARGETS, TARGETS, frozenset({"caller", "vendor"})),
    Promise(Agreement.OLA, HOWE, {}, TARGETS, frozenset({"caller"})),
    Promise(Agreement.SUPPLIER, Calendar(timezone="Asia/Kathmandu", always=True), {}, TARGETS),
)
OTHER = (replace(PROMISES[0], calendar=HOWE), PROMISES[2])
REASONS, PRIORITIES = st.sampled_from(["caller", "vendor", "change"]), st.sampled_from(["1", "2", "3", "4", "9"])
AT = st.just(START)
MOVES = [
    st.builds(Owned, AT),
    st.builds(PrioritySet, AT, PRIORITIES),
    st.builds(HoldBegan, AT, REASONS),
    st.builds(HoldEnded, AT),
    st.builds(Resolved, AT),
    st.builds(Reopened, AT),
    st.builds(Closed, AT),
    st.builds(Noted, AT),
]
STEPS = st.one_of(st.timedeltas(NOTHING, 30 * HOUR), st.sampled_from([NOTHING, MINUTE, HOUR, 9 * HOUR, 24 * HOUR]))


def histories(*more, most=10):
    """An opening and moves after it, each some time after the one before."""
    moves = st.lists(st.tuples(st.one_of(*MOVES, *more), STEPS), max_size=most)
    return st.builds(_in_time, st.sampled_from(["1", "2", "3", None]), moves)


def _in_time(priority, moves):
    facts, at = [Opened(START, priority)], START
    for move, step in moves:
        at += step
        facts.append(replace(move, at=at))
    return facts


WHOLE = histories(st.just(PromisesChanged(START, OTHER)), st.just(PromisesChanged(START, PROMISES)))
LATER = st.timedeltas(NOTHING, 200 * HOUR)


@settings(max_examples=80, deadline=None)
@given(WHOLE, LATER)
def test_recomputed_from_nothing_it_is_the_same(facts, later):
    now = facts[-1].at + later
    first = read_clock(facts, PROMISES, now)
    business_time._rulers.clear()
    assert read_clock([replace(fact) for fact in facts], PROMISES, now) == first


@settings(max_examples=80, deadline=None)
@given(WHOLE, LATER, st.data())
def test_words_change_nothing_wherever_they_stand(facts, later, data):
    now = facts[-1].at + later
    place = data.draw(st.integers(1, len(facts)))
    before = facts[place - 1].at
    after = facts[place].at if place < len(facts) else now
    note = Noted(before + (after - before) * data.draw(st.floats(0, 1)), "by the way")
    assert read_clock([*facts[:place], note, *facts[place:]], PROMISES, now) == read_clock(facts, PROMISES, now)


@settings(max_examples=80, deadline=None)
@given(WHOLE, LATER, st.data())
def test_a_hold_in_two_parts_is_one_hold(facts, later, data):
    """Ended and begun again at one instant, in the middle of any hold."""
    now = facts[-1].at + later
    holds = [number for number, fact in enumerate(facts) if isinstance(fact, HoldBegan)]
    if not holds:
        return
    number = data.draw(st.sampled_from(holds))
    after = facts[number + 1].at if number + 1 < len(facts) else now
    middle = facts[number].at + (after - facts[number].at) * data.draw(st.floats(0, 1))
    split = [HoldEnded(middle), HoldBegan(middle, facts[number].reason)]
    split = [*facts[: number + 1], *split, *facts[number + 1 :]]
    assert read_clock(split, PROMISES, now) == read_clock(facts, PROMISES, now)


@settings(max_examples=80, deadline=None)
@given(histories(), st.lists(LATER, min_size=2, max_size=6))
def test_elapsed_time_never_goes_back(facts, moments):
    last = defaultdict(lambda: (NOTHING, NOTHING))
    times = sorted(START + moment for moment in moments)
    for now in times:
        for one in read_clock(facts, PROMISES, now).readings:
            which = one.agreement, one.measure
            found = one.business_elapsed, one.actual_elapsed
            assert found[0] >= last[which][0]
            assert found[1] >= last[which][1]
            assert found[0] <= found[1] <= now - START
            last[which] = found


@settings(max_examples=80, deadline=None)
@given(WHOLE, LATER)
def test_what_a_reading_says_agrees_with_itself(facts, later):
    now = facts[-1].at + later
    for one in read_clock(facts, PROMISES, now).readings:
        end = one.stopped_at or now
        assert (one.state is ClockState.BREACHED) == (one.breached_at is not None)
        if one.breached_at is not None:
            assert one.due_at is not None
            assert one.due_at <= one.breached_at <= end
        if one.state is ClockState.MET:
            assert one.due_at is None or end <= one.due_at
        if one.state is ClockState.HELD:
            assert (one.is_held, one.due_at) == (True, None)
            assert one.due_if_resumed_at is not None
            assert one.due_if_resumed_at >= now or one.target.working_days is not None
        if one.state is ClockState.RUNNING and one.target.open_time is not None:
            calendar = next(promise.calendar for promise in _in_force(facts) if promise.agreement is one.agreement)
            assert one.due_at > now
            assert elapsed(calendar, now, one.due_at) == one.remaining


def _in_force(facts):
    changed = [fact.promises for fact in facts if isinstance(fact, PromisesChanged)]
    return changed[-1] if changed else PROMISES


@settings(max_examples=50, deadline=None)
@given(WHOLE, LATER)
def test_what_the_lines_count_adds_up_to_the_reading(facts, later):
    now = facts[-1].at + later
    lines = explain_clock(facts, PROMISES, now)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    last = {}
    used = defaultdict(lambda: NOTHING)
    for line in lines:
        which = line.agreement, line.measure
        used[which] += line.counted
        last[which] = line
        assert line.used == used[which]
    for one in read_clock(facts, PROMISES, now).readings:
        which = one.agreement, one.measure
        assert which in last, "each clock has at least the line of its start"
        if one.stopped_at is not None:
            assert last[which].used == one.business_elapsed

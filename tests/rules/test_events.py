"""Which event counts for which slot, and what keeps an event from being accepted."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.dependencies import Readiness, Ready, together
from models.rules.events import MOST_FACTS, NewEvent, event_problems, event_readiness, span_of
from tests.rules.moments import utc

LAST, DUE, NEXT = utc("2026-11-20 02:00"), utc("2026-11-21 02:00"), utc("2026-11-22 02:00")
H = timedelta(hours=1)


@pytest.mark.parametrize(
    ("previous", "within", "up_to", "received", "counts", "reason"),
    [
        (LAST, None, 2 * H, "2026-11-20 23:00", True, "it may come before the due time"),
        (LAST, None, 2 * H, "2026-11-21 02:00", True, "or right then"),
        (LAST, None, 2 * H, "2026-11-21 04:00", True, "up_to belongs to it"),
        (LAST, None, 2 * H, "2026-11-21 04:01", False, "later it is missed"),
        (LAST, None, 2 * H, "2026-11-20 02:30", False, "last night's event released last night's slot"),
        (LAST, None, 2 * H, "2026-11-20 03:59", False, "also when it was sent twice"),
        (LAST, None, 2 * H, "2026-11-20 05:00", False, "or came too late for last night's"),
        (LAST, None, 2 * H, "2026-11-20 14:59", False, "half of the time from 04:00 to 02:00 is the last slot's"),
        (LAST, None, 2 * H, "2026-11-20 15:00", True, "the other half is this one's"),
        (LAST, None, 30 * H, "2026-11-21 01:59", False, "the last slot still waits for it: this one's must come after"),
        (LAST, None, 30 * H, "2026-11-21 02:01", True, "from the due time on"),
        (LAST, 4 * H, 2 * H, "2026-11-20 21:59", False, "earlier than the job says"),
        (LAST, 4 * H, 2 * H, "2026-11-20 22:00", True, "as early as may be"),
        (LAST, 30 * H, 2 * H, "2026-11-20 01:59", False, "never before the last slot was due"),
        (LAST, 30 * H, 2 * H, "2026-11-20 02:01", True, "the job says itself that it may be that early"),
        (None, None, 2 * H, "2026-11-20 14:00", True, "the very first slot: half a day"),
        (None, None, 2 * H, "2026-11-20 13:59", False, "and no longer"),
        (None, 30 * H, 2 * H, "2026-11-19 20:00", True, "unless the job says so"),
    ],
)
def test_an_event_counts_for_a_slot_by_when_it_came(previous, within, up_to, received, counts, reason):
    assert span_of(DUE, previous, within, up_to).holds(utc(received)) is counts, reason


@given(
    gap=st.integers(1, 100).map(lambda hours: hours * H),
    up_to=st.integers(1, 100).map(lambda hours: hours * H),
    received=st.integers(-200 * 60, 200 * 60).map(lambda minutes: DUE + timedelta(minutes=minutes)),
)
def test_without_within_two_slots_that_do_not_wait_at_once_never_count_the_same_event(gap, up_to, received):
    first, second = span_of(DUE, DUE - gap, None, up_to), span_of(DUE + gap, DUE, None, up_to)
    assert first.opens <= DUE <= first.closes
    assert first.opens <= second.opens, "an older slot never opens later, so that looking may stop at the first"
    if up_to < gap:
        assert not (first.holds(received) and second.holds(received))


@pytest.mark.parametrize(
    ("received", "now", "state", "reason"),
    [
        (None, "2026-11-21 02:30", Ready.WAIT, "waits for the event load-done until {04:00}"),
        (None, "2026-11-21 04:00", Ready.WAIT, "waits for the event load-done until {04:00}"),
        (None, "2026-11-21 04:01", Ready.OVER, "the event load-done did not come between {-15:00} and {04:00}"),
        ("2026-11-21 03:10", "2026-11-21 09:00", Ready.READY, "released by the event load-done of {03:10}"),
    ],
)
def test_a_slot_waits_for_its_event_until_its_time_is_over(received, now, state, reason):
    span = span_of(DUE, LAST, None, 2 * H)
    found = event_readiness("load-done", span, utc(received) if received else None, utc(now))
    times = {"-15:00": "2026-11-20T15:00Z", "04:00": "2026-11-21T04:00Z", "03:10": "2026-11-21T03:10Z"}
    for short, whole in times.items():
        reason = reason.replace(f"{{{short}}}", whole)
    assert found == Readiness(state, reason)


@pytest.mark.parametrize(
    ("states", "expected", "reason"),
    [
        ((Ready.READY, Ready.READY), Ready.READY, "both came"),
        ((Ready.READY, Ready.WAIT), Ready.WAIT, "one is not there yet"),
        ((Ready.WAIT, Ready.OVER), Ready.OVER, "the other job's end would not bring the event"),
        ((Ready.NEVER, Ready.OVER), Ready.NEVER, "what it follows failed: there is nothing to do, event or not"),
    ],
)
def test_a_run_that_waits_for_a_job_and_an_event_needs_both(states, expected, reason):
    found = together(*(Readiness(state, state.value) for state in states))
    assert found.state is expected, reason
    assert found.reason == "; ".join(state.value for state in states if state is expected)


@pytest.mark.parametrize(
    ("event", "words", "reason"),
    [
        (NewEvent("load-done"), "", "a name is enough"),
        (
            NewEvent("load-done", "dwh", "all of it\nis there", {"rows": "12", "a.b-c": "ä =\n"}, "2026-11-21"),
            "",
            "all of it",
        ),
        (NewEvent("Load done"), "must be a name", "as jobs are named"),
        (NewEvent("load-done\n"), "must be a name", "the whole of it"),
        (NewEvent("x" * 64), "at most 63", "and as long"),
        (NewEvent("load-done", source=""), "the source must have 1 to 128", "nothing is no source"),
        (NewEvent("load-done", source="a\nb"), "the source must have", "one line"),
        (NewEvent("load-done", key="k" * 129), "the key must have", "the key has its bounds"),
        (NewEvent("load-done", text="t" * 8001), "the text must have at most 8000", "a text, not a file"),
        (NewEvent("load-done", text="a\0b"), "no NUL", "PostgreSQL takes none"),
        (NewEvent("load-done", text="a\ud800"), "no NUL", "what no encoding can write"),
        (NewEvent("load-done", facts={"1": "x"}), "cannot name a fact", "a fact has a name"),
        (NewEvent("load-done", facts={"x": "\0"}), "the fact 'x' has a NUL", "in facts neither"),
        (NewEvent("load-done", facts={f"f{n}": "" for n in range(MOST_FACTS + 1)}), "at most 50", "too many"),
        (NewEvent("load-done", facts={"x": "ä" * 4000}), "at most 50 of 16384 bytes", "too much"),
    ],
)
def test_an_event_that_cannot_be_kept_is_refused_in_words(event, words, reason):
    found = "; ".join(event_problems(event))
    assert (words in found) and bool(words) is bool(found), (reason, found)

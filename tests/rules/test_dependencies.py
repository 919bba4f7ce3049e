"""Jobs that wait for other jobs."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.dependencies import Dependency, Ready, UpstreamSlot, find_cycle, readiness, relevant_slot
from models.vocabulary import Join, Outcome, Upstream
from tests.rules.moments import utc

DUE = utc("2026-11-21 02:00")


@pytest.mark.parametrize(
    ("outcome", "success", "failure", "always"),
    [
        (None, "wait", "wait", "wait"),
        (Outcome.OK, "ready", "never", "ready"),
        (Outcome.FAILED, "never", "ready", "ready"),
        (Outcome.PARTIAL, "never", "ready", "ready"),
        (Outcome.TIMED_OUT, "never", "ready", "ready"),
        (Outcome.KILLED, "never", "ready", "ready"),
        (Outcome.KILL_UNCONFIRMED, "never", "ready", "ready"),
        (Outcome.MISSED, "never", "ready", "ready"),
        (Outcome.SKIPPED, "never", "never", "ready"),
        (Outcome.UNKNOWN, "wait", "wait", "ready"),
    ],
)
def test_a_dependency_is_met_by_how_the_other_job_ended(outcome, success, failure, always):
    upstream = {"dump": UpstreamSlot("dump", DUE, outcome)}
    found = {
        when: readiness([Dependency("dump", when)], Join.ALL, upstream).state.value
        for when in (Upstream.SUCCESS, Upstream.FAILURE, Upstream.ALWAYS)
    }
    assert found == {Upstream.SUCCESS: success, Upstream.FAILURE: failure, Upstream.ALWAYS: always}


@pytest.mark.parametrize(
    ("join", "outcomes", "state", "reason"),
    [
        (Join.ALL, (Outcome.OK, Outcome.OK), Ready.READY, "both"),
        (Join.ALL, (Outcome.OK, None), Ready.WAIT, "one is not over"),
        (Join.ALL, (None, Outcome.FAILED), Ready.NEVER, "one failed, so all can not be any more"),
        (Join.ANY, (None, Outcome.OK), Ready.READY, "one is enough"),
        (Join.ANY, (None, Outcome.FAILED), Ready.WAIT, "the other may still come"),
        (Join.ANY, (Outcome.FAILED, Outcome.FAILED), Ready.NEVER, "none came"),
    ],
)
def test_dependencies_are_put_together(join, outcomes, state, reason):
    upstream = {name: UpstreamSlot(name, DUE, outcome) for name, outcome in zip("ab", outcomes, strict=True)}
    found = readiness([Dependency("a"), Dependency("b")], join, upstream)
    assert found.state is state, reason
    assert found.reason


def test_a_job_that_waits_for_none_is_ready_and_one_whose_upstream_has_no_slot_never_is():
    assert readiness([], Join.ALL, {}).state is Ready.READY
    found = readiness([Dependency("dump")], Join.ALL, {})
    assert (found.state, found.reason) == (Ready.NEVER, "dump has no slot in the time that counts")


def test_the_reason_names_the_slot_and_what_was_wanted():
    found = readiness([Dependency("dump")], Join.ALL, {"dump": UpstreamSlot("dump", DUE, Outcome.MISSED)})
    assert found.reason == "dump of 2026-11-21T02:00Z ended missed, and this job runs after its success"


@pytest.mark.parametrize(
    ("hours", "expected", "reason"),
    [
        ([-30, -20, -2, 1], -2, "the latest before ours"),
        ([0, -1], 0, "one due at the same time counts"),
        ([-24], -24, "as old as may be"),
        ([-25, 1], None, "one is too old, the other later than ours"),
        ([], None, "none"),
    ],
)
def test_the_latest_slot_not_after_ours_and_not_too_old_counts(hours, expected, reason):
    slots = [UpstreamSlot("dump", DUE + timedelta(hours=hour)) for hour in hours]
    slots.append(UpstreamSlot("other", DUE))
    found = relevant_slot(slots, "dump", DUE, timedelta(hours=24))
    assert (found.due - DUE if found else None) == (None if expected is None else timedelta(hours=expected)), reason


@pytest.mark.parametrize(
    ("edges", "circle", "reason"),
    [
        ({}, None, "no jobs"),
        ({"a": ["b"], "b": ["c"], "d": ["c"]}, None, "two ways to one job are no circle"),
        ({"a": ["a"]}, ["a", "a"], "a job that waits for itself"),
        ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, ["a", "b", "c", "a"], "found without its way in"),
        ({"a": ["gone"]}, None, "a job that does not exist is another fault"),
    ],
)
def test_a_circle_of_dependencies_is_shown(edges, circle, reason):
    assert find_cycle(edges) == circle, reason


@given(st.dictionaries(st.integers(0, 7).map(str), st.lists(st.integers(0, 7).map(str), max_size=3)))
def test_a_circle_is_found_exactly_when_jobs_cannot_be_put_in_order(edges):
    left = {job: set(waits) for job, waits in edges.items()}
    while free := [job for job, waits in left.items() if not waits & set(left)]:
        for job in free:
            del left[job]
    circle = find_cycle(edges)
    assert (circle is not None) == bool(left)
    if circle is not None:
        assert circle[0] == circle[-1]
        assert all(other in edges[one] for one, other in pairwise(circle))


def test_a_long_chain_needs_no_deep_recursion():
    edges = {str(number): [str(number + 1)] for number in range(5000)}
    assert find_cycle(edges) is None

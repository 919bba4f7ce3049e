"""How a run ended, and what the command line says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.outcomes import GRAVITY, exit_code, in_words, outcome_of_run, outcome_of_slot, worst
from models.vocabulary import Outcome as O
from models.vocabulary import SlotState


@pytest.mark.parametrize(
    ("steps", "outcome", "reason"),
    [
        ([O.OK, O.OK], O.OK, "all are done"),
        ([], O.FAILED, "nothing was done, and silence is not green"),
        ([O.OK, O.FAILED], O.PARTIAL, "n of m"),
        ([O.OK, O.SKIPPED], O.PARTIAL, "one host was left out"),
        ([O.FAILED, O.FAILED], O.FAILED, "none is done"),
        ([O.TIMED_OUT, O.TIMED_OUT], O.TIMED_OUT, "all ran out of time"),
        ([O.TIMED_OUT, O.FAILED], O.FAILED, "none is done, for several reasons"),
        ([O.SKIPPED, O.SKIPPED], O.SKIPPED, "all were left out"),
        ([O.SKIPPED, O.FAILED], O.FAILED, "none is done"),
        ([O.OK, O.OK, O.KILLED], O.KILLED, "a person ended it"),
        ([O.KILLED, O.UNKNOWN], O.UNKNOWN, "nobody can say what one host did"),
        ([O.OK, O.UNKNOWN, O.KILL_UNCONFIRMED], O.KILL_UNCONFIRMED, "something may still run"),
        ([O.PARTIAL, O.FAILED], O.PARTIAL, "a part of a part"),
    ],
)
def test_a_run_ends_as_its_hosts_did(steps, outcome, reason):
    assert outcome_of_run(steps) is outcome, reason


@given(st.lists(st.sampled_from(list(O))))
def test_a_run_is_ok_only_when_every_host_is(steps):
    assert (outcome_of_run(steps) is O.OK) == (bool(steps) and set(steps) == {O.OK})
    assert outcome_of_run(steps) is outcome_of_run(reversed(steps))


def test_each_outcome_has_its_own_exit_code_and_none_means_anything_else():
    codes = [exit_code(outcome) for outcome in O]
    assert len(set(codes)) == len(O)
    assert not set(codes) & {2, 4, 5, 6, 7, 8, 130}
    assert (exit_code(O.OK), exit_code(O.FAILED), exit_code(O.PARTIAL)) == (0, 1, 3)
    assert all(0 <= code <= 125 for code in codes)


def test_every_outcome_has_its_gravity():
    assert sorted(GRAVITY) == sorted(O)
    assert worst([O.OK, O.TIMED_OUT, O.FAILED]) is O.FAILED
    assert worst([]) is None


@pytest.mark.parametrize(
    ("outcome", "caught_up", "state"),
    [
        (O.OK, False, SlotState.DONE),
        (O.OK, True, SlotState.CAUGHT_UP),
        (O.FAILED, True, SlotState.FAILED),
        (O.PARTIAL, False, SlotState.FAILED),
        (O.UNKNOWN, False, SlotState.FAILED),
        (O.SKIPPED, False, SlotState.SKIPPED),
        (O.MISSED, False, SlotState.MISSED),
    ],
)
def test_a_slot_becomes_what_its_run_was(outcome, caught_up, state):
    assert outcome_of_slot(outcome, caught_up=caught_up) is state


def test_outcomes_are_counted_in_words_gravest_first():
    assert in_words([O.OK, O.FAILED, O.OK]) == "1 failed, 2 ok"
    assert in_words([]) == "no hosts"


def test_a_run_counts_as_in_time_unless_it_was_caught_up():
    assert outcome_of_slot(O.OK) is SlotState.DONE

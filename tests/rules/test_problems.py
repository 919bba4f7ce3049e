"""The moves of problems, their numbers, and the tree of causes."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models.errors import MoveRefused
from models.rules.incidents import subject_number, ticket_number
from models.rules.lifecycle import Role
from models.rules.moves import find_move
from models.rules.problem_moves import OPEN, OVER, PROBLEM, UNSOLVED
from models.rules.problems import cause_tree, problem_id_of
from models.vocabulary import ProblemState, TicketKind

ACTIONS = sorted({move.action for move in PROBLEM})


@pytest.mark.parametrize(("state", "action"), list(product(ProblemState, ACTIONS)))
def test_each_action_leads_from_a_state_to_one_other_or_is_refused_with_what_is_possible(
    state: ProblemState, action: str
) -> None:
    listed = [move for move in PROBLEM if (move.source, move.action) == (state, action)]
    assert len(listed) <= 1
    if listed:
        assert find_move("problem", state, action) is listed[0]
    else:
        with pytest.raises(MoveRefused, match=f"a problem that is '{state.value}' cannot '{action}'"):
            find_move("problem", state, action)


def test_every_state_can_be_reached_and_none_is_a_trap() -> None:
    reached, again = {ProblemState.NEW}, True
    while again:
        new = {move.target for move in PROBLEM if move.source in reached} - reached
        reached, again = reached | new, bool(new)
    assert reached == set(ProblemState)
    for state in ProblemState:
        assert {move.target for move in PROBLEM if move.source is state} - {state}, state
    assert set(OPEN) | set(OVER) == set(ProblemState)
    assert set(UNSOLVED) < set(OPEN)


def test_a_person_is_not_told_of_moves_that_only_our_parts_make() -> None:
    with pytest.raises(MoveRefused) as refused:
        find_move("problem", ProblemState.NEW, "close", {Role.OPERATOR})
    assert str(refused.value).endswith(
        "it can: assess, assign, cancel, investigate, merge, plan, publish workaround, set priority"
    )


DECISIONS = ("re-analyse", "accept risk", "cancel", "review")


@pytest.mark.parametrize("move", [move for move in PROBLEM if move.action in DECISIONS], ids=lambda move: move.action)
def test_decisions_are_for_problem_managers_and_managers_alone(move) -> None:
    assert set(move.roles) == {Role.PROBLEM_MANAGER, Role.MANAGER}


def test_only_few_reopen_what_is_closed_and_our_own_parts_do_not() -> None:
    (closed,) = (move for move in PROBLEM if move.source is ProblemState.CLOSED and move.action == "reopen")
    assert set(closed.roles) == {Role.PROBLEM_MANAGER, Role.MANAGER}


@given(some.integers(1, 10**12))
def test_a_problem_is_found_by_its_number_however_it_is_typed(key: int) -> None:
    number = ticket_number(TicketKind.PROBLEM, key)
    assert number.startswith("PRB")
    for typed in (number, number.lower(), f" {number} ", str(key), f"PRB{key}"):
        assert problem_id_of(typed) == key
    assert subject_number(f"problem/{key}") == number


@pytest.mark.parametrize("wrong", ["", "INC000012", "PRB", "PRB0", "PRB-1", "P RB1", "REQ1", "12.0", "٣"])
def test_what_is_no_number_of_a_problem_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="it looks like PRB000123"):
        problem_id_of(wrong)


def test_a_tree_of_causes_is_read_from_its_roots_down() -> None:
    parents = {1: None, 2: 1, 3: None, 4: 2, 5: 1}
    assert cause_tree(parents) == [(1, 0), (2, 1), (4, 2), (5, 1), (3, 0)]


@given(some.lists(some.integers(0, 30), max_size=30))
def test_a_tree_holds_every_cause_once_below_its_parent(above: list[int]) -> None:
    parents = {key: (up if 0 < up < key else None) for key, up in enumerate(above, start=1)}
    found = cause_tree(parents)
    assert sorted(key for key, _ in found) == sorted(parents)
    depths = dict(found)
    order = [key for key, _ in found]
    for key, up in parents.items():
        assert depths[key] == (0 if up is None else depths[up] + 1)
        assert up is None or order.index(up) < order.index(key)

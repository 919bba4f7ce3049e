"""Requests as those see them who wait: every state has one of five words."""

import pytest

from models.rules.lifecycle import Role
from models.rules.moves import TABLES
from models.rules.requests import OVER, public_state, request_id_of
from models.vocabulary import PublicState, RequestState


def test_every_state_is_one_of_five_for_those_who_wait() -> None:
    assert {public_state(state) for state in RequestState} == set(PublicState)


def test_what_is_over_is_done_and_what_asks_the_requester_says_so() -> None:
    assert {public_state(state) for state in OVER} == {PublicState.DONE}
    asked = [state for state in RequestState if public_state(state) is PublicState.WAITING_FOR_YOU]
    assert asked == [RequestState.SENT_BACK, RequestState.WAITING]


def test_nobody_but_the_engine_gets_a_request_past_its_approval() -> None:
    held = (RequestState.WAITING_FOR_APPROVAL, RequestState.SENT_BACK)
    past = [move for move in TABLES["request"] if move.source in held and move.target not in (*held, *OVER)]
    assert [(move.action, move.roles) for move in past] == [("approve", (Role.ENGINE,))]


def test_who_waits_cancels_before_the_work_begins_and_not_after() -> None:
    may = {move.source for move in TABLES["request"] if move.action == "cancel" and Role.CALLER in move.roles}
    assert may == {
        RequestState.WAITING_FOR_APPROVAL, RequestState.SENT_BACK, RequestState.RECEIVED, RequestState.WAITING,
    }  # fmt: skip


@pytest.mark.parametrize("number", ["REQ000456", "req456", " 456 "])
def test_a_number_is_said_in_several_ways(number: str) -> None:
    assert request_id_of(number) == 456


def test_a_number_of_something_else_is_none() -> None:
    with pytest.raises(ValueError, match="'INC000456' is not the number of a request: it looks like REQ000123"):
        request_id_of("INC000456")

"""What another tool tells of a ticket becomes moves of our own tables, and no others."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules import incident_words, problem_words
from models.rules.incident_rules import STANDARD
from models.rules.moves import find_move
from models.rules.source_tickets import SourceEvent, SourceTicket
from models.rules.ticket_grades import grader
from models.rules.ticket_map import TEXTS
from models.rules.ticket_practice import AS_BEFORE, PRACTICES, word_problems
from models.rules.ticket_replay import Replayed, go_on, replay
from models.rules.ticket_rows import RowRefused, SourceRow
from models.vocabulary import FileShape, HoldReason, TicketKind

MONDAY = datetime(2016, 2, 29, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
GRADE = grader(STANDARD)
INCIDENT, PROBLEM, REQUEST = TicketKind.INCIDENT, TicketKind.PROBLEM, TicketKind.REQUEST


def told(kind: TicketKind, *states: str | dict[str, str] | None) -> SourceTicket:
    """A ticket that had these states, an hour apart; a mapping says more than the state."""
    found: SourceTicket | None = None
    for number, state in enumerate(states):
        said = state if isinstance(state, dict) else {}
        word = said.get("state") if said else state
        values = tuple(said.get(name) for name in TEXTS)
        at, instants, counts = MONDAY + number * HOUR, (None,) * 4, (None, None)
        row = SourceRow(
            number + 2,
            "A1",
            kind,
            at,
            word,
            word or "",
            values,
            instants,
            counts,
            None,
            None,
            (),  # type: ignore[arg-type]
        )
        found = found or SourceTicket(row, FileShape.CHANGES)
        found.add(row)
    assert found is not None
    return found


def actions(found: Replayed) -> list[str]:
    return [step.action for step in found.steps]


@pytest.mark.parametrize(
    ("kind", "states", "wanted", "ends"),
    [
        (INCIDENT, ["new", "in progress", "resolved", "closed"], ["take", "resolve", "close"], "closed"),
        (INCIDENT, ["new", "closed"], ["resolve", "close"], "closed"),
        (INCIDENT, ["closed"], ["resolve", "close"], "closed"),
        (INCIDENT, ["new", "on hold for supplier", "in progress"], ["hold", "resume"], "in progress"),
        (INCIDENT, ["on hold for caller", "on hold for supplier"], ["hold", "hold"], "on hold"),
        (INCIDENT, ["on hold for caller", "on hold for caller"], ["hold"], "on hold"),
        (INCIDENT, ["closed", "in progress", "closed"], ["resolve", "close", "reopen", "resolve", "close"], "closed"),
        (INCIDENT, ["closed", "on hold"], ["resolve", "close", "reopen", "hold"], "on hold"),
        (INCIDENT, ["closed", "resolved"], ["resolve", "close"], "closed"),
        (INCIDENT, ["in progress", "new"], ["take"], "in progress"),
        (INCIDENT, ["on hold", "new"], ["hold", "resume"], "in progress"),
        (INCIDENT, ["resolved", "new"], ["resolve", "reopen"], "in progress"),
        (INCIDENT, ["new", "cancelled"], ["cancel"], "cancelled"),
        (INCIDENT, ["cancelled", "in progress"], ["resolve", "close", "reopen"], "in progress"),
        (INCIDENT, ["resolved", "cancelled"], ["resolve", "close"], "closed"),
        (INCIDENT, ["new", None, None], [], "new"),
        (PROBLEM, ["new", "in progress", "closed"], ["investigate", "take over solution", "close"], "closed"),
        (PROBLEM, ["closed", "new"], ["take over solution", "close", "reopen"], "under investigation"),
        (PROBLEM, ["known error"], ["assess", "find cause", "accept known error"], "known error"),
        (PROBLEM, ["watching", "resolved"], ["assess", "find cause", "watch", "resolve"], "resolved"),
        (PROBLEM, ["assessed", "risk accepted"], ["assess", "accept risk"], "risk accepted"),
        (PROBLEM, ["new", "cancelled"], ["cancel"], "closed"),
        (REQUEST, ["new", "waiting", "fulfilled", "closed"], ["hold", "fulfil", "close"], "closed"),
        (REQUEST, ["fulfilled", "in progress", "cancelled"], ["fulfil", "reopen", "cancel"], "cancelled"),
    ],
)
def test_states_become_moves(kind: TicketKind, states: list[str | None], wanted: list[str], ends: str) -> None:
    found = replay(told(kind, *states), GRADE)
    assert actions(found) == ["open", *wanted]
    assert found.record["state"].value == ends
    assert found.record["reopened"] == wanted.count("reopen")


def test_what_a_step_says_is_what_the_record_says() -> None:
    first = {"state": "new", "team": "web", "priority": "P3", "service": "shop"}
    found = replay(
        told(INCIDENT, first, {"state": "in progress", "owner": "ada"}, {"state": "in progress", "priority": "P1"}),
        GRADE,
    )
    assert actions(found) == ["open", "assign", "take", "set priority"]
    assert [step.facts["owner"] for step in found.steps[1:3]] == ["ada", "ada"]
    assert (found.record["team"], found.record["owner"], found.record["priority"]) == ("web", "ada", "P1")
    assert [step.at for step in found.steps] == [MONDAY, MONDAY + HOUR, MONDAY + HOUR, MONDAY + 2 * HOUR]


def test_what_changes_after_the_end_is_a_correction() -> None:
    found = replay(told(INCIDENT, {"state": "closed", "team": "web"}, {"state": "closed", "team": "data"}), GRADE)
    assert actions(found) == ["open", "resolve", "close", "edit"]
    assert dict(found.steps[-1].facts) == {"team": "data", "was": {"team": "web"}}
    assert found.record["team"] == "data"


def test_a_hold_says_for_whom() -> None:
    found = replay(told(INCIDENT, "on hold for supplier"), GRADE)
    assert found.record["hold_reason"] is HoldReason.SUPPLIER


def test_a_priority_that_is_not_said_is_of_the_matrix() -> None:
    assert GRADE("High", "high", None) == ("High", "high", "P1")
    assert GRADE("Major", None, None) == ("Major", "medium", "P3")
    assert GRADE("Major", None, "P1") == ("Major", "medium", "P1")


def test_what_was_cancelled_cannot_go_on_later() -> None:
    first = replay(told(INCIDENT, "cancelled"), GRADE)
    later = told(INCIDENT, "cancelled", "in progress")
    with pytest.raises(RowRefused, match="cannot go on"):
        go_on(later, GRADE, first.record, later.events[1:])


WORDS = ["new", "in progress", "on hold for caller", "on hold for supplier", "resolved", "closed", "cancelled", None]
TEAMS = st.sampled_from([None, "web", "data"])
EVENTS = st.lists(st.tuples(st.sampled_from(WORDS), TEAMS, st.sampled_from([None, "P1", "P3"])), min_size=1, max_size=9)


@settings(max_examples=150)
@given(st.sampled_from(list(TicketKind)), EVENTS, st.integers(0, 8))
def test_every_step_is_a_move_of_the_table_and_going_on_is_the_same(
    kind: TicketKind, events: list[tuple[str | None, str | None, str | None]], cut: int
) -> None:
    said = [{"state": state, "team": team, "priority": priority} for state, team, priority in events]
    ticket = told(kind, *({name: value for name, value in one.items() if value} or None for one in said))
    whole = replay(ticket, GRADE)
    state = PRACTICES[kind].first
    for step in whole.steps:
        if step.move is not None:
            assert find_move(kind.value, state, step.action) == step.move
            state = step.move.target
    assert state is whole.record["state"]
    if cut and cut < len(events) and "cancelled" not in [state for state, _, _ in events]:
        begun = told(kind, *({n: v for n, v in one.items() if v} or None for one in said[:cut]))
        first = replay(begun, GRADE)
        rest: list[SourceEvent] = ticket.events[cut:]
        assert go_on(ticket, GRADE, first.record, rest).record == whole.record


@pytest.mark.parametrize("word", ["new", "fulfilled", "known error", AS_BEFORE, "on hold for change"])
def test_a_word_of_a_map_is_a_state_of_some_kind(word: str) -> None:
    assert word_problems(word) is None


@pytest.mark.parametrize("word", ["nwe", "New", "on hold for lunch", "closed for caller", ""])
def test_another_word_is_refused_with_those_that_there_are(word: str) -> None:
    assert word_problems(word)


WAYS = [
    (INCIDENT, ["new", "in progress", "on hold", "in progress", "resolved", "closed", "in progress", "cancelled"]),
    (PROBLEM, ["new", "assessed", "known error", "under investigation", "root cause known", "fix in progress"]),
    (PROBLEM, ["new", "watching", "resolved", "closed", "new", "assessed", "risk accepted", "cancelled"]),
]


@pytest.mark.parametrize(("kind", "states"), WAYS)
def test_every_step_can_be_said_in_the_words_of_a_live_move(kind: TicketKind, states: list[str]) -> None:
    said = incident_words.in_words if kind is INCIDENT else problem_words.in_words
    found = replay(told(kind, *states), GRADE)
    for step in found.steps[1:]:
        facts = {name: value if value is None else str(value) for name, value in step.facts.items()}
        assert said(step.action.replace(" ", "-"), facts)

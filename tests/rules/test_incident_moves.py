"""Who may make which move of an incident: each role, each state, by a table that is not the code's."""

from itertools import product

import pytest

from models.errors import MoveRefused
from models.rules.incident_moves import INCIDENT, MAJOR_INCIDENT
from models.rules.lifecycle import Role
from models.rules.moves import TABLES, find_move
from models.vocabulary import IncidentState, MajorState

WORKS = "assign cancel escalate hold merge resolve set-priority"
ALLOWED = {
    ("operator", "new"): f"{WORKS} take",
    ("operator", "in progress"): f"{WORKS} take",
    ("operator", "on hold"): "assign cancel escalate hold merge resolve resume set-priority",
    ("operator", "resolved"): "close merge reopen",
    ("manager", "new"): "assign cancel escalate merge set-priority",
    ("manager", "in progress"): "assign cancel escalate merge set-priority",
    ("manager", "on hold"): "assign cancel escalate merge set-priority",
    ("manager", "resolved"): "close merge reopen",
    ("manager", "closed"): "reopen",
    ("caller", "new"): "cancel",
    ("caller", "resolved"): "close reopen",
    ("engine", "new"): f"{WORKS} take",
    ("engine", "in progress"): f"{WORKS} take",
    ("engine", "on hold"): "assign cancel escalate hold merge resolve resume set-priority",
    ("engine", "resolved"): "close merge reopen",
    ("engine", "closed"): "reopen share-solution",
}
"""(role, state): the actions; what is not here is refused."""
TARGETS = {
    "take": "in progress",
    "resume": "in progress",
    "reopen": "in progress",
    "hold": "on hold",
    "resolve": "resolved",
    "close": "closed",
    "merge": "closed",
    "share-solution": "closed",
    "cancel": "cancelled",
}
"""The state after each action; the others keep it."""
MAJOR = {
    ("operator", "declined"): "propose",
    ("operator", "demoted"): "propose",
    ("operator", "reviewed"): "propose",
    ("engine", "declined"): "propose",
    ("engine", "demoted"): "propose",
    ("engine", "reviewed"): "propose",
    ("manager", "candidate"): "accept decline",
    ("manager", "accepted"): "appoint demote review",
    ("manager", "declined"): "propose",
    ("manager", "demoted"): "propose",
    ("manager", "reviewed"): "propose",
    ("major incident manager", "candidate"): "accept decline",
    ("major incident manager", "accepted"): "appoint demote review",
}


def allowed(table, role, state):
    """The actions that `find_move` gives this role, as words."""
    found = []
    for action in sorted({move.action for move in TABLES[table]}):
        try:
            find_move(table, state, action, {role})
        except MoveRefused:
            continue
        found.append(action.replace(" ", "-"))
    return " ".join(found)


@pytest.mark.parametrize(("role", "state"), [*product(Role, IncidentState)], ids=str)
def test_a_role_may_do_what_its_line_says_and_nothing_else(role, state):
    assert allowed("incident", role, state) == ALLOWED.get((role.value, state.value), "")


@pytest.mark.parametrize(("role", "state"), [*product(Role, MajorState)], ids=str)
def test_few_decide_what_is_a_major_incident(role, state):
    assert allowed("major_incident", role, state) == MAJOR.get((role.value, state.value), "")


@pytest.mark.parametrize("move", INCIDENT, ids=lambda move: f"{move.source} {move.action}")
def test_each_action_leads_to_one_state(move):
    assert move.target == TARGETS.get(move.action.replace(" ", "-"), move.source.value)


@pytest.mark.parametrize("table", [INCIDENT, MAJOR_INCIDENT], ids=["incident", "major incident"])
def test_no_move_is_listed_twice(table):
    assert len({(move.source, move.action) for move in table}) == len(table)


@pytest.mark.parametrize(
    ("state", "action", "roles", "says"),
    [
        ("new", "resume", None, "an incident that is 'new' cannot 'resume'; it can: assign, cancel,"),
        ("cancelled", "take", None, "an incident that is 'cancelled' cannot 'take'; it can: nothing"),
        ("new", "take", set(), "to take an incident that is 'new' takes the role of: operator"),
        ("new", "take", {Role.CALLER}, "to take an incident that is 'new' takes the role of: operator"),
        ("closed", "reopen", {Role.OPERATOR}, "to reopen an incident that is 'closed' takes the role of: manager"),
        ("closed", "share solution", {Role.MANAGER}, "takes the role of: nobody"),
    ],
)
def test_a_refusal_names_what_is_possible_or_who_may(state, action, roles, says):
    with pytest.raises(MoveRefused) as refused:
        find_move("incident", IncidentState(state), action, roles)
    assert says in str(refused.value)


def test_our_own_parts_need_no_role():
    assert find_move("incident", IncidentState.NEW, "take").target is IncidentState.IN_PROGRESS

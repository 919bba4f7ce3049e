"""Who may make which move of a problem at the command line: as the table of moves says, and nobody else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.rules.lifecycle import Role
from models.rules.problem_moves import PROBLEM
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site

Call = Callable[..., Said]
PEOPLE = """
teams:
  deck: {title: Deck}
people:
  ada: {name: Ada, teams: [deck], roles: [operator]}
  pia: {name: Pia, teams: [deck], roles: [problem manager]}
  max: {name: Max, roles: [manager]}
  zoe: {name: Zoe}
"""
ROLES = {"ada": {Role.OPERATOR}, "pia": {Role.PROBLEM_MANAGER}, "max": {Role.MANAGER}, "zoe": set[Role]()}
WHY = ("--reason", "so it is")
COMMANDS = {
    "assess": ("assess", "1"),
    "investigate": ("investigate", "1"),
    "find cause": ("find-cause", "1", "a leak"),
    "accept known error": ("known-error", "1", "--workaround", "wait"),
    "begin fix": ("begin-fix", "1"),
    "watch": ("publish-fix", "1", "patched"),
    "resolve": ("resolve", "1"),
    "close": ("close", "1"),
    "reopen": ("reopen", "1", *WHY),
    "re-analyse": ("re-analyse", "1", *WHY),
    "accept risk": ("accept-risk", "1", "--until", "9d", *WHY),
    "cancel": ("cancel", "1", *WHY),
    "merge": ("merge", "1", "2"),
    "assign": ("assign", "1", "--to", "ada"),
    "set priority": ("priority", "1", "--impact", "low"),
    "plan": ("plan", "1", "--change", "CHG1"),
    "publish workaround": ("publish-workaround", "1", "wait"),
    "review": ("review", "1", "--well", "x", "--badly", "x", "--changes", "x", "--people", "x"),
}


@pytest.fixture
def call(harbour: Database, site_folder: Path, watchbill: Call) -> Call:
    """`watchbill problem` on the small site, with one new problem and another."""
    apply_site(harbour, write_site(site_folder, people=PEOPLE), clock.now())
    for title in ("The pool is too small", "Another"):
        assert watchbill("problem", "new", title).code == 0
    return lambda *words: watchbill("problem", *words)


def test_every_move_has_its_command() -> None:
    assert set(COMMANDS) == {move.action for move in PROBLEM}


def test_each_move_is_refused_to_whoever_has_no_role_for_it_in_any_state(call: Call) -> None:
    before = call("list", "--json").json["problems"]
    for action, words in COMMANDS.items():
        may = {role for move in PROBLEM if move.action == action for role in move.roles}
        for person, roles in ROLES.items():
            if not roles & may:
                said = call(*words, "--as", person)
                assert said.code == 6, (action, person)
                assert f"error: {person} may not {action} PRB000001: that takes the role of " in said.words
    assert call("list", "--json").json["problems"] == before


def test_each_move_is_made_by_whoever_has_the_role_from_the_states_that_allow_it(call: Call) -> None:
    way = (
        "assess",
        "investigate",
        "find cause",
        "accept known error",
        "begin fix",
        "watch",
        "resolve",
        "close",
        "reopen",
    )
    for action in way:
        (move,) = {
            move.target: move for move in PROBLEM if move.action == action and move.source.value == state_of(call)
        }.values()
        person = next(one for one, roles in ROLES.items() if roles & set(move.roles))
        assert call(*COMMANDS[action], "--as", person).code == 0, (action, person)
        assert state_of(call) == move.target.value
    refused = call(*COMMANDS["resolve"], "--as", "pia")
    assert refused.code == 6
    assert "a problem that is 'under investigation' cannot 'resolve'; it can: " in refused.words


def state_of(call: Call) -> str:
    return str(call("show", "1", "--json").json["line"]["state"])

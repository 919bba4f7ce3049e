"""What the timeline of a problem says of each thing that can happen to it."""

import pytest

from models.rules.problem_moves import PROBLEM
from models.rules.problem_words import _WORDS, in_words

SAID = [
    ("open", {"origin": "reactive", "priority": "P2"}, "opened (reactive) with priority P2"),
    ("find-cause", {"cause": "a leak"}, "its cause: a leak"),
    ("begin-fix", {"change_reference": "CHG1"}, "the fix is begun with change CHG1"),
    ("begin-fix", {"change_reference": None}, "the fix is begun"),
    (
        "watch",
        {"fix": "4.2", "watch_until": "2026-12-01 00:00:00+00:00"},
        "fixed: 4.2; watched until 2026-12-01T00:00Z",
    ),
    ("recur", {"incident": "incident/7"}, "it came back: INC000007"),
    ("reopen", {"reopened": 2}, "reopened (2 so far)"),
    ("reopen", {"risk_until": None}, "open again"),
    (
        "plan",
        {"change_reference": "CHG1", "target_at": "2026-12-01 10:30:00+00:00"},
        "change CHG1, to be decided by 2026-12-01T10:30Z",
    ),
    ("assign", {"owner": "ada", "team": "web"}, "given to ada in web"),
    ("assign", {"owner": None, "team": None}, "given to nobody"),
    ("link", {"verb": "cause of", "target": "incident/7"}, "cause of INC000007"),
    ("unlink", {"verb": "cause of", "target": "incident/7"}, "no more cause of INC000007"),
    (
        "link",
        {"verb": "cause of", "target": "incident/1", "targets": [f"incident/{key}" for key in range(1, 1013)]},
        "cause of INC000001, INC000002, INC000003, INC000004, INC000005, INC000006, INC000007, INC000008, INC000009, "
        "INC000010 and 1,002 more",
    ),
    ("analyse", {"kind": "why", "number": 2, "note": 7, "text": "No pool"}, "why 2: No pool"),
    ("analyse", {"kind": "cause", "number": None, "note": 7, "text": "A leak\nin it"}, "cause 7: A leak"),
    ("analyse", {"kind": "symptom", "number": None, "note": 7, "text": "x" * 99}, f"symptom: {'x' * 87}..."),
    ("add-task", {"task": 3, "owner": "ada", "text": "Ask"}, "task 3 for ada: Ask"),
    ("finish-task", {"task": 3}, "task 3 done"),
    ("something-new", {}, "something new"),
]


@pytest.mark.parametrize(("action", "facts", "expected"), SAID, ids=[words for *_, words in SAID])
def test_each_act_is_said_with_what_matters_of_it(action: str, facts: dict[str, object], expected: str) -> None:
    assert in_words(action, facts) == expected


def test_every_move_of_a_person_has_words_of_its_own() -> None:
    by_people = {move.action for move in PROBLEM}
    assert {action.replace(" ", "-") for action in by_people} <= set(_WORDS)

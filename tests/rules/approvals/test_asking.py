"""What binds a decision, and what needs none."""

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from models.rules.approvals.asking import ANY_TIME, Bound, Window, approval_id_of, names_it, pre_approved_by
from models.rules.approvals.schemes import PreApproval
from tests.rules.approvals.crew import NOW

BOUND = Bound("request/12", "Editor", "ann", "dot", {"cost": 40, "host": "web1"}, "+ editor", ANY_TIME, "usual", "f00d")
OTHERS: dict[str, Any] = {
    "subject": "request/13",
    "title": "Editors",
    "requester": "bob",
    "beneficiary": "ann",
    "facts": {"cost": 41, "host": "web1"},
    "difference": "+ editor\n+ games",
    "window": Window(latest=NOW),
    "scheme": "other",
    "policy": "beef",
}


def test_the_hash_is_of_the_content_not_of_its_order() -> None:
    again = replace(BOUND, facts={"host": "web1", "cost": 40})
    assert again.sha256 == BOUND.sha256
    assert len(BOUND.sha256) == 64


@pytest.mark.parametrize("name", OTHERS)
def test_anything_else_is_another_decision(name: str) -> None:
    assert set(OTHERS) == set(vars(BOUND))
    assert replace(BOUND, **{name: OTHERS[name]}).sha256 != BOUND.sha256


def test_a_window_is_an_instant_in_whatever_zone_and_to_the_microsecond() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    assert replace(BOUND, window=Window(NOW)).sha256 == replace(BOUND, window=Window(there)).sha256
    later = NOW + timedelta(microseconds=1)
    assert replace(BOUND, window=Window(NOW)).sha256 != replace(BOUND, window=Window(later)).sha256


@pytest.mark.parametrize("value", [NOW, {1, 2}, float("nan"), b"x"], ids=["an instant", "a set", "no number", "bytes"])
def test_facts_are_plain_values(value: object) -> None:
    with pytest.raises(ValueError, match=r"no plain values|not JSON compliant"):
        assert replace(BOUND, facts={"x": value}).sha256


SEEN = [("8a9b0c1d", True), ("8A9B0C1D2e", True), ("8a9b0c1", False), ("", False), ("8a9b0c1e", False)]


@pytest.mark.parametrize(("seen", "expected"), SEEN)
def test_a_decision_names_at_least_eight_signs_of_the_hash(seen: str, expected: bool) -> None:
    assert names_it(seen, "8a9b0c1d2e3f") is expected


CHEAP, SAFE = PreApproval(cost_at_most=Decimal(50)), PreApproval(risks=("low",), roles=("operator", "manager"))
EDITOR = PreApproval(cost_at_most=Decimal(50), items=("editor",))
PRE_APPROVED = [
    ((CHEAP,), {"cost": 50}, 1, "up to the limit"),
    ((CHEAP,), {"cost": 50.01}, None, "above it"),
    ((CHEAP,), {}, None, "what has no price is not cheap"),
    ((CHEAP,), {"cost": "49.99"}, 1, "as the text of a number"),
    ((CHEAP,), {"cost": "cheap"}, None, "a word is no price"),
    ((CHEAP,), {"cost": [40]}, None, "nor is a list"),
    ((CHEAP,), {"cost": True}, None, "nor is yes"),
    ((CHEAP,), {"cost": -1}, None, "nor what is paid back"),
    ((CHEAP,), {"cost": float("nan")}, None, "nor no number"),
    ((SAFE,), {"risk": "low"}, 1, "by risk and role"),
    ((SAFE,), {"risk": "high"}, None, "another risk"),
    ((EDITOR,), {"cost": 40, "item": "editor"}, 1, "all must hold"),
    ((EDITOR,), {"cost": 40, "item": "games"}, None, "another item"),
    ((EDITOR, CHEAP), {"cost": 40, "item": "games"}, 2, "the first that holds"),
    ((PreApproval(),), {"cost": 1}, None, "a rule that asks for nothing"),
    ((), {"cost": 0}, None, "no rule"),
]


@pytest.mark.parametrize(("rules", "facts", "expected", "why"), PRE_APPROVED, ids=[case[-1] for case in PRE_APPROVED])
def test_what_is_approved_without_asking(
    rules: tuple[PreApproval, ...], facts: dict[str, object], expected: int | None, why: str
) -> None:
    assert pre_approved_by(rules, facts, frozenset({"operator"})) == expected, why


def test_a_rule_for_operators_is_not_for_others() -> None:
    assert pre_approved_by((SAFE,), {"risk": "low"}, frozenset({"requester"})) is None


NUMBERS = [("APR000123", 123), ("apr7", 7), (" 12 ", 12), ("APR0", None), ("INC000001", None), ("", None)]


@pytest.mark.parametrize(("text", "expected"), NUMBERS)
def test_the_number_of_an_approval(text: str, expected: int | None) -> None:
    if expected is not None:
        assert approval_id_of(text) == expected
        return
    with pytest.raises(ValueError, match="it looks like APR000123"):
        approval_id_of(text)

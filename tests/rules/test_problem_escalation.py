"""Which incidents become problems by a rule, and which open problem one belongs to."""

import pytest

from models.rules.problem_escalation import About, Ordeal, one_to_join, reason_to_escalate, same_matter
from models.vocabulary import EscalateOn

MAJOR, REOPENED = EscalateOn.MAJOR, EscalateOn.REOPENED
WORKAROUND, KNOWN = EscalateOn.WORKAROUND, EscalateOn.KNOWN_ERROR
REASONS = [
    (MAJOR, Ordeal(is_major=True), "it is a major incident"),
    (MAJOR, Ordeal(reopened=9, by_workaround=True, known_error="KE000001", same_known_error=9), None),
    (REOPENED, Ordeal(reopened=1), None),
    (REOPENED, Ordeal(reopened=2), "it was reopened 2 times"),
    (WORKAROUND, Ordeal(by_workaround=True), "it was resolved by a workaround: its cause is still there"),
    (WORKAROUND, Ordeal(is_major=True, reopened=9), None),
    (KNOWN, Ordeal(known_error="KE000001", same_known_error=1), None),
    (KNOWN, Ordeal(known_error="KE000001", same_known_error=2), "KE000001 again: 2 incidents were that"),
    (KNOWN, Ordeal(same_known_error=2), None),
]


@pytest.mark.parametrize(("on", "ordeal", "expected"), REASONS, ids=[f"{on}: {words}" for on, _, words in REASONS])
def test_what_an_incident_went_through_makes_it_a_problem(on: EscalateOn, ordeal: Ordeal, expected: str | None) -> None:
    assert reason_to_escalate(on, 2, ordeal) == expected


MATTERS = [
    (About("shop", "web", "web1"), About("shop", "web", "web2"), True, "service and category"),
    (About("shop", None, "web1"), About("shop", None, "web1"), True, "service and host, where no category is said"),
    (About("shop"), About("shop"), False, "a service alone"),
    (About("shop", "web"), About("files", "web"), False, "another service"),
    (About("shop", "web"), About("shop", "mail"), False, "another category"),
    (About("shop", "web", "web1"), About("shop", None, "web1"), False, "one has a category"),
    (About(None, "web", "web1"), About(None, "web", "web1"), False, "no service"),
]


@pytest.mark.parametrize(("one", "other", "expected", "reason"), MATTERS, ids=[case[3] for case in MATTERS])
def test_two_are_about_the_same_thing(one: About, other: About, expected: bool, reason: str) -> None:
    assert same_matter(one, other) is same_matter(other, one) is expected, reason


def test_the_problem_of_its_known_error_comes_before_the_first_of_its_matter() -> None:
    mine, theirs = About("shop", "web"), About("shop", "mail")
    unsolved = [(3, theirs), (5, mine), (7, mine)]
    assert one_to_join(mine, None, unsolved) == 5
    assert one_to_join(mine, 9, unsolved) == 9
    assert one_to_join(About("files", "web"), None, unsolved) is None

"""Who may see and order an item, for whom; what it costs; whose approval it needs; until when it is promised."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.calendars import Calendar
from models.rules.catalogue.costs import ApprovalRule, Price, cost_of, promised_at, scheme_for
from models.rules.catalogue.ordering import Circle, Member, Offer, managers_of, may_see, why_not_order
from models.rules.clock_promises import Target
from models.vocabulary import ForOthers

PEOPLE = {
    "ada": Member("ada", frozenset({"operator"}), frozenset({"deck"}), "bob"),
    "bob": Member("bob", frozenset({"manager"}), frozenset({"deck"}), "cleo"),
    "cleo": Member("cleo", frozenset({"manager"})),
    "dan": Member("dan", frozenset({"requester"}), frozenset({"shop"}), "dan"),
    "eve": Member("eve", frozenset({"requester"}), manager="fay"),
    "fay": Member("fay", frozenset({"requester"}), manager="eve"),
}
DECK = Circle(teams=frozenset({"deck"}))
MANAGERS = Circle(roles=frozenset({"manager"}))
NOBODY, REPORTS, ANYBODY = ForOthers.NOBODY, ForOthers.REPORTS, ForOthers.ANYBODY

ORDERS = [
    (Offer(), "ada", "ada", None, "everybody may, for themselves"),
    (Offer(), "ada", "bob", "for oneself only", "not for others"),
    (Offer(for_others=ANYBODY), "ada", "bob", None, "for anybody"),
    (Offer(for_others=ANYBODY), "ada", "zoe", "no person 'zoe'", "for somebody who is not there"),
    (Offer(), "zoe", "zoe", "no person 'zoe'", "by somebody who is not there"),
    (Offer(for_others=REPORTS), "bob", "ada", None, "for whom one manages"),
    (Offer(for_others=REPORTS), "cleo", "ada", None, "for whom one's manager manages"),
    (Offer(for_others=REPORTS), "ada", "bob", "bob does not report to ada", "not for one's manager"),
    (Offer(for_others=REPORTS), "fay", "eve", None, "two who manage each other"),
    (Offer(may_order=MANAGERS), "ada", "ada", "offered to others", "the wrong role"),
    (Offer(may_order=MANAGERS), "bob", "bob", None, "the right role"),
    (Offer(may_see=DECK, may_order=MANAGERS), "cleo", "cleo", "offered to others", "may order what one may not see"),
    (Offer(may_order=Circle(people=frozenset({"dan"}))), "dan", "dan", None, "by name"),
]


@pytest.mark.parametrize(("offer", "requester", "beneficiary", "why", "reason"), ORDERS, ids=[c[-1] for c in ORDERS])
def test_who_may_order_for_whom(offer: Offer, requester: str, beneficiary: str, why: str | None, reason: str) -> None:
    found = why_not_order(offer, requester, beneficiary, PEOPLE)
    assert why in found if why and found else found is why, reason


circles = st.builds(
    Circle,
    st.frozensets(st.sampled_from(["operator", "manager"])),
    st.frozensets(st.sampled_from(["deck", "shop"])),
    st.frozensets(st.sampled_from(sorted(PEOPLE))),
)


@given(offer=st.builds(Offer, circles, circles, st.sampled_from(ForOthers)), requester=st.sampled_from(sorted(PEOPLE)))
def test_nobody_orders_what_they_may_not_see(offer: Offer, requester: str) -> None:
    if not may_see(offer, PEOPLE[requester]):
        assert all(why_not_order(offer, requester, other, PEOPLE) for other in PEOPLE)


def test_managers_are_those_above_even_where_the_line_is_a_circle() -> None:
    assert managers_of("ada", PEOPLE) == ("bob", "cleo")
    assert managers_of("dan", PEOPLE) == ()
    assert managers_of("eve", PEOPLE) == ("fay",)
    assert managers_of("zoe", PEOPLE) == ()


COSTS = [
    (None, {}, "0", "no price"),
    (Price(Decimal("9.50"), "EUR"), {"hosts": ("a", "b")}, "9.50", "once for all"),
    (Price(Decimal("9.50"), "EUR", each="hosts"), {"hosts": ("a", "b")}, "19.00", "for each host"),
    (Price(Decimal("9.50"), "EUR", each="hosts"), {"hosts": "a"}, "9.50", "for one"),
    (Price(Decimal("9.50"), "EUR", each="hosts"), {}, "0", "for none"),
]


@pytest.mark.parametrize(("price", "answers", "cost", "reason"), COSTS, ids=[case[-1] for case in COSTS])
def test_what_an_order_costs(price: Price | None, answers: dict[str, str], cost: str, reason: str) -> None:
    assert cost_of(price, answers) == Decimal(cost), reason


RULES = (ApprovalRule("board", Decimal(1000)), ApprovalRule("manager", Decimal(100)))


@pytest.mark.parametrize(
    ("rules", "cost", "scheme", "reason"),
    [
        (RULES, "1000.01", "board", "above the highest"),
        (RULES, "1000", "manager", "not above it"),
        (RULES, "100", None, "cheap"),
        ((*RULES, ApprovalRule("desk")), "100", "desk", "all others"),
        ((), "9999", None, "nobody has to"),
    ],
)
def test_the_first_rule_that_fits_says_who_must_approve(
    rules: tuple[ApprovalRule, ...], cost: str, scheme: str | None, reason: str
) -> None:
    assert scheme_for(rules, Decimal(cost)) == scheme, reason


def test_a_promise_is_counted_in_the_hours_of_its_calendar() -> None:
    office = Calendar(name="office", timezone="UTC", hours={"mon-fri": ("08:00-18:00",)})
    friday = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
    assert promised_at(Target(open_time=timedelta(hours=4)), office, friday) == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert promised_at(Target(working_days=1), office, friday) == datetime(2026, 11, 23, 17, tzinfo=UTC)

"""What recurs, by the most specific pattern that explains it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.recurrence_limits import Limits
from models.rules.recurring_trouble import Pattern, Trouble, clearly_worse, find_recurring

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW - 365 * DAY
LIMITS = Limits()
EXPORT = "Payroll export to bank{} failed"
EXPORT_KEY = "export failed payroll to"
KINDS = ["Disk full", "Login refused", "Queue stuck", "Certificate expired", "Printer offline"]


def troubles(count, text=EXPORT, start=NOW - DAY, step=HOUR, first=0, **place):
    return [Trouble(f"incident/{first + n}", start + n * step, text.format(n), **place) for n in range(count)]


def other_kinds(start=NOW - DAY, **place):
    """Five that have nothing in common but their place."""
    return [Trouble(f"run/{n}", start + n * HOUR, text, **place) for n, text in enumerate(KINDS)]


CASES = [
    pytest.param(troubles(4, service="payroll"), [], id="too few"),
    pytest.param(troubles(5, start=NOW - 9 * DAY, step=DAY, service="payroll"), [], id="too far apart"),
    pytest.param(troubles(5, service="payroll"), [(Pattern(EXPORT_KEY, "payroll"), 5)], id="the text on its service"),
    pytest.param(
        troubles(5, service="payroll", host="pay1"),
        [(Pattern(EXPORT_KEY, "payroll", "pay1"), 5)],
        id="all on one host: named, and none for service and host",
    ),
    pytest.param(
        troubles(8, service="payroll", host="pay1") + troubles(1, first=8, service="payroll", host="pay2"),
        [(Pattern(EXPORT_KEY, "payroll", "pay1"), 8)],
        id="nearly all on one host",
    ),
    pytest.param(
        troubles(5, service="payroll", host="pay1") + troubles(5, first=5, service="payroll", host="pay2"),
        [(Pattern(EXPORT_KEY, "payroll"), 10)],
        id="on two hosts",
    ),
    pytest.param(
        troubles(5, service="payroll") + troubles(6, first=5, service="pension"),
        [(Pattern(EXPORT_KEY, "pension"), 6), (Pattern(EXPORT_KEY, "payroll"), 5)],
        id="two services, one each",
    ),
    pytest.param(
        troubles(3, service="payroll") + troubles(2, first=3), [(Pattern(EXPORT_KEY), 5)], id="the text wherever it is"
    ),
    pytest.param(other_kinds(host="pay1"), [(Pattern(host="pay1"), 5)], id="one host, of many kinds"),
    pytest.param(
        other_kinds(service="payroll", category="storage"),
        [(Pattern(service="payroll", category="storage"), 5)],
        id="a category of a service, and no other",
    ),
    pytest.param(
        troubles(5, service="payroll", host="pay1") + other_kinds(service="payroll"),
        [(Pattern(service="payroll"), 5), (Pattern(EXPORT_KEY, "payroll", "pay1"), 5)],
        id="what the text does not explain",
    ),
    pytest.param(
        troubles(5, service="payroll") + other_kinds(service="payroll")[:4],
        [(Pattern(EXPORT_KEY, "payroll"), 5)],
        id="the rest is too little for the service",
    ),
    pytest.param(troubles(9, text="4711"), [], id="texts without words are alike in nothing"),
]


@pytest.mark.parametrize(("found", "expected"), CASES)
def test_the_most_specific_pattern_wins(found: list[Trouble], expected: list[tuple[Pattern, int]]) -> None:
    new = find_recurring(found, [], LIMITS, NOW, LONG_AGO).new
    assert [(one.pattern, len(one.troubles)) for one in new] == expected


def test_a_recurrence_says_what_binds_it_how_unusual_it_is_and_what_it_explains() -> None:
    before = troubles(2, start=NOW - 20 * DAY, first=90, service="payroll")
    (found,) = find_recurring(
        [*before, *troubles(5, service="payroll"), *other_kinds(service="shop")[:4]], [], LIMITS, NOW, LONG_AGO
    ).new
    assert found.title == "payroll export to <name> failed (payroll)"
    assert found.words == ("export", "failed", "payroll", "to")
    assert found.rate.words == "5 in 7d, of 0.6 expected: by chance once in 2,100 times"
    assert [trouble.subject for trouble in found.troubles] == [f"incident/{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("began", "weeks_before", "count"),
    [
        pytest.param(LONG_AGO, 0, 1, id="it never had trouble"),
        pytest.param(LONG_AGO, 4, 0, id="it always has so much"),
        pytest.param(NOW - DAY, 0, 1, id="nothing is known of before"),
    ],
)
def test_a_host_that_always_has_trouble_is_no_news(began: datetime, weeks_before: int, count: int) -> None:
    history = [one for week in range(weeks_before) for one in other_kinds(NOW - (8 + 7 * week) * DAY, host="pay1")]
    assert len(find_recurring([*history, *other_kinds(host="pay1")], [], LIMITS, NOW, began).new) == count


def test_what_is_known_explains_its_trouble_and_nothing_new_is_made_of_it() -> None:
    known = Pattern(EXPORT_KEY, "payroll")
    found = find_recurring(troubles(6, service="payroll"), [known], LIMITS, NOW, LONG_AGO)
    assert (len(found.known[known].troubles), found.new) == (6, [])


def test_a_known_text_is_found_again_when_it_is_written_a_little_differently() -> None:
    known = Pattern(EXPORT_KEY, "payroll")
    text = "payroll exports to {} failed"
    assert known in find_recurring(troubles(5, text=text, service="payroll"), [known], LIMITS, NOW, LONG_AGO).known


def test_a_known_pattern_without_recent_trouble_is_not_found() -> None:
    old = troubles(6, start=NOW - 20 * DAY, service="payroll")
    assert find_recurring(old, [Pattern(EXPORT_KEY, "payroll")], LIMITS, NOW, LONG_AGO).known == {}


def test_the_own_host_in_a_text_parts_nothing() -> None:
    hosts = ["north", "south", "market", "station", "harbour"]
    place = {"service": "shop"}
    found = [
        replace(one, host=host, text=f"Queue stuck at {host}")
        for one, host in zip(troubles(5, **place), hosts, strict=True)
    ]
    (one,) = find_recurring(found, [], LIMITS, NOW, LONG_AGO).new
    assert one.title == "queue stuck at <name> (shop)"


PLACES = st.sampled_from([None, "a", "b"])
TROUBLES = st.lists(
    st.builds(
        Trouble,
        st.integers(0, 10**9).map("incident/{}".format),
        st.integers(0, 40).map(lambda days: NOW - days * DAY),
        st.sampled_from([*KINDS, "Payroll export failed"]),
        PLACES,
        PLACES,
        PLACES,
    ),
    max_size=40,
    unique_by=lambda one: one.subject,
)


@settings(max_examples=40)
@given(TROUBLES, st.lists(st.builds(Pattern, st.none(), PLACES, PLACES), max_size=2))
def test_no_trouble_is_explained_twice_and_nothing_rare_is_found(found: list[Trouble], known: list[Pattern]) -> None:
    result = find_recurring(found, known, LIMITS, NOW, LONG_AGO)
    subjects = [trouble.subject for one in (*result.new, *result.known.values()) for trouble in one.troubles]
    assert len(subjects) == len(set(subjects))
    assert all(len(one.troubles) >= LIMITS.at_least for one in result.new)


@pytest.mark.parametrize(
    ("times", "then", "worse"),
    [(10, 5, True), (9, 5, False), (2, 1, True), (1, 0, True)],
    ids=["twice as many", "not quite", "from one to two", "from none"],
)
def test_clearly_worse_is_so_many_times_as_often(times: int, then: int, worse: bool) -> None:
    assert clearly_worse(times, then, 2) is worse

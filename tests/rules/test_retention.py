"""What a policy keeps. That restic keeps the same: tests/vectors/retention.json, tests/drills/test_retention.py."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.rules.calendar_span import CalendarSpan
from models.rules.field_error import FieldError
from models.rules.restore_points import Point
from models.rules.retention import UNLIMITED, KeepPolicy, Semantics, keeps_oldest, retain
from tests.rules.backup_points import DAY, HOUR, NOW, daily, keys
from tests.rules.moments import utc

OLD, NEW = Semantics(keeps_oldest=False), Semantics()


def names(points, policy, semantics=NEW, now=NOW):
    return keys(retain(points, policy, semantics, now).kept)


@pytest.mark.parametrize(
    ("policy", "semantics", "kept", "reason"),
    [
        (KeepPolicy(last=2), NEW, "p0 p1", "the newest"),
        (KeepPolicy(weekly=2), NEW, "p0 p6", "21 November is a Saturday: the week before ended on the 15th"),
        (KeepPolicy(monthly=2), NEW, "p0 p9", "one month is there, so the oldest is kept too"),
        (KeepPolicy(monthly=2), OLD, "p0", "the older restic does not"),
        (KeepPolicy(monthly=1), NEW, "p0", "no counts remain"),
        (KeepPolicy(yearly=UNLIMITED), NEW, "p0 p9", "no limit: counts always remain"),
        (KeepPolicy(within=CalendarSpan(days=2)), NEW, "p0 p1", "p2 is exactly two days older: not newer than that"),
        (KeepPolicy(within_weekly=CalendarSpan(days=9)), NEW, "p0 p6", "p9 is not within"),
        (KeepPolicy(within_weekly=CalendarSpan(days=10)), NEW, "p0 p6 p9", "the oldest, within"),
        (KeepPolicy(within_weekly=CalendarSpan(days=10)), OLD, "p0 p6", "the older restic does not"),
        (KeepPolicy(), NEW, "", "the newer restic keeps nothing; keeping.py refuses it"),
        (KeepPolicy(), OLD, "p0 p1 p2 p3 p4 p5 p6 p7 p8 p9", "the older restic kept all"),
    ],
)
def test_a_policy_keeps_what_it_names(policy, semantics, kept, reason):
    assert names(daily("l" * 10), policy, semantics) == kept, reason


def test_every_reason_is_told_in_restics_words_and_order():
    points = [dataclasses.replace(point, tags=("gold",)) for point in daily("lll")]
    policy = KeepPolicy(last=1, daily=2, monthly=2, within=CalendarSpan(hours=1), tags=(("gold",),))
    kept = retain(points, policy, NEW, NOW).kept
    assert [item.reasons for item in kept] == [
        ("has tags [gold]", "within 1h", "last snapshot", "daily snapshot", "monthly snapshot"),
        ("has tags [gold]", "daily snapshot"),
        ("has tags [gold]", "oldest monthly snapshot"),
    ]


@pytest.mark.parametrize(
    ("tags", "kept", "reason"),
    [
        ((("a",),), "p0 p1", "with this tag"),
        ((("a", "b"),), "p1", "with both"),
        ((("a",), ("c",)), "p0 p1 p2", "with one or the other"),
        ((("",),), "p3", "without any tag"),
    ],
)
def test_tags_keep_points_whatever_their_age(tags, kept, reason):
    given_tags = (("a",), ("a", "b"), ("c",), ())
    points = [dataclasses.replace(point, tags=t) for point, t in zip(daily("llll"), given_tags, strict=True)]
    assert names(points, KeepPolicy(tags=tags)) == kept, reason


def test_days_begin_where_the_site_is():
    points = [Point("late", "shop", utc("2026-11-19 23:30")), Point("early", "shop", utc("2026-11-19 22:30"))]
    assert names(points, KeepPolicy(daily=5), OLD) == "late"
    assert names(points, KeepPolicy(daily=5), Semantics(False, "Europe/Berlin")) == "late early"


def test_within_counts_back_from_the_newest_point_that_is_not_of_the_future():
    future = Point("future", "shop", NOW + 30 * DAY)
    assert names([future, *daily("lll")], KeepPolicy(within=CalendarSpan(days=2))) == "future p0 p1"
    assert names([future], KeepPolicy(within=CalendarSpan(days=2))) == "future"


def test_a_week_is_the_week_of_its_year():
    points = [Point("this", "shop", utc("2026-03-04 00:00")), Point("last", "shop", utc("2025-03-05 00:00"))]
    assert names(points, KeepPolicy(weekly=2), OLD) == "this last"


def test_points_of_one_instant_keep_their_order():
    points = [Point(name, "shop", NOW - HOUR) for name in "cab"]
    assert names(points, KeepPolicy(last=2)) == "c a"


def test_nothing_is_kept_of_nothing():
    assert retain([], KeepPolicy(last=3, within=CalendarSpan(days=1)), NEW, NOW) == retain([], KeepPolicy(), NEW, NOW)


@pytest.mark.parametrize(
    ("version", "answer"),
    [("0.14.0", False), ("0.15.2", False), ("0.16.0", True), ("restic 0.18.1", True), ("v1.0.0", True)],
)
def test_the_oldest_point_is_kept_from_restic_0_16_on(version, answer):
    assert keeps_oldest(version) is answer


@pytest.mark.parametrize("version", ["", "new", "16"])
def test_a_version_that_is_none_is_refused(version):
    with pytest.raises(ValueError, match="not a version of restic"):
        keeps_oldest(version)


def test_a_policy_below_no_limit_is_refused_under_its_key():
    with pytest.raises(FieldError) as caught:
        KeepPolicy(weekly=-2)
    assert caught.value.key == "weekly"


def test_a_policy_is_said_in_words():
    policy = KeepPolicy(last=3, daily=UNLIMITED, within=CalendarSpan(days=2), within_monthly=CalendarSpan(years=1))
    assert str(policy) == "3 last, all daily, all within 2d, monthly within 1y"
    assert str(KeepPolicy(tags=(("a", "b"),))) == "tagged [a, b]"
    assert str(KeepPolicy()) == "nothing"


def test_a_site_file_reads_a_policy():
    adapter = TypeAdapter(KeepPolicy)
    policy = adapter.validate_python({"daily": 7, "within_daily": "1m", "tags": [["gold"]]})
    assert policy == KeepPolicy(daily=7, within_daily=CalendarSpan(months=1), tags=(("gold",),))
    with pytest.raises(ValidationError):
        adapter.validate_python({"dayly": 7})


counts = st.integers(UNLIMITED, 4)
spans = st.none() | st.builds(CalendarSpan, days=st.integers(0, 400), hours=st.integers(1, 30))
policies = st.builds(
    KeepPolicy,
    last=counts,
    hourly=counts,
    daily=counts,
    weekly=counts,
    monthly=counts,
    yearly=counts,
    within=spans,
    within_daily=spans,
    within_monthly=spans,
)
point_lists = st.lists(st.integers(1, 60 * 24 * 900), max_size=40, unique=True).map(
    lambda ages: [Point(str(age), "shop", NOW - timedelta(minutes=age)) for age in ages]
)
semantics = st.sampled_from([OLD, NEW, Semantics(False, "Australia/Lord_Howe")])


@given(point_lists, policies, semantics)
def test_every_point_is_kept_for_a_reason_or_unwanted_and_in_order(points, policy, how):
    found = retain(points, policy, how, NOW)
    both = [*(item.point for item in found.kept), *found.unwanted]
    assert sorted(both, key=lambda p: p.key) == sorted(points, key=lambda p: p.key)
    for part in ([item.point for item in found.kept], list(found.unwanted)):
        assert part == sorted(part, key=lambda p: p.taken_at, reverse=True)
    assert all(item.reasons for item in found.kept)


@given(point_lists, policies, semantics)
def test_the_newest_point_is_kept_by_every_policy_that_keeps_anything(points, policy, how):
    kept = retain(points, policy, how, NOW).kept
    if points and not policy.is_empty:
        assert kept[0].point == max(points, key=lambda p: p.taken_at)
    assert len(kept) >= min(len(points), policy.last)


@given(point_lists, policies, st.integers(1, 10_000))
def test_an_older_point_takes_nothing_from_the_newer_ones_but_the_place_of_the_oldest(points, policy, hours):
    oldest = min(points, key=lambda p: p.taken_at, default=None)
    if oldest is None or policy.is_empty:
        return
    more = [*points, Point("older", "shop", oldest.taken_at - hours * HOUR)]
    for how in (OLD, NEW):
        before = {item.point.key for item in retain(points, policy, how, NOW).kept}
        after = {item.point.key for item in retain(more, policy, how, NOW).kept}
        assert before - after <= ({oldest.key} if how.keeps_oldest else set())


@given(point_lists, policies, semantics)
def test_what_was_kept_once_is_kept_again(points, policy, how):
    kept = [item.point for item in retain(points, policy, how, NOW).kept]
    assert [item.point for item in retain(kept, policy, how, NOW).kept] == kept

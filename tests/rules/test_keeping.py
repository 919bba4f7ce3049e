"""What may really be removed: each thing that stays has its reason."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.field_error import FieldError
from models.rules.keeping import Safeguards, Shelf, removals
from models.rules.restore_points import GOOD, Point
from models.rules.retention import KeepPolicy, Semantics
from models.vocabulary import Outcome, PointState
from tests.rules.backup_points import DAY, HOUR, NOW, daily, keys

LAST_TWO = KeepPolicy(last=2)


def shelf(points, policy=LAST_TWO, last_run=Outcome.OK):
    return Shelf("shop", tuple(points), policy, last_run, Semantics())


@pytest.mark.parametrize(
    ("states", "safeguards", "removed", "reason"),
    [
        ("PPPPP", {}, "p2 p3 p4", "all that the policy does not want"),
        ("llPll", {}, "p3 p4", "the last proven point stays, and what is newer"),
        ("lllPl", {}, "p4", "what is not proven displaces nothing"),
        ("lllll", {}, "", "nothing is proven"),
        ("lllPl", {"behind_proof": False}, "p2 p4", "switched off: the last proven point stays all the same"),
        ("lllll", {"behind_proof": False}, "p2 p3 p4", "switched off, and nothing proven"),
        ("PPPPP", {"at_least": 4}, "p4", "the floor spares the newest of what the policy does not want"),
        ("PPPPP", {"at_least": 9}, "", "a floor above all that is there"),
        ("PbbPP", {"at_least": 3}, "p1 p2", "bad points do not hold the floor"),
        ("PbPPP", {}, "p1 p3 p4", "a bad point takes no place of the policy, and goes when a newer one is proven"),
        ("lbPPP", {}, "p3 p4", "a bad point that is newer than the last proof may be all there is"),
        ("Pblll", {"behind_proof": False}, "p1 p3 p4", "a bad point behind a proof"),
        ("lbbbb", {"behind_proof": False}, "", "bad points, and nothing newer is proven"),
        ("PPtPP", {}, "p3 p4", "what was never listed is not removed"),
        ("PPxPP", {}, "p3 p4", "an expired point is gone already"),
    ],
)
def test_only_what_is_not_needed_is_removed(states, safeguards, removed, reason):
    found = removals(shelf(daily(states)), Safeguards(**safeguards), NOW)
    assert keys(found.removed) == removed, reason
    assert found.refusal is None
    assert all(item.reason for item in found.spared)


@pytest.mark.parametrize(
    ("changes", "refusal", "reason"),
    [
        ({"last_run": Outcome.FAILED}, "the last run of the plan ended failed", "a failed run"),
        ({"last_run": Outcome.UNKNOWN}, "the last run of the plan ended unknown", "nobody knows"),
        ({"last_run": Outcome.PARTIAL}, "the last run of the plan ended partial", "half of it"),
        ({"last_run": None}, "has not ended yet", "no run at all"),
        ({"policy": KeepPolicy()}, "does not say what to keep", "an empty policy would remove everything"),
        ({"points": daily("PPPPP", NOW + DAY)}, "set the clock right first", "our clock is behind"),
    ],
)
def test_nothing_is_removed_when_the_plan_is_not_in_order(changes, refusal, reason):
    found = removals(dataclasses.replace(shelf(daily("PPPPP")), **changes), Safeguards(), NOW)
    assert found.refusal is not None
    assert refusal in found.refusal, reason
    assert found.removed == ()
    assert {item.reason for item in found.spared} <= {found.refusal}


def test_a_point_with_a_legal_hold_stays():
    points = [dataclasses.replace(p, legal_hold="case 7, by Ada") if p.key == "p3" else p for p in daily("PPPPP")]
    found = removals(shelf(points), Safeguards(), NOW)
    assert keys(found.removed) == "p2 p4"
    assert [(item.point.key, item.reason) for item in found.spared] == [("p3", "legal hold: case 7, by Ada")]


def test_points_of_another_plan_stay_and_hold_no_floor():
    others = [dataclasses.replace(point, key=f"other-{point.key}") for point in daily("PPPP", plan="wiki")]
    found = removals(shelf([*others, *daily("PPP")]), Safeguards(at_least=3), NOW)
    assert found.removed == ()
    assert {item.reason for item in found.spared if item.point.plan == "wiki"} == {"it belongs to the plan wiki"}
    assert "at least 3 good points must stay" in {item.reason for item in found.spared}
    without_floor = removals(shelf([*others, *daily("PPP")]), Safeguards(), NOW)
    assert keys(without_floor.removed) == "p2"


def test_a_point_that_was_taken_at_the_same_instant_is_not_behind_the_proof():
    twin = Point("twin", "shop", NOW - HOUR)
    assert removals(shelf([*daily("P"), twin], KeepPolicy(last=1)), Safeguards(), NOW).removed == ()


def test_another_plans_proof_proves_nothing_here():
    other = Point("other", "wiki", NOW - timedelta(minutes=5), PointState.PROVEN)
    assert removals(shelf([other, *daily("lllll")]), Safeguards(), NOW).removed == ()


@pytest.mark.parametrize(
    ("unwanted_for", "removed", "newly", "reason"),
    [
        (None, "", "p2", "its grace period begins"),
        (timedelta(hours=71), "", "", "it still waits"),
        (timedelta(hours=72), "p2", "", "its grace period is over"),
    ],
)
def test_a_point_is_removed_after_its_grace_period(unwanted_for, removed, newly, reason):
    since = None if unwanted_for is None else NOW - unwanted_for
    points = [dataclasses.replace(p, unwanted_since=since) if p.key == "p2" else p for p in daily("PPP")]
    found = removals(shelf(points), Safeguards(grace=3 * DAY), NOW)
    assert (keys(found.removed), keys(found.newly_unwanted)) == (removed, newly), reason
    assert found.wanted_again == ()


def test_a_point_that_is_wanted_again_begins_anew():
    points = [dataclasses.replace(point, unwanted_since=NOW - DAY) for point in daily("PPP")]
    found = removals(shelf(points), Safeguards(grace=3 * DAY), NOW)
    assert keys(found.wanted_again) == "p0 p1"
    assert [(item.point.key, item.reason) for item in found.spared] == [("p2", "its grace period lasts 2d more")]


def test_a_floor_below_one_is_refused():
    with pytest.raises(FieldError):
        Safeguards(at_least=0)


states = st.sampled_from(PointState)
shelves = st.lists(st.tuples(states, st.sampled_from(["shop", "shop", "wiki"]), st.booleans()), max_size=30).map(
    lambda rows: [
        Point(f"p{place}", plan, NOW - (place + 1) * HOUR, state, legal_hold="held" if held else None)
        for place, (state, plan, held) in enumerate(rows)
    ]
)


@given(
    shelves,
    st.builds(KeepPolicy, last=st.integers(0, 3), daily=st.integers(0, 3)),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from(Outcome),
)
def test_no_policy_goes_below_the_safeguards(points, policy, at_least, behind_proof, last_run):
    found = removals(shelf(points, policy, last_run), Safeguards(at_least=at_least, behind_proof=behind_proof), NOW)
    own_good = [p for p in points if p.plan == "shop" and p.state in GOOD]
    gone = set(found.removed)
    if gone:
        assert last_run is Outcome.OK
    assert len([p for p in own_good if p not in gone]) >= min(at_least, len(own_good))
    assert all(p.plan == "shop" and p.legal_hold is None and p.state is not PointState.EXPIRED for p in gone)
    proven = [p for p in own_good if p.state is PointState.PROVEN]
    assert not proven or max(proven, key=lambda p: p.taken_at) not in gone
    there = [p for p in points if p.state is not PointState.EXPIRED]
    told = [item.point for item in (*found.kept, *found.spared)] + list(found.removed)
    assert sorted(p.key for p in told) == sorted(p.key for p in there)

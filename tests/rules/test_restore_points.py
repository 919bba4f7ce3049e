"""When a plan is green, and the moves of a restore point."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import MoveRefused
from models.rules.moves import RESTORE_POINT, find_move
from models.rules.restore_points import Drill, PlanFacts, Targets, newest_of, plan_verdict, short_key
from models.vocabulary import Health, Outcome, PointState
from tests.rules.backup_points import DAY, HOUR, NOW, daily

MINUTE = timedelta(minutes=1)
TARGETS = Targets(rpo=26 * HOUR, drill_every=7 * DAY, rto=HOUR)


def drill(ago=HOUR, outcome=Outcome.OK, took=10 * MINUTE, reason=""):
    started = NOW - ago - took
    return Drill("p0", started - 2 * HOUR, started, took, outcome, reason)


OLD_PLAN = NOW - 100 * DAY
WELL = PlanFacts(OLD_PLAN, daily("Pll"), (drill(),), Outcome.OK)


@pytest.mark.parametrize(
    ("changes", "health", "text", "reason"),
    [
        ({}, "green", "the newest proven point is 1h old; the RPO is 1d 2h", "all is well"),
        ({"last_run": None}, "green", "proven", "the run's row may be gone; the proof is there"),
        ({"last_run": Outcome.SKIPPED}, "green", "proven", "a calendar said no"),
        ({"points": ()}, "red", "there is no restore point", "no data is never green"),
        ({"points": daily("t")}, "red", "there is no restore point", "taken and not listed is nothing"),
        ({"points": daily("lll"), "drills": ()}, "red", "no restore point is proven", "never proven"),
        ({"points": daily("lPl")}, "green", "1d 1h old", "the one before is young enough too"),
        ({"points": daily("llP")}, "amber", "what was taken since is not proven", "the promise holds, unproven"),
        ({"points": daily("P", NOW - 26 * HOUR)}, "red", "the newest good point is 1d 2h old", "as old as the RPO"),
        ({"points": daily("bP")}, "amber", "the newest point p0 is bad; the last good one is p1", "a bad newest"),
        ({"points": daily("bb")}, "red", "there is no good one", "only bad ones"),
        ({"drills": ()}, "red", "no drill has passed", "proven, but by no drill that is known"),
        ({"drills": (drill(8 * DAY),)}, "red", "the last drill passed 8d ago; one is due every 7d", "a late drill"),
        ({"drills": (drill(7 * DAY),)}, "green", "proven", "a drill just in its interval"),
        (
            {"drills": (drill(2 * DAY), drill(outcome=Outcome.FAILED, reason="3 files differ"))},
            "red",
            "the drill of p0 failed (the last proven point is p0): 3 files differ",
            "an older pass does not outweigh a failure",
        ),
        ({"drills": (drill(outcome=Outcome.FAILED), drill(MINUTE))}, "green", "proven", "passed since"),
        (
            {"drills": (drill(2 * DAY), drill(outcome=Outcome.TIMED_OUT, reason="the deadline passed"))},
            "amber",
            "the last drill gave no answer: timed out, the deadline passed",
            "not failed, not passed",
        ),
        ({"drills": (drill(took=61 * MINUTE),)}, "amber", "the last restore took 1h 1m; the RTO is 1h", "RTO missed"),
        ({"last_run": Outcome.FAILED}, "amber", "the last run ended failed", "the next may fail too"),
        ({"last_run": Outcome.MISSED}, "amber", "the last run ended missed", "nothing ran"),
        ({"warnings": ("3-2-1 not met",)}, "amber", "3-2-1 not met", "what others have against it"),
        (
            {"points": (*daily("P", NOW + DAY), *daily("llP"))},
            "amber",
            "dated 1d after now: a clock is wrong",
            "a point of the future stays young for ever: it is not counted",
        ),
        ({"points": daily("P", NOW + 4 * MINUTE)}, "green", "0s old", "clocks differ a little"),
        ({"points": daily("P", NOW + DAY)}, "red", "there is no restore point", "nothing but the future"),
        ({"points": (*daily("x", NOW + DAY), *daily("P"))}, "green", "proven", "that one is gone"),
        ({"points": (*daily("l"), *daily("P", NOW - 26 * HOUR))}, "amber", "not proven", "proven, as old as the RPO"),
        ({"drills": (drill(took=HOUR),)}, "green", "proven", "as long as the RTO"),
        ({"drills": (drill(-DAY),)}, "red", "no drill has passed", "a drill that is dated tomorrow"),
        ({"points": (), "drills": (), "known_since": NOW - HOUR}, "amber", "within 1d 1h", "new: the first is not due"),
        ({"drills": (), "points": daily("l"), "known_since": NOW - DAY}, "amber", "within 6d", "no drill is due yet"),
        ({"points": (), "known_since": NOW - 26 * HOUR}, "red", "there is no restore point", "new no more"),
    ],
)
def test_a_plan_is_green_only_with_a_proof_in_time(changes, health, text, reason):
    found = plan_verdict(TARGETS, dataclasses.replace(WELL, **changes), NOW)
    assert found.health.value == health, (reason, found.reasons)
    told = [item for item in found.reasons if item.health is found.health]
    assert any(text in item.text for item in told), (reason, found.reasons)
    assert found.reasons[0].health is found.health


def test_the_points_to_name_are_beside_the_verdict():
    found = plan_verdict(TARGETS, dataclasses.replace(WELL, points=daily("tlPP")), NOW)
    assert (found.newest.key, found.newest_proven.key) == ("p1", "p2")
    assert newest_of(daily("xb"), {PointState.LISTED}, NOW) is None


@given(
    st.text("tlrbx", max_size=6),
    st.lists(st.sampled_from(Outcome), max_size=3),
    st.sampled_from(Outcome) | st.none(),
    st.integers(0, 30),
)
def test_no_plan_without_a_proven_point_is_green(states, outcomes, last_run, age):
    drills = tuple(drill(place * HOUR, outcome) for place, outcome in enumerate(outcomes))
    facts = PlanFacts(NOW - age * DAY, daily(states), drills, last_run)
    assert plan_verdict(TARGETS, facts, NOW).health is not Health.GREEN


def test_a_drill_says_what_would_have_been_lost():
    assert drill().point_age == 2 * HOUR
    assert drill(ago=HOUR).ended == NOW - HOUR


@pytest.mark.parametrize(
    ("source", "action", "target"),
    [
        (PointState.TAKEN, "list", PointState.LISTED),
        (PointState.LISTED, "read-check", PointState.READ_CHECKED),
        (PointState.LISTED, "prove", PointState.PROVEN),
        (PointState.BAD, "prove", PointState.PROVEN),
        (PointState.PROVEN, "find bad", PointState.BAD),
        (PointState.PROVEN, "expire", PointState.EXPIRED),
    ],
)
def test_a_restore_point_moves_only_along_the_table(source, action, target):
    assert find_move("restore_point", source, action).target is target


@pytest.mark.parametrize(
    ("source", "action", "reason"),
    [
        (PointState.TAKEN, "prove", "nothing is proven before the repository lists it"),
        (PointState.TAKEN, "expire", "nobody knows whether it is there"),
        (PointState.BAD, "read-check", "only a restore makes a bad point good"),
        (PointState.BAD, "list", "only a restore makes a bad point good"),
        (PointState.EXPIRED, "prove", "it is gone"),
    ],
)
def test_a_move_that_no_table_lists_is_refused(source, action, reason):
    with pytest.raises(MoveRefused):
        find_move("restore_point", source, action)


def test_a_point_is_proven_only_by_proving():
    actions = {move.action for move in RESTORE_POINT if move.target is PointState.PROVEN}
    assert actions == {"prove", "prove again"}


@pytest.mark.parametrize(
    ("key", "shown", "reason"),
    [
        ("3ef431220a" * 6, "3ef43122", "restic's, as restic itself shows it"),
        ("payroll/20261122T050246Z-RUN000008", "20261122T050246Z-RUN000008", "an archive's, without the plan's folder"),
    ],
)
def test_a_point_is_shown_by_what_a_person_can_type(key: str, shown: str, reason: str) -> None:
    assert short_key(key) == shown, reason

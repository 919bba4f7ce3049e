"""Rounds of probes in the daily operations log: beside the figures of the jobs, and in sight when they fail."""

from datetime import timedelta

import pytest

from models.database import Database
from models.queries.daily_operations.content import Mood, Reconciliation
from models.settings import CHECKOUT
from models.site.probe_jobs import FLOW
from models.vocabulary import HostFault, Outcome, SlotState
from tasks.tools.rendering import render_report
from tests.records.night import Night, at, eventful

ROUND = "probes-ops-1h"
HOURS = 20


def add_rounds(night: Night, *, last_is_missed: bool = False) -> None:
    """Rounds of which one is late, one took two attempts, one failed and two were missed."""
    with night.at_once():
        night.job(ROUND, flow=FLOW, title="Read the probes of ops, every 1h", owner="ops", minutes_saved=5)
        for hour in range(HOURS):
            due = at(7 + hour)
            if hour == 3:
                bad = night.ran(ROUND, due, Outcome.FAILED)
                night.step(bad, "web1", Outcome.FAILED, fault=HostFault.UNREACHABLE, message="no route to web1")
            elif hour in (5, 6) or (last_is_missed and hour == HOURS - 1):
                night.slot(ROUND, due, SlotState.MISSED, reason="the planner was away")
            else:
                late, attempt = timedelta(minutes=20 if hour == 4 else 0), 2 if hour == 7 else 1
                night.ran(ROUND, due, late=late, attempt=attempt)
        night.ran(ROUND, at(5.9), Outcome.FAILED, took=timedelta(hours=1))
        night.run(ROUND, at(8), Outcome.OK)
        night.slot(ROUND, at(31), SlotState.EXPECTED)


@pytest.fixture
def quiet(sqlite: Database) -> Night:
    """A site whose parts live, and that has done nothing yet."""
    night = Night(sqlite)
    with night.at_once():
        night.site()
        night.alive()
    return night


def test_rounds_are_in_a_figure_of_their_own_and_in_no_other(sqlite: Database) -> None:
    night = eventful(sqlite)
    before = night.log()
    add_rounds(night)
    log = night.log()
    same = ("counts", "reconciliation", "took_all", "took", "late", "strip", "right_jobs", "saved", "ahead")
    assert [name for name in same if getattr(log, name) != getattr(before, name)] == []
    assert before.rounds == Reconciliation(0, 0, 0, 0, 0, 0, 0)
    assert log.rounds == Reconciliation(HOURS, HOURS - 3, 0, 1, 2, 0, 0)
    assert log.rounds.adds_up


def test_rounds_that_fail_or_are_missed_stay_in_sight(quiet: Night) -> None:
    add_rounds(quiet)
    log = quiet.log()
    told = [(line.job, line.word, len(line.runs), line.carried, line.is_open) for line in log.trouble]
    assert told == [(ROUND, "failed", 2, 1, False), (ROUND, "ok after retry", 1, 0, False)]
    assert [(line.job, len(line.slots), line.made_good_by is None) for line in log.not_run] == [(ROUND, 2, False)]
    assert [(line.host, line.last_message) for line in log.hosts] == [("web1", "no route to web1")]
    assert (log.verdict.mood, log.verdict.headline) == (Mood.WELL, "No run was expected but 20 rounds of probes.")


def test_a_round_that_is_not_made_good_needs_somebody(quiet: Night) -> None:
    add_rounds(quiet, last_is_missed=True)
    assert quiet.log().verdict.needs == (f"{ROUND}: missed 3 times; no good run since.",)


def test_the_report_says_them_in_one_line(quiet: Night) -> None:
    with quiet.at_once():
        quiet.job("probes-ops-1m", flow=FLOW)
        for minute in range(1, 1_201):
            missed = {"reason": "the planner was away"} if minute % 600 == 0 else {}
            state = SlotState.MISSED if missed else SlotState.DONE
            quiet.slot("probes-ops-1m", at(6) + timedelta(minutes=minute), state, **missed)
    made = render_report("daily-operations", quiet.log(), CHECKOUT / "templates")
    line = "Probe rounds: 1,200 expected, 1,198 done, 2 MISSED; they are in no other figure."
    assert line in " ".join(made["txt"].decode().split())
    assert "Probe rounds: 1,200 expected, <span>1,198 done</span>, " in made["html"].decode()
    assert '<span class="bad">2 missed</span>' in made["html"].decode()

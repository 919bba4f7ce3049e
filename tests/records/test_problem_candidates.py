"""What recurs is a candidate once, with its evidence; a person makes it a problem or dismisses it for a time."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, NotFound, Refused
from models.queries import incidents, journal, problem_analysis, problem_candidates, problems, register
from models.queries.problem_candidates import Decision
from models.queries.states import Because
from models.records import Incident, ProblemCandidate, Run
from models.rules.incidents import NewIncident, Solution
from models.rules.lifecycle import Role
from models.vocabulary import (
    CandidateState,
    Outcome,
    ProblemOrigin,
    ProblemState,
    ResolutionCode,
    RunState,
    Severity,
    Trigger,
)
from tests.records.events_lab import Lab, event
from tests.records.problem_lab import ADA, CLOCK, DAY, HOUR, NOW, brought_to
from tests.site.folders import write_site
from tests.sites import entries_of

DETECTION = "detection: {owner: web-team, within: 1d, history: 14d, forget_after: 30d}\n"
JOBS = """
jobs:
  export: {title: Export, owner: web-team, service: shop, runbook: call, on: local, command: [echo, hi]}
"""
DECIDER = Because("dora", "it comes back", roles=frozenset({Role.PROBLEM_MANAGER}))
TITLE = "Payroll export to bank{} failed"


@pytest.fixture(autouse=True)
def site(database: Database, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site", {"problems.yaml": DETECTION, "jobs.yaml": JOBS})
    with database.write() as session:
        register.apply(session, entries_of(folder), "test", NOW - 60 * DAY)


def opened(session: Session, count: int, now: datetime = NOW, title: str = TITLE, **more: object) -> list[Incident]:
    """So many incidents, one an hour before `now`."""
    place = {"service": "shop", "host": "web2", **more}
    new = [NewIncident(title.format(n), **place) for n in range(count)]  # type: ignore[arg-type]
    return [incidents.open_incident(session, one, CLOCK, now - (count - n) * HOUR) for n, one in enumerate(new)]


def searched(session: Session, now: datetime = NOW) -> list[str]:
    return problem_candidates.keep(session, problem_candidates.search(session, now), now)


def only(session: Session) -> ProblemCandidate:
    (row,) = problem_candidates.listed(session, list(CandidateState))
    return row


def test_five_alike_are_a_candidate_with_its_evidence_and_its_row_in_the_journal(database: Database) -> None:
    with database.write() as session:
        opened(session, 1, NOW - 10 * DAY, title="Printer without paper")
        five = opened(session, 5)
        assert searched(session) == [
            "CAN000001: payroll export to <name> failed (web2, shop): "
            "5 in 1d, of 0.1 expected: by chance once in a million times or less"
        ]
    with database.read() as session:
        row = only(session)
        assert (row.state, row.times, row.found_at, row.last_seen_at) == (CandidateState.OPEN, 5, NOW, NOW - HOUR)
        assert row.pattern == {"text": "export failed payroll to", "service": "shop", "host": "web2", "category": None}
        assert row.evidence["words"] == ["export", "failed", "payroll", "to"]
        assert (row.evidence["example"], row.evidence["before"]) == ("Payroll export to bank0 failed", 0)
        assert problem_candidates.incident_ids_of(session, row.id) == [one.id for one in five]
        (fact,) = journal.rows_about(session, "candidate/1")
        assert (fact.tag, fact.target, fact.actor) == ("problems:candidate:find", "open", "find-problems")


def test_what_is_open_is_not_found_again_and_gets_what_is_new(database: Database) -> None:
    with database.write() as session:
        opened(session, 5)
        searched(session)
        assert searched(session) == []
        opened(session, 1, NOW + HOUR)
        (line,) = searched(session, NOW + 2 * HOUR)
        assert line.startswith("CAN000001: 1 more: 6 in 1d")
        row = only(session)
        assert (row.times, len(problem_candidates.troubles_of(session, row.id))) == (6, 6)
    with database.read() as session:
        tags = [fact.tag for fact in journal.rows_about(session, "candidate/1")]
        assert tags == ["problems:candidate:find", "problems:candidate:join"]


def test_two_searches_at_once_make_one_candidate(database: Database) -> None:
    with database.write() as session:
        opened(session, 5)
        first, second = (problem_candidates.search(session, NOW) for _ in range(2))
        assert len(problem_candidates.keep(session, first, NOW)) == 1
        assert problem_candidates.keep(session, second, NOW) == []


def test_accepting_makes_a_proactive_problem_with_the_incidents(database: Database) -> None:
    with database.write() as session:
        five = opened(session, 5)
        searched(session)
        problem = problem_candidates.accept(session, only(session), Decision(), DECIDER, NOW)
        assert (problem.origin, problem.service, problem.host) == (ProblemOrigin.PROACTIVE, "shop", "web2")
        assert (problem.title, problem.team) == ("payroll export to <name> failed (web2, shop)", "web-team")
        assert problems.incidents_of(session, problem.id) == five
        symptom, impact = problem_analysis.analysis_of(session, problem.id)
        assert symptom.text == "Payroll export to bank0 failed"
        assert impact.text.endswith("; 5 incidents, 15 h lost")
        row = only(session)
        assert (row.state, row.problem_id, row.decided_by) == (CandidateState.ACCEPTED, problem.id, "dora")
        with pytest.raises(MoveRefused, match="CAN000001 was accepted by dora: see `watchbill problem show PRB000006`"):
            problem_candidates.dismiss(session, row, DECIDER, NOW)


@pytest.mark.parametrize(
    ("state", "is_found"),
    [(ProblemState.UNDER_INVESTIGATION, False), (ProblemState.WATCHING, False), (ProblemState.CLOSED, True)],
)
def test_nothing_is_asked_again_while_the_problem_is_not_over(
    database: Database, state: ProblemState, is_found: bool
) -> None:
    with database.write() as session:
        opened(session, 5)
        searched(session)
        problem = problem_candidates.accept(session, only(session), Decision("Exports", "web-team"), DECIDER, NOW)
        brought_to(session, problem, state)
        opened(session, 6, NOW + 2 * DAY)
        assert bool(searched(session, NOW + 2 * DAY)) is is_found


def test_a_problem_that_somebody_opened_for_the_incidents_needs_no_candidate(database: Database) -> None:
    with database.write() as session:
        five = opened(session, 5)
        problems.open_problem(session, problem_of(five), ADA, NOW)
        assert searched(session) == []


def problem_of(causing: list[Incident]) -> problems.NewProblem:
    return problems.NewProblem("the export", incidents=tuple(one.id for one in causing))


def test_a_problem_that_somebody_opened_by_hand_since_is_not_opened_twice(database: Database) -> None:
    with database.write() as session:
        five = opened(session, 5)
        searched(session)
        problem = problems.open_problem(session, problem_of(five), ADA, NOW)
        words = f"{problem.number} has all the incidents of CAN000001 already: `watchbill problem dismiss CAN000001"
        with pytest.raises(Refused, match=words):
            problem_candidates.accept(session, only(session), Decision(), DECIDER, NOW)


@pytest.mark.parametrize(
    ("after", "count", "is_found"),
    [
        pytest.param(3 * DAY, 6, False, id="remembered"),
        pytest.param(3 * DAY, 10, True, id="twice as many: clearly worse"),
        pytest.param(31 * DAY, 5, True, id="forgotten"),
    ],
)
def test_a_dismissal_is_remembered_until_it_is_forgotten_or_it_is_clearly_worse(
    database: Database, after: timedelta, count: int, is_found: bool
) -> None:
    with database.write() as session:
        opened(session, 5)
        searched(session)
        problem_candidates.dismiss(session, only(session), replace(DECIDER, reason="the bank moves"), NOW)
        row = only(session)
        assert (row.state, row.reason, row.forget_after) == (CandidateState.DISMISSED, "the bank moves", NOW + 30 * DAY)
        opened(session, count, NOW + after)
        lines = searched(session, NOW + after)
        assert bool(lines) is is_found
        if count == 10:
            assert lines[0].endswith("CAN000001 was dismissed when it was 5: now it is clearly worse")
            assert searched(session, NOW + after) == [], "it is asked once"


def test_a_dismissal_says_why(database: Database) -> None:
    with database.write() as session:
        opened(session, 5)
        searched(session)
        with pytest.raises(Refused, match="the reason is empty"):
            problem_candidates.dismiss(session, only(session), replace(DECIDER, reason=" "), NOW)
        caller = replace(DECIDER, roles=frozenset({Role.CALLER}))
        with pytest.raises(MoveRefused, match="takes the role of"):
            problem_candidates.dismiss(session, only(session), caller, NOW)


def test_drills_duplicates_and_cancelled_ones_are_no_trouble(database: Database) -> None:
    with database.write() as session:
        opened(session, 5, is_drill=True)
        first, second, *_ = opened(session, 5)
        incidents.merge(session, second, first, CLOCK, NOW)
        assert searched(session) == []
        opened(session, 1)
        incidents.cancel(session, first, replace(CLOCK, reason="none"), NOW)
        assert searched(session) == []


def test_alerts_that_are_no_incidents_recur_too(database: Database) -> None:
    lab = Lab(database).registered()
    for n in range(5):
        lab.told(n * 3_600, event("+QueueLong host=web2 service=shop", Severity.WARNING))
        lab.told(n * 3_600 + 60, event("-QueueLong host=web2 service=shop", Severity.WARNING))
    with database.write() as session:
        (line,) = searched(session, lab.now(5 * 3_600))
        assert line.startswith("CAN000001: queuelong on <name> (web2, shop): 5 in 1d")
        subjects = [one.subject for one in problem_candidates.troubles_of(session, 1)]
        assert subjects == [f"alert/1/{episode}" for episode in range(1, 6)]


def failed(session: Session, count: int, trigger: Trigger = Trigger.SCHEDULE) -> None:
    for n in range(count):
        at = NOW - (count - n) * HOUR
        run = Run(job="export", trigger=trigger, plan={}, requested_by="planner", queued_at=at)
        run.state, run.outcome, run.started_at, run.ended_at = RunState.ENDED, Outcome.FAILED, at, at + HOUR / 2
        session.add(run)
    session.flush()


def test_runs_that_fail_recur_together_with_the_incidents_of_their_job(database: Database) -> None:
    with database.write() as session:
        failed(session, 3)
        opened(session, 2, title="job export of shop", host=None)
        (line,) = searched(session)
        assert line.startswith("CAN000001: job export of shop (shop): 5 in 1d")
        assert {one.subject.partition("/")[0] for one in problem_candidates.troubles_of(session, 1)} == {
            "run",
            "incident",
        }


def test_runs_that_people_start_are_their_own_trouble(database: Database) -> None:
    with database.write() as session:
        failed(session, 6, Trigger.MANUAL)
        assert searched(session) == []


def test_nothing_ever_happened(database: Database) -> None:
    with database.write() as session:
        assert searched(session) == []
        assert session.scalar(select(func.count()).select_from(ProblemCandidate)) == 0


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        ("CAN7", NotFound, "there is no problem candidate CAN000007; there is none yet"),
        ("INC7", ValueError, "CAN000012"),
    ],
)
def test_a_number_that_is_none_is_said(database: Database, number: str, error: type[Exception], words: str) -> None:
    with database.read() as session, pytest.raises(error, match=words):
        problem_candidates.get(session, number)


def test_solved_incidents_count_with_what_they_lost(database: Database) -> None:
    with database.write() as session:
        for one in opened(session, 5):
            incidents.resolve(session, one, Solution(ResolutionCode.FIXED, "again"), CLOCK, one.opened_at + HOUR)
        searched(session)
        problem = problem_candidates.accept(session, only(session), Decision(), DECIDER, NOW)
        assert problem_analysis.analysis_of(session, problem.id)[1].text.endswith("; 5 incidents, 5.0 h lost")

"""Incidents that become problems by the rules of problems.yaml: once each, never two for one matter."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import incident_major, incidents, problem_analysis, problem_escalation, problem_opening, problems
from models.queries.incident_major import Roles
from models.queries.states import Because
from models.records import Incident, KnownError, KnownErrorUse, OutboxRow, Problem
from models.rules.incident_rules import IncidentRules
from models.rules.incidents import Reopening, Solution
from models.vocabulary import AnalysisKind, ProblemOrigin, ProblemState, ResolutionCode
from tests.records.incident_site import MINUTE, apply, messages
from tests.records.problem_lab import ADA, CLOCK, DAY, HOUR, NOW, incident, problem

RULES = """
escalate:
  - {on: major}
  - {on: reopened, times: 2, team: data-team}
  - {on: workaround, services: [shop]}
  - {on: known error, times: 2}
"""
WORKAROUND = Solution(ResolutionCode.WORKAROUND, "restarted it")
FIXED = Solution(ResolutionCode.FIXED, "mended it")
OFTEN = IncidentRules(reopening=Reopening(9, 9 * DAY))


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Database:
    apply(database, tmp_path / "site", more={"problems.yaml": RULES})
    return database


def ordered(session: Session) -> list[int]:
    """The incidents whose escalation is ordered."""
    query = select(OutboxRow).where(OutboxRow.deployment == problem_escalation.DEPLOYMENT).order_by(OutboxRow.id)
    return [row.parameters["order"]["incident"] for row in session.scalars(query)]


def carried_out(session: Session, *keys: int) -> list[Problem]:
    """What the flow does for each of these incidents."""
    found = []
    for key in keys:
        one = session.get_one(Incident, key)
        found.append(problem_opening.escalate(session, one, problem_opening.evidence_of(session, one, NOW), NOW))
    return [one for one in found if one is not None]


def number_of_problems(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Problem)) or 0


def test_a_workaround_opens_a_problem_with_what_the_incident_says(site: Database) -> None:
    with site.write() as session:
        one = incident(session, description="HTTP 502", category=None, host="web1", team="web-team")
        before = incident(session, NOW - 9 * DAY, host="web1")
        incidents.resolve(session, before, FIXED, CLOCK, NOW - 9 * DAY + 6 * HOUR)
        assert ordered(session) == []
        incidents.resolve(session, one, WORKAROUND, CLOCK, NOW)
        assert ordered(session) == [one.id]
        (made,) = carried_out(session, one.id)
        assert (made.origin, made.state, made.title, made.team) == (
            *(ProblemOrigin.REACTIVE, ProblemState.NEW, one.title, "web-team"),
        )
        assert [each.id for each in problems.incidents_of(session, made.id)] == [one.id]
        symptom, impact = problem_analysis.analysis_of(session, made.id)
        assert (symptom.kind, impact.kind) == (AnalysisKind.SYMPTOM, AnalysisKind.IMPACT)
        assert symptom.text == "the shop is down\n\nHTTP 502\n\nWhat helped: restarted it"
        assert impact.text == "2 incidents like it in 90 days (shop web1), 6.0 hours in all"
    assert ("problem-opened", "web@example.org", "HTTP 502") in messages(site)


def test_an_order_that_is_carried_out_twice_opens_one_problem(site: Database) -> None:
    with site.write() as session:
        one = incident(session)
        incidents.resolve(session, one, WORKAROUND, CLOCK, NOW)
        (made,) = carried_out(session, one.id, one.id)
        problems.unlink_incidents(session, made, [one], ADA, NOW)
        assert carried_out(session, one.id) == [], "a person said that it does not belong to it"
        incidents.reopen(session, one, CLOCK, NOW)
        incidents.resolve(session, one, WORKAROUND, CLOCK, NOW)
        assert ordered(session) == [one.id]


def test_what_was_undone_meanwhile_opens_nothing(site: Database) -> None:
    with site.write() as session:
        one = incident(session)
        incidents.resolve(session, one, WORKAROUND, CLOCK, NOW)
        incidents.reopen(session, one, CLOCK, NOW)
        assert carried_out(session, one.id) == []
        incidents.resolve(session, one, WORKAROUND, CLOCK, NOW + HOUR)
        assert ordered(session) == [one.id, one.id], "it is asked for anew"
        assert len(carried_out(session, one.id)) == 1


def test_a_second_incident_of_the_same_matter_joins_the_open_problem(site: Database) -> None:
    with site.write() as session:
        first, second, other = incident(session, host="web1"), incident(session, host="web1"), incident(session)
        for one in (first, second, other):
            incidents.resolve(session, one, WORKAROUND, CLOCK, NOW)
        made = carried_out(session, first.id, second.id, other.id)
        assert made[0] is made[1]
        assert made[2] is not made[0], "a service alone is no matter"
        assert [one.id for one in problems.incidents_of(session, made[0].id)] == [first.id, second.id]
        assert number_of_problems(session) == 2


def test_an_incident_that_belongs_to_a_problem_becomes_no_other(site: Database) -> None:
    with site.write() as session:
        one = incident(session)
        problem(session, one)
        incidents.resolve(session, one, WORKAROUND, CLOCK, NOW)
        assert ordered(session) == []
        assert carried_out(session, one.id) == []


def test_the_rule_says_which_team_gets_it_and_how_often_is_too_often(site: Database) -> None:
    with site.write() as session:
        one = incident(session)
        for times in (1, 2):
            incidents.resolve(session, one, FIXED, CLOCK, NOW, OFTEN)
            incidents.reopen(session, one, CLOCK, NOW, OFTEN)
            assert ordered(session) == ([] if times == 1 else [one.id])
        (made,) = carried_out(session, one.id)
        assert made.team == "data-team"


def test_an_order_whose_flow_run_died_is_given_again_until_it_is_carried_out(site: Database) -> None:
    with site.write() as session:
        one = incident(session)
        incidents.resolve(session, one, WORKAROUND, CLOCK, NOW)
        for minutes, times in ((1, 1), (15, 2), (16, 2), (44, 2), (45, 3)):
            problems.look(session, NOW + minutes * MINUTE)
            assert ordered(session) == [one.id] * times, minutes
        carried_out(session, one.id)
        problems.look(session, NOW + DAY)
        assert ordered(session) == [one.id] * 3


def test_a_declared_major_incident_becomes_one(site: Database) -> None:
    with site.write() as session:
        one = incident(session)
        incident_major.propose(session, one, Because("ada", "no shop"), NOW)
        assert ordered(session) == []
        incident_major.accept(session, one, Roles(), Because("eva", "indeed"), NOW)
        assert ordered(session) == [one.id]


SPARED = [
    ({"is_drill": True}, WORKAROUND, "a drill"),
    ({"service": "files"}, WORKAROUND, "the rule is for the shop"),
    ({}, FIXED, "no workaround"),
]


def test_others_become_none(site: Database) -> None:
    with site.write() as session:
        for more, solution, reason in SPARED:
            incidents.resolve(session, incident(session, **more), solution, CLOCK, NOW)
            assert ordered(session) == [], reason


def test_without_problems_yaml_nothing_becomes_a_problem_by_itself(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")
    with database.write() as session:
        incidents.resolve(session, incident(session), WORKAROUND, CLOCK, NOW)
        assert ordered(session) == []


def known_error(session: Session, of: Problem | None = None) -> KnownError:
    row = KnownError(title="x", symptom="x", recognise={}, problem_id=of.id if of else None)
    row.created_at, row.created_by = NOW, "ada"
    session.add(row)
    session.flush()
    return row


def used(session: Session, one: Incident, known: KnownError) -> None:
    row = KnownErrorUse(incident_id=one.id, known_error_id=known.id, why="words", score=3, used_at=NOW, used_by="ada")
    session.add(row)
    session.flush()
    problem_escalation.consider(session, one, NOW)


def test_the_second_incident_of_one_known_error_becomes_a_problem(site: Database) -> None:
    with site.write() as session:
        known, first, second, none = known_error(session), incident(session), incident(session), incident(session)
        used(session, none, known)
        incidents.cancel(session, none, Because("ada", "it was none"), NOW)
        used(session, first, known)
        assert ordered(session) == []
        used(session, second, known)
        assert ordered(session) == [second.id]
        (made,) = carried_out(session, second.id)
        assert [one.id for one in problems.incidents_of(session, made.id)] == [second.id]


def test_an_incident_of_a_known_error_belongs_to_its_problem_without_any_rule(
    database: Database, tmp_path: Path
) -> None:
    apply(database, tmp_path / "site")
    with database.write() as session:
        cause = problem(session)
        one = incident(session)
        used(session, one, known_error(session, cause))
        assert ordered(session) == [one.id]
        assert carried_out(session, one.id) == [cause]
        assert [each.id for each in problems.incidents_of(session, cause.id)] == [one.id]

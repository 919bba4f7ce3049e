"""What incidents have cost: hours from opening to solution, and money where a service says what an hour costs."""

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import NotFound, Refused
from models.queries import incidents, problem_analysis, problem_hours
from models.queries.states import Because
from models.records import Incident, Problem
from models.rules.incidents import Solution
from models.rules.problems import Finding, NewTask
from models.vocabulary import AnalysisKind, ResolutionCode
from tests.records.incident_site import apply
from tests.records.problem_lab import ADA, CLOCK, DAY, HOUR, NOW, incident, problem

FIXED = Solution(ResolutionCode.FIXED, "mended it")
SERVICES = """
services:
  shop: {title: Shop, owner: web-team, hourly_cost: {amount: 99.99, currency: EUR}}
  mail: {title: Mail, owner: web-team, hourly_cost: {amount: 10, currency: USD}}
  files: {title: Files, owner: data-team}
"""


def lasted(session: Session, hours: float, **more: object) -> Incident:
    one = incident(session, **more)
    incidents.resolve(session, one, FIXED, CLOCK, NOW + hours * HOUR)
    return one


def test_an_incident_counts_from_its_opening_to_its_solution_and_an_open_one_until_now(database: Database) -> None:
    with database.write() as session:
        known = [lasted(session, 1.5), lasted(session, 0.25), incident(session)]
        incidents.close(session, known[0], CLOCK, NOW + DAY)
        keys = [one.id for one in known]
        assert problem_hours.hours_lost(session, keys, NOW + 2 * HOUR) == pytest.approx(1.5 + 0.25 + 2)
        assert problem_hours.hours_lost(session, [*keys, *keys], NOW) == pytest.approx(1.75), "each once"
        assert problem_hours.hours_lost(session, [], NOW) == 0


def test_what_was_none_costs_nothing(database: Database) -> None:
    with database.write() as session:
        original, duplicate, none = incident(session), incident(session), incident(session)
        incidents.merge(session, duplicate, original, ADA, NOW + HOUR)
        incidents.cancel(session, none, ADA, NOW + HOUR)
        drill = lasted(session, 5, is_drill=True)
        keys = [one.id for one in (duplicate, none, drill)]
        assert problem_hours.hours_lost(session, keys, NOW + 9 * HOUR) == 0


def test_an_hour_costs_what_its_service_says(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site", more={"services.yaml": SERVICES})
    with database.write() as session:
        known = [
            *(lasted(session, 1.5), lasted(session, 0.5), lasted(session, 3, service="mail")),
            *(lasted(session, 2, service="files"), lasted(session, 1, service=None)),
        ]
        lost = problem_hours.lost_by(session, [one.id for one in known], NOW)
        assert lost.hours == pytest.approx(8)
        assert lost.cost == {"EUR": Decimal("199.98"), "USD": Decimal("30.00")}
        assert lost.hours_without_cost == pytest.approx(3)


def test_more_incidents_than_one_query_takes_are_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_hours, "MOST_AT_ONCE", 2)
    with database.write() as session:
        keys = [lasted(session, 1).id for _ in range(5)]
        assert problem_hours.hours_lost(session, keys, NOW) == pytest.approx(5)


def noted(session: Session, one: Problem, kind: AnalysisKind, below: int | None = None) -> int:
    finding = Finding(kind, f"a {kind.value}", below)
    return problem_analysis.analyse(session, one, finding, ADA, NOW).id


def test_whys_are_numbered_and_causes_make_a_tree_within_their_problem(database: Database) -> None:
    with database.write() as session:
        one, other = problem(session), problem(session)
        for _ in range(3):
            noted(session, one, AnalysisKind.WHY)
        noted(session, other, AnalysisKind.WHY)
        whys = [note.number for note in problem_analysis.analysis_of(session, one.id)]
        assert whys == [1, 2, 3]
        root = noted(session, one, AnalysisKind.CAUSE)
        noted(session, one, AnalysisKind.CAUSE, root)
        foreign, symptom = noted(session, other, AnalysisKind.CAUSE), noted(session, one, AnalysisKind.SYMPTOM)
        for above in (foreign, symptom, 999):
            with pytest.raises(Refused, match=f"has no cause {above} to stand below; its causes: {root}, {root + 1}"):
                noted(session, one, AnalysisKind.CAUSE, above)
        with pytest.raises(Refused, match="only causes stand below others: a symptom stands for itself"):
            noted(session, one, AnalysisKind.SYMPTOM, root)


def test_a_task_is_done_once_and_what_is_due_first_comes_first(database: Database) -> None:
    with database.write() as session:
        one, other = problem(session), problem(session)
        some_day = problem_analysis.add_task(session, one, NewTask("some day"), ADA, NOW)
        later = problem_analysis.add_task(session, one, NewTask("later", "ada", NOW + DAY), ADA, NOW)
        soon = problem_analysis.add_task(session, one, NewTask("soon", None, NOW + HOUR), ADA, NOW)
        with pytest.raises(NotFound, match=f"{other.number} has no task {soon.id}; its tasks: it has none"):
            problem_analysis.finish_task(session, other, soon.id, ADA, NOW)
        problem_analysis.finish_task(session, one, soon.id, Because("bela"), NOW)
        with pytest.raises(Refused, match=f"task {soon.id} of {one.number} was done by bela already"):
            problem_analysis.finish_task(session, one, soon.id, ADA, NOW)
        assert problem_analysis.tasks_of(session, one.id) == [later, some_day, soon]

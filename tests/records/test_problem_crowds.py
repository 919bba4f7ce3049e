"""A problem of very many incidents, and people who move problems at the same moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from desk.services.problem_opening import open_new
from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import incidents, journal, problem_escalation, problem_opening, problem_recurrence, problems
from models.queries.states import Because
from models.records import EscalationOrder, Incident, Problem
from models.rules.incidents import Solution
from models.rules.problems import NewProblem
from models.vocabulary import IncidentState, LinkVerb, ProblemOutcome, ProblemState, ResolutionCode
from tests.records.incident_site import apply
from tests.records.problem_lab import ADA, CLOCK, DAY, HOUR, NOW, brought_to, incident, problem
from tests.records.test_problem_watch import SAME


@contextmanager
def questions(session: Session) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    engine, asked = session.connection().engine, list[str]()

    def keep(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", keep)


def linked(session: Session, one: Problem, found: list[Incident]) -> None:
    problems.link_incidents(session, one, found, ADA, NOW)


def told_again(session: Session, one: Problem, _found: list[Incident]) -> None:
    assert not problems.publish_workaround(session, one, "restart it", ADA, NOW).incidents


def merged(session: Session, one: Problem, _found: list[Incident]) -> None:
    problems.merge(session, one, problem(session), ADA, NOW)


def watched(session: Session, one: Problem, _found: list[Incident]) -> None:
    problem_recurrence.check(session, brought_to(session, one, ProblemState.WATCHING), NOW + HOUR)


ACTS = {"link": (linked, 0), "publish again": (told_again, 1), "merge": (merged, 1), "watch": (watched, 1)}


@pytest.mark.parametrize(("act", "belong"), ACTS.values(), ids=ACTS)
def test_no_more_is_asked_of_the_database_for_many_incidents_than_for_few(
    sqlite: Database, act: Callable[[Session, Problem, list[Incident]], None], belong: int
) -> None:
    numbers = []
    for many in (3, 60):
        with sqlite.write() as session:
            found = [incident(session, NOW - DAY, **SAME) for _ in range(many)]
            one = problem(session, *found[: belong * many])
            if act is told_again:
                problems.publish_workaround(session, one, "restart it", ADA, NOW)
            session.flush()
            with questions(session) as asked:
                act(session, one, found)
            numbers.append(len(asked))
    assert numbers[1] <= numbers[0]


def test_an_incident_that_cannot_be_resolved_is_told_left_whole_and_stops_no_other(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite.write() as session:
        parent, child, other = incident(session), incident(session), incident(session)
        incidents.link(session, parent, LinkVerb.PARENT_OF, f"incident/{child.id}", CLOCK, NOW)
        one = brought_to(session, problem(session, parent, other), ProblemState.ROOT_CAUSE_KNOWN)
        advance = incidents.incident_major.moved

        def refuse(session: Session, found: Incident, *more: object) -> None:
            if found.id == child.id:
                raise MoveRefused("somebody else was first")
            advance(session, found, *more)

        monkeypatch.setattr(incidents.incident_major, "moved", refuse)
        reached = problems.publish_fix(session, one, "patched", ADA, NOW)
        assert [each.id for each in reached.incidents] == [other.id]
        assert reached.refused == {parent.number: "somebody else was first"}
        states = [each.state for each in (parent, child, other)]
        assert states == [IncidentState.NEW, IncidentState.NEW, IncidentState.RESOLVED]
        assert one.state is ProblemState.WATCHING
        journal.write_queued(session)
        assert [row.tag for row in journal.rows_about(session, f"incident/{child.id}")][-1].endswith(":link")


def at_once(database: Database, first: Callable[[Session], object], second: Callable[[Session], object]) -> object:
    """Two acts, the second begun before the first is committed; what the second gave or raised."""
    gave: list[object] = []

    def act() -> None:
        try:
            with database.write() as session:
                gave.append(second(session))
        except (MoveRefused, Refused) as error:
            gave.append(error)

    other = Thread(target=act)
    with database.write() as session:
        first(session)
        session.flush()
        other.start()
        other.join(0.2)
    other.join(20)
    (answer,) = gave
    return answer


def test_two_problems_that_are_merged_each_into_the_other_at_once_leave_one(database: Database) -> None:
    with database.write() as session:
        one, two = problem(session), problem(session)

    def merge(session: Session, which: Problem, into: Problem) -> object:
        return problems.merge(session, problems.get(session, which.id), problems.get(session, into.id), ADA, NOW)

    answer = at_once(database, lambda session: merge(session, one, two), lambda session: merge(session, two, one))
    assert isinstance(answer, Refused)
    with database.read() as session:
        outcomes = [session.get_one(Problem, each.id).outcome for each in (one, two)]
        assert outcomes == [ProblemOutcome.DUPLICATE, None]


def test_two_people_who_move_one_problem_at_once_are_one_too_many(database: Database) -> None:
    with database.write() as session:
        one = problem(session)

    def investigate(session: Session, who: str) -> object:
        return problems.investigate(session, problems.get(session, one.id), Because(who), NOW, who)

    answer = at_once(database, lambda session: investigate(session, "ada"), lambda session: investigate(session, "bob"))
    assert isinstance(answer, MoveRefused)
    with database.read() as session:
        assert session.get_one(Problem, one.id).owner == "ada"


@pytest.fixture
def worked_around(database: Database, tmp_path: Path) -> Incident:
    """An incident that was resolved by a workaround before a rule asked for the problem of such ones."""
    with database.write() as session:
        one = incident(session)
        incidents.resolve(session, one, Solution(ResolutionCode.WORKAROUND, "restarted"), CLOCK, NOW)
    apply(database, tmp_path / "site", more={"problems.yaml": "escalate: [{on: workaround}]"})
    return one


def test_an_escalation_that_two_ask_for_at_once_is_ordered_once(database: Database, worked_around: Incident) -> None:
    def ask(session: Session) -> bool:
        return problem_escalation.consider(session, session.get_one(Incident, worked_around.id), NOW)

    assert at_once(database, ask, ask) is False
    with database.read() as session:
        assert session.scalars(select(EscalationOrder.tries)).all() == [1]


def test_an_incident_that_is_escalated_twice_at_once_has_one_problem(
    database: Database, worked_around: Incident
) -> None:
    def by_rule(session: Session) -> Problem | None:
        one = session.get_one(Incident, worked_around.id)
        return problem_opening.escalate(session, one, problem_opening.evidence_of(session, one, NOW), NOW)

    assert at_once(database, by_rule, by_rule) is None
    with database.read() as session:
        assert len(problems.problems_of(session, worked_around.id)) == 1


def test_two_people_who_open_a_problem_of_one_incident_at_once_open_one(
    database: Database, worked_around: Incident
) -> None:
    opened: list[object] = []

    def by_hand() -> None:
        try:
            opened.append(open_new(database, NewProblem(""), (worked_around.number,), "anna", NOW))
        except Refused as error:
            opened.append(error)

    people = [Thread(target=by_hand) for _ in range(2)]
    with database.write() as session:
        problem_escalation.hold_matters(session, [session.get_one(Incident, worked_around.id)])
        for one in people:
            one.start()
        people[0].join(0.2)
    for one in people:
        one.join(20)
    assert sorted(type(one).__name__ for one in opened) == ["Moved", "Refused"]


def test_a_fix_leaves_an_incident_to_whoever_resolves_it_at_that_moment(database: Database) -> None:
    with database.write() as session:
        taken, other = incident(session), incident(session)
        one = brought_to(session, problem(session, taken, other), ProblemState.ROOT_CAUSE_KNOWN)

    def by_hand(session: Session) -> object:
        found = session.get_one(Incident, taken.id)
        return incidents.resolve(session, found, Solution(ResolutionCode.WORKAROUND, "restarted"), CLOCK, NOW)

    def by_fix(session: Session) -> object:
        reached = problems.publish_fix(session, problems.get(session, one.id), "patched", ADA, NOW)
        return [each.id for each in reached.incidents], reached.refused

    assert at_once(database, by_hand, by_fix) == ([other.id], {})
    with database.read() as session:
        codes = [session.get_one(Incident, each.id).resolution_code for each in (taken, other)]
        assert codes == [ResolutionCode.WORKAROUND, ResolutionCode.FIXED]

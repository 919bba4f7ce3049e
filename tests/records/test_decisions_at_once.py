"""Two people who decide about one known error, or one candidate, at the same moment, over two connections."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused
from models.queries import incidents, known_error_uses, known_errors, problem_candidates
from models.queries.problem_candidates import Decision
from models.records import JournalRow, KnownErrorKey, Problem
from models.rules.known_error_matching import Recognition
from models.vocabulary import KnownErrorState
from tests.records.events_lab import BEGIN
from tests.records.known_errors_lab import FACTS, PAUL, apply, opened, published, uses
from tests.records.problem_lab import NOW
from tests.records.test_problem_candidates import opened as alike

Act = Callable[[Session], object]


@pytest.fixture(autouse=True)
def site(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")


def at_once(database: Database, first: Act, second: Act) -> list[str]:
    """Two acts, the second begun before the first is committed; why the second was refused."""
    refused: list[str] = []

    def act() -> None:
        try:
            with database.write() as session:
                second(session)
        except MoveRefused as error:
            refused.append(str(error))

    other = Thread(target=act)
    with database.write() as session:
        first(session)
        session.flush()
        other.start()
        other.join(0.1)
    other.join(20)
    return refused


def test_one_that_is_said_better_and_retired_at_once_is_suggested_no_more(database: Database) -> None:
    with database.write() as session:
        known = published(session)
        better = replace(known_errors.facts_of(known), recognise=Recognition(host="web1"))

    def edit(session: Session) -> object:
        return known_errors.edit(session, known_errors.get(session, 1), better, PAUL, BEGIN)

    def retire(session: Session) -> object:
        return known_errors.retire(session, known_errors.get(session, 1), PAUL, BEGIN)

    assert at_once(database, edit, retire) == []
    with database.read() as session:
        assert known_errors.get(session, 1).state is KnownErrorState.RETIRED
        assert session.scalars(select(KnownErrorKey)).all() == []


def test_of_two_who_publish_one_at_once_the_second_is_told(database: Database) -> None:
    with database.write() as session:
        known_errors.create(session, FACTS, PAUL, BEGIN)

    def publish(session: Session) -> object:
        return known_errors.publish(session, known_errors.get(session, 1), PAUL, BEGIN)

    (refused,) = at_once(database, publish, publish)
    assert "cannot 'publish'" in refused or "somebody else was first" in refused


def test_two_who_use_one_on_an_incident_at_once_use_it_once(database: Database) -> None:
    with database.write() as session:
        published(session)
        incident = opened(session, title="Something else")
        number = incident.id

    def use(person: str) -> Act:
        return lambda session: known_error_uses.use(
            session, incidents.get(session, number), known_errors.get(session, 1), person, BEGIN
        )

    assert at_once(database, use("anna"), use("paul")) == []
    assert [row.used_by for row in uses(database)] == ["anna"]
    with database.read() as session:
        told = select(JournalRow.actor).where(JournalRow.tag == "problems:known-error:use")
        assert session.scalars(told).all() == ["anna"]


@pytest.mark.parametrize("action", ["accept", "dismiss"])
def test_of_two_who_decide_about_a_candidate_at_once_the_second_learns_what_the_first_said(
    database: Database, action: str
) -> None:
    with database.write() as session:
        alike(session, 5)
        problem_candidates.keep(session, problem_candidates.search(session, NOW), NOW)
    accepted: list[Problem] = []

    def accept(session: Session) -> None:
        row = problem_candidates.get(session, 1)
        accepted.append(problem_candidates.accept(session, row, Decision(), PAUL, NOW))

    def dismiss(session: Session) -> None:
        because = replace(PAUL, reason="the bank moves")
        problem_candidates.dismiss(session, problem_candidates.get(session, 1), because, NOW)

    refused = at_once(database, accept, accept if action == "accept" else dismiss)
    (problem,) = accepted
    assert refused == [f"CAN000001 was accepted by paul: see `watchbill problem show {problem.number}`"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Problem)) == 1

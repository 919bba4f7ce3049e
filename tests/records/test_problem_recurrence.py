"""What comes back after a fix: what counts, what it is told, and what it does to the problem."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import incidents, journal, problems
from models.queries.states import Because
from models.records import ImportedTicket, Incident, Problem
from models.rules.incidents import Solution
from models.vocabulary import FileShape, ProblemState, ResolutionCode
from tests.records.problem_lab import ADA, CLOCK, DAY, HOUR, NOW, brought_to, incident, problem
from tests.records.test_problem_watch import SAME, public_notes

SOLVED = Solution(ResolutionCode.FIXED, "restarted")
STILL = Because("bela", "still broken")


def fixed(session: Session, *causing: Incident) -> Problem:
    """A problem with a published workaround whose fix is in since NOW, and is watched."""
    one = problem(session, *causing, now=NOW - DAY)
    problems.publish_workaround(session, one, "restart the pool", ADA, NOW - DAY)
    brought_to(session, one, ProblemState.ROOT_CAUSE_KNOWN, NOW - DAY)
    problems.publish_fix(session, one, "patched", ADA, NOW)
    return one


def test_what_comes_back_hears_of_the_workaround(database: Database) -> None:
    with database.write() as session:
        found, linked = (fixed(session, incident(session, NOW - DAY, **SAME)) for _ in range(2))
        by_watch = incident(session, NOW + HOUR, **SAME)
        by_hand = incident(session, NOW + HOUR)
        problems.link_incidents(session, linked, [by_hand], ADA, NOW + HOUR)
        problems.look(session, NOW + HOUR)
        for one, back in ((found, by_watch), (linked, by_hand)):
            assert one.state is ProblemState.UNDER_INVESTIGATION
            assert public_notes(session, back) == [f"{one.number} has a workaround: restart the pool"]


def test_of_many_that_come_back_the_first_is_the_evidence_and_all_are_linked(database: Database) -> None:
    with database.write() as session:
        early = incident(session, NOW - DAY, **SAME)
        one = fixed(session, early)
        late = [incident(session, NOW + number * HOUR, **SAME) for number in (1, 2, 3)]
        problems.look(session, NOW + DAY)
        assert [each.id for each in problems.incidents_of(session, one.id)] == [early.id, *(each.id for each in late)]
        assert one.reopened == 1
        journal.write_queued(session)
        reasons = [row.reason for row in journal.rows_about(session, f"problem/{one.id}") if row.tag.endswith("reopen")]
        assert reasons == [f"{late[0].number} came 1h after the fix: it is about the same thing as {early.number}"]


REOPENED: dict[str, tuple[datetime, datetime | None, datetime]] = {
    "its caller says that it is still broken": (NOW + HOUR, None, NOW + 2 * HOUR),
    "it was solved otherwise before anybody looked": (NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR),
    "seen only when the watch is over": (NOW + 13 * DAY, None, NOW + 30 * DAY),
}


@pytest.mark.parametrize(("reopened_at", "solved_at", "seen_at"), REOPENED.values(), ids=REOPENED)
def test_an_incident_of_it_that_is_reopened_within_the_watch_says_that_the_fix_is_none(
    sqlite: Database, reopened_at: datetime, solved_at: datetime | None, seen_at: datetime
) -> None:
    with sqlite.write() as session:
        early = incident(session, NOW - DAY)
        one = fixed(session, early)
        incidents.reopen(session, early, STILL, reopened_at)
        if solved_at is not None:
            incidents.resolve(session, early, SOLVED, CLOCK, solved_at)
    with sqlite.write() as session:
        one = session.get_one(Problem, one.id)
        problems.look(session, seen_at)
        assert one.state is ProblemState.UNDER_INVESTIGATION
        journal.write_queued(session)
        *_, last = journal.rows_about(session, f"problem/{one.id}")
        assert last.reason is not None
        assert last.reason.startswith(f"{early.number} was reopened ")
        assert last.reason.endswith(" after the fix: still broken")


def test_what_was_reopened_before_the_fix_proves_nothing_against_it(database: Database) -> None:
    with database.write() as session:
        early = incident(session, NOW - DAY)
        incidents.resolve(session, early, SOLVED, CLOCK, NOW - 5 * HOUR)
        incidents.reopen(session, early, STILL, NOW - 4 * HOUR)
        one = fixed(session, early)
    with database.write() as session:
        problems.look(session, NOW + HOUR)
        assert session.get_one(Problem, one.id).state is ProblemState.WATCHING


def test_both_databases_find_what_was_reopened(database: Database) -> None:
    with database.write() as session:
        early = incident(session, NOW - DAY)
        one = fixed(session, early)
        incidents.reopen(session, early, STILL, NOW + HOUR)
    with database.write() as session:
        problems.look(session, NOW + 2 * HOUR)
        assert session.get_one(Problem, one.id).state is ProblemState.UNDER_INVESTIGATION


def taken_in(session: Session, one: Incident) -> None:
    """Came from another tool."""
    origin = {"source": "old", "external_id": "1", "shape": FileShape.TICKETS, "rows": 1, "digest": "0" * 64}
    times = {"first_at": one.opened_at, "last_at": one.opened_at, "last_state": "open"}
    session.add(ImportedTicket(ticket_id=one.id, left={}, states={}, facts={}, **origin, **times))


def test_imported_history_and_duplicates_do_not_reopen_a_problem(database: Database) -> None:
    with database.write() as session:
        early = incident(session, NOW - DAY, **SAME)
        one = fixed(session, early)
        imported, duplicate = incident(session, NOW + HOUR, **SAME), incident(session, NOW + HOUR, **SAME)
        taken_in(session, imported)
        incidents.merge(session, duplicate, early, CLOCK, NOW + HOUR)
        problems.look(session, NOW + 2 * HOUR)
        assert one.state is ProblemState.WATCHING
        assert [each.id for each in problems.incidents_of(session, one.id)] == [early.id]
        problems.link_incidents(session, one, [imported], ADA, NOW + 2 * HOUR)
        assert one.state is ProblemState.UNDER_INVESTIGATION, "a person says that it belongs to it"

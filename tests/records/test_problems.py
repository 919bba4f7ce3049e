"""Problems on both databases: opened with their incidents, moved by their table, told in the journal."""

import json

import pytest

from models.database import Database
from models.errors import MoveRefused, NotFound, Refused
from models.queries import journal, problem_analysis, problems, tickets
from models.queries.problems import Plan
from models.queries.states import Because
from models.records import KnownError
from models.rules.lifecycle import Role
from models.rules.problems import AcceptedRisk, NewProblem, NewTask
from models.vocabulary import LinkVerb, ProblemOrigin, ProblemOutcome, ProblemState
from tests.records.problem_lab import ADA, DAY, HIGH, NOW, brought_to, incident, problem, told

OPERATOR = Because("ada", "so it is", roles=frozenset({Role.OPERATOR}))
DECIDER = Because("dora", "so it is", roles=frozenset({Role.PROBLEM_MANAGER}))


def test_a_new_problem_has_a_number_a_priority_its_incidents_and_its_row_in_the_journal(database: Database) -> None:
    with database.write() as session:
        first, second = incident(session), incident(session)
        new = problem(session, first, second, impact="high", urgency="medium", origin=ProblemOrigin.PROACTIVE)
        assert new.number == f"PRB{new.id:06d}"
    with database.read() as session:
        found = problems.get(session, new.number.lower())
        assert (found.state, found.priority, found.origin) == (ProblemState.NEW, "P2", ProblemOrigin.PROACTIVE)
        assert [one.id for one in problems.incidents_of(session, found.id)] == [first.id, second.id]
        assert [one.id for one in problems.problems_of(session, second.id)] == [found.id]
        opened, *links = journal.rows_about(session, f"problem/{found.id}")
        assert (opened.tag, opened.target, opened.actor) == ("problems:problem:open", "new", "ada")
        assert json.loads(opened.facts)["origin"] == "proactive"
        assert [json.loads(row.facts) for row in links] == [
            {"target": f"incident/{one.id}", "verb": "cause of"} for one in (first, second)
        ]


def test_a_number_that_is_none_says_what_there_is(database: Database) -> None:
    with database.write() as session:
        last = problem(session)
        with pytest.raises(NotFound, match=f"there is no problem PRB000999; the last is {last.number}"):
            problems.get(session, "PRB999")
        with pytest.raises(NotFound, match="there is no incident INC000777"):
            problems.open_problem(session, NewProblem("x", incidents=(777,)), ADA, NOW)
        with pytest.raises(NotFound):
            problems.get(session, incident(session).id)


def test_a_problem_walks_from_new_to_closed_and_keeps_what_was_found(database: Database) -> None:
    with database.write() as session:
        one = brought_to(session, problem(session), ProblemState.CLOSED)
        assert (one.cause, one.workaround, one.fix) == ("a leak", "restart it", "the pool is given back")
        assert (one.outcome, one.closed_at, one.change_reference) == (ProblemOutcome.FIXED, NOW, "CHG0031")
        assert told(session, one) == [
            *("open", "assess", "investigate", "find-cause", "accept-known-error"),
            *("begin-fix", "watch", "resolve", "close"),
        ]


def test_who_begins_to_investigate_owns_it_when_nobody_did(database: Database) -> None:
    with database.write() as session:
        one, owned = problem(session), problem(session, owner="bela")
        problems.investigate(session, one, OPERATOR, NOW)
        problems.investigate(session, owned, OPERATOR, NOW)
        assert (one.owner, owned.owner) == ("ada", "bela")


REFUSED = [
    ("find_cause", " ", "the cause is empty"),
    ("accept_known_error", None, "has no workaround: say one"),
    ("accept_known_error", "", "the workaround is empty"),
    ("watch", "", "the fix is empty"),
]


def test_a_move_that_lacks_its_words_is_refused(database: Database) -> None:
    with database.write() as session:
        for move, text, words in REFUSED:
            before = ProblemState.UNDER_INVESTIGATION if move == "find_cause" else ProblemState.ROOT_CAUSE_KNOWN
            one = brought_to(session, problem(session), before)
            with pytest.raises(Refused, match=words):
                getattr(problems, move)(session, one, text, ADA, NOW)
            assert one.state is before


def test_to_analyse_anew_takes_the_role_and_a_reason_and_forgets_the_cause(database: Database) -> None:
    with database.write() as session:
        one = brought_to(session, problem(session), ProblemState.KNOWN_ERROR)
        with pytest.raises(MoveRefused, match="takes the role of: problem manager, manager"):
            problems.reanalyse(session, one, OPERATOR, NOW)
        with pytest.raises(Refused, match="the reason is empty"):
            problems.reanalyse(session, one, Because("dora", roles=DECIDER.roles), NOW)
        problems.reanalyse(session, one, DECIDER, NOW)
        assert (one.state, one.cause) == (ProblemState.UNDER_INVESTIGATION, None)


def test_a_risk_is_accepted_until_a_day_that_comes_by_those_who_may(database: Database) -> None:
    with database.write() as session:
        one = brought_to(session, problem(session), ProblemState.ASSESSED)
        with pytest.raises(MoveRefused, match="takes the role of: problem manager, manager"):
            problems.accept_risk(session, one, AcceptedRisk("cheap", "eva", NOW + DAY), OPERATOR, NOW)
        with pytest.raises(Refused, match="has passed"):
            problems.accept_risk(session, one, AcceptedRisk("cheap", "eva", NOW), DECIDER, NOW)
        problems.accept_risk(session, one, AcceptedRisk("cheap", "eva", NOW + DAY), DECIDER, NOW)
        assert (one.state, one.risk_by, one.risk_until) == (ProblemState.RISK_ACCEPTED, "eva", NOW + DAY)
        problems.reopen(session, one, DECIDER, NOW)
        assert (one.state, one.risk_until, one.reopened) == (ProblemState.ASSESSED, None, 0)


def test_a_problem_that_was_none_is_cancelled_with_a_reason(database: Database) -> None:
    with database.write() as session:
        one = problem(session)
        with pytest.raises(Refused, match="the reason is empty"):
            problems.cancel(session, one, Because("dora"), NOW)
        problems.cancel(session, one, DECIDER, NOW)
        assert (one.state, one.outcome) == (ProblemState.CLOSED, ProblemOutcome.NO_PROBLEM)


def test_a_plan_says_only_what_is_said(database: Database) -> None:
    with database.write() as session:
        one = problem(session, target_at=NOW + DAY)
        with pytest.raises(Refused, match="say a target date or a change"):
            problems.plan(session, one, Plan(), ADA, NOW)
        problems.plan(session, one, Plan(change_reference="CHG1"), ADA, NOW)
        problems.assign(session, one, ("web", "bela"), ADA, NOW)
        problems.set_priority(session, one, HIGH, ADA, NOW)
        assert (one.target_at, one.change_reference, one.team, one.owner) == (NOW + DAY, "CHG1", "web", "bela")
        assert (one.priority, one.state) == ("P1", ProblemState.NEW)


def test_an_incident_belongs_to_many_problems_and_is_linked_once(database: Database) -> None:
    with database.write() as session:
        shared = incident(session)
        first, second = problem(session), problem(session)
        assert problems.link_incidents(session, first, [shared], ADA, NOW)
        assert not problems.link_incidents(session, first, [shared], ADA, NOW)
        assert problems.link_incidents(session, second, [shared], ADA, NOW)
        assert [one.id for one in problems.problems_of(session, shared.id)] == [first.id, second.id]
        problems.unlink_incidents(session, first, [shared], ADA, NOW)
        with pytest.raises(NotFound, match=f"{shared.number} is not linked with {first.number}"):
            problems.unlink_incidents(session, first, [shared], ADA, NOW)
        assert problems.incidents_of(session, first.id) == []
        assert told(session, first) == ["open", "link", "unlink"]


def test_a_merged_problem_hands_over_what_is_its_own_and_takes_no_more(database: Database) -> None:
    with database.write() as session:
        shared, own, late = incident(session), incident(session), incident(session)
        one, into = problem(session, shared, own), problem(session, shared)
        with pytest.raises(Refused, match="cannot be merged into itself"):
            problems.merge(session, one, one, ADA, NOW)
        known = KnownError(title="x", symptom="x", recognise={}, problem_id=one.id, created_at=NOW, created_by="ada")
        session.add(known)
        done, task = (problem_analysis.add_task(session, one, NewTask(name), ADA, NOW) for name in ("ask", "mend"))
        problem_analysis.finish_task(session, one, done.id, ADA, NOW)
        problems.merge(session, one, into, ADA, NOW)
        assert problem_analysis.tasks_of(session, one.id) == [done]
        assert problem_analysis.finish_task(session, into, task.id, ADA, NOW).problem_id == into.id
        session.refresh(known)
        assert known.problem_id == into.id
        assert (one.state, one.outcome) == (ProblemState.CLOSED, ProblemOutcome.DUPLICATE)
        assert [found.id for found in problems.incidents_of(session, into.id)] == [shared.id, own.id]
        assert problems.incidents_of(session, one.id) == []
        (link,) = tickets.links_of(session, one.id)
        assert (link.verb, link.target) == (LinkVerb.DUPLICATE_OF, f"problem/{into.id}")
        with pytest.raises(Refused, match=f"{one.number} is a duplicate of {into.number}: link {late.number} with"):
            problems.link_incidents(session, one, [late], ADA, NOW)
        with pytest.raises(Refused, match=f"{one.number} is closed: reopen it first"):
            problems.merge(session, into, one, ADA, NOW)


def test_why_an_incident_is_linked_and_unlinked_stands_in_both_timelines(database: Database) -> None:
    with database.write() as session:
        one, found = problem(session), incident(session)
        problems.link_incidents(session, one, [found], Because("ada", "the same stack trace"), NOW)
        problems.unlink_incidents(session, one, [found], Because("bob", "another pool"), NOW)
        journal.write_queued(session)
        for subject in (f"problem/{one.id}", f"incident/{found.id}"):
            told = [(row.actor, row.reason) for row in journal.rows_about(session, subject)][-2:]
            assert told == [("ada", "the same stack trace"), ("bob", "another pool")]


def test_a_duplicate_that_is_none_after_all_is_a_problem_of_its_own_again(database: Database) -> None:
    with database.write() as session:
        one, into = problem(session), problem(session)
        problems.merge(session, one, into, ADA, NOW)
        assert problems.original_of(session, one) is into
        problems.reopen(session, one, ADA, NOW)
        assert problems.original_of(session, one) is None
        assert (one.state, one.reopened) == (ProblemState.UNDER_INVESTIGATION, 0), "no fix of it has failed"
        assert problems.link_incidents(session, one, [incident(session)], ADA, NOW)


def test_only_a_fix_that_failed_counts_as_a_reopening_and_what_was_to_be_decided_is(database: Database) -> None:
    with database.write() as session:
        for state, counted in ((ProblemState.WATCHING, 1), (ProblemState.CLOSED, 1), (ProblemState.NEW, 0)):
            one = brought_to(session, problem(session, target_at=NOW + DAY), state)
            if state is ProblemState.NEW:
                problems.cancel(session, one, ADA, NOW)
            problems.reopen(session, one, ADA, NOW)
            assert (one.state, one.reopened) == (ProblemState.UNDER_INVESTIGATION, counted), state
            assert one.target_at is None, "a day that was meant for the fix that failed"
            assert one.change_reference is None, "the next fix is another change"


def test_a_risk_that_is_accepted_is_lived_with_by_its_workaround(database: Database) -> None:
    with database.write() as session:
        early, late = incident(session), incident(session)
        one = brought_to(session, problem(session, early), ProblemState.ROOT_CAUSE_KNOWN)
        problems.accept_risk(session, one, AcceptedRisk("cheap", "eva", NOW + DAY), ADA, NOW)
        assert problems.publish_workaround(session, one, "restart it", ADA, NOW).incidents == [early]
        problems.link_incidents(session, one, [late], ADA, NOW)
        assert [note.text for note in tickets.notes_of(session, late.id)] == [
            f"{one.number} has a workaround: restart it"
        ]

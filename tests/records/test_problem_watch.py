"""A workaround and a fix reach the incidents; a fix is watched, and what comes back reopens the problem."""

import json
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import incidents, journal, problem_analysis, problem_watch, problems, tickets
from models.queries.states import Because
from models.records import Incident, KnownError, KnownErrorUse, Problem
from models.rules.incidents import Solution
from models.rules.problems import AcceptedRisk, NewTask, Review
from models.vocabulary import HoldReason, IncidentState, LinkVerb, ProblemState, ResolutionCode
from tests.records.incident_site import apply, messages
from tests.records.problem_lab import ADA, CLOCK, DAY, HOUR, NOW, brought_to, incident, problem, told

CAUSE = ProblemState.ROOT_CAUSE_KNOWN


def public_notes(session, one) -> list[str]:
    return [note.text for note in tickets.notes_of(session, one.id, public_only=True)]


def test_a_workaround_is_written_on_every_open_incident_once_and_on_those_that_come_later(database: Database) -> None:
    with database.write() as session:
        working, waiting, solved = incident(session), incident(session), incident(session)
        incidents.hold(session, waiting, HoldReason.PROBLEM, CLOCK, NOW)
        incidents.resolve(session, solved, Solution(ResolutionCode.WORKAROUND, "restarted"), CLOCK, NOW)
        one = problem(session, working, waiting, solved)
        heard = problems.publish_workaround(session, one, " restart the pool ", ADA, NOW)
        assert [each.id for each in heard.incidents] == [working.id, waiting.id]
        assert problems.publish_workaround(session, one, "restart the pool", ADA, NOW + HOUR).incidents == []
        words = f"{one.number} has a workaround: restart the pool"
        assert [public_notes(session, each) for each in (working, waiting, solved)] == [[words], [words], []]
        late = incident(session)
        problems.link_incidents(session, one, [late], ADA, NOW + HOUR)
        assert public_notes(session, late) == [words]
        assert [each.id for each in problems.publish_workaround(session, one, "wait", ADA, NOW).incidents] == [
            *(working.id, waiting.id, late.id),
        ], "another workaround is news"


def test_a_workaround_is_told_to_the_callers_of_the_incidents(database: Database, tmp_path) -> None:
    apply(database, tmp_path / "site")
    with database.write() as session:
        one = problem(session, incident(session, caller="bela", team="web-team"))
        problems.publish_workaround(session, one, "restart it", Because("anna"), NOW)
    found = [(tag, to) for tag, to, _ in messages(database)]
    assert ("incident-updated", "bela@example.org") in found


def test_a_fix_resolves_the_open_incidents_names_the_problem_and_is_watched(database: Database) -> None:
    with database.write() as session:
        working, waiting, over = incident(session), incident(session), incident(session)
        child = incident(session)
        incidents.link(session, working, LinkVerb.PARENT_OF, f"incident/{child.id}", CLOCK, NOW)
        incidents.hold(session, waiting, HoldReason.PROBLEM, CLOCK, NOW)
        incidents.cancel(session, over, Because("ada", "none"), NOW)
        one = brought_to(session, problem(session, working, waiting, over, child), CAUSE)
        with pytest.raises(Refused, match="the fix is empty"):
            problems.publish_fix(session, one, " ", ADA, NOW)
        solved = problems.publish_fix(session, one, "the pool is given back", ADA, NOW)
        assert [each.id for each in solved.incidents] == [working.id, waiting.id]
        for each in (working, waiting, child):
            assert (each.state, each.resolution_code) == (IncidentState.RESOLVED, ResolutionCode.FIXED)
            assert each.resolution == f"by the fix of {one.number}: the pool is given back"
        assert over.state is IncidentState.CANCELLED
        assert (one.state, one.fixed_at, one.watch_until) == (ProblemState.WATCHING, NOW, NOW + 14 * DAY)


def test_without_recurrence_it_is_resolved_after_the_watch_and_closed_later(database: Database) -> None:
    with database.write() as session:
        one = brought_to(session, problem(session, incident(session)), ProblemState.WATCHING)
        problems.look(session, NOW)
    with database.write() as session:
        one = problems.get(session, one.id)
        assert problems.look(session, NOW + 14 * DAY) == 1
        assert (one.state, one.resolved_at, one.watch_until) == (ProblemState.RESOLVED, NOW + 14 * DAY, None)
        assert problems.look(session, NOW + 14 * DAY + HOUR) == 0, "nothing is due until it is closed"
        problems.look(session, NOW + 19 * DAY)
        assert (one.state, one.closed_at, one.look_at) == (ProblemState.CLOSED, NOW + 19 * DAY, None)
        assert told(session, one)[-3:] == ["watch", "resolve", "close"]


SAME = {"service": "shop", "host": "web1", "category": "web"}
LIKENESS = [
    (SAME, {}, True, "the same service, host and category"),
    ({**SAME, "host": None}, {"host": None}, True, "service and category are known"),
    (SAME, {"host": "web2"}, False, "another host"),
    (SAME, {"category": None}, False, "another category"),
    ({"service": "shop"}, {}, False, "one of the three alone is no likeness"),
    ({**SAME, "correlation_key": "k1"}, {"host": "web2", "correlation_key": "k1"}, True, "the same alerts"),
    (SAME, {"is_drill": True}, False, "a drill"),
]


def test_what_comes_back_within_the_watch_reopens_it_with_the_evidence(database: Database) -> None:
    with database.write() as session:
        for number, (first, change, expected, reason) in enumerate(LIKENESS):
            apart = {name: f"{value}{number}" for name, value in first.items() if value}
            changed = {
                name: value and (value if name == "is_drill" else f"{value}{number}") for name, value in change.items()
            }
            early = incident(session, **{**first, **apart})
            one = brought_to(session, problem(session, early), CAUSE)
            problems.publish_fix(session, one, "patched", ADA, NOW)
            incidents.close(session, early, CLOCK, NOW)
            late = incident(session, NOW + 3 * DAY, **{**first, **apart, **changed})
            problems.look(session, NOW + 3 * DAY + HOUR)
            assert (one.state is ProblemState.UNDER_INVESTIGATION) is expected, reason
            linked = [early.id, late.id] if expected else [early.id]
            assert [each.id for each in problems.incidents_of(session, one.id)] == linked, reason
            assert one.reopened == expected
            if expected:
                check_evidence(session, one, early, late, "has the same alerts" if "correlation_key" in first else None)


def check_evidence(session: Session, one: Problem, early: Incident, late: Incident, why: str | None) -> None:
    """The journal says which incident came how long after the fix, and why it belongs to the problem."""
    journal.write_queued(session)
    *_, recur, reopen = journal.rows_about(session, f"problem/{one.id}")
    assert json.loads(recur.facts)["incident"] == f"incident/{late.id}"
    assert json.loads(recur.facts)["after_seconds"] == 3 * 86_400
    like = f"it {why or 'is about the same thing'} as {early.number}"
    assert reopen.reason == f"{late.number} came 3d after the fix: {like}"


def test_what_came_after_the_watch_is_no_recurrence_however_late_the_look(database: Database) -> None:
    with database.write() as session:
        early = incident(session, **SAME)
        one = brought_to(session, problem(session, early), CAUSE)
        problems.publish_fix(session, one, "patched", ADA, NOW)
        incident(session, NOW + 14 * DAY + HOUR, **SAME)
        problems.look(session, NOW + 30 * DAY)
        assert one.state is ProblemState.RESOLVED


def test_what_came_within_the_watch_is_found_by_a_look_that_comes_too_late(database: Database) -> None:
    with database.write() as session:
        early = incident(session, **SAME)
        one = brought_to(session, problem(session, early), CAUSE)
        problems.publish_fix(session, one, "patched", ADA, NOW)
        incident(session, NOW + 13 * DAY, **SAME)
        problems.look(session, NOW + 30 * DAY)
        assert one.state is ProblemState.UNDER_INVESTIGATION


def test_a_person_who_links_an_incident_of_after_the_fix_reopens_what_is_not_closed(database: Database) -> None:
    with database.write() as session:
        for state in (ProblemState.WATCHING, ProblemState.RESOLVED, ProblemState.CLOSED):
            one = brought_to(session, problem(session), state)
            before, after = incident(session, NOW - HOUR), incident(session, NOW + HOUR)
            problems.link_incidents(session, one, [before], ADA, NOW + DAY)
            assert one.state is state, "it came before the fix"
            problems.link_incidents(session, one, [after], ADA, NOW + DAY)
            assert (one.state is ProblemState.UNDER_INVESTIGATION) is (state is not ProblemState.CLOSED)


def test_an_incident_that_a_known_error_of_it_recognises_is_a_recurrence(database: Database) -> None:
    with database.write() as session:
        for score, used, expected in ((2, False, True), (0, False, False), (0, True, True)):
            one = brought_to(session, problem(session), ProblemState.WATCHING)
            known = KnownError(
                title="x", symptom="x", recognise={}, problem_id=one.id, created_at=NOW, created_by="ada"
            )
            session.add(known)
            late = incident(session, NOW + HOUR)
            session.flush()
            use = KnownErrorUse(incident_id=late.id, known_error_id=known.id, suggested_at=NOW, why="x", score=score)
            use.used_at, use.used_by = (NOW, "ada") if used else (None, None)
            session.add(use)
            session.flush()
            problems.look(session, NOW + DAY)
            assert (one.state is ProblemState.UNDER_INVESTIGATION) is expected, (score, used)


def test_an_accepted_risk_runs_out_and_is_decided_again(database: Database) -> None:
    with database.write() as session:
        one = brought_to(session, problem(session), ProblemState.ASSESSED)
        problems.accept_risk(session, one, AcceptedRisk("cheap", "eva", NOW + DAY), ADA, NOW)
        problems.look(session, NOW)
        assert problems.look(session, NOW + HOUR) == 0
        problems.look(session, NOW + DAY)
        assert (one.state, one.risk_by) == (ProblemState.ASSESSED, None)


PROBLEMS = {"problems.yaml": "watch: 3d\nclose_after: 1d\nreview: {priorities: [P1], within: 2d}\n"}


def test_the_site_says_how_long_is_watched_and_what_is_reviewed_and_those_who_own_it_are_told(
    database: Database, tmp_path
) -> None:
    apply(database, tmp_path / "site", more=PROBLEMS)
    with database.write() as session:
        one = brought_to(session, problem(session, team="web-team", owner="bela"), CAUSE)
        problem_analysis.add_task(session, one, NewTask("write it down", "anna", NOW + 4 * DAY), ADA, NOW)
        problems.publish_fix(session, one, "patched", ADA, NOW)
        assert (one.priority, one.watch_until, one.review_due_at) == ("P1", NOW + 3 * DAY, NOW + 2 * DAY)
        for days in (0, 2, 2.1, 3, 4, 4.1, 5):
            problems.look(session, NOW + days * DAY)
        assert one.state is ProblemState.CLOSED
    mails = [(tag, to, text) for tag, to, text in messages(database) if to == "web@example.org"]
    assert mails == [
        ("problem-due", "web@example.org", f"its review is due: watchbill problem review {one.number}"),
        ("problem-resolved", "web@example.org", "nothing came back until 2026-11-25T10:00Z"),
        ("problem-due", "web@example.org", "task 1 (anna): write it down"),
    ]
    others = {(tag, to) for tag, to, _ in messages(database) if to != "web@example.org"}
    assert others == {
        ("problem-due", "bela@example.org"),
        ("problem-resolved", "bela@example.org"),
        ("problem-due", "anna@example.org"),
    }, "who has the task hears of it, too"


def test_who_answers_for_a_risk_hears_that_it_is_to_be_decided_again(database: Database, tmp_path) -> None:
    apply(database, tmp_path / "site", more=PROBLEMS)
    with database.write() as session:
        one = brought_to(session, problem(session), CAUSE)
        problems.accept_risk(session, one, AcceptedRisk("cheap", "eva", NOW + DAY), ADA, NOW)
        problems.look(session, NOW + DAY)
    assert [(tag, to) for tag, to, _ in messages(database)] == [("problem-reopened", "eva@example.org")]


def test_a_review_that_was_held_is_not_asked_for(database: Database, tmp_path) -> None:
    apply(database, tmp_path / "site", more=PROBLEMS)
    with database.write() as session:
        one = brought_to(session, problem(session, team="web-team"), CAUSE)
        with pytest.raises(MoveRefused):
            problem_analysis.review(session, one, Review("a", "b", "c", "d"), ADA, NOW)
        problems.publish_fix(session, one, "patched", ADA, NOW)
        with pytest.raises(Refused, match="what changes is empty"):
            problem_analysis.review(session, one, Review("a", "b", " ", "d"), ADA, NOW)
        problem_analysis.review(session, one, Review("quick", "no alert", "an alert", "anna, bela"), ADA, NOW)
        problems.look(session, NOW + 2 * DAY)
    assert messages(database) == []


def test_a_problem_that_cannot_be_looked_after_stops_no_other_and_leaves_nothing_half_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        bad, good = (brought_to(session, problem(session, incident(session)), ProblemState.WATCHING) for _ in range(2))
        problems.look(session, NOW)
    move = problem_watch.resolve

    def refuse(session: Session, one: Problem, because: Because, now: datetime) -> bool:
        done = move(session, one, because, now)
        if one.id == bad.id:
            raise MoveRefused("the site has no such team")
        return done

    monkeypatch.setattr(problem_watch, "resolve", refuse)
    with database.write() as session:
        assert problems.look(session, NOW + 14 * DAY) == 2
    with database.read() as session:
        refused, looked_after = problems.get(session, bad.id), problems.get(session, good.id)
        assert (refused.state, looked_after.state) == (ProblemState.WATCHING, ProblemState.RESOLVED)
        assert refused.look_at == NOW + 14 * DAY + problem_watch.TRY_AGAIN
        assert "resolve" not in told(session, refused)
        assert journal.verify(session)

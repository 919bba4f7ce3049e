"""Incidents on both databases: opened once, moved with their family, told in the journal."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import DatabaseError, MoveRefused, NotFound, Refused
from models.queries import incident_family, incidents, journal, surveys, tickets
from models.queries.states import Because
from models.queries.surveys import Answer
from models.records import Incident, JournalRow, Survey, TicketLink
from models.rules.incident_rules import Grading, IncidentRules
from models.rules.incidents import NewIncident, Reopening, Solution
from models.rules.lifecycle import Role
from models.vocabulary import HoldReason, IncidentState, LinkVerb, ResolutionCode

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ADA, CLOCK = Because("ada", "as it must be"), Because("events")
FIXED = Solution(ResolutionCode.FIXED, "restarted the shop")
DAY = timedelta(days=1)


def opened(session: Session, title: str = "the shop is down", **more: object) -> Incident:
    return incidents.open_incident(session, NewIncident(title, **more), ADA, NOW)


def told(session: Session, incident: Incident) -> list[tuple[str, str | None]]:
    """The journal about an incident, as actions and the states they led to."""
    rows = journal.rows_about(session, f"incident/{incident.id}")
    return [(row.tag.removeprefix("incidents:incident:"), row.target) for row in rows]


def test_a_new_incident_has_a_number_a_priority_and_its_row_in_the_journal(database: Database) -> None:
    with database.write() as session:
        incident = opened(session, service="shop", team="web", impact="high", urgency="medium", promises=("gold",))
        assert incident.number == f"INC{incident.id:06d}"
    with database.read() as session:
        incident = incidents.get(session, incident.id)
        assert (incident.state, incident.priority, incident.opened_at) == (IncidentState.NEW, "P2", NOW)
        (row,) = journal.rows_about(session, f"incident/{incident.id}")
        assert (row.tag, row.source, row.target, row.actor) == ("incidents:incident:open", None, "new", "ada")
        assert row.at == NOW.isoformat(timespec="microseconds")
        assert '"impact":"high"' in row.facts
        assert '"promises":["gold"],"service":"shop","team":"web","urgency":"medium"' in row.facts


def test_numbers_are_never_given_again(database: Database) -> None:
    with database.write() as session:
        first = opened(session)
        session.delete(first)
    with database.write() as session:
        assert opened(session).id > first.id


def test_one_incident_answers_for_the_alerts_of_a_key(database: Database) -> None:
    with database.write() as session:
        first = opened(session, correlation_key="k")
        assert opened(session, correlation_key="k").id == first.id
        incidents.resolve(session, first, FIXED, CLOCK, NOW)
        assert opened(session, correlation_key="k").id == first.id, "it can still be reopened"
        incidents.close(session, first, ADA, NOW)
        second = opened(session, correlation_key="k")
        assert second.id != first.id
        with pytest.raises(Refused, match=f"{second.number} answers for the same alerts"):
            incidents.reopen(session, first, ADA, NOW)
        last = incidents.last_with_key(session, "k")
        assert last is not None
        assert last.id == second.id


def test_the_database_itself_refuses_a_second_one(database: Database) -> None:
    with pytest.raises((IntegrityError, DatabaseError)), database.write() as session:
        first, second = opened(session, correlation_key="k"), opened(session)
        assert first.id != second.id
        second.correlation_key = "k"


def test_alerts_of_a_merged_incident_belong_to_its_original(database: Database) -> None:
    with database.write() as session:
        first, second = opened(session, correlation_key="a"), opened(session, correlation_key="b")
        incidents.merge(session, second, first, ADA, NOW)
        answering = incidents.open_with_key(session, "b")
        assert answering is not None
        assert answering.id == first.id
        incidents.cancel(session, first, ADA, NOW)
        assert incidents.open_with_key(session, "b") is None


def test_priorities_that_the_matrix_lacks_are_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(Refused, match="no impact that may be chosen"):
        opened(session, impact="huge")


def test_a_changed_priority_has_a_row_of_its_own(database: Database) -> None:
    with database.write() as session:
        incident = opened(session)
        incidents.set_priority(session, incident, Grading("high", "high", "P1"), ADA, NOW)
        assert (incident.priority, incident.impact) == ("P1", "high")
    with database.read() as session:
        rows = journal.rows_about(session, f"incident/{incident.id}")
        assert rows[-1].tag == "incidents:incident:set-priority"
        assert rows[-1].facts == '{"impact":"high","priority":"P1","urgency":"high"}'


def test_a_move_counts_from_the_time_that_is_said(database: Database) -> None:
    with database.write() as session:
        incident = opened(session)
        incidents.take(session, incident, ADA, NOW + DAY)
        assert incident.look_at == NOW + DAY, "its clocks are looked at anew"
    with database.read() as session:
        row = journal.rows_about(session, f"incident/{incident.id}")[-1]
        assert (row.at, row.facts) == ((NOW + DAY).isoformat(timespec="microseconds"), '{"owner":"ada"}')


def test_a_person_may_do_what_their_roles_allow(database: Database) -> None:
    caller = Because("zoe", "it works", roles=frozenset({Role.CALLER}))
    with database.write() as session:
        incident = opened(session, caller="zoe")
        with pytest.raises(MoveRefused, match="takes the role of: operator"):
            incidents.take(session, incident, caller, NOW)
        incidents.resolve(session, incident, FIXED, ADA, NOW)
        incidents.reopen(session, incident, caller, NOW)
        assert incident.state is IncidentState.IN_PROGRESS


def test_the_same_key_moves_once(database: Database) -> None:
    with database.write() as session:
        incident = opened(session)
        keyed = Because("ada", key="take 1")
        assert [incidents.take(session, incident, keyed, NOW), incidents.take(session, incident, keyed, NOW)] == [
            True,
            False,
        ]


@pytest.mark.parametrize(
    ("solution", "says"),
    [
        (Solution(ResolutionCode.FIXED, "  "), "the solution is empty"),
        (Solution(ResolutionCode.DUPLICATE, "the same"), "merge it"),
    ],
    ids=["no words", "a duplicate"],
)
def test_a_solution_says_how(sqlite: Database, solution: Solution, says: str) -> None:
    with sqlite.write() as session, pytest.raises(Refused, match=says):
        incidents.resolve(session, opened(session), solution, ADA, NOW)


def test_it_is_cancelled_only_with_a_reason(sqlite: Database) -> None:
    with sqlite.write() as session, pytest.raises(Refused, match="the reason is empty"):
        incidents.cancel(session, opened(session), Because("ada"), NOW)


def test_children_go_the_way_of_their_parent(database: Database) -> None:
    with database.write() as session:
        parent, child, grandchild = (opened(session) for _ in range(3))
        incidents.link(session, parent, LinkVerb.PARENT_OF, f"incident/{child.id}", ADA, NOW)
        incidents.link(session, child, LinkVerb.PARENT_OF, f"incident/{grandchild.id}", ADA, NOW)
        incidents.hold(session, parent, HoldReason.SUPPLIER, ADA, NOW)
        assert {(one.state, one.hold_reason) for one in (child, grandchild)} == {
            (IncidentState.ON_HOLD, HoldReason.SUPPLIER)
        }
        incidents.hold(session, parent, HoldReason.CHANGE, ADA, NOW)
        assert child.hold_reason is HoldReason.CHANGE
        incidents.resume(session, parent, ADA, NOW)
        assert child.state is grandchild.state is IncidentState.IN_PROGRESS
        incidents.resolve(session, parent, FIXED, ADA, NOW)
        assert (grandchild.resolution, grandchild.resolved_at) == (FIXED.text, NOW)
        incidents.reopen(session, parent, ADA, NOW)
        assert (child.state, child.reopened) == (IncidentState.IN_PROGRESS, 1)
        incidents.resolve(session, parent, FIXED, ADA, NOW)
        assert [one.id for one in incidents.close_due(session, NOW + 5 * DAY)] == [parent.id]
        assert child.state is grandchild.state is IncidentState.CLOSED
    with database.read() as session:
        linked, held = journal.rows_about(session, f"incident/{grandchild.id}")[1:3]
        assert linked.facts == f'{{"target":"incident/{child.id}","verb":"part of"}}'
        assert (held.tag, held.reason) == ("incidents:incident:hold", f"with its parent {child.number}")


def test_a_child_that_waits_for_somebody_of_its_own_keeps_waiting(database: Database) -> None:
    with database.write() as session:
        parent, child = opened(session), opened(session)
        incidents.hold(session, child, HoldReason.CALLER, ADA, NOW)
        incidents.link(session, parent, LinkVerb.PARENT_OF, f"incident/{child.id}", ADA, NOW)
        incidents.hold(session, parent, HoldReason.SUPPLIER, ADA, NOW)
        incidents.resume(session, parent, ADA, NOW)
        assert (child.state, child.hold_reason) == (IncidentState.ON_HOLD, HoldReason.CALLER)
        incidents.resolve(session, child, FIXED, ADA, NOW)
        incidents.resolve(session, parent, FIXED, ADA, NOW)
        incidents.reopen(session, parent, ADA, NOW)
        assert child.state is IncidentState.RESOLVED, "its solution was its own"


def test_a_new_child_of_a_held_incident_waits_with_it(database: Database) -> None:
    with database.write() as session:
        parent, child = opened(session), opened(session)
        incidents.hold(session, parent, HoldReason.PROBLEM, ADA, NOW)
        incidents.link(session, parent, LinkVerb.PARENT_OF, f"incident/{child.id}", ADA, NOW)
        assert (child.state, child.hold_reason) == (IncidentState.ON_HOLD, HoldReason.PROBLEM)


def test_a_family_is_a_tree(database: Database) -> None:
    with database.write() as session:
        one, two, three = (opened(session) for _ in range(3))

        def adopt(parent: Incident, child: Incident) -> TicketLink | None:
            return incidents.link(session, parent, LinkVerb.PARENT_OF, f"incident/{child.id}", ADA, NOW)

        adopt(one, two)
        assert adopt(one, two) is None, "it is so already"
        adopt(two, three)
        with pytest.raises(Refused, match="part of itself"):
            adopt(one, one)
        with pytest.raises(Refused, match=f"{three.number} is itself part of {one.number}"):
            adopt(three, one)
        with pytest.raises(Refused, match=f"part of {two.number} already"):
            adopt(one, three)
        with pytest.raises(Refused, match=f"{three.number} is part of {one.number}: unlink it first"):
            incidents.merge(session, one, three, ADA, NOW)
        incidents.cancel(session, three, ADA, NOW)
        with pytest.raises(Refused, match="cancelled: only incidents that are not over"):
            adopt(one, three)


def test_every_duplicate_shares_the_solution(database: Database) -> None:
    """All of them, those of duplicates too; and those that are merged when the solution is known."""
    with database.write() as session:
        original, first, second, third, late = (opened(session) for _ in range(5))
        incidents.merge(session, first, original, ADA, NOW)
        incidents.merge(session, third, second, ADA, NOW)
        incidents.merge(session, second, original, ADA, NOW)
        incidents.resolve(session, original, FIXED, ADA, NOW)
        incidents.merge(session, late, first, ADA, NOW)
        for one in (first, second, third, late):
            assert (one.state, one.resolution_code) == (IncidentState.CLOSED, ResolutionCode.DUPLICATE)
            assert (one.resolution, one.resolved_at) == (FIXED.text, None)
        assert [one.id for one in incident_family.duplicates_of(session, original)] == [first.id, second.id, late.id]
        again = Solution(ResolutionCode.WORKAROUND, "use the old shop")
        incidents.reopen(session, original, ADA, NOW)
        incidents.resolve(session, original, again, ADA, NOW)
        assert {one.resolution for one in (first, second, third, late)} == {again.text}
    with database.read() as session:
        assert told(session, third)[-2:] == [("share-solution", "closed")] * 2


def test_a_merged_incident_hands_its_children_over(database: Database) -> None:
    with database.write() as session:
        original, duplicate, child = (opened(session) for _ in range(3))
        incidents.link(session, duplicate, LinkVerb.PARENT_OF, f"incident/{child.id}", ADA, NOW)
        incidents.merge(session, duplicate, original, ADA, NOW)
        incidents.resolve(session, original, FIXED, ADA, NOW)
        assert child.state is IncidentState.RESOLVED


def test_what_cannot_be_merged_is_refused(database: Database) -> None:
    with database.write() as session:
        one, two = opened(session), opened(session)
        with pytest.raises(Refused, match="into itself"):
            incidents.merge(session, one, one, ADA, NOW)
        with pytest.raises(Refused, match="a duplicate is merged"):
            incidents.link(session, one, LinkVerb.DUPLICATE_OF, f"incident/{two.id}", ADA, NOW)
        incidents.merge(session, two, one, ADA, NOW)
        with pytest.raises(Refused, match="into itself"):
            incidents.merge(session, one, two, ADA, NOW)
        three = opened(session)
        incidents.cancel(session, one, ADA, NOW)
        with pytest.raises(Refused, match="there will be no solution"):
            incidents.merge(session, three, one, ADA, NOW)


def test_a_merge_that_was_a_mistake_is_undone_by_a_manager(database: Database) -> None:
    manager = Because("max", "they differ", roles=frozenset({Role.MANAGER}))
    with database.write() as session:
        original, duplicate = opened(session), opened(session)
        incidents.merge(session, duplicate, original, ADA, NOW)
        incidents.reopen(session, duplicate, manager, NOW)
        incidents.resolve(session, original, FIXED, ADA, NOW)
        assert (duplicate.state, duplicate.resolution) == (IncidentState.IN_PROGRESS, None)


def test_a_solution_is_refused_so_often_and_so_long(database: Database) -> None:
    rules = IncidentRules(reopening=Reopening(most=1, within=DAY))
    with database.write() as session:
        one, two = opened(session), opened(session)
        for incident in (one, two):
            incidents.resolve(session, incident, FIXED, ADA, NOW)
        with pytest.raises(Refused, match=rf"{two.number}: its solution is older than 1d"):
            incidents.reopen(session, two, ADA, NOW + 2 * DAY, rules)
        incidents.reopen(session, one, ADA, NOW + DAY, rules)
        incidents.resolve(session, one, FIXED, ADA, NOW + DAY)
        with pytest.raises(Refused, match="reopened 1 times, and 1 is the limit"):
            incidents.reopen(session, one, ADA, NOW + DAY, rules)


def test_an_incident_closes_some_days_after_its_solution_whatever_is_written(database: Database) -> None:
    with database.write() as session:
        incident = opened(session, caller="zoe")
        incidents.resolve(session, incident, FIXED, ADA, NOW, IncidentRules(close_after=2 * DAY))
        incidents.note(session, incident, "zoe", "thank you", public=True, now=NOW + DAY)
        assert incidents.close_due(session, NOW + 2 * DAY - timedelta(microseconds=1)) == []
        assert [one.id for one in incidents.close_due(session, NOW + 2 * DAY)] == [incident.id]
        assert incidents.close_due(session, NOW + 3 * DAY) == []
        assert (incident.closed_at, incident.close_at) == (NOW + 2 * DAY, None)


def test_the_caller_is_asked_once_how_content_they_are(database: Database) -> None:
    with database.write() as session:
        asked, drill, alone = (
            opened(session, caller="zoe"),
            opened(session, caller="zoe", is_drill=True),
            opened(session),
        )
        for incident in (asked, drill, alone):
            incidents.resolve(session, incident, FIXED, ADA, NOW)
            incidents.close(session, incident, ADA, NOW)
        survey = surveys.of_ticket(session, asked.id)
        assert survey is not None
        assert session.scalar(select(func.count()).select_from(Survey)) == 1, "no drill, and nobody who did not call"
        assert re.fullmatch("[0-9a-f]{32}", survey.token), "no code that begins with a dash"
        with pytest.raises(Refused, match="say 1"):
            surveys.answer(session, Answer(survey.token, 6), "zoe", NOW)
        with pytest.raises(Refused, match="the answer holds a NUL"):
            surveys.answer(session, Answer(survey.token, 4, "quick\0"), "zoe", NOW)
        with pytest.raises(NotFound):
            surveys.answer(session, Answer("guessed", 5), "zoe", NOW)
        assert survey.answered_at is None, "what was refused is no answer"
        surveys.answer(session, Answer(survey.token, 4, " quick\n"), "ada", NOW)
        assert (survey.score, survey.words, survey.answered_at) == (4, "quick", NOW)
        with pytest.raises(Refused, match="the first answer counts"):
            surveys.answer(session, Answer(survey.token, 1), "zoe", NOW)
    with database.read() as session:
        row = journal.rows_about(session, f"incident/{asked.id}")[-1]
        assert (row.tag, row.actor, row.facts) == ("surveys:survey:answer", "ada", '{"caller":"zoe","score":4}')


def test_notes_are_for_the_caller_or_for_those_who_work(database: Database) -> None:
    with database.write() as session:
        incident = opened(session)
        incidents.note(session, incident, "ada", "the disk is full", public=False, now=NOW)
        incidents.note(session, incident, "ada", "we are on it", public=True, now=NOW)
        assert [note.text for note in tickets.notes_of(session, incident.id)] == ["the disk is full", "we are on it"]
        assert [note.text for note in tickets.notes_of(session, incident.id, public_only=True)] == ["we are on it"]
    with database.read() as session:
        rows = journal.rows_about(session, f"incident/{incident.id}")[1:]
        assert [row.tag for row in rows] == ["incidents:incident:note"] * 2
        assert '"public":false' in rows[0].facts, "the words stand on the note, not in the journal"


def test_links_are_said_once_and_can_be_undone(database: Database) -> None:
    with database.write() as session:
        incident = opened(session, links=((LinkVerb.CAUSED_BY, "run/7"),))
        assert incidents.link(session, incident, LinkVerb.CAUSED_BY, "run/7", ADA, NOW) is None
        incidents.link(session, incident, LinkVerb.RELATED_TO, "host/web1", ADA, NOW)
        assert [link.ticket_id for link in tickets.links_to(session, "run/7")] == [incident.id]
        tickets.remove_link(session, tickets.links_of(session, incident.id)[0], "ada", NOW)
        assert [link.target for link in tickets.links_of(session, incident.id)] == ["host/web1"]
    with database.read() as session:
        assert [action for action, _ in told(session, incident)] == ["open", "link", "link", "unlink"]


def test_who_is_not_there_is_said_with_the_last_number(database: Database) -> None:
    with database.write() as session:
        with pytest.raises(NotFound, match="there is none yet"):
            incidents.get(session, 7)
        last = opened(session)
        with pytest.raises(NotFound, match=f"no incident INC999999; the last is {last.number}"):
            incidents.get(session, 999_999)


def test_the_journal_stays_whole(database: Database) -> None:
    with database.write() as session:
        incidents.resolve(session, opened(session), FIXED, ADA, NOW)
    with database.read() as session:
        assert journal.verify(session).rows == session.scalar(select(func.count()).select_from(JournalRow)) == 2

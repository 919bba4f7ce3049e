"""Known errors: published, suggested with why, used, counted from their rows, reviewed, retired."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, NotFound, Refused
from models.queries import incidents, journal, known_error_uses, known_errors
from models.queries.known_error_suggesting import suggest, suggestions
from models.queries.states import Because
from models.records import JournalRow, KnownErrorKey, KnownErrorUse, Notice
from models.rules import known_error_search
from models.rules.incidents import Solution
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import Tally
from models.rules.lifecycle import Role
from models.vocabulary import KnownErrorState, ResolutionCode
from tests.records.events_lab import BEGIN, Lab
from tests.records.known_errors_lab import FACTS, PAUL, POOL, apply, notes, opened, published, uses

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA = Because("anna")


@pytest.fixture(autouse=True)
def site(database: Database, tmp_path: Path) -> None:
    apply(database, tmp_path / "site")


def test_a_new_incident_gets_the_published_known_errors_that_fit_with_why_once_and_privately(
    database: Database,
) -> None:
    with database.write() as session:
        first = published(session)
        published(session, replace(FACTS, title="Another service", recognise=Recognition(service="files")))
        known_errors.create(session, replace(FACTS, title="A draft"), PAUL, BEGIN)
        incident = opened(session, now=BEGIN)
        assert suggest(session, incident, BEGIN) == [], "once"
        (found,) = suggestions(session, incident).surest
        why = "service shop, category database, the words 'connection pool exhausted'"
        assert (found.known_error.id, found.why, found.tally) == (first.id, why, Tally())
    line = f"KE000001 The pool of the shop runs dry ({why}): Restart the front."
    assert notes(database) == [f"Known errors that may fit:\n{line}"]
    (use,) = uses(database)
    assert (use.suggested_at, use.used_at, use.worked, use.look_at) == (BEGIN, None, None, None)


def test_nothing_is_said_when_nothing_fits(database: Database) -> None:
    with database.write() as session:
        published(session)
        opened(session, title="Printer without toner")
        opened(session, service=None, category=None)
    assert (notes(database), uses(database)) == ([], [])


def test_labels_of_the_alerts_are_known_when_an_alert_opens_the_incident(database: Database) -> None:
    with database.write() as session:
        published(session, replace(FACTS, recognise=Recognition('name="HttpDown",host=~"web.*"')))
    lab = Lab(database).registered().handled()
    lab.told(0, "+HttpDown host=web2")
    lab.told(10, "+HttpDown host=web3")
    assert len(uses(database)) == 1, "one incident, one suggestion"
    assert 'an alert {host=~"web.*",name="HttpDown"}' in notes(database)[0]


def test_the_surest_stands_first_and_no_more_than_five_are_said(database: Database) -> None:
    with database.write() as session:
        wide = [published(session, replace(FACTS, recognise=Recognition(service="shop"))) for _ in range(5)]
        sure = published(session)
        incident = opened(session)
        assert [one.known_error.id for one in suggestions(session, incident).surest] == [
            sure.id,
            *(row.id for row in wide[:4]),
        ]
        row = known_error_uses.use(session, incident, wide[3], "anna", BEGIN)
        known_error_uses.worked(session, row, True, ANNA, BEGIN)
        again = [one.known_error.id for one in suggestions(session, incident).surest]
        assert again == [sure.id, wide[3].id, *(row.id for row in wide[:3])], "of equally sure ones what has worked"


def test_what_has_solved_an_incident_is_suggested_for_one_like_it(database: Database) -> None:
    with database.write() as session:
        known = published(session, replace(FACTS, recognise=Recognition()))
        for number in range(12):
            opened(session, title=f"Shop: page {number} is slow")
        solved = opened(session, title="Shop: basket forgets vouchers")
        use = known_error_uses.use(session, solved, known, "anna", BEGIN)
        incidents.resolve(session, solved, Solution(ResolutionCode.KNOWN_ERROR, "as before"), ANNA, BEGIN)
        known_error_uses.worked(session, use, True, ANNA, BEGIN)
        (found,) = suggestions(session, opened(session, title="Vouchers vanish from the basket")).surest
        assert (found.known_error.id, found.score) == (known.id, 0)
        assert found.why == f"it solved {solved.number}: service shop, the words 'basket' and 'vouchers'"
        assert suggestions(session, opened(session, title="vouchers of the basket", category=None)).surest == ()
        assert suggestions(session, opened(session, title="Shop: page 9 is slow")).surest == ()
        known_errors.retire(session, known, PAUL, BEGIN)
        assert suggestions(session, opened(session, title="Vouchers vanish from the basket")).surest == ()


def test_how_many_were_too_many_to_be_tried_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_error_search, "MOST_TRIED", 2)
    monkeypatch.setattr(known_error_search, "_AT_ONCE", 1)
    turned = Recognition(texts=('"pool connection"',))
    with database.write() as session:
        for recognition in (turned, turned, POOL, turned, turned):
            published(session, replace(FACTS, recognise=recognition))
        opened(session)
    (text,) = notes(database)
    first, second = text.splitlines()[1:]
    assert first.startswith("KE000003 The pool of the shop runs dry (service shop")
    assert second.startswith("3 more known errors might fit and were not tried: they ask for nothing by which")


def test_what_was_filed_under_a_pattern_is_found_by_its_pieces(database: Database) -> None:
    with database.write() as session:
        known = published(session, replace(FACTS, recognise=Recognition(host="~web[0-9]+")))
        (row,) = session.scalars(select(KnownErrorKey))
        assert (row.key, row.score, row.pieces) == ("any", 3, "web")
        assert [one.known_error for one in suggestions(session, opened(session)).surest] == [known]
        assert suggestions(session, opened(session, host="db2")).surest == ()


def test_counts_are_read_from_the_rows_and_drills_are_left_out(database: Database) -> None:
    with database.write() as session:
        known = published(session)
        for has_worked, is_drill in ((True, False), (True, False), (False, False), (None, False), (True, True)):
            incident = opened(session, is_drill=is_drill)
            use = known_error_uses.use(session, incident, known, "anna", BEGIN)
            known_error_uses.use(session, incident, known, "paul", BEGIN + HOUR)
            if has_worked is not None:
                known_error_uses.worked(session, use, has_worked, ANNA, BEGIN)
        opened(session)
        tally = known_errors.tallies(session, [known.id])[known.id]
        assert (tally, tally.worked_percent) == (Tally(suggested=5, used=4, worked=2, failed=1), 67)
    assert {use.used_by for use in uses(database)} == {"anna", None}, "used once, by who was first"


def test_a_solution_that_is_reopened_had_not_worked(database: Database) -> None:
    with database.write() as session:
        known = published(session)
        incident = opened(session)
        use = known_error_uses.use(session, incident, known, "anna", BEGIN)
        incidents.resolve(session, incident, Solution(ResolutionCode.KNOWN_ERROR, "restarted"), ANNA, BEGIN)
        known_error_uses.worked(session, use, True, ANNA, BEGIN)
        incidents.reopen(session, incident, ANNA, BEGIN + HOUR)
        assert (use.worked, use.reason) == (False, "INC000001 was reopened")
    with database.read() as session:
        query = select(JournalRow.tag).where(JournalRow.subject == "known-error/1").order_by(JournalRow.seq)
        actions = [tag.removeprefix("problems:known-error:") for tag in session.scalars(query)]
        assert actions == ["create", "publish", "use", "worked", "failed"]


def test_only_what_is_published_is_used(database: Database) -> None:
    with database.write() as session:
        incident = opened(session)
        draft = known_errors.create(session, FACTS, PAUL, BEGIN)
        with pytest.raises(Refused, match="KE000001 is draft: `watchbill known-error publish` it first"):
            known_errors.use(session, incident, draft, "anna", BEGIN)


def test_one_that_would_help_nobody_is_not_published(database: Database) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"workaround": None}, "it has no workaround"),
        ({"title": " "}, "the title is empty"),
        ({"runs_itself": True}, "name the job that is the workaround"),
    ]
    with database.write() as session:
        for changes, words in cases:
            with pytest.raises(Refused, match=words):
                published(session, replace(FACTS, **changes))


def test_the_life_of_a_known_error_and_what_it_is_filed_under(database: Database) -> None:
    with database.write() as session:
        known = published(session)
        assert _keys(session) == ["word:connection"]
        with pytest.raises(Refused, match="needs a day on which somebody looks"):
            known_errors.edit(session, known, FACTS, PAUL, BEGIN)
        same = replace(known_errors.facts_of(known), recognise=Recognition(host="web1"))
        assert known_errors.edit(session, known, same, PAUL, BEGIN)
        assert not known_errors.edit(session, known, same, PAUL, BEGIN)
        assert _keys(session) == ["host:web1"]
        known_errors.retire(session, known, PAUL, BEGIN)
        assert (known.state, known.look_at, _keys(session)) == (KnownErrorState.RETIRED, None, [])
        with pytest.raises(MoveRefused, match="cannot 'edit'"):
            known_errors.edit(session, known, FACTS, PAUL, BEGIN)
        known_errors.publish(session, known, PAUL, BEGIN)
        assert _keys(session) == ["host:web1"]
        with pytest.raises(MoveRefused, match="takes the role of: problem manager, manager"):
            known_errors.retire(session, known, Because("anna", roles=frozenset({Role.OPERATOR})), BEGIN)
        with pytest.raises(NotFound, match="there is no known error KE000099"):
            known_errors.get(session, "KE000099")
        assert known_errors.listed(session, [KnownErrorState.PUBLISHED], "files") == [known], "it asks for no service"


def _keys(session: Session) -> list[str]:
    return list(session.scalars(select(KnownErrorKey.key).order_by(KnownErrorKey.key)))


def test_the_owner_is_told_once_that_the_review_is_due(database: Database) -> None:
    with database.write() as session:
        known = published(session, replace(FACTS, review_on=date(2026, 12, 1)))
        assert known_errors.look(session, BEGIN + 9 * DAY) == 0
        assert [known_errors.look(session, BEGIN + 10 * DAY) for _ in range(2)] == [1, 0]
        told = session.execute(select(Notice.tag, Notice.to, Notice.subject)).tuples().all()
        assert told == [("known-error-due", "paul@example.org", "known-error/1")]
        later = replace(known_errors.facts_of(known), review_on=date(2027, 3, 1))
        known_errors.edit(session, known, later, PAUL, BEGIN + 10 * DAY)
        assert known_errors.look(session, BEGIN + 11 * DAY) == 0
        assert known_errors.look(session, BEGIN + 101 * DAY) == 1
        assert session.scalar(select(func.count()).select_from(Notice)) == 2


def test_without_a_day_of_review_it_is_reviewed_in_ninety_days(database: Database) -> None:
    with database.write() as session:
        assert published(session).review_on == date(2027, 2, 19)


def test_those_of_a_problem_are_found_and_the_journal_says_what_happened(database: Database) -> None:
    with database.write() as session:
        assert known_errors.of_problem(session, 1) == []
        published(session)
    with database.read() as session:
        rows = journal.rows_about(session, "known-error/1")
        assert [(row.tag, row.actor) for row in rows] == [
            ("problems:known-error:create", "paul"),
            ("problems:known-error:publish", "paul"),
        ]
        assert session.scalar(select(func.count()).select_from(KnownErrorUse)) == 0

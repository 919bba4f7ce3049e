"""Major incidents on both databases: decided once, reminded of once, reviewed after their end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import incident_clocks, incident_major, incidents, journal
from models.queries.incident_major import Roles
from models.queries.incident_timeline import timeline
from models.queries.states import Because
from models.records import Incident, Notice
from models.rules.incident_rules import Grading, IncidentRules
from models.rules.incidents import NewIncident, Solution
from models.rules.lifecycle import Role
from models.rules.matchers import parse_all
from models.rules.scopes import Scope
from models.vocabulary import MajorState, ResolutionCode
from tests.sites import apply_site, job, write_site

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
MAX = Because("max", "all shops are down")
RULES = IncidentRules(
    major_candidates=(Scope(matchers=parse_all(['priority="P1"'])),),
    updates={"technical": HOUR / 2, "board": HOUR},
    review_within=timedelta(days=5),
)
FIXED = Solution(ResolutionCode.FIXED, "restarted the shop")


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Database:
    """A site that sends mail to a team and to a commander."""
    folder = write_site(tmp_path / "site", job("check"))
    (folder / "people.yaml").write_text(
        "teams:\n  ops: {title: Operations, mail: ops@example.org}\n"
        "people:\n  ada: {name: Ada Lovelace, mail: ada@example.org}\n"
    )
    (folder / "notices.yaml").write_text("mail: {host: mx.example.org, sender: watch@example.org}\n")
    apply_site(database, folder, NOW)
    return database


def grave(session: Session) -> Incident:
    new = NewIncident("the shop is down", impact="high", urgency="high", team="ops")
    return incidents.open_incident(session, new, Because("ada"), NOW, RULES)


def test_a_rule_proposes_and_only_once(database: Database) -> None:
    with database.write() as session:
        incident = grave(session)
        incident_major.decline(session, incident, MAX, NOW)
        incidents.set_priority(session, incident, Grading("high", "low", "P3"), MAX, NOW, RULES)
        incidents.set_priority(session, incident, Grading("high", "high", "P1"), MAX, NOW, RULES)
        assert incident_major.get(session, incident).state is MajorState.DECLINED, "a person has decided"
        incident_major.propose(session, incident, Because("ada", "now all shops"), NOW)
        major = incident_major.get(session, incident)
        assert (major.state, major.proposed_for, major.decision) == (MajorState.CANDIDATE, "now all shops", None)


def test_a_priority_that_rises_proposes(database: Database) -> None:
    with database.write() as session:
        incident = incidents.open_incident(session, NewIncident("x"), Because("ada"), NOW, RULES)
        assert incident_major.find(session, incident.id) is None
        incidents.set_priority(session, incident, Grading("high", "high", "P1"), MAX, NOW, RULES)
        assert incident_major.get(session, incident).proposed_by == "incident rules"


def test_the_decision_sets_the_priority_in_a_row_of_its_own(database: Database) -> None:
    manager = Because("max", "all shops", roles=frozenset({Role.MANAGER}))
    with database.write() as session:
        incident = grave(session)
        with pytest.raises(MoveRefused, match="major incident manager, manager"):
            incident_major.accept(
                session, incident, Roles(), Because("ada", "x", roles=frozenset({Role.OPERATOR})), NOW, RULES
            )
        incident_major.accept(session, incident, Roles("ada"), manager, NOW, RULES)
        assert incident.priority == "major"
        incident_major.demote(session, incident, manager, NOW + HOUR, RULES)
        assert incident.priority == "P1"
    with database.read() as session:
        rows = journal.rows_about(session, f"incident/{incident.id}")
        assert [row.facts for row in rows if row.tag.endswith("set-priority")] == [
            '{"priority":"major"}',
            '{"priority":"P1"}',
        ]
        decided = journal.rows_about(session, f"major_incident/{incident.id}")
        assert [row.target for row in decided] == ["candidate", "accepted", "demoted"]


def test_what_is_over_is_not_decided_on(database: Database) -> None:
    with database.write() as session:
        incident = grave(session)
        incidents.resolve(session, incident, FIXED, MAX, NOW)
        for decide in (
            lambda: incident_major.propose(session, incident, MAX, NOW),
            lambda: incident_major.accept(session, incident, Roles(), MAX, NOW, RULES),
            lambda: incident_major.demote(session, incident, MAX, NOW, RULES),
        ):
            with pytest.raises(Refused, match="reopen it first"):
                decide()


def test_updates_end_with_the_incident_and_begin_anew_when_it_does(database: Database) -> None:
    with database.write() as session:
        incident = grave(session)
        incident_major.accept(session, incident, Roles(), MAX, NOW, RULES)
        incidents.resolve(session, incident, FIXED, MAX, NOW + HOUR, RULES)
        assert {row.due_at for row in incident_major.updates_of(session, incident.id)} == {None}
        assert incident_major.get(session, incident).review_due_at == NOW + HOUR + timedelta(days=5)
        assert incident_major.reviews_due(session, NOW + timedelta(days=5)) == []
        assert len(incident_major.reviews_due(session, NOW + timedelta(days=6))) == 1
        incidents.reopen(session, incident, MAX, NOW + 2 * HOUR, RULES)
        due = {row.audience: row.due_at for row in incident_major.updates_of(session, incident.id)}
        assert due == {"technical": NOW + 2.5 * HOUR, "board": NOW + 3 * HOUR}
        assert incident_major.get(session, incident).review_due_at is None


def test_somebody_is_reminded_once_of_an_update_that_is_due(desk: Database) -> None:
    with desk.write() as session:
        incident = grave(session)
        incident_major.accept(session, incident, Roles("ada"), MAX, NOW, RULES)
        counts = [incident_major.remind(session, NOW + minutes * HOUR / 60) for minutes in (29, 30, 31, 60, 61)]
        assert counts == [0, 1, 0, 1, 0], "each audience in its time"
        told = session.scalars(select(Notice).where(Notice.tag == "major-update-due").order_by(Notice.id)).all()
        assert [row.to for row in told] == ["ada@example.org"] * 2, "the commander alone"
        assert "the audience technical is to hear of it every 30m" in told[0].facts["text"]


def test_a_review_that_is_due_is_told_once_and_once_a_week(desk: Database) -> None:
    day = timedelta(days=1)
    with desk.write() as session:
        led, owned = grave(session), grave(session)
        incidents.take(session, owned, Because("max"), NOW)
        for incident, roles in ((led, Roles("ada")), (owned, Roles())):
            incident_major.accept(session, incident, roles, MAX, NOW, RULES)
            incidents.resolve(session, incident, FIXED, MAX, NOW, RULES)
        incident_major.review(session, owned, "we look sooner", MAX, NOW)
    told = []
    for days in (4.9, 5, 5.1, 12, 12.1, 40):
        with desk.write() as session:
            told.append(incident_major.remind_of_reviews(session, NOW + days * day))
    assert told == [0, 1, 0, 1, 0, 1], "three weeks in which nobody looked are one reminder"
    with desk.write() as session:
        rows = session.scalars(select(Notice).where(Notice.tag == "major-review-due").order_by(Notice.id)).all()
        assert [(row.to, row.subject) for row in rows] == [("ada@example.org", f"incident/{led.id}")] * 3
        assert rows[0].facts["text"].startswith("it was to be reviewed by 2026-")
        words = [entry.text for entry in timeline(session, led)]
        assert words.count("its review is due") == 3
        incident_major.review(session, led, "we look sooner", MAX, NOW + 41 * day)
        assert incident_major.remind_of_reviews(session, NOW + 60 * day) == 0


def test_a_review_that_nobody_led_is_told_to_the_team(desk: Database) -> None:
    with desk.write() as session:
        incident = grave(session)
        incident_major.accept(session, incident, Roles(), MAX, NOW, RULES)
        incidents.resolve(session, incident, FIXED, Because("clock"), NOW, RULES)
    with desk.write() as session:
        incident_clocks.look(session, NOW + timedelta(days=6))
        to = session.scalars(select(Notice.to).where(Notice.tag == "major-review-due")).all()
        assert to == ["ops@example.org"]


def test_without_a_reason_nothing_is_decided(database: Database) -> None:
    with database.write() as session:
        incident = grave(session)
        with pytest.raises(Refused, match="the reason is empty"):
            incident_major.accept(session, incident, Roles(), Because("max", " "), NOW, RULES)
        with pytest.raises(Refused, match="name a commander"):
            incident_major.appoint(session, incident, Roles(), MAX, NOW)

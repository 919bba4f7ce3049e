"""Who hears of an incident, of alerts and of silences: each address once, at night by a digest, or loudly never."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import incident_major, incidents, journal, notice_box, notices
from models.queries.incident_major import Roles
from models.queries.notices import Also
from models.queries.states import Because
from models.records import AlertGroup, Incident, Notice, OutboxRow
from models.rules.incident_rules import STANDARD
from models.rules.incidents import NewIncident
from models.rules.notice_facts import AlertGroupFacts, SilenceFacts, SourceFacts
from models.vocabulary import NoticeState
from tests.sites import apply_site, job, write_site

FRIDAY = datetime(2026, 11, 20, 11, tzinfo=UTC)
NIGHT = datetime(2026, 11, 20, 22, tzinfo=UTC)
MORNING = datetime(2026, 11, 21, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PEOPLE = """
teams:
  ops: {title: Operations}
  shop: {title: Shop team}
  dba: {title: Databases, mail: dba@example.org}
  net: {title: Network}
people:
  ann: {name: Ann Bell, mail: ann@example.org, teams: [net]}
  bob: {name: Bob Brown, mail: bob@example.org, teams: [net]}
  carl: {name: Carl Carver, mail: carl@example.org}
  mute: {name: Mute Person}
"""
CALENDARS = "calendars:\n  day: {hours: {mon-sun: ['07:00-22:00']}}\n"
NOTICES = """
mail: {host: mx.example.org, sender: Watchbill <watch@example.org>}
receivers:
  shop-desk:
    teams: [shop]
    tell:
      - mail: shop@example.org
        quiet: {outside: [day], urgent: [major, P1]}
      - {chat: "secret://pager", notices: [incident-breached, incident-escalated], least_priority: P2}
  board: {tell: [{mail: board@example.org, audience: board}]}
  everything: {catch_all: true, tell: [{mail: all@example.org}]}
"""


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Database:
    """The site in a database of either kind."""
    return applied(database, tmp_path)


@pytest.fixture
def small(sqlite: Database, tmp_path: Path) -> Database:
    """The same for tables of cases, of which each is the same select."""
    return applied(sqlite, tmp_path)


def applied(database: Database, tmp_path: Path) -> Database:
    folder = write_site(tmp_path / "site", job("check"), calendars=CALENDARS)
    (folder / "people.yaml").write_text(PEOPLE)
    (folder / "notices.yaml").write_text(NOTICES)
    apply_site(database, folder, FRIDAY)
    return database


def opened(session: Session, now: datetime = FRIDAY, **more: Any) -> Incident:
    new = NewIncident(**{"title": "Checkout is down", "team": "shop", "impact": "high", "urgency": "medium", **more})
    return incidents.open_incident(session, new, Because("bob"), now)


def states(session: Session) -> dict[str, NoticeState]:
    return {row.to: row.standing for row in session.scalars(select(Notice).order_by(Notice.id))}


def addresses(rows: list[Notice]) -> list[str]:
    return [row.to for row in rows]


def asked(session: Session) -> list[int]:
    """The notices that the outbox is asked to send, oldest first."""
    query = select(OutboxRow).where(OutboxRow.deployment == "send-notice").order_by(OutboxRow.id)
    return [row.parameters["order"]["notice"] for row in session.scalars(query)]


@pytest.mark.parametrize(
    ("event", "incident", "also", "who", "why"),
    [
        ("opened", {"caller": "carl"}, Also(), ["shop@example.org", "carl@example.org"], "the team and the caller"),
        ("opened", {"caller": "carl"}, Also(by="carl"), ["shop@example.org"], "who did it knows of it"),
        ("opened", {"team": "dba"}, Also(), ["dba@example.org"], "a team without a receiver, by its mail"),
        ("opened", {"team": "net"}, Also(), ["ann@example.org", "bob@example.org"], "or by its people's"),
        ("opened", {"team": "ops"}, Also(), ["all@example.org"], "or who takes all"),
        ("opened", {"team": None}, Also(), ["all@example.org"], "what no team owns"),
        ("opened", {"caller": "mute"}, Also(), ["shop@example.org"], "without an address there is no telling"),
        ("assigned", {"owner": "ann"}, Also(), ["shop@example.org", "ann@example.org"], "the new owner"),
        (
            "updated",
            {"owner": "ann", "caller": "carl"},
            Also(),
            ["shop@example.org", "ann@example.org"],
            "a private note",
        ),
        (
            "updated",
            {"caller": "carl"},
            Also(is_public=True),
            ["shop@example.org", "carl@example.org"],
            "a note for the caller",
        ),
        ("breached", {}, Also(), ["shop@example.org", "secret://pager"], "the pager wishes to hear of it"),
        ("breached", {"impact": "low"}, Also(), ["shop@example.org"], "not of one below its least priority"),
        (
            "escalated",
            {"owner": "ann"},
            Also(to=("person/bob", "team/dba")),
            ["bob@example.org", "dba@example.org", "ann@example.org"],
            "those who are named",
        ),
        ("escalated", {}, Also(), ["shop@example.org", "secret://pager"], "nobody is named: the team"),
        (
            "updated",
            {"owner": "ann"},
            Also(to=("receiver/everything", "person/ann")),
            ["all@example.org", "ann@example.org", "shop@example.org"],
            "each once",
        ),
        ("resolved", {"caller": "carl"}, Also(), ["shop@example.org", "carl@example.org"], "the caller tries it"),
    ],
)
def test_an_incident_is_told_to_its_team_and_to_whom_it_concerns(
    small: Database, event: str, incident: dict[str, Any], also: Also, who: list[str], why: str
) -> None:
    with small.write() as session:
        rows = notices.about_incident(session, opened(session, **incident), event, "text", FRIDAY, also)
        assert addresses(rows) == who, why
        assert {row.standing for row in rows} == {NoticeState.WAITING}
        assert asked(session) == [row.id for row in rows]


def test_an_event_is_told_once_however_often_it_is_said(desk: Database) -> None:
    with desk.write() as session:
        incident = opened(session)
        for _ in range(3):
            notices.about_incident(session, incident, "warning", "75 %", FRIDAY, Also(key="sla/resolve/75"))
        assert len(asked(session)) == 1
        notices.about_incident(session, incident, "warning", "75 %", FRIDAY, Also(key="ola/resolve/75"))
        assert len(asked(session)) == 2


def test_the_facts_are_those_of_the_moment(small: Database) -> None:
    with small.write() as session:
        incident = opened(session, owner="ann", caller="carl", service=None)
        row, _, caller = notices.about_incident(
            session, incident, "opened", "It says 502.", FRIDAY, Also(by="bob", is_public=True)
        )
        facts = row.facts
        assert (facts["team"], facts["owner"], facts["by"], facts["you"]) == (
            "Shop team",
            "Ann Bell",
            "Bob Brown",
            None,
        )
        assert (facts["priority"], facts["text"], facts["at"]) == ("P2", "It says 502.", FRIDAY.isoformat())
        assert caller.facts["you"] == "caller"
        assert row.title == f"{incident.number} opened: Checkout is down"


def test_the_notices_of_an_incident_to_one_address_are_one_thread(desk: Database) -> None:
    with desk.write() as session:
        one, other = opened(session), opened(session, title="Another")
        first, second, third = (
            notices.about_incident(session, one, event, "", FRIDAY)[0] for event in ("opened", "updated", "resolved")
        )
        (stranger,) = notices.about_incident(session, other, "opened", "", FRIDAY)
        assert (first.thread, second.thread, third.thread) == (None, first.message_id, first.message_id)
        assert stranger.thread is None
        ids = [row.message_id for row in (first, second, third, stranger)]
        assert len(set(ids)) == 4
        assert all(text.endswith(".test@example.org>") for text in ids)


def test_at_night_what_is_not_urgent_waits_and_is_told_as_one_in_the_morning(desk: Database) -> None:
    with desk.write() as session:
        for number in range(3):
            notices.about_incident(session, opened(session, NIGHT, title=f"Thing {number}"), "opened", "", NIGHT)
        assert asked(session) == []
    with desk.write() as session:
        assert notice_box.look(session, NIGHT + MINUTE) == 0, "it is still night"
    with desk.write() as session:
        assert notice_box.look(session, MORNING) == 1
        rows = session.scalars(select(Notice).order_by(Notice.id)).all()
        assert [row.standing for row in rows] == [NoticeState.DIGESTED] * 3 + [NoticeState.WAITING]
        digest = rows[-1]
        assert (digest.to, digest.tag, digest.facts["title"]) == ("shop@example.org", "digest", "3 things happened")
        assert [thing["title"].partition(": ")[2] for thing in digest.facts["things"]] == [
            "Thing 0",
            "Thing 1",
            "Thing 2",
        ]
        assert asked(session) == [digest.id]
    with desk.write() as session:
        assert notice_box.look(session, MORNING + MINUTE) == 0, "told once"


def test_one_thing_that_happened_at_night_is_told_as_itself(small: Database) -> None:
    with small.write() as session:
        (row,) = notices.about_incident(session, opened(session, NIGHT), "opened", "", NIGHT)
        assert (row.standing, row.held_by) == (NoticeState.HELD, "quiet outside of day")
    with small.write() as session:
        notice_box.look(session, MORNING)
        assert asked(session) == [row.id]
        assert session.get_one(Notice, row.id).standing is NoticeState.WAITING


@pytest.mark.parametrize(
    ("event", "impact", "why"),
    [
        ("opened", {"impact": "high", "urgency": "high"}, "P1 is urgent"),
        ("escalated", {}, "an escalation is never held"),
    ],
)
def test_what_is_urgent_breaks_through_the_night(small: Database, event: str, impact: dict[str, Any], why: str) -> None:
    with small.write() as session:
        rows = notices.about_incident(session, opened(session, NIGHT, **impact), event, "", NIGHT)
        assert "shop@example.org" in addresses(rows)
        assert {row.standing for row in rows} == {NoticeState.WAITING}, why


def test_what_was_held_is_told_when_its_receiver_leaves_the_site(small: Database, tmp_path: Path) -> None:
    with small.write() as session:
        (row,) = notices.about_incident(session, opened(session, NIGHT), "opened", "", NIGHT)
    (tmp_path / "site" / "notices.yaml").unlink()
    apply_site(small, tmp_path / "site", NIGHT)
    with small.write() as session:
        assert notice_box.look(session, NIGHT + MINUTE) == 1
        assert asked(session) == [row.id]


def test_quiet_hours_that_drop_keep_what_was_not_told(small: Database, tmp_path: Path) -> None:
    file = tmp_path / "site" / "notices.yaml"
    file.write_text(file.read_text().replace("urgent: [major, P1]", "then: drop"))
    apply_site(small, tmp_path / "site", FRIDAY)
    with small.write() as session:
        (row,) = notices.about_incident(session, opened(session, NIGHT), "opened", "", NIGHT)
        assert (row.standing, row.held_by) == (NoticeState.DROPPED, "quiet outside of day")
    with small.write() as session:
        assert notice_box.look(session, MORNING) == 0


def test_a_major_incident_is_told_to_the_board_in_words_for_the_board(desk: Database) -> None:
    with desk.write() as session:
        incident = opened(session)
        incident_major.propose(session, incident, Because("ann", "all shops"), FRIDAY)
        rules = replace(STANDARD, updates={"technical": 30 * MINUTE, "board": 60 * MINUTE})
        incident_major.accept(session, incident, Roles(commander="bob"), Because("ann", "all shops"), FRIDAY, rules)
        declared = notices.about_incident(session, incident, "major declared", "All shops are down.", FRIDAY)
        assert addresses(declared) == ["shop@example.org", "board@example.org"]
        facts = declared[0].facts
        assert (facts["is_major"], facts["commander"], facts["priority"]) == (True, "Bob Brown", "major")
        assert facts["next_update_at"] == (FRIDAY + 30 * MINUTE).isoformat()
        for audience, who in (("board", ["board@example.org"]), ("technical", ["shop@example.org"])):
            told = notices.about_incident(
                session, incident, "major update", "Half is back.", FRIDAY, Also(key=audience, audience=audience)
            )
            assert addresses(told) == who
        assert told[0].facts["next_update_at"] == (FRIDAY + 30 * MINUTE).isoformat()
        also = Also(to=("person/bob",), key="board/1", audience="board")
        (due,) = notices.about_incident(session, incident, "major update due", "", FRIDAY, also)
        assert (due.to, due.facts["audience"]) == ("bob@example.org", "board"), "the commander hears who waits"


def test_what_nobody_said_was_sent_is_asked_for_again(desk: Database) -> None:
    with desk.write() as session:
        (row,) = notices.about_incident(session, opened(session), "opened", "", FRIDAY)
    with desk.write() as session:
        assert notice_box.look(session, FRIDAY + 20 * MINUTE) == 0, "the relay has not handed it over: it is not lost"
        session.execute(update(OutboxRow).values(sent_at=FRIDAY + 20 * MINUTE))
    with desk.write() as session:
        assert notice_box.look(session, FRIDAY + 25 * MINUTE) == 0, "it was asked about a moment ago"
        assert notice_box.look(session, FRIDAY + 40 * MINUTE) == 1, "the run that was to send it is gone"
        assert asked(session) == [row.id, row.id]


def test_a_service_that_is_away_for_an_hour_loses_nothing(desk: Database) -> None:
    with desk.write() as session:
        (row,) = notices.about_incident(session, opened(session), "opened", "", FRIDAY)
        session.execute(update(OutboxRow).values(sent_at=FRIDAY))
        notice_box.not_sent(session, row, "mx.example.org: connection refused", FRIDAY, permanent=False)
        assert row.standing is NoticeState.WAITING
    with desk.write() as session:
        assert notice_box.look(session, FRIDAY + 4 * MINUTE) == 0
        assert notice_box.look(session, FRIDAY + 15 * MINUTE) == 1
        again = session.get_one(Notice, row.id)
        notice_box.sent(again, FRIDAY + 15 * MINUTE)
        assert (again.standing, again.error, again.look_at, again.tries) == (NoticeState.SENT, None, None, 2)


@pytest.mark.parametrize("permanent", [True, False], ids=["refused", "tried for three days"])
def test_a_receiver_that_was_not_told_is_on_the_incidents_timeline(desk: Database, permanent: bool) -> None:
    later = FRIDAY if permanent else FRIDAY + timedelta(days=3)
    with desk.write() as session:
        incident = opened(session)
        (row,) = notices.about_incident(session, incident, "opened", "", FRIDAY)
        notice_box.not_sent(session, row, "550 no such user", later, permanent=permanent)
        assert row.standing is NoticeState.FAILED
        subject = f"incident/{incident.id}"
    with desk.write() as session:
        assert notice_box.look(session, later + timedelta(days=1)) == 0
        (line,) = [line for line in journal.rows_about(session, subject) if line.tag == "notices:incident:not-told"]
    assert line.reason == (
        f"shop-desk (shop@example.org) was not told: {incident.number} opened: Checkout is down: 550 no such user"
    )


def test_a_digest_that_was_not_told_is_on_the_timeline_of_each_thing_in_it(desk: Database) -> None:
    with desk.write() as session:
        found = [opened(session, NIGHT) for _ in range(2)]
        for incident in found:
            notices.about_incident(session, incident, "opened", "", NIGHT)
    with desk.write() as session:
        notice_box.look(session, MORNING)
        digest = session.scalars(select(Notice).order_by(Notice.id.desc())).first()
        assert digest is not None
        notice_box.not_sent(session, digest, "550 no such user", MORNING, permanent=True)
    with desk.read() as session:
        for incident in found:
            tags = [line.tag for line in journal.rows_about(session, f"incident/{incident.id}")]
            assert tags.count("notices:incident:not-told") == 1


def test_nothing_is_written_when_nobody_is_to_be_told(sqlite: Database, tmp_path: Path) -> None:
    apply_site(sqlite, write_site(tmp_path / "site", job("check")), FRIDAY)
    with sqlite.write() as session:
        assert notices.about_incident(session, opened(session, team="ops"), "opened", "", FRIDAY) == []
        assert notice_box.look(session, FRIDAY) == 0


def test_an_event_that_has_no_notice_is_an_error(small: Database) -> None:
    with small.write() as session, pytest.raises(KeyError):
        notices.about_incident(session, opened(session), "painted blue", "", FRIDAY)


@pytest.mark.parametrize(
    ("receiver", "team", "who"),
    [
        ("everything", "shop", ["all@example.org"]),
        ("dba", "shop", ["dba@example.org"]),
        ("", "shop", ["shop@example.org"]),
        ("", None, ["all@example.org"]),
        ("gone", "shop", ["all@example.org"]),
    ],
    ids=["a receiver", "a team", "nobody: the owner", "nobody at all", "one that left the site"],
)
def test_alerts_are_told_to_whom_their_route_names(
    small: Database, receiver: str, team: str | None, who: list[str]
) -> None:
    group = AlertGroup(id=7, timing={"receiver": receiver})
    facts = AlertGroupFacts("HighErrorRate", FRIDAY, FRIDAY, 2, 1)
    with small.write() as session:
        rows = notices.about_alert_group(session, group, facts, "critical", team, FRIDAY)
        assert addresses(rows) == who
        assert rows[0].title == "2 firing, 1 resolved: HighErrorRate"
        assert notices.about_alert_group(session, group, facts, "critical", team, FRIDAY) == []


def test_the_author_of_a_silence_is_reminded_once_for_each_end(small: Database) -> None:
    facts = SilenceFacts("SIL000003", "{}", "ann", "release", FRIDAY + 30 * MINUTE, FRIDAY)
    with small.write() as session:
        assert addresses(notices.about_silence(session, 3, facts, "ann", FRIDAY)) == ["ann@example.org"]
        assert notices.about_silence(session, 3, facts, "ann", FRIDAY + MINUTE) == []
        assert addresses(notices.about_silence(session, 4, facts, "a pipeline", FRIDAY)) == ["all@example.org"]


def test_the_team_of_a_source_hears_of_its_silence_once(small: Database) -> None:
    facts = SourceFacts("prometheus has fallen silent", "nothing came for 20 min", FRIDAY, FRIDAY - 20 * MINUTE)
    with small.write() as session:
        assert addresses(notices.about_source(session, "prometheus", facts, "dba", FRIDAY)) == ["dba@example.org"]
        assert notices.about_source(session, "prometheus", facts, "dba", FRIDAY + MINUTE) == []


def test_a_trial_reaches_every_address_of_a_receiver_at_any_hour(small: Database) -> None:
    with small.write() as session:
        rows = notices.trial(session, "shop-desk", "ann", NIGHT)
        assert addresses(rows) == ["shop@example.org", "secret://pager"]
        assert {row.standing for row in rows} == {NoticeState.WAITING}
        assert notices.trial(session, "no-such", "ann", NIGHT) == []

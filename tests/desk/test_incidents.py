"""Incidents at the desk: who may do what, what is known without being asked, and the order in which they breach."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.services import incident_details, incident_links, incident_moves, incident_opening, incidents, major_incidents
from desk.services.acting import WORKERS, roles_of
from desk.services.errors import Misuse
from desk.services.incident_moves import Act, Moved
from desk.services.runs import Ask, start_run
from models.database import Database
from models.errors import MoveRefused, NotFound, Refused
from models.queries import incident_clocks
from models.queries.desk_incidents import Choice
from models.queries.incident_major import Roles
from models.queries.incident_timeline import Source
from models.records import Notice
from models.rules.incidents import NewIncident, Solution
from models.rules.lifecycle import Role
from models.vocabulary import HoldReason, IncidentState, LinkVerb, MajorState, ResolutionCode
from tests.desk.small_site import apply_site, work, write_site

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
"""A Monday morning."""
HOUR = timedelta(hours=1)
PEOPLE = """
teams:
  deck: {title: Deck, mail: deck@example.org, manager: max}
  shore: {title: Shore}
people:
  ada: {name: Ada Lovelace, teams: [deck], roles: [operator]}
  bob: {name: Bob Noyce, teams: [shore], roles: [operator]}
  max: {name: Max Planck, mail: max@example.org, teams: [deck], roles: [manager]}
  zoe: {name: Zoe Zuse, mail: zoe@example.org}
"""
INCIDENTS = """
handling:
  major: {candidates: [{when: ['priority="P1"']}], updates: {technical: 30m, business: 1h}}
promises:
  gold:
    title: Gold
    own: {major: 5m, P1: 15m, P2: 1h, P3: 4h}
    resolve: {P1: 4h, P2: 8h, P3: 24h}
    stops_for: [caller]
categories:
  hardware: {title: Hardware}
"""
NOTICES = "mail: {host: mx.example.org, sender: watch@example.org}\n"
FIXED = Solution(ResolutionCode.FIXED, "restarted the shop")
Open = Callable[..., str]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Database:
    """A site with people of every role and a promise, on each database."""
    return applied(database, tmp_path)


@pytest.fixture
def open_one(desk: Database) -> Open:
    """Opens an incident of zoe's; gives its number."""
    return opener(desk)


@pytest.fixture
def small(sqlite: Database, tmp_path: Path) -> Database:
    """The same for tables of cases, of which each is the same select."""
    return applied(sqlite, tmp_path)


def applied(database: Database, folder: Path) -> Database:
    files = write_site(folder / "site", people=PEOPLE, incidents=INCIDENTS, notices=NOTICES)
    apply_site(database, files, NOW - HOUR)
    return database


def opener(database: Database) -> Open:
    def open_new(title: str = "the shop is down", *, at: datetime = NOW, run: str | None = None, **more: object) -> str:
        new = NewIncident(title, caller="zoe", **more)
        return incident_opening.open_new(database, new, "zoe", run, at).incident.incident

    return open_new


def act(number: str, person: str = "ada", reason: str | None = None, at: datetime = NOW) -> Act:
    return Act(number, person, at, reason)


def look(database: Database, at: datetime = NOW) -> None:
    with database.write() as session:
        incident_clocks.look(session, at)


def listed(database: Database, at: datetime = NOW, **choice: object) -> list[str]:
    return [line.incident for line in incidents.list_incidents(database, Choice(**choice), at).incidents]


def test_a_new_incident_knows_its_team_its_priority_and_its_caller(desk: Database, open_one: Open) -> None:
    line = incident_details.show_incident(desk, open_one(host="web1"), "ada", NOW).line
    assert (line.service, line.team, line.priority, line.caller) == ("shop", "deck", "P3", "zoe")
    assert line.state is IncidentState.NEW


def test_an_incident_of_a_run_knows_the_runs_service_and_is_linked_with_it(desk: Database, open_one: Open) -> None:
    run = start_run(desk, Ask("rotate-logs", "ada"), NOW).run
    work(desk, run)
    found = incident_details.show_incident(desk, open_one(run=run), "ada", NOW)
    assert found.line.service == "shop"
    assert [(link.verb, link.target) for link in found.links] == [(LinkVerb.CAUSED_BY, f"run/{int(run[3:])}")]
    assert [entry.text for entry in found.timeline if entry.source is Source.RUN] == [
        f"{run} rotate-logs started",
        f"{run} rotate-logs ended ok",
    ]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"title": " "}, Misuse, "the title is empty"),
        ({"title": "x" * 201}, Misuse, "201 characters, at most 200"),
        ({"service": "shopp"}, NotFound, "there is no service 'shopp' in services.yaml; did you mean \"shop\"?"),
        ({"host": "web9"}, NotFound, "no host 'web9' in services.yaml; did you mean"),
        ({"team": "dek"}, NotFound, "no team 'dek' in people.yaml; did you mean \"deck\"?"),
        ({"category": "soft"}, NotFound, "no category 'soft' in incidents.yaml; there are: hardware"),
        ({"impact": "huge"}, Refused, "no impact that may be chosen; these may: high, medium, low"),
        ({"run": "RUN999999"}, NotFound, "RUN999999"),
        ({"run": "x"}, Misuse, "RUN"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_what_the_site_does_not_have_is_refused_with_what_it_has(
    small: Database, given: dict[str, str], error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as refused:
        opener(small)(**given)
    assert says in str(refused.value)


def test_roles_are_those_of_people_yaml_and_the_caller_of_this_incident(desk: Database) -> None:
    with desk.read() as session:
        assert {name: roles_of(session, name) for name in ("ada", "max", "zoe", "root")} == {
            "ada": {Role.OPERATOR},
            "max": {Role.MANAGER},
            "zoe": frozenset(),
            "root": frozenset(),
        }
    assert {Role.OPERATOR, Role.MANAGER, Role.MAJOR_INCIDENT_MANAGER, Role.PROBLEM_MANAGER} == WORKERS


def test_who_may_not_is_told_who_may(desk: Database, open_one: Open) -> None:
    number = open_one()
    with pytest.raises(Refused) as refused:
        incident_moves.take(desk, act(number, "zoe"))
    assert str(refused.value) == f"zoe may not take {number}: that takes the role of operator (who may: ada, bob)"
    with pytest.raises(Refused, match=r"root is not in people\.yaml: say with --as who acts"):
        incident_moves.take(desk, act(number, "root"))
    with pytest.raises(Refused, match=r"\(who may: max\)"):
        major_incidents.accept(desk, act(number, "ada", "all shops"), Roles())
    incident_moves.resolve(desk, act(number), FIXED)
    incident_moves.close(desk, act(number, "zoe"))
    with pytest.raises(MoveRefused, match="takes the role of: manager"):
        incident_moves.reopen(desk, act(number, "ada", "no"))


def test_an_incident_goes_through_its_life(desk: Database, open_one: Open) -> None:
    number = open_one(service="shop")
    moves: list[Callable[[], Moved]] = [
        lambda: incident_moves.take(desk, act(number)),
        lambda: incident_moves.hold(desk, act(number, reason="which page?"), HoldReason.CALLER),
        lambda: incident_moves.resume(desk, act(number)),
        lambda: incident_moves.set_priority(desk, act(number), "high", None),
        lambda: incident_moves.assign(desk, act(number), None, "bob"),
        lambda: incident_moves.resolve(desk, act(number, "bob"), FIXED),
        lambda: incident_moves.reopen(desk, act(number, "zoe", "still down")),
        lambda: incident_moves.resolve(desk, act(number), FIXED),
        lambda: incident_moves.close(desk, act(number, "zoe")),
    ]
    lines = [move().incident for move in moves]
    assert [line.state.value for line in lines] == [
        "in progress", "on hold", "in progress", "in progress", "in progress", "resolved", "in progress", "resolved",
        "closed",
    ]  # fmt: skip
    assert [line.owner for line in lines[3:6]] == ["ada", "bob", "bob"]
    assert (lines[3].priority, lines[-1].reopened, lines[-1].team) == ("P2", 1, "deck")
    told = [entry.text for entry in incident_details.show_incident(desk, number, "zoe", NOW).timeline]
    assert told == [
        "opened with priority P3, for deck",
        "taken by ada",
        "on hold, waits for: caller",
        "goes on",
        "priority P2 (impact high, urgency medium)",
        "given to bob in deck",
        "resolved (fixed): restarted the shop",
        "reopened (1 so far)",
        "resolved (fixed): restarted the shop",
        "closed",
    ]


def test_who_solves_what_nobody_took_has_owned_it(desk: Database, open_one: Open) -> None:
    assert incident_moves.resolve(desk, act(open_one()), FIXED).incident.owner == "ada"


def test_another_team_gets_it_without_the_old_owner(desk: Database, open_one: Open) -> None:
    number = open_one()
    incident_moves.take(desk, act(number))
    line = incident_moves.assign(desk, act(number), "shore", None).incident
    assert (line.team, line.owner) == ("shore", None)
    with pytest.raises(Misuse, match="say to whom"):
        incident_moves.assign(desk, act(number), None, None)
    with pytest.raises(Refused, match="zoe is no operator"):
        incident_moves.assign(desk, act(number), None, "zoe")


def test_the_list_is_sorted_by_time_to_breach(desk: Database, open_one: Open) -> None:
    slow = open_one("slow", at=NOW - 5 * HOUR)
    grave = open_one("grave", impact="high", urgency="high")
    none = open_one("nothing is promised", impact="low", urgency="low")
    plain = open_one("plain", at=NOW - HOUR)
    solved = open_one("solved", impact="high", urgency="high")
    incident_moves.resolve(desk, act(solved), FIXED)
    look(desk)
    assert listed(desk) == [slow, grave, plain, none, solved]
    lines = incidents.list_incidents(desk, Choice(), NOW).incidents
    assert lines[0].clock is not None
    assert (lines[0].clock.due_at, lines[0].clock.breached_at) == (NOW - HOUR, NOW - HOUR)
    assert [line.clock is None for line in lines] == [False, False, False, True, True]


def test_what_moved_a_moment_ago_stands_where_its_new_time_has_it(desk: Database, open_one: Open) -> None:
    """Whether the engine has looked at it since or not."""
    slow, other = open_one("slow", at=NOW - HOUR), open_one("other")
    look(desk)
    assert listed(desk) == [slow, other]
    moved = incident_moves.set_priority(desk, act(other), "high", "high").incident
    fresh = open_one("fresh", impact="high")
    assert listed(desk) == [other, fresh, slow]
    assert moved.clock is not None
    assert moved.clock.due_at == NOW + timedelta(minutes=15)
    look(desk)
    assert listed(desk) == [other, fresh, slow]


def test_the_list_is_of_those_that_are_wanted(desk: Database, open_one: Open) -> None:
    first, second, third = open_one(service="shop"), open_one(team="shore"), open_one()
    incident_moves.take(desk, act(second))
    incident_moves.cancel(desk, act(third, reason="a mistake"))
    assert listed(desk, team="shore") == listed(desk, owner="ada") == [second]
    assert listed(desk, service="shop") == listed(desk, states=(IncidentState.NEW,)) == [first]
    assert set(listed(desk, over_too=True)) == {first, second, third}
    assert listed(desk, states=(IncidentState.CANCELLED,)) == [third]
    with pytest.raises(NotFound, match="did you mean"):
        listed(desk, team="shor")


def test_children_and_duplicates_that_move_along_are_named(desk: Database, open_one: Open) -> None:
    parent, child, duplicate = open_one(), open_one(), open_one()
    incident_links.link(desk, act(parent), LinkVerb.PARENT_OF, child)
    incident_moves.merge(desk, act(duplicate), parent)
    assert incident_moves.hold(desk, act(parent), HoldReason.SUPPLIER).along == (child,)
    assert incident_moves.resolve(desk, act(parent), FIXED).along == (child, duplicate)
    found = incident_details.show_incident(desk, parent, "ada", NOW)
    assert [one.incident for one in (*found.children, *found.duplicates)] == [child, duplicate]
    other = incident_details.show_incident(desk, child, "ada", NOW)
    assert other.parent is not None
    assert other.parent.incident == parent
    assert incident_details.show_incident(desk, duplicate, "ada", NOW).original == parent


def test_private_notes_are_for_those_who_work(desk: Database, open_one: Open) -> None:
    number = open_one()
    incident_links.note(desk, act(number), "the disk is full", public=False)
    incident_links.note(desk, act(number), "we are on it", public=True)
    incident_links.note(desk, act(number, "zoe"), "thank you", public=True)
    with pytest.raises(Refused, match="zoe may not write on"):
        incident_links.note(desk, act(number, "zoe"), "psst", public=False)
    with pytest.raises(Misuse, match="the note is empty"):
        incident_links.note(desk, act(number), "", public=True)
    ours, hers = (incident_details.show_incident(desk, number, name, NOW) for name in ("ada", "zoe"))
    assert "the disk is full" in [entry.text for entry in ours.timeline]
    assert [entry.text for entry in hers.timeline if entry.source is Source.NOTE] == ["we are on it", "thank you"]
    assert hers.hidden > ours.hidden == 0


@pytest.mark.parametrize(
    ("target", "error", "says"),
    [
        ("web1", Misuse, "nothing to link with"),
        ("host/web9", NotFound, "no host 'web9'"),
        ("INC999999", NotFound, "no incident INC999999"),
        ("RUN000099", NotFound, "RUN000099"),
        ("secret/x", Misuse, "write INC000012, PRB000005"),
    ],
)
def test_only_what_is_there_can_be_linked(small: Database, target: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        incident_links.link(small, act(opener(small)()), LinkVerb.RELATED_TO, target)


def test_links_are_made_and_undone(desk: Database, open_one: Open) -> None:
    first, second = open_one(), open_one()
    incident_links.link(desk, act(first), LinkVerb.RELATED_TO, str(int(second[3:])))
    with pytest.raises(Refused, match="already"):
        incident_links.link(desk, act(first), LinkVerb.RELATED_TO, second)
    with pytest.raises(Misuse, match="only an incident can"):
        incident_links.link(desk, act(first), LinkVerb.PARENT_OF, "host/web1")
    assert [one.from_there for one in incident_details.show_incident(desk, second, "ada", NOW).links] == [True]
    incident_links.unlink(desk, act(second), first)
    with pytest.raises(NotFound, match="is not linked"):
        incident_links.unlink(desk, act(first), second)
    incident_moves.merge(desk, act(second), first)
    with pytest.raises(Refused, match="a manager can reopen it"):
        incident_links.unlink(desk, act(second), first)


def test_a_major_incident_is_proposed_decided_led_told_and_reviewed(desk: Database, open_one: Open) -> None:
    number = open_one(impact="high", urgency="high")
    major = incident_details.show_incident(desk, number, "ada", NOW).major
    assert major is not None
    assert (major.state, major.proposed_for) == (MajorState.CANDIDATE, 'the rule for {priority="P1"}')
    line = major_incidents.accept(desk, act(number, "max", "every shop"), Roles("ada", "bob")).incident
    assert (line.priority, line.major) == ("major", MajorState.ACCEPTED)
    major_incidents.tell(desk, act(number, at=NOW + HOUR), "we know why", "technical")
    with pytest.raises(Refused, match="these are: technical, business"):
        major_incidents.tell(desk, act(number), "x", "press")
    major_incidents.appoint(desk, act(number, "max"), Roles(liaison="max"))
    with pytest.raises(Refused, match="review it when it is resolved"):
        major_incidents.review(desk, act(number, "max"), "monitor the disk")
    found = incident_details.show_incident(desk, number, "ada", NOW).major
    assert found is not None
    assert [(row.audience, row.due_at) for row in found.updates] == [
        ("technical", NOW + 1.5 * HOUR),
        ("business", NOW + HOUR),
    ]
    assert (found.commander, found.scribe, found.liaison) == ("ada", "bob", "max")
    incident_moves.resolve(desk, act(number), FIXED)
    major_incidents.review(desk, act(number, "max"), "monitor the disk")
    last = incident_details.show_incident(desk, number, "ada", NOW).major
    assert last is not None
    assert (last.state, last.review) == (MajorState.REVIEWED, "monitor the disk")
    assert {row.due_at for row in last.updates} == {None}


def test_who_decides_need_not_propose(desk: Database, open_one: Open) -> None:
    number = open_one()
    with pytest.raises(Refused, match="the reason is empty"):
        major_incidents.accept(desk, act(number, "max"), Roles())
    with pytest.raises(NotFound, match="never proposed"):
        major_incidents.decline(desk, act(number, "max", "no"))
    assert major_incidents.accept(desk, act(number, "max", "all shops"), Roles()).incident.priority == "major"
    assert major_incidents.demote(desk, act(number, "max", "one shop")).incident.priority == "P3"
    major_incidents.propose(desk, act(number, "ada", "two shops"))
    line = major_incidents.decline(desk, act(number, "max", "two are few")).incident
    assert (line.priority, line.major) == ("P3", MajorState.DECLINED)


def test_people_are_told_of_moves(desk: Database, open_one: Open) -> None:
    """The team of what is new, the caller of the end; once each."""
    number, child = open_one(service="shop"), open_one(service="shop")
    incident_links.link(desk, act(number), LinkVerb.PARENT_OF, child)
    incident_moves.take(desk, act(number))
    incident_moves.resolve(desk, act(number), FIXED)
    with desk.read() as session:
        told = [(row.tag, row.to, row.subject) for row in session.query(Notice).order_by(Notice.id)]
    subjects = [f"incident/{int(one[3:])}" for one in (number, child)]
    assert sorted(told) == [
        *(("incident-opened", "deck@example.org", subject) for subject in subjects),
        ("incident-resolved", "deck@example.org", subjects[0]),
        ("incident-resolved", "deck@example.org", subjects[1]),
        *(("incident-resolved", "zoe@example.org", subject) for subject in subjects),
    ]


def test_who_answers_for_the_team_hears_of_an_escalation(desk: Database, open_one: Open) -> None:
    number = open_one(service="shop")
    with pytest.raises(Misuse, match="the reason is empty"):
        incident_moves.escalate(desk, act(number))
    incident_moves.escalate(desk, act(number, reason="nobody knows the shop"))
    with desk.read() as session:
        told = [(row.to, row.facts["text"]) for row in session.query(Notice) if row.tag == "incident-escalated"]
    assert told == [("max@example.org", "nobody knows the shop")]
    last = incident_details.show_incident(desk, number, "ada", NOW).timeline
    assert ("escalated", "nobody knows the shop") in [(entry.text, entry.reason) for entry in last]


def test_a_clock_that_cannot_be_computed_stops_neither_list_nor_page(
    desk: Database, open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("the calendar is never open")

    number = open_one()
    monkeypatch.setattr("models.queries.desk_incidents.read_clock", broken)
    monkeypatch.setattr("models.queries.incident_clocks.read_clock", broken)
    assert listed(desk) == [number]
    found = incident_details.show_incident(desk, number, "ada", NOW)
    assert (found.clocks, found.clock_problem) == ((), "the calendar is never open")

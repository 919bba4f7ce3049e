"""Incidents at the command line: what people read, what programs get, and how each slip of the pen ends."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from models.queries import incident_clocks
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site
from tests.desk.test_incidents import INCIDENTS, PEOPLE

Call = Callable[..., Said]


@pytest.fixture
def incident(harbour: Database, site_folder: Path, watchbill: Call) -> Call:
    """`watchbill incident` on the small site, with people of every role; ada acts."""
    apply_site(harbour, write_site(site_folder, people=PEOPLE, incidents=INCIDENTS), clock.now())
    return lambda *words: watchbill("incident", *words)


def look(database: Database) -> None:
    with database.write() as session:
        incident_clocks.look(session, clock.now())


def test_a_new_incident_is_one_line_and_the_next_step(incident: Call) -> None:
    said = incident("new", "The shop is slow", "--service", "shop")
    assert (said.code, said.out) == (0, "INC000001 is new, P3, with deck, nobody yet\n")
    assert said.err == "next: `watchbill incident take INC000001` begins the work on it\n"


def test_every_move_says_how_it_stands(incident: Call) -> None:
    incident("new", "The shop is slow", "--service", "shop", "--caller", "zoe")
    told = [
        incident("take", "1"),
        incident("hold", "inc1", "supplier", "--reason", "part ordered"),
        incident("resume", "INC000001"),
        incident("assign", "1", "--to", "bob"),
        incident("priority", "1", "--impact", "high"),
        incident("escalate", "1", "--reason", "nobody knows the shop"),
        incident("resolve", "1", "--code", "known-error", "--note", "see the wiki"),
        incident("reopen", "1", "--reason", "still slow", "--as", "zoe"),
        incident("cancel", "1", "--reason", "it was the network"),
    ]
    assert [said.code for said in told] == [0] * 9
    assert [said.out for said in told] == [
        "INC000001 is in progress, P3, with ada of deck\n",
        "INC000001 is on hold (supplier), P3, with ada of deck\n",
        "INC000001 is in progress, P3, with ada of deck\n",
        "INC000001 is in progress, P3, with bob of deck\n",
        "INC000001 is in progress, P2, with bob of deck\n",
        "INC000001 is escalated\n",
        "INC000001 is resolved, P2, with bob of deck\n",
        "INC000001 is in progress, P2, with bob of deck\n",
        "INC000001 is cancelled, P2, with bob of deck\n",
    ]
    assert told[-1].err == "", "nothing comes after the end"


def test_the_list_has_one_line_each_and_programs_get_the_same(harbour: Database, incident: Call) -> None:
    assert "no such incident" in incident("list").out
    for title, impact in (("one\x1b[31m", "medium"), ("two", "high")):
        incident("new", title, "--service", "shop", "--impact", impact, "--urgency", impact)
    incident("new", "an exercise", "--drill", "--host", "web3", "--impact", "low")
    look(harbour)
    said = incident("list")
    lines = said.out.splitlines()
    assert lines[0].split() == ["incident", "priority", "state", "due", "service", "host", "with", "opened"]
    assert lines[1].split()[:3] == ["INC000002", "P1?", "new"]
    assert "own in 1" in lines[1], "fifteen minutes, or a moment less"
    assert lines[2].endswith("one [31m")
    assert lines[3].endswith("(drill) an exercise")
    assert lines[5].startswith("?: it may be a major incident")
    found = incident("list", "--json").json
    assert [line["incident"] for line in found["incidents"]] == ["INC000002", "INC000001", "INC000003"]
    assert found["incidents"][0]["clock"]["measure"] == "time to own"
    assert incident("list", "--json", "incident,priority").json[0] == {"incident": "INC000002", "priority": "P1"}
    assert incident("list", "-q", "--state", "new", "--service", "shop").out == "INC000002\nINC000001\n"


def test_a_page_tells_everything(harbour: Database, incident: Call) -> None:
    incident(
        "new", "The shop is slow", "--service", "shop", "--caller", "zoe", "--description", "Since ten.\nAll pages."
    )
    incident("new", "Branch", "--service", "shop")
    incident("take", "1")
    incident("link", "2", "child-of", "1")
    incident("link", "1", "caused-by", "host/web1")
    incident("note", "1", "the disk is full")
    incident("major", "propose", "1", "--reason", "all branches")
    incident("major", "accept", "1", "--reason", "indeed", "--as", "max", "--commander", "ada")
    look(harbour)
    page = incident("show", "INC000001")
    for words in (
        "INC000001 The shop is slow",
        "state in progress",
        "priority major (impact medium, urgency medium)",
        "with ada of deck",
        "caller zoe",
        "by ada, command line",
        "Since ten. All pages.",
        "Major incident state accepted proposed by ada: all branches decided by max: indeed commander ada",
        "tell technical not told yet, next",
        "agreement clock target state due used left SLA time to own 4h met",
        "parent of INC000002 new Branch",
        "caused by host/web1",
        "Timeline (Europe/Berlin)",
        "ada parent of INC000002",
        "ada the disk is full [private]",
        "max declared a major incident (indeed)",
    ):
        assert words in page.words
    assert "part of INC000001 in progress The shop is slow" in incident("show", "2").words
    hers = incident("show", "1", "--as", "zoe")
    assert "disk is full" not in hers.words
    assert "1 moment more, for those who work on incidents" in hers.words
    found = incident("show", "1", "--json").json
    assert (found["line"]["priority"], found["major"]["commander"]) == ("major", "ada")
    assert [entry["source"] for entry in found["timeline"]].count("note") == 1


def test_what_was_done_is_said_in_one_line(incident: Call) -> None:
    for title in ("one", "two", "three"):
        incident("new", title, "--service", "shop")
    assert incident("note", "1", "we are on it", "--public").out == "INC000001 has your note\n"
    assert incident("link", "1", "parent-of", "INC000002").out == "INC000001 is parent of INC000002\n"
    assert incident("link", "1", "related-to", "job/rotate-logs").out == "INC000001 is related to job/rotate-logs\n"
    assert incident("unlink", "1", "job/rotate-logs").out == "INC000001 is not linked with job/rotate-logs any more\n"
    assert incident("merge", "3", "--into", "1").out == "INC000003 is closed, P3, with deck, nobody yet\n"
    said = incident("resolve", "1", "--code", "fixed", "--note", "restarted")
    assert "with it: INC000002, INC000003" in said.out
    assert incident("close", "1", "--json").json["along"] == ["INC000002"]


def test_a_major_incident_is_led_from_the_command_line(incident: Call) -> None:
    incident("new", "Everything is down", "--impact", "high", "--urgency", "high")
    assert incident("major", "accept", "1", "--reason", "all", "--as", "max").out == "INC000001 is a major incident\n"
    assert incident("major", "decline", "1", "--reason", " ").err == "error: decline: say with --reason why\n"
    assert "stays major until" in incident("priority", "1", "--urgency", "low").err
    assert incident("major", "appoint", "1", "--scribe", "bob", "--as", "max").code == 0
    said = incident("major", "tell", "1", "--audience", "technical", "--text", "we know why")
    assert said.out == "INC000001 has your update\n"
    assert incident("major", "demote", "1", "--reason", "only one", "--as", "max").code == 0
    assert incident("major", "tell", "1", "--audience", "technical").code == 2
    assert incident("major", "review", "1", "--text", "x", "--as", "max").code == 6


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("show", "INC000009"), 5, "there is no incident INC000009; the last is INC000001"),
        (("show", "shop"), 2, "it looks like INC000123"),
        (("take", "1", "--as", "zoe"), 6, "zoe may not take INC000001: that takes the role of operator"),
        (("resume", "1"), 6, "INC000001: an incident that is 'new' cannot 'resume'"),
        (("resolve", "1", "--code", "fixed"), 2, "--note is missing"),
        (("resolve", "1", "--code", "duplicate", "--note", "x"), 2, 'Choose from: "fixed", "workaround"'),
        (("resolve", "1", "--code", "fixed", "--note", " "), 6, "the solution is empty"),
        (("hold", "1", "weather"), 2, '"caller", "supplier", "change", "problem"'),
        (("reopen", "1"), 2, "--reason is missing"),
        (("priority", "1"), 2, "say what is different"),
        (("priority", "1", "--impact", "huge"), 2, "these may: high, medium, low"),
        (("assign", "1", "--to", "adda"), 5, 'did you mean "ada"?'),
        (("merge", "1", "--into", "1"), 6, "cannot be merged into itself"),
        (("link", "1", "parentof", "2"), 2, '"parent-of"?'),
        (("list", "--mine", "--owner", "bob"), 2, "keep one"),
        (("list", "--mine", "--as", "root"), 5, "no person 'root' in people.yaml"),
        (("list", "--state", "nwe"), 2, '"in-progress"'),
        (("tkae", "1"), 2, 'did you mean "take"?'),
        (("major", "accept", "1", "--reason", "x"), 6, "(who may: max)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_of_the_pen_ends_in_one_sentence(incident: Call, words: tuple[str, ...], code: int, says: str) -> None:
    incident("new", "The shop is slow", "--service", "shop")
    said = incident(*words)
    assert said.code == code
    assert says in said.words
    assert said.out == ""


def test_an_incident_is_corrected(incident: Call) -> None:
    incident("new", "The shop is slwo", "--service", "shop")
    said = incident("edit", "1", "--title", "The shop is slow", "--service", "")
    changed = 'service is empty now, not "shop"; title is "The shop is slow" now, not "The shop is slwo"'
    assert said.out == f"INC000001 is corrected: {changed}\n"
    assert incident("edit", "1", "--host", "web1", "--json").json["incident"]["host"] == "web1"
    assert (incident("edit", "1").code, incident("edit", "1", "--host", "web1").code) == (2, 6)


def test_who_has_it_stands_in_one_column_the_team_in_parentheses(incident: Call) -> None:
    incident("new", "one", "--service", "shop")
    assert "(deck)" in incident("list").out.splitlines()[1].split()
    incident("take", "1")
    line = incident("list").out.splitlines()[1].split()
    assert "ada" in line
    assert "(deck)" not in line


def test_a_link_names_the_other_incident_in_full(incident: Call) -> None:
    for title in ("one", "two"):
        incident("new", title, "--service", "shop")
    assert incident("link", "1", "parent-of", "2").out == "INC000001 is parent of INC000002\n"
    assert incident("unlink", "1", "inc2").out == "INC000001 is not linked with INC000002 any more\n"

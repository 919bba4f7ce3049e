"""Problems at the command line: what people read, what programs get, and how each slip of the pen ends."""

from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine

from models import clock
from models.database import Database
from models.records import KnownError
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site

Call = Callable[..., Said]
PEOPLE = """
teams:
  deck: {title: Deck}
  crew: {title: Crew}
people:
  ada: {name: Ada Lovelace, teams: [deck], roles: [operator]}
  pia: {name: Pia Prim, teams: [deck], roles: [problem manager]}
  zoe: {name: Zoe Zimmer}
"""
SERVICES = """
services:
  shop: {title: Shop, owner: deck, hourly_cost: {amount: 120.5, currency: EUR}}
hosts:
  web1: {address: 10.0.0.1, tags: [web], service: shop}
  db1: {address: 10.0.0.9, tags: [db, web]}
"""


@pytest.fixture
def call(harbour: Database, site_folder: Path, watchbill: Call) -> Call:
    """`watchbill` on the small site, with an operator who acts, a problem manager and somebody without a role."""
    apply_site(harbour, write_site(site_folder, people=PEOPLE, services=SERVICES), clock.now())
    for host in ("web1", "web1", "db1"):
        watchbill("incident", "new", f"Slow on {host}", "--service", "shop", "--host", host)
    return watchbill


@pytest.fixture
def problem(call: Call) -> Call:
    """`watchbill problem`, where PRB000004 causes INC000001 and INC000002."""
    call("problem", "new", "--from", "INC000001", "INC000002")
    return lambda *words: call("problem", *words)


def known(problem: Call) -> None:
    for words in (("assess", "4"), ("investigate", "4"), ("find-cause", "4", "The pool is never given back")):
        assert problem(*words).code == 0


def test_incidents_are_escalated_to_a_problem_that_has_what_they_say(call: Call) -> None:
    said = call("problem", "new", "--from", "INC000001", "2", "--target", "2030-01-31")
    assert (said.code, said.out) == (0, "PRB000004 is new, P3, with deck, nobody yet\n")
    assert said.err == "next: `watchbill problem assess PRB000004` says how grave it is\n"
    shown = call("problem", "show", "PRB000004", "--json").json
    assert shown["line"]["title"] == "Slow on web1"
    assert (shown["line"]["service"], shown["line"]["host"], shown["line"]["incidents"]) == ("shop", "web1", 2)
    assert shown["line"]["target_at"] == "2030-01-31T22:59:00+00:00"
    assert [one["incident"] for one in shown["incidents"]] == ["INC000001", "INC000002"]
    assert [entry["text"] for entry in shown["analysis"]["symptoms"]] == ["Slow on web1"]
    assert shown["analysis"]["impacts"][0]["text"].startswith("2 incidents like it in 90 days (shop web1)")
    again = call("problem", "new", "--from", "1", "2")
    assert again.code == 6
    assert "PRB000004 is their problem already; see `watchbill problem show PRB000004`" in again.words


def test_a_problem_walks_to_its_end_and_says_what_comes_next(problem: Call) -> None:
    told = [
        problem("assess", "PRB000004", "--impact", "high", "--urgency", "high"),
        problem("investigate", "prb4"),
        problem("find-cause", "4", "The pool is never given back"),
        problem("known-error", "4", "--workaround", "Restart it"),
        problem("begin-fix", "4", "--change", "CHG0031"),
        problem("publish-fix", "4", "The pool is given back"),
        problem("resolve", "4", "--as", "pia"),
        problem("close", "4", "--as", "pia"),
    ]
    assert [said.code for said in told] == [0] * 8
    lines = [said.out.strip() for said in told]
    assert lines[:5] == [
        "PRB000004 is assessed, P1, with deck, nobody yet",
        "PRB000004 is under investigation, P1, with ada of deck",
        "PRB000004: root cause known, P1, with ada of deck",
        "PRB000004 is a known error, P1, with ada of deck\nKE000001 is its known error, draft",
        "PRB000004: fix in progress, P1, with ada of deck",
    ]
    assert lines[5].startswith("PRB000004 has resolved 2 incidents: INC000001, INC000002 and is watched until ")
    assert lines[6:] == [
        "PRB000004 is resolved, P1, with ada of deck",
        "PRB000004 is closed (fixed), P1, with ada of deck",
    ]
    assert "`watchbill problem publish-fix PRB000004 TEXT` when the fix is in" in told[4].err


def test_the_page_shows_the_tree_the_whys_the_tasks_and_the_cost(problem: Call) -> None:
    assert problem("note", "4", "Requests queue", "--kind", "cause").out == "PRB000004 has cause 3\n"
    assert problem("note", "4", "The pool is small", "--below", "3").out == "PRB000004 has cause 4\n"
    problem("note", "4", "Nobody knows the driver")
    assert problem("why", "4", "Requests wait for a connection").out == "PRB000004 has why 1\n"
    assert problem("why", "4", "None is given back").out == "PRB000004 has why 2\n"
    with time_machine.travel("2020-01-01T09:00Z"):
        task = problem("task", "4", "Ask the vendor", "--owner", "ada", "--due", "2020-01-02")
    assert task.words.startswith("PRB000004 has task 1, due ")
    shown = problem("show", "4")
    page = "\n".join(line.strip() for line in shown.out.splitlines())
    assert "3  Requests queue\n4  The pool is small" in page
    assert "   4  The pool is small" in shown.out, "a cause stands below the one above it"
    assert "1.  Requests wait for a connection\n2.  None is given back" in page
    assert "Ask the vendor" in page
    assert "EUR" in page
    assert "Nobody knows the driver" in page
    assert "tasks" in problem("list").out, "an overdue task is seen in the list"
    assert problem("task", "4", "--done", "1").out == "PRB000004 has done task 1\n"
    assert "tasks" not in problem("list").out


def test_a_workaround_is_told_to_the_open_incidents(problem: Call, call: Call) -> None:
    said = problem("publish-workaround", "4", "Restart the pool")
    assert said.out == "PRB000004 has told 2 incidents: INC000001, INC000002\n"
    assert problem("publish-workaround", "4", "Restart the pool").out == (
        "PRB000004 has told 0 incidents (none is open)\n"
    )
    shown = call("incident", "show", "INC000002", "--as", "zoe")
    assert "PRB000004 has a workaround: Restart the pool" in shown.out


def test_what_comes_back_after_the_fix_reopens_it_with_the_evidence(problem: Call) -> None:
    known(problem)
    problem("publish-fix", "4", "Patched")
    with_late = problem("link", "4", "INC000003")
    assert with_late.out == "PRB000004 causes INC000003\n"
    assert problem("list", "--json", "state,reopened").json == [{"state": "watching", "reopened": 0}]


def test_links_are_made_and_undone(problem: Call, call: Call) -> None:
    assert problem("link", "4", "3").out == "PRB000004 causes INC000003\n"
    assert "PRB000004 causes INC000003 already" in problem("link", "4", "3").words
    assert "caused by  PRB000004" in " ".join(call("incident", "show", "3").out.split("\n"))
    assert problem("unlink", "4", "3").out == "PRB000004 does not cause INC000003 any more\n"
    assert "INC000003 is not linked with PRB000004" in problem("unlink", "4", "3").words
    assert problem("link", "4").code == 2


def test_an_incident_is_linked_with_its_problem_from_its_own_side(problem: Call, call: Call) -> None:
    assert call("incident", "link", "INC000003", "caused-by", "PRB000004").code == 0
    assert problem("list", "--json", "incidents").json == [{"incidents": 3}]
    assert call("incident", "unlink", "INC000003", "PRB000004").code == 0
    assert problem("list", "--json", "incidents").json == [{"incidents": 2}]


def test_the_list_begins_with_what_must_be_decided_first(problem: Call) -> None:
    for title, *more in (("later", "--target", "2031-01-01"), ("first", "--target", "2030-01-01"), ("some day",)):
        problem("new", title, *more)
    assert [line["title"] for line in problem("list", "--json").json["problems"]] == [
        *("first", "later", "Slow on web1", "some day"),
    ]
    assert problem("list", "-q", "--state", "new", "--service", "shop").out == "PRB000004\n"
    assert problem("list", "--origin", "proactive").out == "no such problem\n"
    problem("cancel", "5", "--reason", "none", "--as", "pia")
    assert "PRB000005" not in problem("list").out
    assert "PRB000005" in problem("list", "--all").out


def test_an_accepted_risk_has_its_bearer_and_is_decided_again(problem: Call) -> None:
    problem("assess", "4")
    assert problem("accept-risk", "4", "--until", "90d", "--reason", "cheap", "--by", "ada", "--as", "pia").out == (
        "PRB000004 is risk accepted, P3, with deck, nobody yet\n"
    )
    assert "by ada until" in problem("show", "4").out
    assert problem("reopen", "4", "--reason", "not cheap", "--as", "pia").out.startswith("PRB000004 is assessed")


def test_a_review_is_written_when_the_fix_is_in(problem: Call) -> None:
    parts = ("--well", "quick", "--badly", "late", "--changes", "an alert", "--people", "ada, pia", "--as", "pia")
    assert "a problem that is 'new' cannot 'review'" in problem("review", "4", *parts).words
    known(problem)
    problem("publish-fix", "4", "Patched")
    assert problem("review", "4", *parts).out == "PRB000004 is reviewed\n"
    assert "an alert" in problem("show", "4").out


def test_a_merged_problem_says_into_which(problem: Call) -> None:
    problem("new", "The same", "--from", "INC000003")
    assert problem("merge", "5", "4").out == "PRB000005 is closed (duplicate), P3, with deck, nobody yet\n"
    assert "duplicate of  PRB000004" in problem("show", "5").out
    assert "link INC000003 with that one" in problem("link", "5", "INC000003").words


SLIPS = [
    (("new",), 2, "say what the problem is in one line, or which incidents it causes: --from INC000012"),
    (("new", "x", "--service", "shp"), 5, "there is no service 'shp'"),
    (("new", "x", "--as", "zoe"), 6, "zoe may not open a problem: that takes the role of"),
    (("new", "--from", "INC000099"), 5, "there is no incident INC000099"),
    (("new", "x", "--impact", "awful"), 2, "awful"),
    (("new", "x", "--target", "2020-01-01"), 2, "--target '2020-01-01' has passed: write a day that comes"),
    (("show", "INC000001"), 2, "'INC000001' is not the number of a problem: it looks like PRB000123"),
    (("show", "PRB000009"), 5, "there is no problem PRB000009; the last is PRB000004"),
    (("find-cause", "4", "x"), 6, "PRB000004: a problem that is 'new' cannot 'find cause'; it can: "),
    (("assess", "4", "--impact", "awful"), 2, "awful"),
    (("assign", "4"), 2, "say to whom: --team, --to, or both"),
    (("assign", "4", "--to", "zoe"), 6, "zoe is neither an operator nor a problem manager"),
    (("priority", "4"), 2, "say what is different: --impact, --urgency, or both"),
    (("plan", "4"), 6, "say a target date or a change"),
    (("plan", "4", "--target", "soon"), 2, "--target 'soon': write 2026-12-24, '2026-12-24 18:00' or 14d"),
    (("plan", "4", "--change", "C" * 200), 6, "the change has 200 characters, at most 128 are kept"),
    (("note", "4", " "), 6, "the note is empty"),
    (("note", "4", "x", "--kind", "symptom", "--below", "1"), 2, "--below goes with a cause, and this is a symptom"),
    (("note", "4", "x", "--below", "99"), 6, "PRB000004 has no cause 99 to stand below; it has none yet"),
    (("why", "4", "x", "--as", "zoe"), 6, "zoe may not analyse PRB000004"),
    (("task", "4"), 2, "say what is to be done, or with --done which task is: one of the two"),
    (("task", "4", "--done", "7"), 5, "PRB000004 has no task 7; its tasks: it has none"),
    (("task", "4", "x", "--owner", "nobody"), 5, "there is no person 'nobody'"),
    (("list", "--mine", "--owner", "ada"), 2, "--mine and --owner say the same twice: keep one"),
    (("list", "--team", "dek"), 5, 'did you mean "deck"?'),
    (("close", "4", "--as", "pia"), 6, "a problem that is 'new' cannot 'close'"),
]


def test_a_slip_of_the_pen_says_what_is_wrong_and_changes_nothing(problem: Call) -> None:
    before = problem("show", "4", "--json").json
    for words, code, expected in SLIPS:
        said = problem(*words)
        assert (said.code, expected in said.words) == (code, True), said.words
    after = problem("show", "4", "--json").json
    assert after["line"] == before["line"]
    assert after["timeline"] == before["timeline"]


def test_the_known_errors_of_a_problem_stand_on_its_page(problem: Call, call: Call, harbour: Database) -> None:
    known(problem)
    with harbour.write() as session:
        row = KnownError(title="Pool dry", symptom="slow", recognise={}, problem_id=4, created_by="ada")
        row.created_at = clock.now()
        session.add(row)
    assert "KE000001 Pool dry (draft)" in problem("show", "4").words


def test_a_drill_makes_a_drill(call: Call) -> None:
    call("incident", "new", "Try it", "--service", "shop", "--drill")
    call("problem", "new", "--from", "INC000004")
    shown = call("problem", "show", "PRB000005", "--json").json
    assert (shown["line"]["is_drill"], shown["line"]["incidents"], shown["cost"]["hours"]) == (True, 0, 0)
    assert [one["incident"] for one in shown["incidents"]] == ["INC000004"]


def test_linking_what_came_after_the_fix_says_what_it_does(problem: Call, call: Call) -> None:
    known(problem)
    problem("publish-fix", "4", "Patched")
    call("incident", "new", "Slow again", "--service", "shop")
    said = problem("link", "4", "INC000005")
    assert said.out == "PRB000004 causes INC000005, of after its fix: it is investigated again\n"
    problem("cancel", "4", "--reason", "none", "--as", "pia")
    assert "`watchbill problem reopen` it if its fix is none" in problem("link", "4", "3").err


def test_the_timeline_says_what_was_written_and_names_what_was_linked_at_once(problem: Call) -> None:
    problem("why", "4", "No connection is given back")
    problem("task", "4", "Ask the vendor", "--owner", "ada")
    problem("task", "4", "--done", "1")
    entries = [one["text"] for one in problem("show", "4", "--json").json["timeline"]]
    assert entries[1:3] == ["cause of INC000001, INC000002", "symptom: Slow on web1"]
    assert entries[4:] == [
        "why 1: No connection is given back",
        "task 1 for ada: Ask the vendor",
        "task 1 done: Ask the vendor",
    ]


def test_every_move_gives_programs_the_same_facts(problem: Call) -> None:
    moves = (
        ("assess", "4", "--impact", "high"),
        ("assign", "4", "--to", "pia"),
        ("investigate", "4"),
        ("priority", "4", "--impact", "low"),
        ("plan", "4", "--target", "14d"),
        ("note", "4", "x", "--kind", "cause"),
        ("why", "4", "x"),
        ("task", "4", "x"),
        ("link", "4", "3"),
        ("unlink", "4", "3"),
        ("find-cause", "4", "x"),
        ("publish-workaround", "4", "x"),
        ("accept-risk", "4", "--until", "9d", "--reason", "x", "--as", "pia"),
        ("reopen", "4", "--reason", "x", "--as", "pia"),
        ("find-cause", "4", "x"),
        ("re-analyse", "4", "--reason", "x", "--as", "pia"),
        ("find-cause", "4", "x"),
        ("begin-fix", "4"),
        ("publish-fix", "4", "x"),
        ("review", "4", "--well", "x", "--badly", "x", "--changes", "x", "--people", "x", "--as", "pia"),
        ("resolve", "4", "--as", "pia"),
        ("close", "4", "--as", "pia"),
    )
    assert {tuple(problem(*words, "--json").json) for words in moves} == {
        ("problem", "incidents", "not_resolved", "came_back")
    }

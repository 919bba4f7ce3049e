"""Known errors at the command line: written, published, suggested, counted, and how each slip of the pen ends."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import clock
from models.database import Database
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site
from tests.desk.test_incidents import INCIDENTS, PEOPLE

Call = Callable[..., Said]
POOL = (
    "new", "The pool of the shop runs dry", "--symptom", "Checkout hangs", "--service", "shop",
    "--words", "connection pool", "--words", "checkout hangs", "--workaround", "Restart the front",
)  # fmt: skip


@pytest.fixture
def desk(harbour: Database, site_folder: Path, watchbill: Call) -> Call:
    """`watchbill` on the small site, with people of every role; ada, an operator, acts; max is a manager."""
    apply_site(harbour, write_site(site_folder, people=PEOPLE, incidents=INCIDENTS), clock.now())
    return watchbill


def known(desk: Call, *words: str) -> Said:
    return desk("known-error", *words)


def test_a_known_error_is_written_published_suggested_and_counted(desk: Call) -> None:
    assert "next: `watchbill known-error publish KE000001`" in known(desk, *POOL).words
    assert known(desk, "publish", "ke1", "--as", "max").code == 0
    desk("incident", "new", "Checkout hangs again", "--service", "shop")
    shown = desk("incident", "show", "1")
    assert "Known errors that may fit" in shown.out
    assert "Restart the front service shop, the words 'checkout hangs'" in shown.words
    (line,) = desk("incident", "show", "1", "--json").json["known_errors"]
    assert (line["known_error"], line["why"]) == ("KE000001", "service shop, the words 'checkout hangs'")
    assert desk("incident", "show", "1", "--json", "--as", "zoe").json["known_errors"] == [], "not for its caller"

    assert "INC000001 is resolved" in desk("incident", "resolve", "1", "--known-error", "KE000001").out
    detail = desk("incident", "show", "1", "--json").json
    assert (detail["resolution_code"], detail["resolution"]) == (
        "known error",
        "KE000001 The pool of the shop runs dry: Restart the front; ada says so",
    )
    desk("incident", "new", "Connection refused by the pool", "--service", "shop")
    desk("incident", "resolve", "2", "--code", "fixed", "--note", "new cable", "--not", "KE1")
    (row,) = known(desk, "list", "--json").json["known_errors"]
    assert [row[name] for name in ("suggested", "used", "worked", "failed", "worked_percent")] == [2, 2, 1, 1, 50]
    assert "KE000001 published shop 2 50 %" in known(desk, "list").words
    shown = known(desk, "show", "1")
    assert "recognises service shop, the words 'connection pool' or the words 'checkout hangs'" in shown.words
    assert "2 times, suggested 2 times; it worked 1 and failed 1 times (50 %)" in shown.words
    assert [use["worked"] for use in known(desk, "show", "1", "--json").json["uses"]] == [False, True]


def test_what_somebody_did_is_said_on_the_incident_and_known_later(desk: Call) -> None:
    known(desk, *POOL)
    known(desk, "publish", "1", "--as", "max")
    desk("incident", "new", "Something else")
    assert known(desk, "use", "1", "1", "--json").json["line"]["used"] == 1
    assert known(desk, "use", "1", "1", "--worked", "no", "--json").json["line"]["failed"] == 1
    assert "did not help here" in desk("incident", "show", "1").out
    assert known(desk, "use", "1", "1", "--as", "zoe").code == 6


def test_a_known_error_is_said_better_and_retired(desk: Call) -> None:
    known(desk, *POOL)
    asked = ("--host", "web*", "--service", "", "--alert", 'name="HttpDown"')
    helps = ("--job", "rotate-logs", "--runs-itself", "yes", "--risk", "Sessions are lost")
    said = known(desk, "edit", "1", *asked, *helps, "--review-on", "2020-01-01")
    shown = "host web*, an alert {name=\"HttpDown\"}, the words 'connection pool' or the words 'checkout hangs'"
    assert f"recognises {shown}" in said.words
    assert "rotate-logs, would run by itself, but problems.yaml lets no workaround run by itself" in said.words
    known(desk, "publish", "1", "--as", "max")
    detail = known(desk, "show", "1", "--json").json
    assert (detail["risk"], detail["line"]["is_review_due"]) == ("Sessions are lost", False), "the next day is known"
    known(desk, "edit", "1", "--review-on", "2020-01-01", "--as", "max")
    assert "1 review due: `watchbill known-error show KE000001`" in known(desk, "list").words
    assert known(desk, "retire", "1", "--reason", "it is fixed", "--as", "max").code == 0
    assert known(desk, "list", "-q").out == ""
    assert known(desk, "list", "--all", "-q").out == "KE000001\n"


def test_what_runs_by_itself_says_so_once_it_is_published(
    harbour: Database, site_folder: Path, watchbill: Call
) -> None:
    files = {"people": PEOPLE, "incidents": INCIDENTS, "problems": "known_errors: {automatic: true}\n"}
    apply_site(harbour, write_site(site_folder, **files), clock.now())
    drafted = known(watchbill, *POOL, "--job", "rotate-logs", "--runs-itself", "yes")
    assert "job rotate-logs, runs by itself once it is published owner" in drafted.words
    assert "job rotate-logs, runs by itself owner" in known(watchbill, "publish", "1", "--as", "max").words


def test_a_problem_that_people_live_with_has_its_known_error_written_once(desk: Call) -> None:
    desk("incident", "new", "Checkout hangs", "--description", "It fails after a minute", "--service", "shop")
    desk("problem", "new", "--from", "1")
    for words in (("assess", "2"), ("investigate", "2"), ("find-cause", "2", "The pool is never given back")):
        assert desk("problem", *words).code == 0
    said = desk("problem", "known-error", "2", "--workaround", "Restart the front")
    assert said.out.endswith("KE000001 is its known error, draft\n")
    assert "`watchbill known-error edit KE000001 --words TEXT` says how incidents of it are recognised" in said.words
    drafted = known(desk, "show", "1", "--json").json
    assert (drafted["line"]["problem"], drafted["line"]["owner"], drafted["recognises"]) == (
        "PRB000002", "ada", "service shop",
    )  # fmt: skip
    assert [drafted[name] for name in ("symptom", "root_cause", "workaround")] == [
        "Checkout hangs\n\nIt fails after a minute", "The pool is never given back", "Restart the front",
    ]  # fmt: skip
    known(desk, "publish", "1", "--as", "max")
    assert desk("problem", "re-analyse", "2", "--reason", "that was not it", "--as", "max").code == 0
    desk("problem", "find-cause", "2", "The driver loses connections")
    again = desk("problem", "known-error", "2", "--json").json
    assert (again["known_error"], again["known_error_state"]) == ("KE000001", "published")
    assert known(desk, "list", "-q").out == "KE000001\n"


SLIPS = {
    "no number": (("show", "INC000001"), 2, "it looks like KE000012"),
    "not there": (("show", "9"), 5, "there is no known error KE000009"),
    "an unknown service": (("new", "x", "--symptom", "y", "--service", "shp"), 5, 'did you mean "shop"'),
    "an unknown job": (("new", "x", "--symptom", "y", "--job", "rotate"), 5, "there is no job 'rotate'"),
    "an unknown problem": (("new", "x", "--symptom", "y", "--problem", "9"), 5, "there is no problem PRB000009"),
    "no problem": (("new", "x", "--symptom", "y", "--problem", "INC9"), 2, "it looks like PRB000123"),
    "a bad pattern": (("new", "x", "--symptom", "y", "--host", "~web["), 2, "column"),
    "a mask of nothing": (("new", "x", "--symptom", "y", "--words", "*"), 2, "a * alone stands for any word"),
    "no day": (("new", "x", "--symptom", "y", "--review-on", "soon"), 2, "write 2027-03-01"),
    "a check of nothing": (("new", "x", "--symptom", "y", "--check", "check-disks"), 6, "and none to check"),
    "no reason": (("retire", "1", "--reason", " ", "--as", "max"), 2, "the reason is empty: say it in words"),
    "who may not": (("publish", "1"), 6, "ada may not publish KE000001: that takes the role of"),
    "of no help": (("publish", "2", "--as", "max"), 6, "KE000002: it has no workaround"),
    "nobody": (("new", "x", "--symptom", "y", "--as", "zoe"), 6, "zoe may not edit a known error"),
}


def test_a_slip_of_the_pen_ends_in_one_sentence(desk: Call) -> None:
    known(desk, *POOL)
    known(desk, "new", "No help", "--symptom", "none")
    for name, (words, code, reason) in SLIPS.items():
        said = known(desk, *words)
        assert (said.code, reason in said.words) == (code, True), f"{name}: {said.words}"
    assert known(desk, "list", "--quiet").out == "KE000001\nKE000002\n", "and nothing was written"


ENDS = {
    "nothing said": ((), 2, "--code and --note are missing; or say with --known-error which one has solved it"),
    "no words": (("--code", "fixed"), 2, "--note is missing"),
    "a draft": (("--known-error", "1"), 6, "KE000001 is draft: `watchbill known-error publish` it first"),
    "not there": (("--known-error", "7"), 5, "there is no known error KE000007"),
    "both": (("--known-error", "1", "--not", "ke1"), 2, "KE000001 cannot have helped and not helped"),
}


def test_an_incident_is_not_resolved_by_half_a_sentence(desk: Call) -> None:
    known(desk, *POOL)
    desk("incident", "new", "Checkout hangs")
    for name, (words, code, reason) in ENDS.items():
        said = desk("incident", "resolve", "1", *words)
        assert (said.code, reason in said.words) == (code, True), f"{name}: {said.words}"
    assert desk("incident", "show", "1", "--json").json["line"]["state"] == "new"

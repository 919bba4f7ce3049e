"""The command line in this process: what it prints, where, and what it ends with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.cli.exit_codes import MEANINGS
from desk.services import runs
from desk.services.runs import Ask
from models import clock
from models.database import Database
from models.records import Run
from models.vocabulary import Outcome
from tests.desk.conftest import Said
from tests.desk.small_site import BADLY, Ends, work

Call = Callable[..., Said]


def start(database: Database, job: str = "rotate-logs") -> str:
    return runs.start_run(database, Ask(job, "ada"), clock.now()).run


JSON_COMMANDS = [
    ("job", "list"),
    ("job", "show", "rotate-logs"),
    ("job", "show", "RUN000001"),
    ("job", "show", "RUN000001", "--log", "web1"),
    ("job", "run", "rotate-logs", "--dry-run"),
    ("job", "run", "check-disks", "--no-wait"),
    ("job", "forecast"),
    ("job", "pause", "rotate-logs", "--reason", "x"),
    ("host", "list"),
    ("event", "send", "load-done"),
    ("event", "list"),
    ("alarm", "list"),
    ("report", "list"),
    ("journal", "verify"),
    ("check",),
    ("plan",),
    ("schema", "--print"),
    ("help", "exit-codes"),
    ("doctor",),
]


@pytest.mark.parametrize("words", JSON_COMMANDS, ids=" ".join)
def test_json_is_one_document_on_standard_output(watchbill: Call, harbour: Database, words: tuple[str, ...]) -> None:
    work(harbour, start(harbour))
    said = watchbill(*words, "--json")
    assert said.code in (0, 1), said.err
    json.loads(said.out)
    assert said.out.isascii()


def test_the_list_tells_people_how_every_job_is(watchbill: Call, harbour: Database) -> None:
    work(harbour, start(harbour))
    work(harbour, start(harbour), {"web1": BADLY})
    said = watchbill("job", "list")
    row = next(line for line in said.out.splitlines() if line.startswith("rotate-logs"))
    assert "Rotate the logs" in row
    assert "partial, 0 s ago" in row or "partial, 1 s ago" in row
    assert ".P" in row
    assert "02:30" in row
    assert "times in Europe/Berlin" in said.out
    assert "\x1b" not in said.out, "no colours where no terminal is"


def test_a_job_is_shown_whole(watchbill: Call, harbour: Database) -> None:
    work(harbour, start(harbour))
    said = watchbill("job", "show", "rotate-logs")
    for expected in (
        "Look at the disk first.",
        "at 02:30 every day (Europe/Berlin)",
        "wave 1 web3, web2",
        "/usr/local/bin/rotate --days '{days}'",
        "TOKEN from secret://rotate",
        "10m, kept by the host",
        "days integer 7 1 to 30 Days to keep",
        "RUN000001",
        "starts tell-everyone",
    ):
        assert expected in said.words


def test_the_hosts_of_another_filter_are_shown(watchbill: Call) -> None:
    said = watchbill("job", "show", "rotate-logs", "--on", "tag=web and not host=web3")
    assert "(2 hosts)" in said.words
    assert "web2, web1" in said.words


def test_a_run_is_shown_with_timeline_hosts_and_first_error_line(watchbill: Call, harbour: Database) -> None:
    run = start(harbour)
    work(harbour, run, {"web2": Ends(Outcome.FAILED, 3, complained="no \x1b[31mspace\nmore\n")})
    said = watchbill("job", "show", run)
    assert said.words.index("asked for") < said.words.index("sent to a worker") < said.words.index("claimed")
    assert "no \\x1b[31mspace" in said.out
    assert "\x1b" not in said.out
    assert f"watchbill job retry {run}" in said.err


def test_the_output_of_a_host_is_printed_on_standard_output_alone(watchbill: Call, harbour: Database) -> None:
    run = start(harbour)
    work(harbour, run)
    said = watchbill("job", "show", run, "--log", "web1")
    assert said.out == "fine\n"
    assert "stdout, 5 bytes, sha256" in said.err


def test_a_dry_run_prints_each_hosts_command_and_where_things_are(watchbill: Call, harbour: Database) -> None:
    said = watchbill("job", "run", "rotate-logs", "--dry-run", "-p", "days=3")
    assert said.out.count("/usr/local/bin/rotate --days 3") == 3
    assert "Wave 1 of 2" in said.out
    assert "locks/job-rotate-logs" in said.out
    assert "TOKEN from secret://rotate" in said.out
    assert "ssh watchbill@10.0.0.2:22" in said.out
    with harbour.read() as session:
        assert session.query(Run).count() == 0


def test_a_parameter_reaches_the_command_as_it_is(watchbill: Call) -> None:
    value = "--x $(reboot) 'a' \"b\" = \u00fc"
    said = watchbill("job", "run", "restore-file", "-p", f"path={value}", "--dry-run", "--json")
    assert said.code == 6, "a leading dash could be taken for an option"
    said = watchbill("job", "run", "restore-file", "-p", f"path=a{value}", "--dry-run", "--json")
    assert said.json["command"]["argv"] == ["restore", f"a{value}"]


MISUSES = [
    (("jbo",), 2, 'did you mean "job"', "an unknown command"),
    (("job", "rnu"), 2, 'did you mean "run"', "an unknown command of a group"),
    (("job", "list", "--jsn"), 2, "--json", "an unknown option"),
    (("job", "run"), 2, "JOB is missing", "a missing argument"),
    (("job", "kill", "RUN000001"), 2, "--reason is missing", "a missing option"),
    (("job", "run", "rotate-logs", "-p", "days"), 2, "write NAME=VALUE", "a parameter without value"),
    (("job", "run", "rotate-logs", "-p", "days=1", "-p", "days=2"), 2, "given twice", "a parameter twice"),
    (("job", "run", "rotate-logs", "--timeout", "soon"), 2, "is not a duration", "no duration"),
    (("job", "pause", "--reason", "x"), 2, "name a job, or say --all", "nothing to pause"),
    (("job", "pause", "rotate-logs", "--all", "--reason", "x"), 2, "name a job, or say --all", "both"),
    (("job", "pause", "rotate-logs", "--reason", "x", "--until", "soon"), 2, "is not a time", "no time"),
    (("job", "pause", "rotate-logs", "--reason", "x", "--until", "2099-01-01", "--for", "2h"), 2, "keep one", "both"),
    (("job", "forecast", "--hours", "0"), 2, "from 1 to", "out of range"),
    (("job", "show", "rotate-logs", "--log", "web1"), 2, "--log goes with a run", "not of a job"),
    (("job", "show", "RUN000001", "--on", "tag=web"), 2, "--on goes with a job", "not of a run"),
    (("job", "show", "rotate-logs", "--on", "tag=="), 2, "tag==", "a filter that cannot be read"),
    (("job", "list", "--as", "a\nb"), 0, "", "nobody acts in a list"),
    (("job", "run", "rotate-logs", "--as", "a\nb"), 2, "printable", "no name for a journal"),
    (("job", "show", "nosuch"), 5, "there is no job 'nosuch'", "no such job"),
    (("job", "show", "RUN000404"), 5, "there is no run RUN000404", "no such run"),
    (("report", "render", "daily", "-o", "x"), 5, "known: backup-evidence, daily-operations", "no such report"),
    (("job", "run", "restore-file"), 6, "watchbill job show restore-file", "a required parameter"),
    (("job", "resume", "rotate-logs"), 6, "is not paused", "nothing to resume"),
    (("check", "/nowhere"), 7, "watchbill init", "no site"),
]


@pytest.mark.parametrize(("words", "code", "shown", "why"), MISUSES)
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(
    watchbill: Call, words: tuple[str, ...], code: int, shown: str, why: str
) -> None:
    said = watchbill(*words)
    assert said.code == code, why
    assert shown in said.err
    if code:
        assert said.out == "", "an error is no data"
        assert "Traceback" not in said.err


def test_an_unexpected_error_is_one_line_and_its_trace_is_kept(
    watchbill: Call, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the hull has a hole")

    monkeypatch.setattr("desk.cli.job_list.jobs.list_jobs", broken)
    said = watchbill("job", "list")
    assert said.code == 1
    assert "the hull has a hole" in said.err
    assert "Traceback" not in said.err
    (trace,) = Path(surroundings["WATCHBILL_HOME"], "logs").glob("error-*.txt")
    assert trace.name.removeprefix("error-").removesuffix(".txt") in said.err
    assert "RuntimeError: the hull has a hole" in trace.read_text()


WRONG_SETTINGS = [
    ({"WATCHBILL_DATABASE_URL": "hunter2"}, 1, "is no URL", "not a URL"),
    ({"WATCHBILL_DATABASE_URL": "mysql://u:hunter2@h/d"}, 1, "'mysql' is not supported", "a database we do not know"),
    ({"WATCHBILL_DATABASE_URL_FILE": "/nowhere/url"}, 2, "keep one", "given twice"),
    ({"WATCHBILL_DATABASE_URL": "", "WATCHBILL_DATABASE_URL_FILE": "/nowhere/hunter1"}, 2, "No such file", "no file"),
]


@pytest.mark.parametrize(("given_to", "code", "shown", "why"), WRONG_SETTINGS)
def test_wrong_settings_are_named_and_no_password_is_repeated(
    watchbill: Call, monkeypatch: pytest.MonkeyPatch, given_to: dict[str, str], code: int, shown: str, why: str
) -> None:
    for name, value in given_to.items():
        monkeypatch.setenv(name, value)
    said = watchbill("job", "list")
    assert (said.code, "hunter2" in said.err) == (code, False), why
    assert shown in said.err


WORDS = [
    *("job", "list", "show", "run", "RUN000001", "rotate-logs", "--on", "tag=web", "--json", "--", "-p", "days=\x1b"),
    *("--as", "", "host", "-h", "help", "journal", "verify", "--timeout", "1s", "check", "\udcff", "--dry-run"),
]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=6))
def test_no_words_whatever_end_in_a_trace(watchbill: Call, words: list[str]) -> None:
    said = watchbill(*words, "--no-wait") if "run" in words else watchbill(*words)
    assert said.code in MEANINGS
    assert "did not expect" not in said.err
    assert "\x1b" not in said.out + said.err

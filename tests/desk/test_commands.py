"""The command line in this process: what it prints, where, and what it ends with."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.cli import following
from desk.cli.exit_codes import MEANINGS
from desk.services import runs
from desk.services.runs import Ask
from models import clock
from models.database import Database
from models.queries import closing
from models.queries import runs as run_queries
from models.queries.states import Because, advance
from models.queries.task_log import Started
from models.records import JournalRow, Run
from models.vocabulary import HostFault, Outcome
from tests.desk.conftest import Said
from tests.desk.small_site import BADLY, UNREACHABLE, Ends, beat_all, begin, work, write_site

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


@pytest.fixture
def worker(harbour: Database) -> Iterator[Callable[..., threading.Thread]]:
    """A pretended worker that takes the first run that is there to be taken."""
    threads: list[threading.Thread] = []

    def hire(ends: dict[str, Ends] | None = None) -> threading.Thread:
        def labour() -> None:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                with harbour.read() as session:
                    run = session.query(Run).filter(Run.state == "dispatched").first()
                    number = run.number if run else None
                if number:
                    work(harbour, number, ends)
                    return
                time.sleep(0.05)

        thread = threading.Thread(target=labour, daemon=True)
        thread.start()
        threads.append(thread)
        return thread

    yield hire
    for thread in threads:
        thread.join(timeout=30)


@pytest.mark.parametrize(
    ("ends", "code", "word"),
    [
        ({}, 0, "ok"),
        ({"web1": BADLY}, 3, "partial"),
        (dict.fromkeys(("web1", "web2", "web3"), UNREACHABLE), 1, "failed"),
        ({"web1": Ends(Outcome.UNKNOWN, None, HostFault.LOST)}, 12, "unknown"),
    ],
    ids=["ok", "partial", "failed", "unknown"],
)
def test_a_run_is_followed_to_its_end_and_ends_with_its_outcome(
    watchbill: Call, harbour: Database, worker: Callable[..., object], ends: dict[str, Ends], code: int, word: str
) -> None:
    beat_all(harbour, clock.now())
    worker(ends)
    said = watchbill("job", "run", "rotate-logs", "--timeout", "30s")
    assert said.code == code, said.err
    assert f"RUN000001 rotate-logs: {word}" in said.out
    assert "RUN000001 rotate-logs: sent to a worker" in said.err
    assert "web1: " in said.err
    assert "warning" not in said.err
    assert ("watchbill job retry RUN000001" in said.err) == (code != 0)


def test_with_json_a_followed_run_says_nothing_but_its_end(
    watchbill: Call, harbour: Database, worker: Callable[..., object]
) -> None:
    beat_all(harbour, clock.now())
    worker()
    said = watchbill("job", "run", "rotate-logs", "--json")
    assert (said.json["outcome"], said.json["requested_by"]) == ("ok", "ada")
    assert said.err == ""


def test_when_nobody_is_there_to_start_it_the_person_is_warned(watchbill: Call) -> None:
    said = watchbill("job", "run", "rotate-logs", "--no-wait")
    assert said.out.strip() == "RUN000001"
    assert "is `watchbill up` running?" in said.err


def test_a_wait_that_is_over_first_has_its_own_exit_code(watchbill: Call) -> None:
    said = watchbill("job", "run", "rotate-logs", "--timeout", "1s")
    assert said.code == 15
    assert "goes on" in said.err


def test_ctrl_c_ends_the_following_and_not_the_run(
    watchbill: Call, harbour: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", interrupted)
    said = watchbill("job", "run", "rotate-logs")
    assert said.code == 130
    assert "RUN000001 goes on without you" in said.err
    assert runs.read_run(harbour, "RUN000001").outcome is None


def test_the_person_who_acts_stands_in_the_journal(watchbill: Call, harbour: Database) -> None:
    watchbill("job", "run", "rotate-logs", "--no-wait", "--as", "grace")
    with harbour.read() as session:
        actors = {row.actor for row in session.query(JournalRow).filter(JournalRow.subject == "run/1")}
    assert actors == {"grace"}


def test_a_retry_runs_where_it_failed(watchbill: Call, harbour: Database) -> None:
    run = start(harbour)
    work(harbour, run, {"web2": BADLY})
    said = watchbill("job", "retry", run, "--no-wait")
    assert said.out.strip() == "RUN000002"
    assert [host.host for host in runs.read_run(harbour, "RUN000002").hosts] == ["web2"]


def kill_soon(database: Database, run: str, proof: Outcome, message: str) -> threading.Thread:
    """A pretended kill flow: once the end is asked for, each host's proof is recorded and the run is closed."""
    claimed = begin(database, run)
    with database.write() as session:
        shares = [Started("run_on_hosts", clock.now(), "w", claimed.run_id, host) for host in claimed.plan.host_names]
        run_queries.open_steps(session, claimed, shares)

    def prove() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and runs.read_run(database, run).kill_requested_by is None:
            time.sleep(0.05)
        with database.write() as session:
            for step in run_queries.latest_steps(session, claimed.run_id):
                end = {"outcome": proof, "message": message, "ended_at": clock.now()}
                advance(session, step, "end", Because("ada"), **end)
            session.flush()
            closing.close(session, claimed, "w", failed_with=None)

    thread = threading.Thread(target=prove, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("proof", "code"), [(Outcome.KILLED, 0), (Outcome.KILL_UNCONFIRMED, 11)], ids=["gone", "unconfirmed"]
)
def test_a_kill_waits_for_the_proof_and_shows_it(watchbill: Call, harbour: Database, proof: Outcome, code: int) -> None:
    run = start(harbour)
    thread = kill_soon(harbour, run, proof, "process group 4711 looked for")
    said = watchbill("job", "kill", run, "--reason", "it hangs", "--timeout", "20s")
    thread.join(timeout=20)
    assert said.code == code
    assert said.out.count("process group 4711 looked for") == 3
    assert proof.value in said.out


def test_a_kill_before_the_start_needs_no_proof(watchbill: Call, harbour: Database) -> None:
    said = watchbill("job", "kill", start(harbour), "--reason", "wrong day")
    assert said.code == 0
    assert "killed" in said.out


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("--for", "2h"), "until "),
        (("--until", "2099-01-01 06:00"), "until Thu 1 Jan 2099 06:00"),
        (("--until", "2099-01-01T06:00+00:00"), "until Thu 1 Jan 2099 07:00"),
        ((), "until it is resumed"),
    ],
    ids=["for", "until in the site's zone", "until with an offset", "for good"],
)
def test_a_pause_says_until_when(watchbill: Call, words: tuple[str, ...], shown: str) -> None:
    said = watchbill("job", "pause", "rotate-logs", "--reason", "moving", *words)
    assert said.code == 0
    assert f"rotate-logs is paused by ada {shown}" in said.out
    assert watchbill("job", "resume", "rotate-logs").code == 0


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
    (("report", "render", "daily", "-o", "x"), 5, "known: daily-operations", "no such report"),
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


@pytest.mark.parametrize("words", [("job", "list"), ("job", "run", "rotate-logs"), ("journal", "verify")], ids=" ".join)
def test_where_nothing_was_started_the_next_step_is_told_and_nothing_is_made(
    bare_watchbill: Call, surroundings: dict[str, str], words: tuple[str, ...]
) -> None:
    said = bare_watchbill(*words)
    assert said.code == 1
    assert "watchbill up" in said.err
    assert not Path(surroundings["WATCHBILL_HOME"], "watchbill.db").exists()


def test_a_database_of_a_newer_watchbill_is_refused(watchbill: Call, harbour: Database) -> None:
    with harbour.raw() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    said = watchbill("job", "list")
    assert said.code == 1
    assert "newer than this Watchbill" in said.words


def test_a_new_site_is_written_checked_and_described(bare_watchbill: Call, tmp_path: Path) -> None:
    folder = str(tmp_path / "new-site")
    assert bare_watchbill("init", folder, "--title", "My site", "--timezone", "Europe/Berlin").code == 0
    checked = bare_watchbill("check", folder)
    assert (checked.code, checked.out.startswith("ok: 3 jobs, 1 host")) == (0, True)
    assert bare_watchbill("schema", folder).code == 0
    assert (tmp_path / "new-site" / ".watchbill" / "jobs.yaml.schema.json").is_file()
    assert bare_watchbill("init", folder).code == 6


def test_every_fault_of_a_site_is_a_line_with_its_place(bare_watchbill: Call, tmp_path: Path) -> None:
    jobs = "jobs:\n  a: {titel: A}\n  b: {title: B, owner: nobody, runbook: x, on: local, command: [x]}\n"
    folder = write_site(tmp_path / "bad", jobs=jobs)
    said = bare_watchbill("check", str(folder))
    assert said.code == 7
    lines = [line for line in said.err.splitlines() if line.startswith(str(folder))]
    assert any(line.startswith(f"{folder}/jobs.yaml:2:7: jobs.a.titel:") for line in lines)
    assert len(lines) >= 3
    assert f"{len(lines)} faults" in said.err
    assert len(bare_watchbill("check", str(folder), "--json").json["faults"]) == len(lines)


def test_a_broken_journal_names_its_first_bad_row(watchbill: Call, harbour: Database) -> None:
    with harbour.outside_transactions() as cursor:
        names = [row[0] for row in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("UPDATE journal SET actor = 'mallory' WHERE seq = 3")
    said = watchbill("journal", "verify")
    assert said.code == 1
    assert "journal row 3: was changed" in said.err
    assert watchbill("journal", "verify", "--json").json["first_bad_row"] == 3


def test_the_journal_is_exported_whole_and_in_order(watchbill: Call, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in watchbill("journal", "export").out.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    file = tmp_path / "journal.jsonl"
    assert watchbill("journal", "export", "-o", str(file)).out == ""
    assert len(file.read_text().splitlines()) == len(rows)
    assert watchbill("journal", "export", "-o", str(tmp_path / "no" / "where")).code == 1


def test_a_report_is_rendered_in_the_formats_that_are_wanted(watchbill: Call, tmp_path: Path) -> None:
    said = watchbill("report", "render", "daily-operations", "-o", str(tmp_path / "all"))
    assert said.code == 0, said.err
    assert {Path(line).suffix for line in said.out.splitlines()} == {".html", ".txt", ".json"}
    said = watchbill("report", "render", "daily-operations", "-o", str(tmp_path / "one"), "--format", "txt")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["report.txt"]
    said = watchbill("report", "render", "daily-operations", "-o", str(tmp_path / "no"), "--format", "docx")
    assert (said.code, (tmp_path / "no").exists()) == (2, False)


def test_a_schema_is_made_and_brought_up_to_date_by_hand(bare_watchbill: Call) -> None:
    assert "brought up to date" in bare_watchbill("database", "upgrade").out
    assert "was up to date" in bare_watchbill("database", "upgrade").out
    assert bare_watchbill("alarm", "list").out.strip() == "nothing is wrong"


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


WORDS = (
    "job list show run RUN000001 rotate-logs --on tag=web --json -- -p days=\x1b --as host -h help journal verify "
    "--timeout 1s check \udcff --dry-run"
).split(" ")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=6))
def test_no_words_whatever_end_in_a_trace(watchbill: Call, words: list[str]) -> None:
    said = watchbill(*words, "--no-wait") if "run" in words else watchbill(*words)
    assert said.code in MEANINGS
    assert "did not expect" not in said.err
    assert "\x1b" not in said.out + said.err

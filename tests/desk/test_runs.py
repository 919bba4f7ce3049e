"""Asking for runs, following them, trying again, killing."""

import pytest

from desk.services import run_details, runs
from desk.services.errors import Misuse
from desk.services.runs import Ask
from models import clock
from models.database import Database
from models.errors import NotFound, Refused
from models.queries import closing, journal
from models.queries.heartbeats import SILENT_AFTER
from models.queries.states import Because, advance
from models.records import JournalRow, OutboxRow, Run, Step
from models.rules.parameters import ParametersRefused
from models.vocabulary import Outcome, RunState, Trigger
from tests.desk.small_site import BADLY, UNREACHABLE, beat_all, begin, work


def ask(database: Database, job: str = "rotate-logs", on: str | None = None, **parameters: str) -> str:
    return runs.start_run(database, Ask(job, "ada", parameters, on), clock.now()).run


def count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.query(table).count()


def test_a_run_by_hand_is_queued_sent_and_says_who_asked(harbour: Database) -> None:
    line = runs.start_run(harbour, Ask("rotate-logs", "ada", {"days": "3"}), clock.now())
    assert (line.state, line.trigger, line.requested_by) == (RunState.DISPATCHED, Trigger.MANUAL, "ada")
    detail = run_details.show_run(harbour, line.run)
    assert detail.plan.command is not None
    assert detail.plan.command.argv == ("/usr/local/bin/rotate", "--days", "3")
    asked = [moment for moment in detail.timeline if moment.tag == runs.REQUEST]
    assert [moment.actor for moment in asked] == ["ada"]
    assert detail.timeline[0].tag == runs.REQUEST, "a run is asked for before anything else happens to it"


def test_a_dry_run_shows_the_exact_command_and_changes_nothing(harbour: Database) -> None:
    before = [count(harbour, table) for table in (Run, OutboxRow, JournalRow)]
    plan = runs.plan_run(harbour, Ask("rotate-logs", "ada", {"days": "9"}, "host=web2"))
    assert plan.command is not None
    assert plan.command.argv == ("/usr/local/bin/rotate", "--days", "9")
    assert plan.command.secrets == {"TOKEN": "secret://rotate"}, "names only"
    assert plan.waves == (("web2",),)
    assert [count(harbour, table) for table in (Run, OutboxRow, JournalRow)] == before


REFUSED_ASKS = [
    (Ask("rotat-logs", "ada"), NotFound, 'did you mean "rotate-logs"', "a slip gets a hint"),
    (Ask("rotate-logs", "ada", {"days": "31"}), ParametersRefused, "above the maximum 30", "out of bounds"),
    (Ask("rotate-logs", "ada", {"dais": "3"}), ParametersRefused, 'did you mean "days"', "no such parameter"),
    (Ask("restore-file", "ada"), ParametersRefused, "path: a value is required", "required and missing"),
    (Ask("rotate-logs", "ada", on="tag=wbe"), Refused, 'did you mean "web"', "no host matches"),
    (Ask("rotate-logs", "ada", on="tag=="), Misuse, "tag==", "a filter that cannot be read is shown"),
]


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
@pytest.mark.parametrize(("wanted", "error", "words", "why"), REFUSED_ASKS)
def test_what_cannot_be_run_is_refused_in_words_and_leaves_no_trace(
    harbour: Database, wanted: Ask, error: type[Exception], words: str, why: str, dry: bool
) -> None:
    before = count(harbour, JournalRow)
    with pytest.raises(error, match="(?s)" + words):
        runs.plan_run(harbour, wanted) if dry else runs.start_run(harbour, wanted, clock.now())
    assert (count(harbour, Run), count(harbour, JournalRow)) == (0, before), why


def test_a_job_that_must_not_overlap_refuses_a_second_run(harbour: Database) -> None:
    ask(harbour, "check-disks")
    with pytest.raises(Refused, match="must not overlap"):
        ask(harbour, "check-disks")


def test_a_second_run_waits_its_turn_and_says_why(harbour: Database) -> None:
    ask(harbour)
    second = runs.start_run(harbour, Ask("rotate-logs", "ada"), clock.now())
    assert second.state is RunState.QUEUED
    assert second.waits_for
    assert "waits its turn" in second.waits_for


def test_a_run_shows_each_host_with_its_wave_and_first_error_line(harbour: Database) -> None:
    run = ask(harbour)
    work(harbour, run, {"web1": BADLY})
    line = runs.read_run(harbour, run)
    assert line.outcome is Outcome.PARTIAL
    assert {host.host: host.wave for host in line.hosts} == {"web3": 1, "web2": 1, "web1": 2}
    bad = next(host for host in line.hosts if host.host == "web1")
    assert (bad.exit_code, bad.first_error_line) == (3, "rotate: no space left")


def test_a_retry_runs_only_where_it_failed_with_the_same_parameters(harbour: Database) -> None:
    run = ask(harbour, days="5")
    work(harbour, run, {"web1": BADLY})
    again = runs.retry_run(harbour, run, "bob", clock.now())
    assert [host.host for host in again.hosts] == ["web1"]
    assert (again.trigger, again.retry_of, again.requested_by) == (Trigger.RETRY, run, "bob")
    assert run_details.show_run(harbour, again.run).plan.parameters == {"days": "5"}


def test_a_retry_keeps_to_hosts_that_only_the_first_run_was_asked_for(harbour: Database) -> None:
    run = ask(harbour, "check-disks", on="host=db1 or host=web3")
    work(harbour, run, {"db1": UNREACHABLE})
    assert [host.host for host in runs.retry_run(harbour, run, "ada", clock.now()).hosts] == ["db1"]


@pytest.mark.parametrize(
    ("ended", "words"), [(True, "nothing to retry"), (False, "has ended, or kill it")], ids=["ok", "still running"]
)
def test_there_must_be_something_to_retry(harbour: Database, ended: bool, words: str) -> None:
    run = ask(harbour)
    if ended:
        work(harbour, run)
    with pytest.raises(Refused, match=words):
        runs.retry_run(harbour, run, "ada", clock.now())


def test_a_kill_of_a_run_that_has_not_started_ends_it_at_once(harbour: Database) -> None:
    how, line = runs.kill_run(harbour, ask(harbour), "ada", "wrong day", clock.now())
    assert "before anything was sent" in how
    assert line.outcome is Outcome.KILLED
    assert line.summary
    assert "wrong day" in line.summary


def test_a_kill_of_a_running_run_is_asked_for_and_journaled(harbour: Database) -> None:
    run = ask(harbour)
    begin(harbour, run)
    _, line = runs.kill_run(harbour, run, "ada", "it hangs", clock.now())
    assert (line.state, line.kill_requested_by) == (RunState.RUNNING, "ada")
    with harbour.read() as session:
        assert session.query(OutboxRow).filter(OutboxRow.deployment == "kill-run").count() == 1
        tags = {row.tag: row.reason for row in journal.rows_about(session, f"run/{runs.run_key(run)}")}
    assert tags["operations:run:request-kill"] == "it hangs"


def test_a_run_that_has_ended_cannot_be_killed(harbour: Database) -> None:
    run = ask(harbour)
    work(harbour, run)
    with pytest.raises(Refused, match="has ended already: ok"):
        runs.kill_run(harbour, run, "ada", "late", clock.now())


@pytest.mark.parametrize("text", ["12", "RUN12", "run-12", "RUN00001x", "' OR 1=1"])
def test_what_is_no_run_number_is_misuse(harbour: Database, text: str) -> None:
    with pytest.raises(Misuse, match="looks like RUN000123"):
        runs.read_run(harbour, text)


def test_a_run_that_does_not_exist_is_not_found(harbour: Database) -> None:
    with pytest.raises(NotFound, match="RUN000099"):
        runs.read_run(harbour, "RUN000099")


def test_silence_of_the_parts_that_start_runs_is_named(harbour: Database) -> None:
    assert runs.silent_parts(harbour, clock.now()) == ["planner", "relay", "worker"]
    beat_all(harbour, clock.now())
    assert runs.silent_parts(harbour, clock.now()) == []
    assert runs.silent_parts(harbour, clock.now() + SILENT_AFTER["planner"] * 1.1) == ["planner", "relay"]


def test_everything_about_a_run_holds_its_output_and_its_tasks(harbour: Database) -> None:
    run = ask(harbour)
    work(harbour, run, {"web2": BADLY})
    found = run_details.show_run(harbour, run)
    output = run_details.output_of(found, "web2")
    assert [(stream.stream, stream.head) for stream in output.streams] == [
        ("stderr", b"rotate: no space left\nrotate: giving up\n")
    ]
    assert {task.host for task in found.tasks} == {"web1", "web2", "web3"}
    with pytest.raises(NotFound, match="does not run on 'db1'"):
        run_details.output_of(found, "db1")


def test_the_newest_attempt_of_each_host_is_shown(harbour: Database) -> None:
    """An attempt that was tried again hides behind the one that followed it."""
    run = ask(harbour)
    key = runs.run_key(run)
    claimed = begin(harbour, run)
    now = clock.now()
    with harbour.write() as session:
        for attempt, outcome in ((1, Outcome.FAILED), (2, Outcome.OK)):
            step = Step(key=f"{attempt}", run_id=key, host="web1", attempt=attempt, intended_at=now)
            session.add(step)
            session.flush()
            advance(session, step, "end", Because("w"), outcome=outcome, ended_at=now)
        closing.close(session, claimed, "w", failed_with=None)
    line = next(host for host in runs.read_run(harbour, run).hosts if host.host == "web1")
    assert (line.attempt, line.outcome) == (2, Outcome.OK)

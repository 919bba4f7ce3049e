"""Runs asked for, followed, tried again, killed; pauses: at the command line."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from desk.cli import following
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
from tests.desk.small_site import BADLY, UNREACHABLE, Ends, beat_all, begin, work

Call = Callable[..., Said]


def start(database: Database, job: str = "rotate-logs") -> str:
    return runs.start_run(database, Ask(job, "ada"), clock.now()).run


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


def prove_soon(database: Database, run: str, proof: Outcome) -> threading.Thread:
    """A pretended kill flow for a run that had ended in doubt."""
    key = runs.run_key(run)

    def prove() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and runs.read_run(database, run).has_ended:
            time.sleep(0.05)
        with database.write() as session:
            asked = run_queries.get(session, key).kill_requested_at or clock.now()
            for step in run_queries.latest_steps(session, key):
                if run_queries.may_live(step):
                    end = {"outcome": proof, "message": "looked for again", "ended_at": asked + timedelta(seconds=1)}
                    advance(session, step, "resolve", Because("ada"), **end)
            closing.settle(session, run_queries.get(session, key), Because("ada"))

    thread = threading.Thread(target=prove, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("proof", "code", "hint"),
    [(Outcome.KILLED, 0, ""), (Outcome.KILL_UNCONFIRMED, 11, "asks them again")],
    ids=["gone", "still unconfirmed"],
)
def test_a_run_that_ended_in_doubt_is_killed_again_and_its_proof_waited_for(
    watchbill: Call, harbour: Database, proof: Outcome, code: int, hint: str
) -> None:
    run = start(harbour)
    work(harbour, run, dict.fromkeys(("web2", "web3"), Ends(Outcome.KILL_UNCONFIRMED, None, HostFault.LOST)))
    assert f"watchbill job kill {run}" in watchbill("job", "show", run).err
    thread = prove_soon(harbour, run, proof)
    said = watchbill("job", "kill", run, "--reason", "it is back", "--timeout", "20s")
    thread.join(timeout=20)
    assert said.code == code, said.err
    assert said.out.count("looked for again") >= 2
    assert f"{run} rotate-logs: {proof.value}" in said.out
    assert hint in said.err
    assert "settled by what its hosts proved" in watchbill("job", "show", run).out


def test_a_kill_again_says_at_once_that_the_end_is_being_proven(watchbill: Call, harbour: Database) -> None:
    run = start(harbour)
    work(harbour, run, {"web1": Ends(Outcome.KILL_UNCONFIRMED, None, HostFault.LOST)})
    said = watchbill("job", "kill", run, "--reason", "it is back", "--no-wait")
    assert said.code == 0
    assert "its hosts are asked again" in said.out + said.err
    assert "being killed" in watchbill("job", "show", run).out
    assert watchbill("job", "kill", run, "--reason", "it is back", "--timeout", "1s").code == 15


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

"""A run that ended in doubt can be killed again, on both databases: the newest proofs say how it ended."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk.services import run_details
from desk.services import runs as desk_runs
from models import clock
from models.database import Database
from models.errors import Refused
from models.orders import KillRun
from models.queries import closing, dispatching, journal, recovery, runs, slots
from models.queries.daily_operations import Period, daily_operations
from models.queries.runs import ClaimedRun, StepResult
from models.queries.states import Because, advance
from models.queries.task_log import Started
from models.records import Notice, OutboxRow, Run, Slot, Step
from models.vocabulary import HostFault, Outcome, RunState, SlotState, StepState
from tasks import kills
from tasks.tools.ssh import KillProof
from tests.sites import apply_site, job, write_site

NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)
DUE = NOON + timedelta(hours=1)
RUN = "RUN000001"
OK, FAILED, KILLED = Outcome.OK, Outcome.FAILED, Outcome.KILLED
UNKNOWN, UNCONFIRMED = Outcome.UNKNOWN, Outcome.KILL_UNCONFIRMED
NOTIFY = 'notify: [{on: [failed], to: "secret://chat"}]\n'


@pytest.fixture
def started(database: Database, database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A due slot of a job on four hosts was sent to a worker, which writes to the same database as we."""
    monkeypatch.setenv("WATCHBILL_DATABASE_URL", database_url)
    jobs = job("check", "schedule: {cron: '0 * * * *'}\nrepeat: safe\nretry: {attempts: 1, delay: 5m}\n" + NOTIFY)
    book = apply_site(database, write_site(home / "site", jobs), NOON)
    with database.write() as session:
        slots.plan_ahead(session, book, NOON, "planner")
    with database.write() as session:
        list(dispatching.start_due(session, book, DUE, "planner"))
    return database


def claim(database: Database) -> ClaimedRun:
    with database.write() as session:
        return runs.claim(session, 1, 1, "worker:1")


def finish(database: Database, outcomes: Mapping[str, Outcome], *, kill: bool = True) -> Outcome | None:
    """A worker carries the run out, on these hosts, which end like this."""
    claimed = claim(database)
    with database.write() as session:
        shares = [Started("run-on-hosts", NOON, "worker:1", 1, host) for host in outcomes]
        opened = runs.open_steps(session, claimed, shares)
    if kill:
        ask_for_kill(database)
    with database.write() as session:
        runs.end_steps(session, [(step, result(outcomes[step.host])) for step in opened], "worker:1")
        return closing.close(session, claimed, "worker:1", failed_with=None)


def result(outcome: Outcome) -> StepResult:
    fault = HostFault.LOST if outcome is UNKNOWN else None
    now = clock.now()
    return StepResult(now, now, outcome, fault, None, f"it was {outcome.value}", None, attached=False, streams=())


def ask_for_kill(database: Database, person: str = "ann") -> str:
    with database.write() as session:
        return dispatching.request_kill(session, runs.get(session, 1), clock.now(), person, "it hangs")


def prove(outcomes: Mapping[str, Outcome]) -> None:
    """The kill flow comes back from the hosts with these proofs."""
    proofs = [
        KillProof(host, outcome, (), outcome is not UNCONFIRMED, (), f"proven {outcome.value}")
        for host, outcome in outcomes.items()
    ]
    kills.record_proofs.fn(KillRun(run=RUN, requested_by="bob"), proofs)


def kill_orders(database: Database) -> int:
    with database.read() as session:
        query = select(func.count()).select_from(OutboxRow).where(OutboxRow.deployment == "kill-run")
        return session.scalar(query) or 0


@pytest.mark.parametrize(
    ("ended", "first", "proofs", "outcome", "slot", "reason"),
    [
        ({"web1": UNCONFIRMED, "web2": OK}, UNCONFIRMED, {"web1": KILLED}, KILLED, "failed", "gone at last"),
        ({"web1": UNKNOWN}, UNKNOWN, {"web1": KILLED}, KILLED, "failed", "an unknown end is ended, too"),
        ({"web1": UNCONFIRMED}, UNCONFIRMED, {"web1": UNCONFIRMED}, UNCONFIRMED, "failed", "still no proof"),
        ({"web1": UNKNOWN}, UNKNOWN, {"web1": UNCONFIRMED}, UNCONFIRMED, "failed", "its end was wanted, in vain"),
        (
            {"web1": UNCONFIRMED, "web2": UNKNOWN},
            UNCONFIRMED,
            {"web1": KILLED, "web2": UNCONFIRMED},
            UNCONFIRMED,
            "failed",
            "one is proven, the other is not",
        ),
        (
            dict.fromkeys(("web1", "web2", "web3", "web4"), UNKNOWN),
            UNKNOWN,
            dict.fromkeys(("web1", "web2", "web3", "web4"), OK),
            OK,
            "done",
            "the hosts say that it had ended well",
        ),
        ({"web1": UNKNOWN, "web2": OK}, UNKNOWN, {"web1": FAILED}, Outcome.PARTIAL, "failed", "its true end was bad"),
    ],
)
def test_the_second_kills_proof_says_how_the_run_ended(
    started: Database,
    ended: dict[str, Outcome],
    first: Outcome,
    proofs: dict[str, Outcome],
    outcome: Outcome,
    slot: str,
    reason: str,
) -> None:
    assert finish(started, ended) is first
    before = kill_orders(started)
    assert ask_for_kill(started, "bob") == "its hosts are asked again, and told to end it"
    assert kill_orders(started) == before + 1
    line = desk_runs.read_run(started, RUN)
    assert (line.has_ended, line.outcome) == (False, first), "the proof is still to come"
    prove(proofs)
    line = desk_runs.read_run(started, RUN)
    assert (line.has_ended, line.outcome, line.kill_requested_by) == (True, outcome, "bob"), reason
    by_host = {host.host: host for host in line.hosts}
    assert {host: by_host[host].outcome for host in proofs} == proofs, reason
    assert all(by_host[host].message == f"proven {proofs[host].value}" for host in proofs), reason
    assert all(by_host[host].fault is None for host in proofs if proofs[host] not in runs.IN_DOUBT), reason
    with started.read() as session:
        assert session.scalars(select(Slot.state).where(Slot.due_at == DUE)).one().value == slot, reason


def test_the_timeline_the_journal_and_the_report_tell_of_the_settled_doubt(started: Database) -> None:
    finish(started, {"web1": UNCONFIRMED, "web2": OK})
    ask_for_kill(started, "bob")
    prove({"web1": KILLED})
    told = [(moment.tag, moment.actor) for moment in run_details.show_run(started, RUN).timeline]
    assert [tag for tag, _ in told].count("operations:run:request-kill") == 2
    assert ("operations:run:settle", "bob") in told
    now = clock.now() + timedelta(minutes=1)
    with started.read() as session:
        (row,) = [row for row in journal.rows_about(session, "run/1") if row.tag == "operations:run:settle"]
        assert (row.source, row.target, json.loads(row.facts)["outcome"]) == ("ended", "ended", "killed")
        log = daily_operations(session, Period(DUE - timedelta(minutes=1), now), now)
        events = [facts["event"] for facts in session.scalars(select(Notice.facts))]
    assert "kill unconfirmed" not in repr(log)
    assert "proven killed" in repr(log)
    assert set(events) == {"kill unconfirmed", "killed"}, "who heard the one hears the other"


@pytest.mark.parametrize(
    ("ended", "words", "reason"),
    [
        (dict.fromkeys(("web1", "web2", "web3", "web4"), OK), "has ended already: ok: there is nothing", "all well"),
        ({"web1": KILLED}, "killed, and no host is in doubt: `watchbill job retry RUN000001`", "proven already"),
        ({"web1": OK, "web2": FAILED}, "killed, and no host is in doubt", "a true end is no doubt"),
    ],
)
def test_where_nothing_is_in_doubt_a_kill_is_refused_with_what_to_do(
    started: Database, ended: dict[str, Outcome], words: str, reason: str
) -> None:
    finish(started, ended)
    before = kill_orders(started)
    with pytest.raises(Refused, match=words):
        ask_for_kill(started)
    assert kill_orders(started) == before, reason


def test_a_run_of_which_the_hosts_spoke_since_is_settled_without_asking_them(started: Database) -> None:
    finish(started, {"web1": UNCONFIRMED, "web2": OK})
    with started.write() as session:
        (step,) = session.scalars(select(Step).where(Step.host == "web1"))
        advance(session, step, "resolve", Because("worker:2"), outcome=FAILED)
    before = kill_orders(started)
    assert ask_for_kill(started) == "its hosts had said meanwhile how it ended"
    assert kill_orders(started) == before
    assert desk_runs.read_run(started, RUN).outcome is KILLED, "two hosts were spared by the kill"


def test_a_proof_that_comes_late_takes_no_truth_away(started: Database) -> None:
    finish(started, {"web1": UNCONFIRMED})
    ask_for_kill(started)
    prove({"web1": KILLED})
    prove({"web1": UNCONFIRMED})
    line = desk_runs.read_run(started, RUN)
    assert (line.outcome, line.hosts[0].outcome) == (KILLED, KILLED)


@pytest.mark.parametrize("minutes", [10, -10], ids=["the desk's clock is ahead", "the desk's clock is behind"])
def test_clocks_that_differ_do_not_hide_whether_the_proof_came(started: Database, minutes: int) -> None:
    finish(started, {"web1": UNCONFIRMED})
    with started.write() as session:
        asked = clock.now() + timedelta(minutes=minutes)
        dispatching.request_kill(session, runs.get(session, 1), asked, "bob", "once more")
    assert not desk_runs.read_run(started, RUN).has_ended
    prove({"web1": UNCONFIRMED})
    assert desk_runs.read_run(started, RUN).has_ended


def test_a_kill_of_a_run_that_waits_for_its_retry_asks_the_hosts_in_doubt(started: Database) -> None:
    assert finish(started, {"web1": UNKNOWN, "web2": OK}, kill=False) is None
    assert ask_for_kill(started) == "its hosts are told to end it"
    line = desk_runs.read_run(started, RUN)
    assert (line.state, line.outcome, line.has_ended) == (RunState.ENDED, UNKNOWN, False)
    prove({"web1": KILLED})
    line = desk_runs.read_run(started, RUN)
    assert (line.outcome, line.has_ended) == (KILLED, True)


def test_a_kill_of_a_run_whose_worker_was_lost_reaches_what_it_had_started(started: Database) -> None:
    claimed = claim(started)
    with started.write() as session:
        runs.open_steps(session, claimed, [Started("run-on-hosts", NOON, "worker:1", 1, "web1")])
        runs.release_lease(session, claimed)
    with started.write() as session:
        assert recovery.take_up_lost_runs(session, clock.now(), "planner")
    assert desk_runs.read_run(started, RUN).state is RunState.DISPATCHED
    assert ask_for_kill(started) == "its hosts are told to end it", "something of it runs, though no worker has it"
    assert kill_orders(started) == 1
    prove({"web1": KILLED})
    again = claim(started)
    with started.write() as session:
        assert [step.state for step in session.scalars(select(Step))] == [StepState.ENDED]
        assert closing.close(session, again, "worker:2", failed_with=None) is KILLED
        assert session.get(Run, 1) is not None
    with started.read() as session:
        assert session.scalars(select(Slot.state).where(Slot.due_at == DUE)).one() is SlotState.FAILED

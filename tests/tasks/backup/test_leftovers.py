"""What is still read on a host for nobody is ended, with proof; what somebody needs is left alone."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import update

from models import clock
from models.database import Database
from models.errors import BackupError, HostError
from models.queries import journal
from models.queries.runs import ClaimedRun
from models.records import Run
from models.vocabulary import HostFault, Outcome, RunState
from tasks import leftovers
from tasks.leftovers import end_leftovers
from tasks.sources import source_key
from tasks.tools.capture import Kept
from tasks.tools.ssh import CommandResult, KillProof, OwnedCommand, Target
from tests.sites import HOST_KEY
from tests.tasks.backup.claimed import claimed_run

HOST = f"address: 192.0.2.1, host_keys: ['{HOST_KEY}']"


@dataclass
class Hosts:
    """A pool whose one host answers as it is told."""

    holder: str | None = None
    fault: HostFault | None = None
    is_gone: bool = True
    asked: list[OwnedCommand] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)

    def run(self, target: Target, command: OwnedCommand) -> CommandResult:
        self.asked.append(command)
        words = f"the lock {command.lock} is held by {self.holder}" if self.holder else "no answer"
        fault = self.fault or (HostFault.BUSY if self.holder else None)
        outcome = Outcome.FAILED if fault else Outcome.OK
        now, nothing = clock.now(), Kept(b"", b"", 0, "")
        return CommandResult(target.name, outcome, fault, None, now, now, nothing, nothing, words)

    def kill(self, target: Target, key: str) -> KillProof:
        self.killed.append(key)
        outcome = Outcome.KILLED if self.is_gone else Outcome.KILL_UNCONFIRMED
        survivors = () if self.is_gone else ("tar 4711",)
        return KillProof(target.name, outcome, ("TERM",), self.is_gone, survivors, "as the host says")


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    made = Hosts()
    monkeypatch.setattr(leftovers, "host_pool", lambda: made)
    return made


@pytest.fixture
def two_runs(home: Path, worker_database: Database) -> tuple[ClaimedRun, ClaimedRun]:
    """A run that failed half way, and the next one."""
    first = claimed_run(worker_database, home, "paths: [/srv/shop]", HOST)
    end(worker_database, first, Outcome.FAILED)
    return first, claimed_run(worker_database, home, "paths: [/srv/shop]", HOST)


def end(database: Database, run: ClaimedRun, outcome: Outcome | None) -> None:
    """Let a run have ended so; None: it goes on."""
    now, state = clock.now(), RunState.ENDED if outcome else RunState.RUNNING
    given = {"state": state, "outcome": outcome, "started_at": now}
    given |= {"ended_at": now} if outcome else {"lease_until": now, "ended_at": None}
    with database.write() as session:
        session.execute(update(Run).where(Run.id == run.run_id).values(given))


def test_what_a_failed_run_left_is_ended_and_the_proof_is_in_the_journal(
    hosts: Hosts, two_runs: tuple[ClaimedRun, ClaimedRun], worker_database: Database
) -> None:
    first, second = two_runs
    hosts.holder = f"{source_key(first, 'web1')}~2"
    proof = end_leftovers(second)
    assert proof
    assert hosts.killed == [source_key(first, "web1")]
    assert [command.lock for command in hosts.asked] == ["backup-shop"]
    with worker_database.read() as session:
        rows = journal.rows_about(session, f"run/{first.run_id}")
        proofs = [row.reason for row in rows if row.tag == "operations:run:prove-end"]
    assert proofs == [f"{source_key(first, 'web1')} was left on web1: as the host says"]


def test_what_an_earlier_claim_of_the_same_run_left_is_ended(
    hosts: Hosts, two_runs: tuple[ClaimedRun, ClaimedRun]
) -> None:
    """Its worker's machine is gone, and told nobody."""
    _, run = two_runs
    hosts.holder = source_key(run, "web1")
    assert end_leftovers(replace(run, fence=2))
    assert hosts.killed == [source_key(run, "web1")]


def test_a_host_is_asked_nothing_after_a_run_that_ended_well(
    hosts: Hosts, two_runs: tuple[ClaimedRun, ClaimedRun], worker_database: Database
) -> None:
    first, second = two_runs
    end(worker_database, first, Outcome.OK)
    assert end_leftovers(second) is None
    assert hosts.asked == []


def test_this_machine_is_asked_nothing(hosts: Hosts, home: Path, worker_database: Database) -> None:
    run = claimed_run(worker_database, home, "paths: [/srv/shop]")
    assert end_leftovers(replace(run, fence=2)) is None
    assert hosts.asked == []


def test_a_run_that_is_still_carried_out_keeps_the_host(
    hosts: Hosts, two_runs: tuple[ClaimedRun, ClaimedRun], worker_database: Database
) -> None:
    first, second = two_runs
    end(worker_database, first, None)
    hosts.holder = source_key(first, "web1")
    assert end_leftovers(second) is None
    assert hosts.killed == []


@pytest.mark.parametrize("holder", ["20261122/RUN000001-0123456789ab-web1-1-source-1", "20261122/night-1", None])
def test_what_is_not_ours_is_left_alone(
    hosts: Hosts, two_runs: tuple[ClaimedRun, ClaimedRun], holder: str | None
) -> None:
    hosts.holder = holder
    assert end_leftovers(two_runs[1]) is None
    assert hosts.killed == []


def test_an_end_that_is_not_proven_stops_the_run_and_says_what_to_do(
    hosts: Hosts, two_runs: tuple[ClaimedRun, ClaimedRun]
) -> None:
    first, second = two_runs
    hosts.holder, hosts.is_gone = source_key(first, "web1"), False
    with pytest.raises(BackupError, match=f"{first.number} reads it there still.*; end it on web1, or try again later"):
        end_leftovers(second)


def test_a_host_that_cannot_be_asked_stops_the_run(hosts: Hosts, two_runs: tuple[ClaimedRun, ClaimedRun]) -> None:
    hosts.fault = HostFault.UNREACHABLE
    with pytest.raises(HostError, match="web1: unreachable"):
        end_leftovers(two_runs[1])

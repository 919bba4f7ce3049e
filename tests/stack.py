"""A whole Watchbill on a lab of real hosts, as `watchbill up` runs it, for drills.

The tests in `tests/night` share one, `stack`; others make one of their own with `running_stack`.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import indent
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select, update

from deployments.engine.prefect_environment import engine_environment
from deployments.engine.prefect_orders import PrefectOrders
from deployments.engine.prefect_server import known_port
from deployments.engine.prefect_settings import talking_to
from deployments.engine.status_file import StatusFile, started_at
from deployments.engine.supervisor import Supervisor
from deployments.engine.up import apply_site, children, part, part_environment
from deployments.lab import Lab, LabHost
from deployments.lab.processes import marked
from models import clock
from models.database import Database
from models.orders.run_job import run_id_of
from models.queries import dispatching, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import JournalRow, OutboxRow, Run, Slot, Step, TaskLog
from models.settings import Settings
from models.vocabulary import RunState
from tests.servers import need
from tests.sites import write_site

HOSTS = ("web1", "web2", "web3")
BOUND_SECONDS = 150.0
"""For whatever takes a second or two on an idle machine."""
READY_SECONDS = 300.0


def until(what: Callable[[], Any], seconds: float = BOUND_SECONDS, *, why: Callable[[], str] = lambda: "") -> Any:
    """What it answers as soon as it answers something; fails after the bound, saying why."""
    end, pause = time.monotonic() + seconds, 0.02
    while not (answer := what()):
        assert time.monotonic() < end, f"it did not come to that within {seconds:.0f} s\n{why()}"
        time.sleep(pause)
        # What takes long is asked for more seldom: asking is work, too.
        pause = min(pause * 1.3, 0.3)
    return answer


def job_of(name: str, script: str, more: str = "", on: str = "host=web1") -> str:
    """One job in YAML that runs a shell script on lab hosts."""
    needed = f"title: {name}\nowner: ops\nrunbook: call ops\non: {json.dumps(on)}\n"
    command = f"command: [sh, -c, {json.dumps(script)}]\n"
    return f"{name}:\n{indent(needed + command + more, '  ')}\n"


def once_at(instant: datetime) -> str:
    """A schedule in YAML that is due once, at this second."""
    wall = instant.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()
    return f'schedule: {{rrule: "FREQ=DAILY;COUNT=1", start: {wall}, timezone: UTC}}\n'


@dataclass
class Stack:
    """A running Watchbill: its home, its hosts, its database, and what its supervisor said."""

    settings: Settings
    lab: Lab
    database: Database
    lines: list[str] = field(default_factory=list)

    def reapply(self, jobs: str, calendars: str = "calendars: {}\n") -> None:
        """Make these the jobs in force, as `watchbill up` does with a changed site."""
        write_lab_site(self.settings.site, self.lab, jobs, calendars)
        apply_site(self.settings, "ann", clock.now())

    def run(self, job: str, **wish: Any) -> str:
        """Ask for a run by hand; its number."""
        with self.database.write() as session:
            return dispatching.run_now(session, read_book(session), job, Wish("ann", **wish), clock.now()).number

    def record(self, number: str) -> Run:
        """The run as the database has it now."""
        with self.database.read() as session:
            found = runs.get(session, run_id_of(number))
            session.expunge_all()
            return found

    def wait(self, number: str, state: RunState = RunState.ENDED, seconds: float = BOUND_SECONDS) -> Run:
        """The run, once it is in this state."""
        until(lambda: self.record(number).state is state, seconds, why=lambda: self.explain(number))
        return self.record(number)

    def wait_for_run_of(self, job: str, seconds: float = BOUND_SECONDS) -> str:
        """The number of the newest run of a job, once there is one."""
        query = select(func.max(Run.id)).where(Run.job == job)

        def newest() -> str | None:
            with self.database.read() as session:
                found = session.scalar(query)
                return session.get_one(Run, found).number if found else None

        number: str = until(newest, seconds, why=self.explain)
        return number

    def all_of(self, record: type[Any], *where: Any) -> list[Any]:
        """Rows of a table, oldest first."""
        with self.database.read() as session:
            found = list(session.scalars(select(record).where(*where).order_by(record.id)))
            session.expunge_all()
            return found

    def moves(self, number: str) -> list[str]:
        """What the journal says happened to a run, in order."""
        query = select(JournalRow.tag).where(JournalRow.subject == f"run/{run_id_of(number)}").order_by(JournalRow.seq)
        with self.database.read() as session:
            return [tag.rpartition(":")[2] for tag in session.scalars(query)]

    def steps(self, number: str) -> list[Step]:
        return self.all_of(Step, Step.run_id == run_id_of(number))

    def task_log(self, number: str) -> list[TaskLog]:
        return self.all_of(TaskLog, TaskLog.run_id == run_id_of(number))

    def slots(self, job: str) -> list[Slot]:
        return self.all_of(Slot, Slot.job == job)

    def outbox(self, number: str) -> list[OutboxRow]:
        return self.all_of(OutboxRow, OutboxRow.run_id == run_id_of(number))

    def effects(self, name: str, host: str = "web1") -> list[str]:
        """What commands wrote to a file in the home of a host: the target's own ledger."""
        path = self.lab.host(host).folder / "home" / name
        return path.read_text().split() if path.exists() else []

    def until_effect(self, name: str, host: str = "web1") -> None:
        """Wait until a command has written there."""
        until(lambda: self.effects(name, host), why=self.explain)

    def on_host(self, word: str) -> list[int]:
        """The processes on the lab's hosts whose command line has this word."""
        found = []
        for pid in marked(self.lab.mark):
            with contextlib.suppress(OSError):
                if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def child_pid(self, name: str) -> int:
        """The process of planner, relay, worker or prefect; waits for the next one when it fell."""

        def alive() -> int | None:
            note = StatusFile(self.settings.home / "up.json").read()
            running = note["children"].get(name) if note else None
            return running["pid"] if running and started_at(running["pid"]) == running["started"] else None

        pid: int = until(alive, READY_SECONDS, why=self.explain)
        return pid

    def kill(self, name: str) -> None:
        """kill -9 a part; the supervisor starts it again."""
        os.kill(self.child_pid(name), signal.SIGKILL)

    @contextlib.contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """A part that does nothing and cannot be told to, as long as the block lasts."""
        with self.frozen(self.child_pid(name)):
            yield

    @contextlib.contextmanager
    def frozen(self, pid: int) -> Iterator[None]:
        """A process that stands still as long as the block lasts; never while it writes, which would stop everybody."""
        with self.database.write(), contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def heard(self, name: str, what: str) -> int:
        """How often the supervisor said this of a part."""
        return len([line for line in self.lines if line.startswith(f"{name}:") and what in line])

    def until_heard(self, name: str, what: str, more_than: int) -> None:
        """Wait until the supervisor said it again."""
        until(lambda: self.heard(name, what) > more_than, READY_SECONDS, why=self.explain)

    def process_of(self, number: str) -> int:
        """The process that carries out a run."""
        return int((self.record(number).worker or ":0").rpartition(":")[2])

    def is_there(self, pid: int) -> bool:
        """Whether a process still lives."""
        return started_at(pid) != 0

    def expire_lease(self, number: str, fence: int = 1) -> None:
        """Let the minute pass that a lease lasts after its holder's last sign of life."""
        held = (Run.id == run_id_of(number), Run.fence == fence, Run.state == RunState.RUNNING)
        with self.database.write() as session:
            session.execute(update(Run).where(*held).values(lease_until=clock.now() - timedelta(seconds=1)))

    @contextlib.contextmanager
    def another(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A second planner or relay, or a program of Prefect's own, beside those of the supervisor."""
        home = self.settings.home
        environment = {**engine_environment(home, port=known_port(home)), **part_environment(self.settings)}
        with (home / "logs" / f"another-{name}.log").open("ab") as log:
            command = (sys.executable, *arguments) if arguments else part(name)
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextlib.contextmanager
    def prefect(self) -> Iterator[PrefectOrders]:
        """Prefect as the relay sees it."""
        home = self.settings.home
        with talking_to(engine_environment(home, port=known_port(home))):
            orders = PrefectOrders()
            try:
                yield orders
            finally:
                orders.close()

    def logs(self) -> str:
        """The ends of all logs."""
        parts = ["supervisor:", *self.lines[-8:]]
        for log in sorted((self.settings.home / "logs").glob("*.log")):
            parts += [f"--- {log.name}:", *log.read_text(errors="replace").splitlines()[-12:]]
        return "\n".join(parts)

    def explain(self, number: str | None = None) -> str:
        """What a person would look at when something does not come to pass."""
        parts = [self.logs()]
        if number:
            run = self.record(number)
            parts += [f"--- {number}: {run.state} {run.outcome} {run.summary} attempt {run.attempt} {run.lease_until}"]
            parts += [f"  {step.host} {step.state} {step.outcome} {step.message}" for step in self.steps(number)]
            parts += [f"  outbox {row.key} sent {row.sent_at} {row.result}" for row in self.outbox(number)]
        return "\n".join(parts)


def write_lab_site(folder: Path, lab: Lab, jobs: str, calendars: str = "calendars: {}\n") -> None:
    """A site whose hosts are the lab's, with these jobs."""
    hosts = "".join(_host(host, rank) for rank, host in enumerate(lab.hosts, start=1))
    write_site(folder, jobs, hosts=hosts, calendars=calendars)
    key = folder / "keys" / "lab"
    key.parent.mkdir(mode=0o700, exist_ok=True)
    if not key.exists():
        shutil.copy(lab.hosts[0].key_file, key)
        key.chmod(0o600)


def _host(host: LabHost, rank: int) -> str:
    reach = f"address: {host.address}, port: {host.port}, user: {host.user}, key: keys/lab, rank: {rank}, tags: [lab]"
    return f"  {host.name}: {{{reach}, run_directory: {host.run_directory}, host_keys: ['{host.host_key}']}}\n"


IDLE = job_of("idle", "true")


@contextlib.contextmanager
def running_stack(folder: Path, database_url: str | None = None, **chosen: Any) -> Iterator[Stack]:
    """Start everything for a home of its own, with these other settings; wait until it is ready; end everything."""
    need("sshd")
    url = SecretStr(database_url) if database_url else None
    settings = Settings(home=folder / "state", site=folder / "site", database_url=url, **chosen)
    with Lab(folder / "lab", HOSTS) as lab:
        write_lab_site(settings.site, lab, IDLE)
        apply_site(settings, "ann", clock.now())
        stack = Stack(settings, lab, Database(settings.url()))
        parts = [replace(child, ready_seconds=READY_SECONDS) for child in children(settings)]
        with Supervisor(settings.home, parts, stack.lines.append) as supervisor:
            supervisor.wait_ready(READY_SECONDS)
            yield stack
        stack.database.close()

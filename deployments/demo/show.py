"""`watchbill demo`: prepare the night, start the engine, tell what happens, show the report, end everything."""

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deployments.demo.night import ZONE, Night, put_secret, write_night
from deployments.demo.telling import Teller
from deployments.engine.supervisor import Supervisor
from deployments.engine.up import apply_site, children
from deployments.lab import Lab
from models import clock
from models.database import Database
from models.queries import dispatching, journal, slots
from models.queries.book import read_book
from models.records import Run, Slot
from models.rules.wall_clock import in_zone
from models.settings import Settings
from models.vocabulary import Outcome, RunState, SlotState

HOSTS = ("web1", "web2", "web3", "app1", "app2", "db1", "db2", "files1")
HANGS, DOWN = "sync-suppliers", "files1"
LEAD = timedelta(seconds=3)
"""Between the engine being ready and the night's first job."""
FAR = timedelta(hours=12)
OUTAGE = timedelta(minutes=20)
READY_SECONDS = 90.0
NIGHT_SECONDS = 170.0
OPERATOR = "demo-operator"
EXPECTED = {
    "check-disks": Outcome.OK,
    "publish-prices": Outcome.OK,
    "rotate-logs": Outcome.OK,
    "dump-shop": Outcome.OK,
    "copy-shop-dump": Outcome.OK,
    "verify-shop-dump": Outcome.OK,
    "send-invoices": Outcome.OK,
    "export-payroll": Outcome.OK,
    "sync-suppliers": Outcome.KILLED,
    "archive-files": Outcome.PARTIAL,
    "check-controller": Outcome.OK,
    "daily-report": Outcome.OK,
}
"""How each job of the night ends. `reindex-warehouse` does not run: its slot lies in a blackout."""


class Screen(Protocol):
    """Where the demo writes."""

    def say(self, *parts: object) -> None:
        """A line for people."""
        ...


@dataclass
class Stage:
    """What the demo stands on: its home, its hosts, its database."""

    settings: Settings
    lab: Lab
    database: Database
    night: Night


def run_demo(screen: Screen, home: Path | None, *, keep: bool) -> int:
    """The whole demo; 0 when the night went as it should."""
    home = (home or Path("var") / "demo").resolve()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    began = time.monotonic()
    with Lab(home / "lab", HOSTS) as lab:
        screen.say(f"lab: {len(HOSTS)} hosts on this machine ({lab.kind}), each with its own key and folder")
        settings = Settings(home=home / "state", site=home / "site")
        stage = _prepare(settings, lab)
        screen.say(f"site: {settings.site}, the shipped night with its hours pressed into a minute")
        with _engine(stage, screen):
            good = _play(stage, screen)
            _close_with(stage, screen, time.monotonic() - began)
            if keep:
                _wait_for_the_person(settings, screen)
    screen.say("everything has ended")
    return 0 if good else 1


def _prepare(settings: Settings, lab: Lab) -> Stage:
    """The site, the secret, and the slots of an engine that ran an hour ago and was down since.

    The night itself begins when the engine is ready: until then it lies in the future.
    """
    put_secret(settings.home)
    now = clock.now()
    stage = Stage(settings, lab, Database(settings.url()), Night(settings.site, now + FAR, now - OUTAGE))
    write_night(stage.night, lab.hosts)
    apply_site(settings, OPERATOR, now - timedelta(hours=1))
    with stage.database.write() as session:
        slots.plan_ahead(session, read_book(session), now - timedelta(hours=1), OPERATOR)
    return stage


def _begin(stage: Stage) -> None:
    """Let the night begin in three seconds: the site changes, and the planner sees it."""
    stage.night = replace(stage.night, starts=clock.now() + LEAD)
    write_night(stage.night, stage.lab.hosts)
    apply_site(stage.settings, OPERATOR, clock.now())


@contextmanager
def _engine(stage: Stage, screen: Screen) -> Iterator[None]:
    supervisor = Supervisor(stage.settings.home, children(stage.settings), screen.say)
    with supervisor:
        supervisor.wait_ready(READY_SECONDS)
        _begin(stage)
        yield


def _play(stage: Stage, screen: Screen) -> bool:
    """Tell the night until every slot of it has its last word. True when all ended as they should."""
    teller = Teller(ZoneInfo(ZONE), _last_row(stage.database))
    killed = down = False
    skipped: set[int] = set()
    end = time.monotonic() + NIGHT_SECONDS
    while time.monotonic() < end and not _is_over(stage):
        with stage.database.read() as session:
            for _, line in teller.lines(session):
                screen.say(line)
            for line in _skipped(session, skipped):
                screen.say(line)
        if not down and clock.now() >= stage.night.at(1, 50):
            stage.lab.stop_host(DOWN)
            screen.say(f"          host {DOWN} goes down")
            down = True
        killed = killed or _kill_what_hangs(stage)
        time.sleep(0.2)
    with stage.database.read() as session:
        for _, line in teller.lines(session):
            screen.say(line)
    return _judge(stage, screen)


def _skipped(session: Session, told: set[int]) -> Iterator[str]:
    """A line for each slot whose time has come and that a calendar skips: it was settled when it was planned."""
    planned = Slot.settled_at == Slot.planned_at
    query = select(Slot).where(Slot.state == SlotState.SKIPPED, planned, Slot.due_at <= clock.now())
    for slot in session.scalars(query.order_by(Slot.due_at)):
        if slot.id not in told:
            told.add(slot.id)
            due, reason = slot.due_at.astimezone(ZoneInfo(ZONE)), in_zone(slot.reason or "", ZONE)
            yield f"{due:%H:%M:%S}  {slot.job:<18} {reason}"


def _last_row(database: Database) -> int:
    with database.read() as session:
        return journal.verify(session).rows


def _is_over(stage: Stage) -> bool:
    """Nothing is due, under way, or still to come tonight."""
    tonight = stage.night.at(5, 45)
    with stage.database.read() as session:
        waiting = select(func.count()).where(
            Slot.state.in_((SlotState.EXPECTED, SlotState.LATE, SlotState.STARTED)), Slot.due_at < tonight
        )
        open_runs = select(func.count()).where(Run.state != RunState.ENDED)
        return not session.scalar(waiting) and not session.scalar(open_runs)


def _kill_what_hangs(stage: Stage) -> bool:
    """What an operator does with `watchbill job kill` when a job hangs."""
    since = clock.now() - timedelta(seconds=6)
    with stage.database.read() as session:
        hanging = session.scalar(
            select(Run.id).where(Run.job == HANGS, Run.state == RunState.RUNNING, Run.started_at < since)
        )
    if hanging is None:
        return False
    with stage.database.write() as session:
        run = session.get_one(Run, hanging)
        dispatching.request_kill(session, run, clock.now(), OPERATOR, "the suppliers' server hangs")
    return True


def _judge(stage: Stage, screen: Screen) -> bool:
    """Compare with what the shipped site says should happen."""
    with stage.database.read() as session:
        found = dict(session.execute(select(Run.job, Run.outcome).order_by(Run.id)).tuples().all())
        skipped = session.scalars(select(Slot.job).where(Slot.state == SlotState.SKIPPED)).all()
    wrong = [
        f"{job}: {outcome.value} was to be, {word.value if (word := found.get(job)) else 'nothing'} is"
        for job, outcome in EXPECTED.items()
        if found.get(job) is not outcome
    ]
    if "reindex-warehouse" not in skipped:
        wrong.append("reindex-warehouse: its slot lies in a blackout and was not skipped")
    for line in wrong:
        screen.say(f"not as it should be: {line}")
    return not wrong


def _close_with(stage: Stage, screen: Screen, seconds: float) -> None:
    with stage.database.read() as session:
        verified = journal.verify(session, stage.settings.anchors)
    screen.say("")
    screen.say(f"journal: {verified.rows} rows, chain and anchors verified")
    for report in sorted((stage.settings.home / "reports").rglob("report.*")):
        screen.say(f"report: {report}")
    screen.say(f"the night took {seconds:.0f} s")


def _wait_for_the_person(settings: Settings, screen: Screen) -> None:
    """Leave everything running until Ctrl-C."""
    over = threading.Event()
    before = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    screen.say(f"next: export WATCHBILL_HOME={settings.home} and try `watchbill job list`; Ctrl-C here ends everything")
    over.wait()
    for number, handler in before.items():
        signal.signal(number, handler)

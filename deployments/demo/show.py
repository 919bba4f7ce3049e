"""`watchbill demo`: prepare the night, start the engine, tell what happens, show the report, end everything."""

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.text import Text
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deployments.demo import recurring, troubles
from deployments.demo.acts import ACTS, points_there
from deployments.demo.backups import ENGINE, fill_hosts
from deployments.demo.chat import Chat
from deployments.demo.night import ZONE, Night, put_secrets, write_night
from deployments.demo.recurring import RECURRING
from deployments.demo.shop_front import ShopFront
from deployments.demo.stage import OPERATOR, Screen, Stage
from deployments.demo.telling import ROUNDS, Teller
from deployments.demo.troubles import TROUBLES
from deployments.engine.stopping import stop_on_signal
from deployments.engine.supervisor import Supervisor
from deployments.engine.up import apply_site, children
from deployments.lab import Lab
from models import clock
from models.database import Database
from models.queries import backup_standing, journal, slots
from models.queries.book import read_book
from models.records import Alert, Incident, Run, Slot
from models.rules.wall_clock import in_zone
from models.settings import Settings
from models.site.backups import EngineName
from models.vocabulary import Health, IncidentState, Outcome, RunState, SlotState

HOSTS = ("web1", "web2", "web3", "app1", "app2", "db1", "db2", "files1")
LEAD = timedelta(seconds=3)
"""Between the engine being ready and the night's first job."""
FAR = timedelta(hours=12)
OUTAGE = timedelta(minutes=20)
READY_SECONDS = 90.0
NIGHT_SECONDS = 170.0
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
    "evidence-report": Outcome.OK,
    "backup-orders": Outcome.OK,
    "backup-shop-files": Outcome.OK,
    "copy-shop-files": Outcome.OK,
    "drill-shop-files": Outcome.OK,
    "backup-stock": Outcome.OK,
    "drill-stock": Outcome.OK,
    "check-store": Outcome.OK,
    "backup-payroll": Outcome.OK,
    "drill-payroll": Outcome.FAILED,
    "find-problems": Outcome.OK,
    "clear-stock-lock": Outcome.OK,
    "check-stock-lock": Outcome.OK,
    "problem-report": Outcome.OK,
}
"""How each job of the night ends. `reindex-warehouse` does not run: its slot lies in a blackout."""
WORTH = {"orders": Health.AMBER, "payroll": Health.RED, "shop-files": Health.GREEN, "stock": Health.GREEN}
"""What each backup plan is worth in the morning."""
COLOURS = {Health.GREEN: "green", Health.AMBER: "yellow", Health.RED: "bold red"}


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
        kept_by = " and ".join(dict.fromkeys([ENGINE.value, EngineName.ARCHIVE.value]))
        screen.say(f"backups: {stage.night.repositories}, kept by {kept_by}")
        with stage.chat.open(), stage.shop_front.running(), _engine(stage, screen):
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
    chat = Chat()
    put_secrets(settings.home, chat.address)
    now = clock.now()
    fill_hosts({host.name: host for host in lab.hosts}, now)
    night = Night(settings.site, settings.home.parent / "backups", now + FAR, now - OUTAGE)
    shop_front = ShopFront(next(host.folder for host in lab.hosts if host.name == "web1"))
    stage = Stage(settings, lab, Database(settings.url()), night, shop_front, chat)
    write_night(stage.night, lab.hosts, shop_front, is_read=False)
    apply_site(settings, OPERATOR, now - timedelta(hours=1))
    with stage.database.write() as session:
        slots.plan_ahead(session, read_book(session), now - timedelta(hours=1), OPERATOR)
    return stage


def _begin(stage: Stage) -> None:
    """Let the night begin in three seconds: the site changes, and the planner sees it."""
    stage.night = replace(stage.night, starts=clock.now() + LEAD)
    write_night(stage.night, stage.lab.hosts, stage.shop_front)
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
    acts = [*ACTS, *TROUBLES, *RECURRING]
    skipped: set[int] = set()
    end = time.monotonic() + NIGHT_SECONDS
    while time.monotonic() < end and (acts or not _is_over(stage)):
        _tell(stage, screen, teller, skipped)
        for act in list(acts):
            if (line := act(stage)) is not None:
                acts.remove(act)
                if line:
                    screen.say(Text(f"          {line}", "bold"))
        time.sleep(0.2)
    _tell(stage, screen, teller, skipped)
    return _judge(stage, screen)


def _tell(stage: Stage, screen: Screen, teller: Teller, skipped: set[int]) -> None:
    with stage.database.read() as session:
        for style, line in teller.lines(session):
            screen.say(Text(line, style))
        for line in _skipped(session, skipped):
            screen.say(Text(line, "dim"))
    for line in stage.chat.heard():
        screen.say(Text(f"          chat of the teams: {line}", "italic"))


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
    """Nothing is due, under way, or still to come tonight; probes are read for ever."""
    tonight = stage.night.at(6, 0)
    with stage.database.read() as session:
        open_slots = (SlotState.EXPECTED, SlotState.LATE, SlotState.STARTED)
        waiting = select(func.count()).where(
            Slot.state.in_(open_slots), Slot.due_at < tonight, ~Slot.job.startswith(ROUNDS)
        )
        open_runs = select(func.count()).where(Run.state != RunState.ENDED, ~Run.job.startswith(ROUNDS))
        faults = (*troubles.faults(session), *recurring.faults(session))
        return not (session.scalar(waiting) or session.scalar(open_runs) or faults)


def _judge(stage: Stage, screen: Screen) -> bool:
    """Compare with what the shipped site says should happen."""
    with stage.database.read() as session:
        found = dict(session.execute(select(Run.job, Run.outcome).order_by(Run.id)).tuples().all())
        skipped = session.scalars(select(Slot.job).where(Slot.state == SlotState.SKIPPED)).all()
        troubled = [*troubles.faults(session), *recurring.faults(session)]
    wrong = [
        f"{job}: {outcome.value} was to be, {word.value if (word := found.get(job)) else 'nothing'} is"
        for job, outcome in EXPECTED.items()
        if found.get(job) is not outcome
    ]
    if "reindex-warehouse" not in skipped:
        wrong.append("reindex-warehouse: its slot lies in a blackout and was not skipped")
    wrong += [*troubled, *_incidents(stage, screen), *_backups(stage, screen), *_points(stage, screen)]
    for line in wrong:
        screen.say(f"not as it should be: {line}")
    return not wrong


def _incidents(stage: Stage, screen: Screen) -> list[str]:
    """Say what became of the night's incidents. Gives what is not as it should be."""
    screen.say("\nincidents in the morning (`watchbill incident list --all`):")
    with stage.database.read() as session:
        of_each = select(Alert.incident_id, func.count()).group_by(Alert.incident_id)
        counts = dict(session.execute(of_each).tuples().all())
        found = session.scalars(select(Incident).order_by(Incident.id)).all()
        for one in found:
            alerts = f", {counts[one.id]} alert{'s' if counts[one.id] > 1 else ''}" if one.id in counts else ""
            how = f", {one.resolution_code}" if one.resolution_code else ""
            style = "green" if one.state is IncidentState.RESOLVED else "yellow"
            screen.say(Text(f"  {one.state:<11}  {one.number}  {one.priority}  {one.title}{alerts}{how}", style))
    return [] if found else ["incidents: the night was to have some"]


def _backups(stage: Stage, screen: Screen) -> list[str]:
    """Say what each plan is worth in the morning and why. Gives what is not as it should be."""
    with stage.database.read() as session:
        found = backup_standing.standings(session, read_book(session), clock.now())
    screen.say("\nbackups in the morning (`watchbill backup list`):")
    for standing in found:
        verdict, plan = standing.verdict, standing.plan
        reasons = [reason.text for reason in verdict.reasons if reason.health is verdict.health]
        copies = [str(standing.copies)] if plan.copy_to else []
        line = f"  {verdict.health.value:<5}  {plan.name:<10}  {'; '.join([*reasons, *copies])}"
        screen.say(Text(line, COLOURS[verdict.health]))
    worth = {standing.plan.name: standing.verdict.health for standing in found}
    return [
        f"backup {plan}: {health.value} was to be, {worth[plan].value} is"
        for plan, health in WORTH.items()
        if worth[plan] is not health
    ]


def _points(stage: Stage, screen: Screen) -> list[str]:
    """Say that the backup that was killed has left no false point. Gives what is not as it should be."""
    found = points_there(stage)
    counts = ", ".join(f"{there} in {name}" for name, (there, _) in found.items())
    screen.say(f"  restore points: {counts}; what the killed process had written is none of them")
    return [
        f"{name} holds {there} restore points, and {known} are known"
        for name, (there, known) in found.items()
        if there != known
    ]


def _close_with(stage: Stage, screen: Screen, seconds: float) -> None:
    with stage.database.read() as session:
        verified = journal.verify(session, stage.settings.anchors)
    screen.say("")
    screen.say(f"journal: {verified.rows} rows, chain and anchors verified")
    for report in sorted((stage.settings.home / "reports").rglob("report.html")):
        kinds = sorted(file.suffix[1:] for file in report.parent.iterdir() if file.suffix != report.suffix)
        screen.say(f"report: {report} (beside it: {', '.join(dict.fromkeys(kinds))})")
    screen.say(f"the night took {seconds:.0f} s")


def _wait_for_the_person(settings: Settings, screen: Screen) -> None:
    """Leave everything running until Ctrl-C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    over = stop_on_signal()
    screen.say(f"next: export WATCHBILL_HOME={settings.home} and try `watchbill job list`; Ctrl-C here ends everything")
    over.wait()
    for number, handler in before.items():
        signal.signal(number, handler)

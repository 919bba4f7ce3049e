"""Rows for reports: a small builder on a real database, and one eventful night made with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.database import Database
from models.queries.daily_operations import DailyOperations, Period, daily_operations
from models.records import (
    Alarm,
    Base,
    CalendarEntry,
    Heartbeat,
    Job,
    OutboxRow,
    Pause,
    Run,
    Service,
    SiteEntry,
    Slot,
    Step,
)
from models.vocabulary import AlarmKind, HostFault, Outcome, RunState, SlotState, StepState, Trigger

NOW = datetime(2026, 11, 21, 6, 0, 5, tzinfo=UTC)
PERIOD = Period(datetime(2026, 11, 20, 6, 0, tzinfo=UTC), datetime(2026, 11, 21, 6, 0, tzinfo=UTC))
WAITING = (SlotState.EXPECTED, SlotState.LATE)
STATE_OF = {Outcome.OK: SlotState.DONE, Outcome.MISSED: SlotState.MISSED, Outcome.SKIPPED: SlotState.SKIPPED}


def at(hour: float, day: int = 20) -> datetime:
    """An instant of November 2026, UTC."""
    return datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour)


class Night:
    """Adds rows, one transaction each, and makes the log of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._session: Session | None = None

    @contextmanager
    def at_once(self) -> Iterator[Session]:
        """What is added inside is one transaction: a disk is slow."""
        with self.database.write() as session:
            self._session = session
            try:
                yield session
            finally:
                self._session = None

    @contextmanager
    def here(self) -> Iterator[Session]:
        """The transaction that is open, or one of its own."""
        if self._session is not None:
            yield self._session
            return
        with self.at_once() as session:
            yield session

    def add(self, *rows: Base) -> int:
        """Write the rows; returns the key of the last one."""
        with self.here() as session:
            for row in rows:
                session.add(row)
                session.flush()
            return int(getattr(rows[-1], "id", 0) or 0)

    def site(self, title: str = "Harbour Lab", timezone: str = "Europe/Berlin") -> None:
        self.add(SiteEntry(**_entry("lab", title, {"timezone": timezone}), applied_at=NOW))

    def service(self, name: str, title: str, tier: int) -> None:
        self.add(Service(**_entry(name, title, {"tier": tier})))

    def calendar(self, name: str, title: str, spec: dict[str, Any]) -> None:
        self.add(CalendarEntry(**_entry(name, title, {"name": name, **spec})))

    def job(self, name: str, **spec: Any) -> None:
        title = spec.pop("title", name.replace("-", " ").capitalize())
        self.add(Job(**_entry(name, title, spec)))

    def slot(self, job: str, due: datetime, state: SlotState, **more: Any) -> int:
        settled = None if state in WAITING else more.pop("settled_at", due)
        return self.add(Slot(job=job, due_at=due, state=state, planned_at=due, settled_at=settled, **more))

    def ran(self, job: str, due: datetime, outcome: Outcome = Outcome.OK, **more: Any) -> int:
        """An expected run that ended: its slot and its run. Returns the run's key."""
        state = more.pop("state", STATE_OF.get(outcome, SlotState.FAILED))
        late, took = more.pop("late", timedelta(seconds=1)), more.pop("took", timedelta(seconds=12))
        was_late = late >= timedelta(minutes=5)
        slot = self.slot(job, due, state, settled_at=due + late, was_late=was_late)
        return self.run(job, due, outcome, slot_id=slot, started_at=due + late, ended_at=due + late + took, **more)

    def run(self, job: str, queued: datetime, outcome: Outcome | None, **more: Any) -> int:
        """A run; by hand without a slot. Without an outcome it is running."""
        state = RunState.ENDED if outcome else RunState.RUNNING
        facts: dict[str, Any] = {
            "trigger": Trigger.SCHEDULE if "slot_id" in more else Trigger.MANUAL,
            "state": state,
            "plan": {},
            "requested_by": "planner",
            "started_at": queued,
            "ended_at": queued + timedelta(seconds=12) if outcome else None,
            "lease_until": queued + timedelta(hours=1) if state is RunState.RUNNING else None,
        }
        return self.add(Run(job=job, queued_at=queued, outcome=outcome, **{**facts, **more}))

    def step(self, run: int, host: str, outcome: Outcome, **more: Any) -> None:
        facts: dict[str, Any] = {"attempt": 1, "intended_at": at(20), "ended_at": at(20.1), **more}
        key = f"20261120/RUN{run:06d}-{host}-{facts['attempt']}"
        self.add(Step(key=key, run_id=run, host=host, state=StepState.ENDED, outcome=outcome, **facts))

    def alive(self, now: datetime = NOW) -> None:
        """Every part gave a sign of life just now."""
        for part in ("anchor", "desk", "events", "planner", "relay", "worker"):
            self.add(Heartbeat(part=part, at=now - timedelta(seconds=2), worker="lab:1"))

    def log(self, period: Period = PERIOD, now: datetime = NOW) -> DailyOperations:
        with self.database.read() as session:
            return daily_operations(session, period, now)


def _entry(name: str, title: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": title, "spec": spec, "sha256": "0" * 64, "registered_at": at(0, 1)}


def eventful(database: Database) -> Night:
    """A night in which most of what can happen did."""
    night = Night(database)
    with night.at_once():
        _fill(night)
    return night


def _fill(night: Night) -> None:
    night.site()
    night.service("shop", "Web shop", 1)
    night.service("files", "File service", 3)
    night.calendar(
        "year-end",
        "Year-end close",
        {
            "windows": [
                {"starts": "2026-11-21T20:00:00", "ends": "2026-11-22T04:00:00", "reason": "books are being closed"}
            ]
        },
    )
    _jobs(night)
    _history(night)
    _last_night(night)
    _standing(night)


def _jobs(night: Night) -> None:
    night.job(
        "rotate-logs",
        title="Rotate application logs",
        owner="web-team",
        service="shop",
        minutes_saved=15,
        runbook="If it fails: free space under /var/log, then `watchbill job retry`.",
    )
    night.job(
        "import-orders",
        title="Import the orders of the day",
        owner="shop-team",
        service="shop",
        minutes_saved=20,
        runbook="https://wiki.example.org/import-orders",
        calendars={"never": ["year-end"]},
    )
    night.job("dump-db", title="Dump the shop's database", owner="db-team", service="shop", minutes_saved=10)
    night.job(
        "sync-mirror",
        title="Mirror the file shares",
        owner="files-team",
        service="files",
        runbook="Call the storage on-call when two nights in a row fail.",
    )
    night.job("check-disks", title="Look at the disks", owner="base-team", minutes_saved=2)
    night.job("update-packages", title="Update packages", owner="base-team", calendars={"never": ["year-end"]})
    night.job("clean-temp", title="Clean temporary folders", owner="base-team")
    night.job("renew-certificates", title="Renew certificates", owner="web-team", service="shop")


def _history(night: Night) -> None:
    for day in range(7, 20):
        for job, hour in (("rotate-logs", 1.5), ("dump-db", 2), ("sync-mirror", 23), ("clean-temp", 3)):
            bad = (job, day) in {("sync-mirror", 12), ("sync-mirror", 18), ("rotate-logs", 15)}
            outcome = Outcome.TIMED_OUT if (job, day) == ("sync-mirror", 18) else Outcome.FAILED
            night.ran(job, at(hour, day), outcome if bad else Outcome.OK, attempt=3 if bad else 1)
    night.ran("import-orders", at(4, 16), Outcome.PARTIAL)
    night.slot("import-orders", at(4, 17), SlotState.MISSED, reason="the planner was away")


def _last_night(night: Night) -> None:
    for hour in range(6, 30):
        night.ran("check-disks", at(hour), took=timedelta(seconds=3 + hour / 10))
    good = night.ran("rotate-logs", at(25.5), attempt=2, took=timedelta(minutes=5, seconds=40))
    for host in ("web2", "web5"):
        night.step(
            good,
            host,
            Outcome.FAILED,
            exit_code=3,
            first_error_line="rotate: /var/log: No space left on device",
            ended_at=at(25.6),
        )
    night.ran("dump-db", at(26), took=timedelta(minutes=4, seconds=2))
    failed = night.ran(
        "import-orders",
        at(28),
        Outcome.PARTIAL,
        attempt=3,
        took=timedelta(minutes=31),
        summary="1 of 8 hosts: app3 unreachable",
    )
    for attempt in (1, 2, 3):
        night.step(
            failed,
            "app3",
            Outcome.FAILED,
            attempt=attempt,
            fault=HostFault.UNREACHABLE,
            message="no route to 10.0.4.3 port 22 within 10 s",
            ended_at=at(28 + attempt / 10),
        )
    hung = night.ran(
        "sync-mirror",
        at(23),
        Outcome.KILL_UNCONFIRMED,
        took=timedelta(hours=2, minutes=10),
        summary="1 of 2 hosts: store1 kill unconfirmed",
    )
    night.step(
        hung,
        "store1",
        Outcome.KILL_UNCONFIRMED,
        fault=HostFault.HANGS,
        ended_at=at(25.2),
        message="2 processes of group 4711 still live 30 s after SIGKILL",
    )
    night.slot(
        "update-packages",
        at(22),
        SlotState.SKIPPED,
        reason="skipped by calendar: inside the blackout year-end: books are being closed",
    )
    night.slot(
        "clean-temp", at(27), SlotState.MISSED, was_late=True, reason="3h late, which is more than its max_late of 1h"
    )
    night.ran(
        "renew-certificates", at(24), late=timedelta(minutes=42), state=SlotState.CAUGHT_UP, trigger=Trigger.CATCH_UP
    )
    night.run("import-orders", at(10), Outcome.FAILED, requested_by="anna", summary="refused by the application")


def _standing(night: Night) -> None:
    night.add(
        Alarm(
            job="import-orders",
            kind=AlarmKind.NO_SUCCESS,
            raised_at=at(29),
            last_seen_at=at(29.9),
            count=11,
            text="no success since 2026-11-19T04:10Z; one is expected every 26h",
        )
    )
    slot = night.slot("dump-db", at(29.75), SlotState.STARTED)
    night.run("dump-db", at(29.75), None, slot_id=slot, plan={"waves": [["db1", "db2"], ["db3"]]})
    night.add(
        Pause(
            job="update-packages",
            paused_at=at(12),
            until=at(8, 23),
            paused_by="anna",
            reason="waiting for the vendor's answer on case 1234",
        )
    )
    night.alive()
    night.add(OutboxRow(key="cancel-1", topic="cancel", parameters={}, created_at=at(29), next_try_at=at(29)))
    for hour in (30.5, 31.5, 32.5):
        night.slot("check-disks", at(hour), SlotState.EXPECTED)
    night.slot(
        "import-orders",
        at(28, 21),
        SlotState.SKIPPED,
        reason="skipped by calendar: inside the blackout year-end: books are being closed",
    )
    night.slot("rotate-logs", at(25.5, 21), SlotState.EXPECTED)
    night.slot("sync-mirror", at(23, 21), SlotState.EXPECTED)

"""A month of backups on a real database: four plans, one of them red, one of them new, and what became of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine

from models.database import Database
from models.queries.backup_evidence import BackupEvidence, backup_evidence
from models.queries.daily_operations import DailyOperations, Period, daily_operations
from models.queries.states import Because, advance
from models.records import DrillRow, RepositoryCheckRow, RestorePoint, Run
from models.vocabulary import Outcome, PointState, SlotState
from tests.records.night import Night
from tests.sites import HOST_KEY, apply_site, write_site

NOW = datetime(2026, 11, 21, 6, 0, 5, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PERIOD = Period(datetime(2026, 10, 22, 6, 0, tzinfo=UTC), datetime(2026, 11, 21, 6, 0, tzinfo=UTC))
APPLIED = datetime(2026, 9, 1, tzinfo=UTC)
GIB = 2**30
HOSTS = f"""
  db1: {{address: 10.0.0.9, service: shop, host_keys: ['{HOST_KEY}']}}
  mail1: {{address: 10.0.0.7, host_keys: ['{HOST_KEY}']}}
  lab1: {{address: 10.0.0.5, host_keys: ['{HOST_KEY}']}}
  bin1: {{address: 10.0.0.6, host_keys: ['{HOST_KEY}']}}
services:
  shop: {{title: Web shop, owner: ops, tier: 1}}
"""
BACKUPS = """
repositories:
  vault: {title: The vault in the cellar, owner: ops, runbook: Call ops., engine: restic, where: /srv/vault,
    medium: nas, password: "secret://vault", key_copy: {where: Envelope 12 in the safe., tested: 2026-09-30},
    check: {schedule: {cron: "0 5 * * 0"}, parts: 4}}
  away: {title: The other site, owner: ops, runbook: Call ops., engine: restic, where: "rest:https://away.example/x",
    password: "secret://away", medium: other site, off_site: true}
backups:
  shop-db:
    title: The shop's database
    owner: ops
    service: shop
    runbook: Call the database team.
    schedule: {cron: "0 1 * * *"}
    source: {on: db1, postgresql: {database: shop}}
    to: vault
    copy_to: {repository: away, schedule: {cron: "0 3 * * *"}}
    rto: 1h
    legal_hold: "Counsel, case 2026/17"
    drill: {schedule: {cron: "0 4 * * 0"}}
  mail:
    title: Mailboxes
    owner: ops
    runbook: Look at the disk of mail1, then run the drill of the point before.
    schedule: {cron: "30 1 * * *"}
    source: {on: mail1, paths: [/var/mail]}
    to: vault
    rto: 30m
    drill: {schedule: {cron: "30 4 * * 0"}}
  lab:
    title: Notebooks of the lab
    owner: ops
    runbook: Ask the lab.
    schedule: {cron: "0 2 * * *"}
    source: {on: lab1, paths: [/home/lab]}
    to: vault
exemptions:
  bin1: {reason: Only build output., agreed_by: ann, until: 2027-06-30}
"""


@dataclass
class Month:
    """Adds backups, tests and checks, and makes the two reports of them."""

    night: Night
    database: Database

    def backup(self, plan: str, taken: datetime, outcome: Outcome = Outcome.OK, **more: Any) -> int:
        """A planned backup; with a point when it ended well. Gives the point's row, or the run's."""
        late = more.pop("late", timedelta(seconds=1))
        run = self.night.ran(
            f"backup-{plan}", taken, outcome, took=timedelta(minutes=4), late=late, summary=more.pop("summary", None)
        )
        return self.point(plan, taken + late, run, **more) if outcome is Outcome.OK else run

    def point(self, plan: str, taken: datetime, run: int, **more: Any) -> int:
        facts: dict[str, Any] = {
            "key": f"{run:04x}{taken:%m%d%H%M}{plan}".ljust(64, "0"),
            "plan": plan,
            "repository": "vault",
            "host": "db1",
            "run_id": run,
            "taken_at": taken,
            "state": PointState.LISTED,
            "size_bytes": 12 * GIB + run * 2**20,
            "added_bytes": GIB // 8,
            "files": 60_000 + run,
            "seconds": 240.0,
            "manifest": f"repositories/vault/{run}.jsonl.zst",
            "manifest_sha256": f"{run:064x}",
            "warnings": [],
        }
        return self.night.add(RestorePoint(**{**facts, **more}))

    def test(self, plan: str, point: int, began: datetime, outcome: Outcome = Outcome.OK, **more: Any) -> int:
        """A planned restore test with its result. Gives the run."""
        took = more.pop("took", timedelta(minutes=12))
        run = self.night.ran(
            f"drill-{plan}",
            began,
            outcome,
            took=took,
            worker="lab:4711",
            plan={"parameters": {"point": more.pop("words", "latest")}},
        )
        facts: dict[str, Any] = {
            "started_at": began,
            "ended_at": began + took,
            "outcome": outcome,
            "reason": "60,123 files restored and compared",
            "size_bytes": 12 * GIB,
            "files": 60_123,
            "findings": [],
            "checks": ["select count(*) from orders gives 120,411, at least 100,000"],
            "sandbox": "own user, mount and network namespace",
        }
        with self.night.here() as session:
            row = session.get_one(RestorePoint, point)
            good = outcome is Outcome.OK
            row.state, row.reason = (PointState.PROVEN, None) if good else (PointState.BAD, "a restore drill failed")
            row.proven_at = began + took if good else None
            session.add(DrillRow(restore_point_id=point, plan=plan, run_id=run, **{**facts, **more}))
        return run

    def check(self, part: int, began: datetime, *faults: str) -> int:
        outcome = Outcome.FAILED if faults else Outcome.OK
        run = self.night.ran("check-vault", began, outcome, took=timedelta(minutes=40))
        ended = began + timedelta(minutes=40)
        self.night.add(
            RepositoryCheckRow(
                repository="vault",
                run_id=run,
                started_at=began,
                ended_at=ended,
                part=part,
                parts=4,
                outcome=outcome,
                faults=list(faults),
            )
        )
        return run

    def change(self, point: int, action: str, at: datetime, reason: str, **changes: Any) -> None:
        """Move a point as a worker does, journal and all."""
        with time_machine.travel(at, tick=False), self.database.write() as session:
            row = session.get(RestorePoint, point)
            assert row is not None
            advance(session, row, action, Because("lab:1", reason), reason=reason, **changes)

    def expire(self, point: int, at: datetime, reason: str = "retention of RUN000009: 14 daily") -> None:
        self.change(point, "expire", at, reason, expired_at=at)

    def rename(self, run: int, **columns: Any) -> None:
        with self.database.write() as session:
            row = session.get(Run, run)
            assert row is not None
            for name, value in columns.items():
                setattr(row, name, value)

    def evidence(self, period: Period = PERIOD, now: datetime = NOW) -> BackupEvidence:
        with self.database.read() as session:
            return backup_evidence(session, period, now)

    def log(self, now: datetime = NOW) -> DailyOperations:
        with self.database.read() as session:
            return daily_operations(session, Period(now - DAY, now), now)


def quiet_month(database: Database, folder: Path, backups: str = BACKUPS, hosts: str = HOSTS) -> Month:
    """The site is in force since September, every part is alive, and nothing has happened yet."""
    apply_backups(database, folder, backups, hosts)
    month = Month(Night(database), database)
    month.night.alive(NOW)
    return month


def apply_backups(database: Database, folder: Path, backups: str, hosts: str = HOSTS) -> None:
    """Put a site of these plans and hosts in force, or in the place of the one that is."""
    with time_machine.travel(APPLIED, tick=False):
        site = write_site(folder, "{}", hosts=hosts)
        (site / "jobs.yaml").unlink()
        (site / "people.yaml").write_text(
            "teams:\n  ops: {title: Operations}\npeople:\n  ann: {name: Ann, teams: [ops], roles: [operator]}\n"
        )
        (site / "backups.yaml").write_text(backups)
        apply_site(database, site, APPLIED)


def eventful_month(database: Database, folder: Path) -> Month:
    """A month in which most of what can happen did."""
    month = quiet_month(database, folder)
    points: dict[tuple[str, datetime], int] = {}
    with month.night.at_once():
        for day in _days():
            points["shop-db", day] = month.backup("shop-db", day + HOUR)
            points["mail", day] = _mail(month, day + 1.5 * HOUR)
            if day.day == 18:
                month.night.slot("backup-lab", day + 2 * HOUR, SlotState.MISSED, reason="the planner was away")
            else:
                points["lab", day] = month.backup("lab", day + 2 * HOUR, late=8 * timedelta(minutes=day.day == 3))
        _copies(month, points)
        _tests(month, points)
        _checks(month)
        asked = month.night.run("restore-shop-db", _day(12) + 9 * HOUR, Outcome.OK, requested_by="ann")
        month.night.run("drill-mail", _day(20) + 9 * HOUR, Outcome.KILLED, requested_by="ann", summary="killed by ann")
    month.rename(asked, summary="60,123 files restored into /srv/check")
    month.expire(points["lab", _day(22, 10)], _day(10) + 2 * HOUR)
    month.change(points["lab", _day(24, 10)], "find bad", _day(9), "vault no longer lists it")
    month.expire(points["lab", _day(24, 10)], _day(11) + 2 * HOUR)
    return month


def _days() -> Iterator[datetime]:
    day = _day(21, 10)
    while day <= _day(21):
        yield day
        day += DAY


def _day(day: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def _mail(month: Month, taken: datetime) -> int:
    if taken.day == 14:
        return month.backup("mail", taken, Outcome.FAILED, summary="mail1: no route to host")
    if taken.day == 20:
        unusual = ["3.1 GiB, usually 11.8-12.4 GiB over the last 14 points", "81.0 % changed, usually 0.4-1.2 %"]
        return month.backup("mail", taken, anomalies=unusual, size_bytes=31 * GIB // 10, added_bytes=5 * GIB // 2)
    return month.backup("mail", taken)


def _copies(month: Month, points: dict[tuple[str, datetime], int]) -> None:
    for day in (_day(20), _day(21)):
        run = month.night.ran("copy-shop-db", day + 3 * HOUR)
        month.point("shop-db", day + HOUR, run, repository="away", copy_of=points["shop-db", day])


def _tests(month: Month, points: dict[tuple[str, datetime], int]) -> None:
    for number, day in enumerate((_day(25, 10), _day(1), _day(8), _day(15))):
        took = timedelta(minutes=18 + 14 * number)
        month.test("shop-db", points["shop-db", day], day + 4 * HOUR, took=took)
    month.test("shop-db", points["shop-db", _day(21)], _day(21) + 4 * HOUR, took=timedelta(minutes=21))
    for day in (_day(25, 10), _day(1)):
        month.test("mail", points["mail", day], day + 4.5 * HOUR, took=timedelta(minutes=34))
    differs = {"findings": ["var/mail/ida: different", "var/mail/joe: missing"], "checks": []}
    reason = "var/mail/ida: different and 1 more"
    month.test("mail", points["mail", _day(8)], _day(8) + 4.5 * HOUR, Outcome.FAILED, reason=reason, **differs)
    month.test("mail", points["mail", _day(7)], _day(8) + 9 * HOUR, words="07000000", took=timedelta(minutes=29))
    month.test("mail", points["mail", _day(15)], _day(15) + 4.5 * HOUR, Outcome.FAILED, reason=reason, **differs)


def _checks(month: Month) -> None:
    for part, day in enumerate((_day(25, 10), _day(1), _day(8)), start=1):
        month.check(part, day + 5 * HOUR)
    month.check(4, _day(15) + 5 * HOUR, "pack 4f1c09a2: ciphertext verification failed")

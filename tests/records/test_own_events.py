"""What is wrong with jobs and backups is an event: one incident a job, however many runs fail."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.database import Database
from models.queries import own_events, register, restore_points
from models.records import DrillRow, InboxRow, RestorePoint, Run
from models.rules.incoming import Incoming
from models.vocabulary import AlarmKind, IncidentState, Outcome, PointState, RunState, Trigger
from tests.records.events_lab import Lab
from tests.sites import apply_site, job, write_site


@pytest.fixture
def lab(database: Database, tmp_path: Path) -> Lab:
    apply_site(database, write_site(tmp_path / "site", job("sales") + job("stock")))
    return Lab(database).registered()


def said(database: Database) -> list[Incoming]:
    with database.read() as session:
        return [event for row in session.scalars(select(InboxRow).order_by(InboxRow.id)) for event in row.events()]


def alarm(lab: Lab, second: float, name: str, kind: AlarmKind = AlarmKind.FAILED, *, is_over: bool = False) -> None:
    with lab.database.write() as session:
        own_events.about_alarm(session, name, kind, "exit code 3", lab.now(second), is_over=is_over)


def test_an_alarm_is_an_event_with_the_job_and_what_is_wrong(lab: Lab) -> None:
    alarm(lab, 0, "sales")
    (event,) = said(lab.database)
    assert (event.name, event.key, event.source, event.text) == (
        "job sales",
        "sales/failed",
        "jobs",
        "failed: exit code 3",
    )
    assert event.labels == {"job": "sales", "kind": "failed", "team": "ops"}


def test_a_job_has_one_incident_whatever_is_wrong_with_it_and_each_job_its_own(lab: Lab) -> None:
    alarm(lab, 0, "sales")
    alarm(lab, 5, "sales", AlarmKind.MISSED)
    alarm(lab, 6, "stock", AlarmKind.LATE_START)
    lab.work(7)
    lab.look(40)
    assert [one.title for one in lab.incidents()] == ["job sales", "job stock"]
    alarm(lab, 50, "sales", is_over=True)
    lab.work(51)
    assert lab.incidents()[0].state is IncidentState.NEW, "its other alarm is open still"
    alarm(lab, 60, "sales", AlarmKind.MISSED, is_over=True)
    lab.work(61)
    assert lab.incidents()[0].state is IncidentState.RESOLVED


def test_what_only_takes_long_is_a_warning_and_opens_nothing(lab: Lab) -> None:
    alarm(lab, 0, "sales", AlarmKind.TOO_LONG)
    lab.work(1)
    lab.look(60)
    assert (lab.alert().severity, lab.incidents()) == ("warning", [])


def test_a_failed_drill_joins_the_incident_of_its_job_and_a_good_one_ends_it(lab: Lab) -> None:
    with lab.database.write() as session:
        for kind, table in (("repository", register.TABLES["repository"]), ("backup", register.TABLES["backup"])):
            session.add(table(name="main", title=kind, spec={}, sha256="0" * 64, registered_at=lab.now(0)))
        run = Run(job="sales", trigger=Trigger.MANUAL, plan={}, requested_by="ann", queued_at=lab.now(0))
        session.add(run)
        session.flush()
        point = RestorePoint(
            key="p1", plan="main", repository="main", host="web1", run_id=run.id, taken_at=lab.now(0), size_bytes=1,
            added_bytes=1, files=1, seconds=1.0, manifest="m", manifest_sha256="0" * 64, warnings=[],
            state=PointState.LISTED,
        )  # fmt: skip
        session.add(point)
        session.flush()
        assert run.state is RunState.QUEUED
    for second, outcome in ((10, Outcome.OK), (20, Outcome.FAILED), (30, Outcome.FAILED), (40, Outcome.OK)):
        with lab.database.write() as session:
            restore_points.record_drill(session, _drill(lab, second, outcome), "worker")
    assert [(event.status.value, event.key) for event in said(lab.database)] == [
        ("firing", "sales/restore test"),
        ("firing", "sales/restore test"),
        ("resolved", "sales/restore test"),
    ]
    alarm(lab, 25, "sales")
    lab.work(26)
    lab.look(80)
    assert len(lab.incidents()) == 1


def _drill(lab: Lab, second: float, outcome: Outcome) -> DrillRow:
    now = lab.now(second)
    return DrillRow(
        restore_point_id=1, plan="main", run_id=1, started_at=now - timedelta(seconds=5), ended_at=now, outcome=outcome,
        reason="3 files differ", size_bytes=1, files=1, findings=[], checks=[], sandbox="a folder",
    )  # fmt: skip

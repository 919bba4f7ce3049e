"""What is coming, and what applying a site would change."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from desk.services import forecasting, pausing, sites
from desk.services.forecasting import Forecast
from desk.services.jobs import Paused
from models import clock
from models.database import Database
from models.errors import NotFound, SiteError
from models.settings import Settings
from tests.desk.conftest import Said
from tests.desk.small_site import FILES, NOON, apply_site, write_site

DAY = timedelta(hours=24)


def seen(database: Database, job: str | None = None, hours: int = 24) -> Forecast:
    return forecasting.forecast(database, job, (NOON, NOON + timedelta(hours=hours)))


def test_the_next_runs_come_in_order_a_follower_with_the_job_it_follows(harbour: Database) -> None:
    found = seen(harbour)
    assert [(run.job, f"{run.due_at:%H:%M}") for run in found.runs] == [
        ("check-disks", "17:00"),
        ("check-disks", "23:00"),
        ("rotate-logs", "01:30"),
        ("tell-everyone", "01:30"),
        ("check-disks", "05:00"),
        ("check-disks", "11:00"),
    ]
    assert all(run.runs for run in found.runs)


def test_one_job_can_be_looked_at_alone(harbour: Database) -> None:
    assert {run.job for run in seen(harbour, "rotate-logs").runs} == {"rotate-logs"}
    with pytest.raises(NotFound, match="did you mean"):
        seen(harbour, "rotate-log")


def test_a_paused_job_is_shown_as_skipped_with_who_and_why(harbour: Database) -> None:
    pausing.pause(harbour, Paused("rotate-logs", "ada", NOON, NOON + timedelta(days=400), "moving"))
    run = seen(harbour, "rotate-logs").runs[0]
    assert (run.runs, run.reason) == (False, "paused by ada: moving")


def test_a_blackout_names_the_jobs_it_keeps_back_and_their_slots_say_so(sqlite: Database, tmp_path: Path) -> None:
    black = FILES["jobs.yaml"].replace('cron: "30 2 * * *"}', 'cron: "30 2 * * *"}\n    calendars: {never: [night]}')
    calendars = 'calendars:\n  night: {windows: [{day: mon-sun, at: "02:00", lasts: 1h, reason: Backups}]}\n'
    apply_site(sqlite, write_site(tmp_path / "black", jobs=black, calendars=calendars), NOON)
    found = seen(sqlite)
    assert [(black.calendar, black.title, black.jobs) for black in found.blackouts] == [
        ("night", "Backups", ("rotate-logs",))
    ]
    run = next(run for run in found.runs if run.job == "rotate-logs")
    assert not run.runs
    assert "blackout night" in (run.reason or "")


def test_runs_that_meet_on_hosts_are_one_clash_with_all_its_places(sqlite: Database, tmp_path: Path) -> None:
    meeting = FILES["jobs.yaml"].replace("schedule: {every: 6h}", 'schedule: {cron: "30 2 * * *"}')
    apply_site(sqlite, write_site(tmp_path / "meeting", jobs=meeting), NOON)
    found = seen(sqlite)
    assert [clash.jobs for clash in found.clashes] == [("check-disks", "rotate-logs")]
    assert found.clashes[0].places == ("host web1", "host web2", "host web3")


def test_a_follower_does_not_clash_with_what_it_waits_for(harbour: Database) -> None:
    assert seen(harbour, hours=48).clashes == ()


def plan(folder: Path, home: Path, database: Database | None) -> sites.SitePlan:
    given = {"database_url": database.url.render_as_string(hide_password=False)} if database else {}
    return sites.plan(folder, Settings(home=home, **given), clock.now())


def test_where_nothing_was_ever_started_everything_is_new(
    site_folder: Path, tmp_path: Path, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHBILL_DATABASE_URL")
    found = plan(site_folder, tmp_path / "nothing", None)
    assert found.is_first
    assert "job/rotate-logs" in found.register.added
    assert {change.job for change in found.slots} == {"check-disks", "rotate-logs", "tell-everyone"}
    assert not (tmp_path / "nothing").exists(), "a plan makes no database"


def test_an_applied_site_has_nothing_to_change(harbour: Database, site_folder: Path, tmp_path: Path) -> None:
    found = plan(site_folder, tmp_path, harbour)
    assert (bool(found.register), found.slots) == (False, ())


def test_a_changed_schedule_shows_the_slots_that_appear_and_vanish(harbour: Database, tmp_path: Path) -> None:
    changed = FILES["jobs.yaml"].replace("30 2 * * *", "45 2 * * *").replace("  restore-file:", "  fetch-file:")
    found = plan(write_site(tmp_path / "changed", jobs=changed), tmp_path, harbour)
    assert found.register.added == ["job/fetch-file"]
    assert found.register.changed == ["job/rotate-logs"]
    assert found.register.removed == ["job/restore-file"]
    by_job = {change.job: change for change in found.slots}
    assert set(by_job) == {"rotate-logs", "tell-everyone"}, "a follower moves along"
    assert {due.minute for due in by_job["rotate-logs"].appear} == {45}
    assert {due.minute for due in by_job["rotate-logs"].vanish} == {30}


def test_without_a_prefect_server_the_plan_says_so(harbour: Database, site_folder: Path, tmp_path: Path) -> None:
    found = plan(site_folder, tmp_path, harbour)
    assert isinstance(found.prefect, str)
    assert "no Prefect server answers" in found.prefect


def test_an_invalid_site_is_not_planned(tmp_path: Path, harbour: Database) -> None:
    with pytest.raises(SiteError):
        plan(write_site(tmp_path / "bad", jobs="jobs: {x: {}}"), tmp_path, harbour)


def test_the_plan_is_shown_with_signs_and_ends_with_the_next_step(
    watchbill: Callable[..., Said], tmp_path: Path, harbour: Database
) -> None:
    changed = FILES["jobs.yaml"].replace("30 2 * * *", "45 2 * * *").replace("  restore-file:", "  fetch-file:")
    said = watchbill("plan", str(write_site(tmp_path / "changed", jobs=changed)))
    assert said.code == 0
    for expected in ("+ job/fetch-file", "~ job/rotate-logs", "- job/restore-file", "+ rotate-logs", "- rotate-logs"):
        assert expected in said.out
    assert "`watchbill up` applies it" in said.err


def test_a_job_that_is_due_very_often_is_one_line_for_people_and_all_of_it_in_json(
    sqlite: Database, tmp_path: Path, watchbill: Callable[..., Said]
) -> None:
    often = FILES["jobs.yaml"].replace("schedule: {every: 6h}", "schedule: {every: 5m}")
    apply_site(sqlite, write_site(tmp_path / "often", jobs=often), NOON)
    said = watchbill("job", "forecast", "--hours", "24")
    lines = [line for line in said.out.splitlines() if "check-disks" in line and "clash" not in line.lower()]
    assert "and 287 more, the last" in lines[0]
    assert len(watchbill("job", "forecast", "--hours", "24", "--json").json["runs"]) > 287

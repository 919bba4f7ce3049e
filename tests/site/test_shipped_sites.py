"""The sites that are shipped load as they are, and show what they say they show."""

import os
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.errors import Refused
from models.rules.admission import admits, named
from models.rules.nodes import matching
from models.rules.schedule import due_times
from models.settings import CHECKOUT
from models.site.loading import load_site
from models.site.site import Site
from models.site.starting import site_name, write_starter
from models.vocabulary import CatchUp

SITES = CHECKOUT / "deployments" / "sites"
NIGHT = (datetime(2026, 11, 20, 22, 0, tzinfo=UTC), datetime(2026, 11, 21, 5, 0, tzinfo=UTC))
WEEKLY = "drill-orders"
LAB_HOSTS = {"web1", "web2", "web3", "app1", "app2", "db1", "db2", "files1"}


@pytest.fixture(scope="module")
def night() -> Site:
    return load_site(SITES / "night")


@pytest.mark.parametrize("name", sorted(folder.name for folder in SITES.iterdir() if folder.is_dir()))
def test_each_shipped_site_is_valid_as_it_is(name: str) -> None:
    site = load_site(SITES / name)
    assert site.jobs
    for file in sorted((SITES / name).glob("*.yaml")):
        first = file.read_text().splitlines()[0]
        assert first == f"# yaml-language-server: $schema=./.watchbill/{file.name}.schema.json"


def test_the_night_has_eight_hosts_and_its_jobs_are_due_once_between_half_past_midnight_and_six(
    night: Site,
) -> None:
    assert set(night.hosts) == LAB_HOSTS
    for job in night.jobs.values():
        if job.schedule is None or job.schedule.business_day is not None or job.name == WEEKLY:
            continue
        if job.flow == "run_probes":  # all night long
            continue
        dues = list(due_times(job.schedule, *NIGHT, night.calendars))
        assert len(dues) == 1, job.name
        assert "00:30" <= f"{dues[0].astimezone(job.schedule.zone):%H:%M}" <= "05:55", job.name


def test_the_night_has_a_slot_inside_a_blackout_and_no_other_job_loses_one(night: Site) -> None:
    closed = []
    for job in night.jobs.values():
        for due in due_times(job.schedule, *NIGHT, night.calendars) if job.schedule else ():
            use = job.calendars
            if not admits(named(use.only, night.calendars), named(use.never, night.calendars), due).allowed:
                closed.append(job.name)
    assert closed == ["reindex-warehouse"]


def test_the_night_shows_what_its_comments_promise(night: Site) -> None:
    nodes = [host.node() for host in night.hosts.values()]
    jobs = night.jobs
    assert len(matching(jobs["publish-prices"].on or "", nodes)) == 8
    assert jobs["publish-prices"].retry.attempts
    assert jobs["rotate-logs"].batch.size == 2
    assert matching(jobs["archive-files"].on or "", nodes) == ["db1", "db2", "files1"]
    assert jobs["send-invoices"].catch_up.policy is CatchUp.LAST
    assert [one.job for one in jobs["verify-shop-dump"].after] == ["copy-shop-dump"]
    assert jobs["export-payroll"].secrets == {"PAYROLL_PASSWORD": "secret://payroll-db"}
    assert jobs["check-controller"].on == "local"
    assert jobs["daily-report"].flow == "render_report"


def test_the_night_backs_up_every_kind_of_source_and_proves_what_it_says(night: Site) -> None:
    plans = night.backups
    assert {name: plan.source.on for name, plan in plans.items()} == {
        "orders": "db1",
        "shop-files": "web1",
        "payroll": "db2",
        "stock": "app2",
    }
    assert {name for name, plan in plans.items() if plan.source.paths} == {"shop-files", "stock"}
    assert all(plan.drill for plan in plans.values())
    assert plans["payroll"].to not in {plan.to for plan in plans.values() if plan.name != "payroll"}, (
        "its repository is damaged in the demo: the others stay green"
    )
    copied = plans["shop-files"]
    assert copied.copy_to
    assert night.repositories[copied.copy_to.repository].off_site
    assert (
        len(
            {
                night.repositories[copied.to].medium,
                night.repositories[copied.copy_to.repository].medium,
                copied.source.on,
            }
        )
        == 3
    )


def test_the_dump_that_is_killed_half_way_takes_seconds_and_half_of_it_is_too_little(night: Site) -> None:
    source = night.backups["orders"].source.command
    assert source
    began = time.monotonic()
    whole = subprocess.run(source.argv, capture_output=True, timeout=30, check=True).stdout
    assert time.monotonic() - began >= 4
    assert len(whole) * 0.9 > source.at_least > len(whole) / 2
    assert whole.endswith(b"-- complete\n")


def test_what_the_starter_says_of_backups_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    file = tmp_path / "ops" / "backups.yaml"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(_spoken(line) for line in lines))
    site = load_site(tmp_path / "ops")
    assert (set(site.repositories), set(site.backups), set(site.exemptions)) == ({"main"}, {"documents"}, {"here"})
    assert {"backup-documents", "drill-documents", "restore-documents", "check-main"} <= set(site.jobs)


def test_a_new_site_searches_for_what_recurs_each_day_and_reports_its_problems_each_month(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    site = load_site(tmp_path / "ops")
    assert (site.jobs["find-problems"].flow, site.jobs["find-problems"].owner) == ("find_problems", "operations")
    assert site.jobs["problem-report"].order == {"report": "problems", "period": "last month"}


def test_what_the_starter_says_of_probes_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    services = tmp_path / "ops" / "services.yaml"
    services.write_text(services.read_text().replace("tags: [linux]", "tags: [linux, web]"))
    file = tmp_path / "ops" / "probes.yaml"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(f"  {_spoken(line[2:])}" if line.startswith("  # ") else line for line in lines))
    site = load_site(tmp_path / "ops")
    assert set(site.probes) == {"disk", "website", "certificate", "nginx", "import", "time"}
    assert {"probes-operations-1m", "probes-operations-15m", "probes-operations-6h"} <= set(site.jobs)


def _spoken(line: str) -> str:
    """A commented line of YAML without its sign; prose stays a comment."""
    words = line.removeprefix("# ")
    return words if re.match(r"(  )*( *- )?[a-z_]+:( |$)", words) else line


def run_script(site: Site, job: str, host: str, home: Path) -> subprocess.CompletedProcess[str]:
    chosen = site.jobs[job]
    home = home / host
    home.mkdir(exist_ok=True)
    script = home / f"{job}.sh"
    script.write_text(chosen.script_text or "")
    values = {name: str(parameter.default) for name, parameter in chosen.parameters.items()}
    arguments = [argument.format(**values) for argument in chosen.arguments]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "WATCHBILL_LAB_HOST": host,
        "WATCHBILL_RUN": "RUN000001",
        **dict.fromkeys(chosen.secrets, "opensesame"),
    }
    interpreter = shutil.which("sh") or "/bin/sh"
    return subprocess.run(
        [interpreter, str(script), *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    "job", ["check-disks", "rotate-logs", "dump-shop", "send-invoices", "export-payroll", "archive-files"]
)
def test_each_script_of_the_night_does_its_work_twice_in_a_row(night: Site, job: str, tmp_path: Path) -> None:
    for _ in range(2):
        done = run_script(night, job, "db1", tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


def test_the_price_list_fails_on_two_hosts_once_and_then_succeeds(night: Site, tmp_path: Path) -> None:
    first = {host: run_script(night, "publish-prices", host, tmp_path).returncode for host in LAB_HOSTS}
    assert {host for host, code in first.items() if code} == {"web3", "app2"}
    assert [run_script(night, "publish-prices", host, tmp_path).returncode for host in ("web3", "app2")] == [0, 0]


def test_a_dump_that_was_changed_on_the_way_does_not_verify(night: Site, tmp_path: Path) -> None:
    run_script(night, "dump-shop", "db1", tmp_path)
    folder = tmp_path / "db1" / "night"
    shutil.copytree(folder / "dump", folder / "second")
    assert run_script(night, "verify-shop-dump", "db1", tmp_path).returncode == 0
    with (folder / "second" / "shop.tar.gz").open("ab") as archive:
        archive.write(b"x")
    assert run_script(night, "verify-shop-dump", "db1", tmp_path).returncode != 0


def test_a_new_site_is_valid_and_carries_its_title_and_zone(tmp_path: Path) -> None:
    files = write_starter(tmp_path / "My Ops", 'Anna\'s "Ops": #1 \\1', "Europe/Berlin")
    site = load_site(tmp_path / "My Ops")
    assert (site.name, site.settings.title, site.timezone) == ("my-ops", 'Anna\'s "Ops": #1 \\1', "Europe/Berlin")
    assert {host.connection.value for host in site.hosts.values()} == {"local"}
    names = {str(file.relative_to(tmp_path / "My Ops")) for file in files}
    assert {".gitignore", "jobs.yaml", "scripts/check-disk.sh", ".watchbill/jobs.yaml.schema.json"} <= names


WRONG_STARTS = [
    ("Ops", "Europe/Berln", 'timezone: "Europe/Berln" is not a time zone', "unknown zone"),
    ("", "UTC", "title: must be one line", "no title"),
    ("Two\nlines", "UTC", "title: must be one line", "a title that would break the file"),
]


@pytest.mark.parametrize(("title", "timezone", "words", "reason"), WRONG_STARTS)
def test_a_wrong_start_is_refused_and_leaves_nothing(
    tmp_path: Path, title: str, timezone: str, words: str, reason: str
) -> None:
    with pytest.raises(Refused, match=words):
        write_starter(tmp_path / "ops", title, timezone)
    assert not (tmp_path / "ops").exists(), reason


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match="is not empty"):
        write_starter(tmp_path, "Ops", "UTC")
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(("folder", "name"), [("ops", "ops"), ("1 Ops!", "ops"), ("Büro", "b-ro"), ("2026", "ops")])
def test_a_site_is_named_after_its_folder(folder: str, name: str) -> None:
    assert site_name(folder) == name

"""A site is loaded whole, or refused with everything that is wrong in it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from models.errors import SiteError
from models.site.jobs import Job
from models.site.loading import load_site
from tests.site.folders import JOB, complaints, write_site

LISTING = "    on: local\n    command: [ls]\n"


def test_the_small_site_is_valid(tmp_path: Path) -> None:
    assert complaints(write_site(tmp_path, {})) == []


def test_a_site_needs_only_its_site_file(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("name: ops\ntitle: Operations\ntimezone: UTC\n")
    site = load_site(tmp_path)
    assert (site.name, site.timezone, dict(site.jobs)) == ("ops", "UTC", {})


def test_a_section_with_nothing_under_it_is_empty(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path, {"jobs.yaml": "jobs:\n  # tidy: later\n"}))
    assert dict(site.jobs) == {}


def test_a_folder_that_is_not_there_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"there is no such folder; `watchbill init DIR` makes one"):
        load_site(tmp_path / "nowhere")


def test_a_folder_without_a_site_file_is_no_site(tmp_path: Path) -> None:
    assert complaints(tmp_path) == [
        "site.yaml:1:1: file: is missing, so this is no site folder; `watchbill init DIR` makes one"
    ]


def test_all_faults_of_all_files_come_at_once_in_the_order_of_reading(tmp_path: Path) -> None:
    files = {
        "site.yaml": "name: Ops!\ntitle: O\ntimezone: Europe/Berln\n",
        "people.yaml": "teams:\n  web-team: {titel: Web team}\n",
        "services.yaml": "hosts:\n\tweb1: {}\n",
        "calendars.yaml": 'calendars:\n  office:\n    hours: {mon-fri: ["25:00-26:00"]}\n',
        "jobs.yaml": JOB + LISTING + "    retrys: 3\n    deadline: 5\n    secrets: {DB: hunter2}\n",
        "extra.yaml": "x: 1\n",
    }
    found = [":".join(line.split(":")[:3]) for line in complaints(write_site(tmp_path, files))]
    assert found == [
        "calendars.yaml:3:12",
        "extra.yaml:1:1",
        "jobs.yaml:8:5",
        "jobs.yaml:9:15",
        "jobs.yaml:10:19",
        "people.yaml:2:14",
        "services.yaml:2:1",
        "site.yaml:1:7",
        "site.yaml:3:11",
    ]


def test_one_wrong_key_does_not_hide_what_else_is_wrong_in_the_job(tmp_path: Path) -> None:
    job = JOB + '    on: "tag=wbe"\n    command: [ls, "{day}"]\n    retrys: 3\n    service: shp\n'
    places = [line.split(": ")[1] for line in complaints(write_site(tmp_path, {"jobs.yaml": job}))]
    assert places == ["jobs.tidy.on", "jobs.tidy.command.1", "jobs.tidy.retrys", "jobs.tidy.service"]


def test_a_mistaken_secret_is_not_repeated_in_any_message(tmp_path: Path) -> None:
    job = (
        JOB
        + LISTING
        + (
            "    secrets: {DB: hunter2, PIN: 987654, CODE: 0987654}\n"
            "    notify: [{on: [failed], to: [hunter2]}]\n"
            "    environment: {DB_PASSWORD: 987654}\n"
        )
    )
    text = "\n".join(complaints(write_site(tmp_path, {"jobs.yaml": job})))
    assert all(f"jobs.tidy.secrets.{name}: " in text for name in ("DB", "PIN", "CODE"))
    assert "hunter2" not in text
    assert "987654" not in text


def test_pydantic_jargon_reaches_nobody(tmp_path: Path) -> None:
    """Every key of a job given a value of each wrong type: the words are ours."""
    keys = sorted(set(Job.model_fields) - {"name", "script_text"})
    for value in ("3", "[1]", "{a: 1}", "true", "x", "~", "[[]]", "{x: {y: z}}", "2.5"):
        job = "jobs:\n  tidy:\n" + "".join(f"    {key}: {value}\n" for key in keys)
        for line in complaints(write_site(tmp_path, {"jobs.yaml": job})):
            assert not any(
                word in line for word in ("Input should", "input should", "pydantic", "instance of", "Value error")
            ), line


def test_what_names_no_time_zone_has_the_sites(tmp_path: Path) -> None:
    job = JOB + LISTING + '    schedule: {cron: "0 1 * * *"}\n'
    site = load_site(write_site(tmp_path, {"jobs.yaml": job}))
    schedule = site.jobs["tidy"].schedule
    assert schedule is not None
    assert schedule.timezone == "Europe/Berlin"
    assert site.calendars["office"].timezone == "Europe/Berlin"
    assert site.hosts["web1"].timezone == "Europe/Berlin"


def test_defaults_hold_for_jobs_that_say_nothing_else(tmp_path: Path) -> None:
    files = {
        "site.yaml": "name: ops\ntitle: O\ntimezone: UTC\ndefaults: {deadline: 20m, retry: {attempts: 2, delay: 9m}}\n",
        "jobs.yaml": JOB
        + LISTING
        + "  other: {title: O, owner: web-team, runbook: x, on: local, command: [ls], retry: {attempts: 1}}\n",
    }
    site = load_site(write_site(tmp_path, files))
    assert site.jobs["tidy"].deadline == timedelta(minutes=20)
    assert site.jobs["tidy"].retry.attempts == 2
    assert site.jobs["other"].retry.attempts == 1
    assert site.jobs["other"].retry.delay == timedelta(minutes=1), "a block is replaced as a whole"


def test_jobs_may_be_spread_over_a_folder(tmp_path: Path) -> None:
    other = (
        "jobs:\n  dump: {title: Dump, owner: web-team, runbook: x, on: local, command: [ls], after: [{job: tidy}]}\n"
    )
    site = load_site(write_site(tmp_path, {"jobs.yaml": JOB + LISTING, "jobs/data.yaml": other}))
    assert list(site.jobs) == ["tidy", "dump"]


def test_the_registered_job_holds_the_text_of_its_script(tmp_path: Path) -> None:
    job = JOB + "    on: local\n    script: scripts/tidy.sh\n"
    site = load_site(write_site(tmp_path, {"jobs.yaml": job}))
    before = site.fingerprint("job", "tidy")
    assert site.entry("job", "tidy").spec["script_text"] == "#!/bin/sh\necho tidy\n"
    (tmp_path / "scripts/tidy.sh").write_text("#!/bin/sh\necho tidier\n")
    assert load_site(tmp_path).fingerprint("job", "tidy") != before, "a changed script is a changed job"


def test_a_script_that_leaves_the_site_by_a_link_is_refused(tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site", {"jobs.yaml": JOB + "    on: local\n    script: scripts/out.sh\n"})
    (tmp_path / "out.sh").write_text("#!/bin/sh\n")
    (folder / "scripts/out.sh").symlink_to(tmp_path / "out.sh")
    assert "lies outside the site folder" in complaints(folder)[0]


def test_a_fingerprint_changes_with_what_it_is_of_and_with_nothing_else(tmp_path: Path) -> None:
    first = load_site(write_site(tmp_path / "a", {"jobs.yaml": JOB + LISTING}))
    reordered = (
        "# words\njobs:\n  tidy: {command: [ls], on: local, runbook: Try again., owner: web-team, title: Tidy}\n"
    )
    second = load_site(write_site(tmp_path / "b", {"jobs.yaml": reordered}))
    third = load_site(write_site(tmp_path / "c", {"jobs.yaml": JOB + LISTING.replace("ls", "lsof")}))
    assert first.fingerprint("job", "tidy") == second.fingerprint("job", "tidy")
    assert first.fingerprint("job", "tidy") != third.fingerprint("job", "tidy")
    assert first.fingerprint("host", "web1") == third.fingerprint("host", "web1")


def test_a_hosts_key_file_stays_relative_in_the_register(tmp_path: Path) -> None:
    hosts = "hosts:\n  web1: {address: 10.0.0.1, key: keys/night}\n"
    site = load_site(write_site(tmp_path, {"services.yaml": hosts}))
    assert site.entry("host", "web1").spec["key"] == "keys/night"
    assert str(tmp_path) not in json.dumps([entry.spec for entry in site.entries()])


def test_a_chain_of_a_thousand_jobs_is_followed_and_its_circle_found(tmp_path: Path) -> None:
    line = "  j{0}: {{title: J, owner: web-team, runbook: x, on: local, command: [ls], after: [{{job: j{1}}}]}}\n"
    chain = "".join(line.format(number, (number + 1) % 1000) for number in range(1000))
    found = complaints(write_site(tmp_path, {"jobs.yaml": "jobs:\n" + chain}))
    assert len(found) == 1
    assert "jobs.j0.after.0.job: goes round in a circle: j0 runs after j1 runs after" in found[0]
    assert found[0].endswith("runs after ... (1000 in all) runs after j0")

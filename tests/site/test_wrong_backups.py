"""Wrong backups: what is refused, where, in plain words; and the jobs that right ones become."""

# ruff: noqa: E501 - messages stand whole, as people read them

from datetime import timedelta
from pathlib import Path

import pytest

from models.site.loading import load_site
from tests.site.folders import JOB, complaints, write_site

REPOSITORIES = """repositories:
  main: {title: Main, owner: web-team, runbook: Call., engine: restic, where: /srv/main, password: "secret://main"}
  away: {title: Away, owner: web-team, runbook: Call., engine: restic, where: /srv/away, password: "secret://away"}
  files: {title: Files, owner: web-team, runbook: Call., engine: archive, where: /srv/files}
"""
PLAN = REPOSITORIES + "backups:\n  shop:\n    title: Shop\n    owner: web-team\n    runbook: Call.\n    to: main\n"
"""The first ten lines; a test writes the rest, from line 11 on."""
PATHS = "    source: {on: web1, paths: [/srv/shop]}\n"

WRONG: list[tuple[str, list[str], str]] = [
    (
        PLAN + "    source: {on: web1}\n",
        [
            "backups.yaml:11:13: backups.shop.source: says nothing to back up; give it one of paths, postgresql, sqlite, command, watchbill"
        ],
        "no source at all",
    ),
    (
        PLAN + "    source: {on: web1, paths: [/srv], sqlite: /srv/a.db}\n",
        [
            "backups.yaml:11:47: backups.shop.source.sqlite: stands beside paths; a source has one of paths, postgresql, sqlite, command, watchbill"
        ],
        "two sources in one",
    ),
    (
        PLAN + "    source: {on: web9, paths: [/srv]}\n",
        ['backups.yaml:11:18: backups.shop.source.on: no host "web9"; known: web1, web2; did you mean "web2"?'],
        "an unknown host",
    ),
    (
        PLAN + "    source: {on: web1, watchbill: true}\n",
        [
            "backups.yaml:11:18: backups.shop.source.on: must be local: Watchbill's own state lies on the worker's machine"
        ],
        "our own state is here",
    ),
    (
        PLAN + "    source: {on: local, paths: [/srv], reading: on host}\n",
        [
            "backups.yaml:11:49: backups.shop.source.reading: on host goes with the paths of a host; this machine is read as it is"
        ],
        "on host is for hosts",
    ),
    (
        PLAN.replace("to: main", "to: mian") + PATHS,
        ['backups.yaml:10:9: backups.shop.to: no repository "mian"; known: away, files, main; did you mean "main"?'],
        "an unknown repository",
    ),
    (
        PLAN + PATHS + '    copy_to: {repository: main, schedule: {cron: "0 6 * * *"}}\n',
        [
            "backups.yaml:12:27: backups.shop.copy_to.repository: is the repository that the plan goes to; a copy needs another one"
        ],
        "a copy in the same place is none",
    ),
    (
        PLAN + PATHS + '    copy_to: {repository: files, schedule: {cron: "0 6 * * *"}}\n',
        [
            "backups.yaml:12:27: backups.shop.copy_to.repository: is kept by archive and main by restic; a copy needs the same engine"
        ],
        "engines cannot read each other",
    ),
    (
        PLAN + PATHS + "    keep: {daily: 0}\n",
        ["backups.yaml:12:11: backups.shop.keep: keeps nothing; say how many, like daily: 14"],
        "a policy that keeps nothing",
    ),
    (
        PLAN + PATHS + "    keep: {daily: -2}\n",
        ["backups.yaml:12:19: backups.shop.keep.daily: daily is 0 or more, or -1 for no limit"],
        "below no limit",
    ),
    (
        PLAN + PATHS + "    safeguards: {at_least: 0}\n",
        [
            "backups.yaml:12:28: backups.shop.safeguards.at_least: at_least is 1 or more: a plan without a point is no backup"
        ],
        "the floor cannot be taken away",
    ),
    (
        PLAN + PATHS + '    drill: {schedule: {cron: "0 4 * * *"}, expect: [{query: select 1, at_least: 1}]}\n',
        [
            "backups.yaml:12:53: backups.shop.drill.expect.0: a query goes with a source that is a database: postgresql or sqlite"
        ],
        "files answer no query",
    ),
    (
        PLAN + PATHS + '    drill: {schedule: {cron: "0 4 * * *"}, expect: [{at_least: 1}]}\n',
        [
            "backups.yaml:12:53: backups.shop.drill.expect.0: at_least goes with query",
            "backups.yaml:12:53: backups.shop.drill.expect.0: must have one of file, query, command; it has none",
        ],
        "nothing is expected",
    ),
    (
        PLAN + "    source: {on: local, sqlite: /srv/a.db}\n"
        '    drill: {schedule: {cron: "0 4 * * *"}, expect: [{query: select 1}]}\n',
        ["backups.yaml:12:53: backups.shop.drill.expect.0: a query needs one of at_least, newer_than"],
        "an answer that nobody judges",
    ),
    (
        PLAN + "    source: {on: local, sqlite: /srv/a.db, exclude: [x]}\n",
        ["backups.yaml:11:53: backups.shop.source.exclude: goes with paths"],
        "nothing to leave out",
    ),
    (
        REPOSITORIES.replace(', password: "secret://main"', ""),
        ["backups.yaml:2:3: repositories.main: has no password; restic encrypts always: password: secret://name"],
        "restic without a password",
    ),
    (
        REPOSITORIES.replace("secret://main", "hunter2"),
        [
            "backups.yaml:2:100: repositories.main.password: must be a reference like secret://name; a secret itself never stands in a site file"
        ],
        "a password in the file",
    ),
    (
        REPOSITORIES.replace("/srv/main", "sftp:vault:/srv/main"),
        [
            "backups.yaml:2:79: repositories.main.where: needs host: the host of the site whose pinned keys and account are used"
        ],
        "nobody to log in to",
    ),
    (
        REPOSITORIES.replace("where: /srv/main", "host: web1, where: sftp:/srv/main"),
        ["backups.yaml:2:91: repositories.main.where: must name host and folder, like sftp:HOST:/srv/backups"],
        "half an address",
    ),
    (
        REPOSITORIES.replace("where: /srv/files", "where: sftp:/x"),
        [
            "backups.yaml:4:82: repositories.files.where: must be an absolute folder of this machine; archive knows no other place",
        ],
        "archive keeps to this machine",
    ),
    (
        PLAN + PATHS + "exemptions:\n  web2: {reason: Empty., agreed_by: bob}\n",
        ['backups.yaml:13:37: exemptions.web2.agreed_by: no person "bob"; known: anna'],
        "an exemption is somebody's word",
    ),
]


@pytest.mark.parametrize(("text", "expected", "reason"), WRONG, ids=[reason for *_, reason in WRONG])
def test_a_wrong_backup_is_refused_at_its_place(tmp_path: Path, text: str, expected: list[str], reason: str) -> None:
    assert complaints(write_site(tmp_path, {"backups.yaml": text})) == expected, reason


def test_a_plan_gives_no_job_a_name_that_is_taken(tmp_path: Path) -> None:
    taken = JOB.replace("tidy", "backup-shop") + "    on: local\n    command: [ls]\n"
    found = complaints(write_site(tmp_path, {"backups.yaml": PLAN + PATHS, "jobs.yaml": taken}))
    assert found == [
        "backups.yaml:6:3: backups.shop: gives a job the name backup-shop, which jobs.yaml has already; rename one of the two"
    ]


def test_a_plan_becomes_jobs_that_alarm_when_silent(tmp_path: Path) -> None:
    whole = (
        PLAN + PATHS + '    schedule: {cron: "0 1 * * *"}\n    rpo: 12h\n    drill: {schedule: {cron: "0 4 * * sun"}}\n'
        '    copy_to: {repository: away, schedule: {cron: "0 6 * * *"}}\n'
    ).replace('password: "secret://main"', 'password: "secret://main", check: {schedule: {cron: "0 5 * * *"}}')
    site = load_site(write_site(tmp_path, {"backups.yaml": whole}))
    flows = {name: (job.flow, job.order) for name, job in site.jobs.items()}
    assert flows == {
        "backup-shop": ("back_up", {"plan": "shop"}),
        "drill-shop": ("drill_restore", {"plan": "shop"}),
        "copy-shop": ("copy_backup", {"plan": "shop"}),
        "restore-shop": ("restore_backup", {"plan": "shop"}),
        "check-main": ("check_repository", {"repository": "main"}),
    }
    silence = {name: job.alarms.no_success_for for name, job in site.jobs.items()}
    assert silence["backup-shop"] == timedelta(hours=12)
    assert silence["drill-shop"] == timedelta(days=8)
    assert site.jobs["restore-shop"].schedule is None
    assert site.jobs["backup-shop"].schedule is not None
    assert site.jobs["backup-shop"].schedule.timezone == "Europe/Berlin"


def test_the_sites_defaults_reach_its_plans(tmp_path: Path) -> None:
    site_file = (
        "name: ops\ntitle: O\ntimezone: Europe/Berlin\ndefaults:\n  retry: {attempts: 4}\n  environment: {A: b}\n"
    )
    site = load_site(write_site(tmp_path, {"backups.yaml": PLAN + PATHS, "site.yaml": site_file}))
    assert site.backups["shop"].retry.attempts == 4

"""Wrong people, services, hosts, calendars and files; each is refused at its place, in plain words."""

# ruff: noqa: E501 - messages stand whole, as people read them

from pathlib import Path

import pytest

from tests.site.folders import JOB, complaints, write_site

WRONG: list[tuple[dict[str, str | bytes], list[str], str]] = [
    (
        {"services.yaml": 'services:\n  shop: {title: S, owner: web-team, tier: "1"}\n'},
        ['services.yaml:2:43: services.shop.tier: must be a whole number; found "1"'],
        "a number in quotes is text",
    ),
    (
        {"services.yaml": "hosts:\n  a: {address: x, jump: b}\n  b: {address: x, jump: a}\n"},
        ["services.yaml:2:25: hosts.a.jump: goes round in a circle: a jumps through b jumps through a"],
        "hosts that jump through each other",
    ),
    (
        {
            "services.yaml": "services:\n  a: {title: A, owner: web-team, depends_on: [b]}\n  b: {title: B, owner: web-team, depends_on: [a]}\n"
        },
        ["services.yaml:2:47: services.a.depends_on.0: goes round in a circle: a depends on b depends on a"],
        "services that depend on each other",
    ),
    (
        {
            "people.yaml": "teams: {web-team: {title: W}}\npeople:\n  a: {name: A, manager: b}\n  b: {name: B, manager: a}\n"
        },
        ["people.yaml:3:25: people.a.manager: goes round in a circle: a reports to b reports to a"],
        "persons who report to each other",
    ),
    (
        {"site.yaml": "name: ops\ntitle: O\ntimezone: Mars/Base\n"},
        ['site.yaml:3:11: timezone: "Mars/Base" is not a time zone; use a name such as Europe/Berlin or UTC'],
        "unknown time zone of the site",
    ),
    (
        {"services.yaml": "hosts:\n  web1: {tags: [web]}\n"},
        ["services.yaml:2:3: hosts.web1: has no address; give it one, or connection: local for this machine"],
        "nowhere to connect to",
    ),
    (
        {"services.yaml": "hosts:\n  web1: {address: x, key: /etc/keys/id1, host_keys: [ssh-ed25519]}\n"},
        [
            "services.yaml:2:27: hosts.web1.key: must be a file inside the site folder, like keys/night, or secret://name",
            "services.yaml:2:54: hosts.web1.host_keys.0: must be the type and the key of the host's public key, like ssh-ed25519 AAAA...",
        ],
        "keys stay in the site folder; host keys are keys",
    ),
    (
        {"services.yaml": "hosts:\n  local: {connection: local}\n"},
        ["services.yaml:2:3: hosts.local: is a reserved name: `on: local` means this machine, without any host entry"],
        "local is this machine",
    ),
    (
        {"services.yaml": "hosts:\n  web1: {address: x, jump: bastion}\n"},
        ['services.yaml:2:28: hosts.web1.jump: no host "bastion"; known: web1'],
        "unknown jump host",
    ),
    (
        {"services.yaml": "hosts:\n  Web_1: {address: x}\n"},
        [
            "services.yaml:2:3: hosts.Web_1: must be a name: small letters, digits and hyphens, starting with a letter, at most 63"
        ],
        "names are small letters",
    ),
    (
        {
            "people.yaml": "teams:\n  web-team: {title: W, manager: ann}\npeople:\n  anna: {name: Anna, teams: [wbe], roles: [oprator], manager: ann}\n"
        },
        [
            'people.yaml:2:33: teams.web-team.manager: no person "ann"; known: anna; did you mean "anna"?',
            'people.yaml:4:30: people.anna.teams.0: no team "wbe"; known: web-team',
            'people.yaml:4:44: people.anna.roles.0: must be operator, manager, requester, approver, major incident manager, problem manager or administrator; found "oprator"; did you mean "operator"?',
            'people.yaml:4:63: people.anna.manager: no person "ann"; known: anna; did you mean "anna"?',
        ],
        "unknown team, role and manager",
    ),
    (
        {"people.yaml": "teams:\n  web-team: {title: W, mail: nobody}\n"},
        ["people.yaml:2:30: teams.web-team.mail: must be one mail address, like anna@example.org"],
        "no mail address",
    ),
    (
        {"calendars.yaml": 'calendars:\n  office:\n    hours: {mon-fri: ["08:00-18:00"], sta: ["08:00-12:00"]}\n'},
        [
            'calendars.yaml:3:12: calendars.office.hours: "sta" is not a weekday; allowed: mon, tue, wed, thu, fri, sat, sun; did you mean "sat"?'
        ],
        "unknown weekday, placed at its key",
    ),
    (
        {"calendars.yaml": 'calendars:\n  office:\n    hours: {mon-fri: ["8-18"]}\n'},
        [
            'calendars.yaml:3:12: calendars.office.hours: "8-18" is not an interval; write it as "08:00-18:00", or "22:00-06:00" past midnight, or "00:00-24:00"'
        ],
        "hours that cannot be read",
    ),
    (
        {"calendars.yaml": "calendars:\n  office: {always: true, holidays: [DE/XX]}\n"},
        [
            'calendars.yaml:2:36: calendars.office.holidays: "XX" is not a part of DE with own holidays; allowed: BB, BE, BW, BY, HB, HE, HH, MV, NI, NW, RP, SH, SL, SN, ST, TH, Augsburg'
        ],
        "no such region",
    ),
    (
        {"calendars.yaml": "calendars:\n  office: {always: true, dates: {2026-13-01: closed}}\n"},
        [
            'calendars.yaml:2:33: calendars.office.dates: "2026-13-01" is not a date; write 2026-12-24, or 12-24 for each year'
        ],
        "a month that does not exist",
    ),
    (
        {
            "calendars.yaml": "calendars:\n  freeze:\n    windows:\n      - {starts: 2026-12-24T18:00:00, ends: 2026-12-20T06:00:00}\n"
        },
        ["calendars.yaml:4:45: calendars.freeze.windows.0.ends: the window ends before it starts"],
        "a window that ends before it starts",
    ),
    (
        {"calendars.yaml": 'calendars:\n  freeze:\n    windows: [{day: sat, at: "02:00"}]\n'},
        [
            "calendars.yaml:3:15: calendars.freeze.windows.0: a window is of one kind: give `starts` and `ends` (one-off), or `day`, `at` and `lasts` (weekly), or `rrule`, `at` and `lasts` (recurring)"
        ],
        "a window without end",
    ),
    (
        {
            "services.yaml": "services:\n  shop: {title: S, owner: web-team, hourly_cost: {amount: -1, currency: Euro}}\n"
        },
        [
            "services.yaml:2:59: services.shop.hourly_cost.amount: must be at least 0; found the number -1",
            "services.yaml:2:73: services.shop.hourly_cost.currency: must be a currency's three capital letters, like EUR",
        ],
        "money",
    ),
    (
        {
            "site.yaml": "name: ops\ntitle: O\ntimezone: UTC\ndefaults: {deadlin: 5m, retry: {attempts: -1}}\n",
            "jobs.yaml": JOB + "    on: local\n    command: [ls]\n",
        },
        [
            'site.yaml:4:12: defaults.deadlin: unknown key; allowed: alarms, batch, calendars, catch_up, deadline, environment, host_lock, late_after, notify, overlap, repeat, retry; did you mean "deadline"?',
            "site.yaml:4:43: defaults.retry.attempts: attempts is from 0 to 100",
        ],
        "defaults are checked where they stand, once",
    ),
    (
        {"jobs.yaml": "jobs: [a]\n"},
        ["jobs.yaml:1:7: jobs: must be a mapping from the job's name to its keys"],
        "a section is a mapping",
    ),
    (
        {"jobs.yaml": "- a\n"},
        ["jobs.yaml:1:1: file: must be a mapping, with lines like key: value"],
        "a file is a mapping",
    ),
    (
        {"job.yaml": "x: 1\n"},
        [
            'job.yaml:1:1: file: unknown file; allowed: site.yaml, people.yaml, services.yaml, calendars.yaml, jobs.yaml, backups.yaml, probes.yaml, incidents.yaml, notices.yaml, events.yaml, problems.yaml, catalogue.yaml, approvals.yaml; did you mean "jobs.yaml"?'
        ],
        "a misspelt file would be ignored",
    ),
    (
        {"jobs.yml": "x: 1\n"},
        [
            'jobs.yml:1:1: file: unknown file; allowed: site.yaml, people.yaml, services.yaml, calendars.yaml, jobs.yaml, backups.yaml, probes.yaml, incidents.yaml, notices.yaml, events.yaml, problems.yaml, catalogue.yaml, approvals.yaml; did you mean "jobs.yaml"?'
        ],
        "another ending would be ignored",
    ),
    (
        {
            "jobs.yaml": JOB + "    on: local\n    command: [ls]\n",
            "jobs/web.yaml": JOB + "    on: local\n    command: [ls]\n",
        },
        ["jobs/web.yaml:2:3: jobs.tidy: duplicate job; it stands in jobs.yaml:2 already"],
        "one job in two files",
    ),
    (
        {"people.yaml": "teams:\n  web-team: {title: W}\npeople:\n  anna: {name: Anna, id: x}\n"},
        ["people.yaml:4:22: people.anna.id: unknown key; allowed: account_of, mail, manager, name, roles, teams"],
        "the id is the key",
    ),
]


@pytest.mark.parametrize(("files", "expected", "reason"), WRONG, ids=[case[2] for case in WRONG])
def test_a_wrong_entry_is_refused_at_its_place(
    tmp_path: Path, files: dict[str, str | bytes], expected: list[str], reason: str
) -> None:
    found = [line.replace(f"{tmp_path}/", "") for line in complaints(write_site(tmp_path, files))]
    assert found == expected, reason

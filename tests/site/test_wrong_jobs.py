"""Wrong jobs: what they run, where and when; each is refused at its place, in plain words."""

# ruff: noqa: E501 - messages stand whole, as people read them

from pathlib import Path

import pytest

from tests.site.folders import JOB, complaints, write_site

# The whole list stands in the message, so that nobody has to look it up.
JOB_KEYS = (
    "after, alarms, arguments, batch, calendars, catch_up, command, deadline, description, environment, flow,"
    " host_lock, join, late_after, minutes_saved, notify, on, order, overlap, owner, parameters, repeat, retry,"
    " runbook, schedule, script, secrets, service, title, wait_for_event, wait_for_file, within"
)

WRONG: list[tuple[dict[str, str | bytes], list[str], str]] = [
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    retrys: {attempts: 2}\n"},
        [f'jobs.yaml:8:5: jobs.tidy.retrys: unknown key; allowed: {JOB_KEYS}; did you mean "retry"?'],
        "an unknown key names its neighbour",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\njbos: {}\n"},
        ['jobs.yaml:8:1: jbos: unknown key; allowed: jobs; did you mean "jobs"?'],
        "an unknown section",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    retry: {attemps: 2}\n"},
        [
            'jobs.yaml:8:13: jobs.tidy.retry.attemps: unknown key; allowed: attempts, delay, factor, max_delay; did you mean "attempts"?'
        ],
        "an unknown key in a block",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    comand: [ls]\n"},
        [f'jobs.yaml:7:5: jobs.tidy.comand: unknown key; allowed: {JOB_KEYS}; did you mean "command"?'],
        "a misspelt key is one fault, not also a missing command",
    ),
    (
        {"jobs.yaml": JOB.replace("runbook:", "runbok:") + "    on: local\n    command: [ls]\n"},
        [f'jobs.yaml:5:5: jobs.tidy.runbok: unknown key; allowed: {JOB_KEYS}; did you mean "runbook"?'],
        "nor also a missing run-book",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    colour: red\n"},
        [
            "jobs.yaml:2:3: jobs.tidy: says nothing to run; give it one of command, script, flow",
            f"jobs.yaml:7:5: jobs.tidy.colour: unknown key; allowed: {JOB_KEYS}",
        ],
        "a key that is near to nothing hides nothing",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    script: scripts/none.sh\n    scrip: scripts/tidy.sh\n"},
        [
            'jobs.yaml:7:13: jobs.tidy.script: there is no file "scripts/none.sh" in the site folder; did you mean "scripts/tidy.sh"?',
            f'jobs.yaml:8:5: jobs.tidy.scrip: unknown key; allowed: {JOB_KEYS}; did you mean "script"?',
        ],
        "nor does one beside the key that it resembles",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    wait_for_file: {hots: web1, path: /in}\n"},
        ['jobs.yaml:8:21: jobs.tidy.wait_for_file.hots: unknown key; allowed: host, path, up_to; did you mean "host"?'],
        "in a block too",
    ),
    (
        {"jobs.yaml": "jobs:\n  tidy:\n    title: T\n    command: [ls]\n    on: local\n"},
        ["jobs.yaml:2:3: jobs.tidy.owner: is required", "jobs.yaml:2:3: jobs.tidy.runbook: is required"],
        "what must be there",
    ),
    (
        {"jobs.yaml": "jobs:\n  tidy:\n"},
        ["jobs.yaml:2:3: jobs.tidy: must be a mapping, with lines like key: value"],
        "a name without keys",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [sleep, 30, true]\n"},
        [
            'jobs.yaml:7:22: jobs.tidy.command.1: must be text; found the number 30: put it in quotes, "30"',
            'jobs.yaml:7:26: jobs.tidy.command.2: must be text; found true: put it in quotes, "true"',
        ],
        "arguments are text",
    ),
    (
        {"jobs.yaml": JOB + '    on: local\n    command: [ls, "{x}"]\n    parameters: {x: {required: maybe}}\n'},
        ['jobs.yaml:8:32: jobs.tidy.parameters.x.required: must be true or false; found "maybe"'],
        "yes or no",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: ls -l\n"},
        ['jobs.yaml:7:14: jobs.tidy.command: must be a list, like [one, two]; found "ls -l"'],
        "a command is a list; nothing is said about its absence",
    ),
    (
        {
            "jobs.yaml": "jobs:\n  tidy:\n    title: Tidy\n    owner: wbe-team\n    runbook: x\n    on: local\n    command: [ls]\n"
        },
        ['jobs.yaml:4:12: jobs.tidy.owner: no team "wbe-team"; known: web-team; did you mean "web-team"?'],
        "unknown team",
    ),
    (
        {"jobs.yaml": JOB + "    service: shp\n    on: local\n    command: [ls]\n"},
        ['jobs.yaml:6:14: jobs.tidy.service: no service "shp"; known: shop; did you mean "shop"?'],
        "unknown service",
    ),
    (
        {"jobs.yaml": JOB + "    calendars: {only: [ofice], never: [freeze]}\n    on: local\n    command: [ls]\n"},
        [
            'jobs.yaml:6:24: jobs.tidy.calendars.only.0: no calendar "ofice"; known: office; did you mean "office"?',
            'jobs.yaml:6:40: jobs.tidy.calendars.never.0: no calendar "freeze"; known: office',
        ],
        "unknown calendars, both",
    ),
    (
        {
            "jobs.yaml": JOB
            + '    schedule: {business_day: 1, at: "06:00", calendar: ofice}\n    on: local\n    command: [ls]\n'
        },
        ['jobs.yaml:6:56: jobs.tidy.schedule.calendar: no calendar "ofice"; known: office; did you mean "office"?'],
        "unknown calendar of working days",
    ),
    (
        {"jobs.yaml": JOB + "    after: [{job: dump}]\n    on: local\n    command: [ls]\n"},
        ['jobs.yaml:6:19: jobs.tidy.after.0.job: no job "dump"; known: tidy'],
        "unknown job",
    ),
    (
        {
            "jobs.yaml": JOB
            + "    on: local\n    command: [ls]\n    after: [{job: b}]\n  b: {title: B, owner: web-team, runbook: x, on: local, command: [ls], after: [{job: c}]}\n  c: {title: B, owner: web-team, runbook: x, on: local, command: [ls], after: [{job: tidy}]}\n"
        },
        [
            "jobs.yaml:8:19: jobs.tidy.after.0.job: goes round in a circle: tidy runs after b runs after c runs after tidy"
        ],
        "jobs that wait for each other",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    after: [{job: tidy}]\n"},
        ["jobs.yaml:8:19: jobs.tidy.after.0.job: goes round in a circle: tidy runs after tidy"],
        "a job that waits for itself",
    ),
    (
        {"jobs.yaml": JOB + '    on: "tag=wbe"\n    command: [ls]\n'},
        [
            'jobs.yaml:6:9: jobs.tidy.on: matches no host; column 5: no host with tag wbe; did you mean "web"?; hosts: web1 (web), web2 (web)'
        ],
        "a filter that matches nothing shows what there is",
    ),
    (
        {"jobs.yaml": JOB + '    on: "tag==web"\n    command: [ls]\n'},
        [
            'jobs.yaml:6:9: jobs.tidy.on: is no node filter: column 5: a value is expected here, not "="; quote it if it is one'
        ],
        "a filter that cannot be read",
    ),
    (
        {"jobs.yaml": JOB + '    on: "tags=web"\n    command: [ls]\n'},
        [
            'jobs.yaml:6:9: jobs.tidy.on: is no node filter: column 1: "tags" cannot be asked; allowed: host, tag, service, attribute.NAME; did you mean "tag"?'
        ],
        "a filter asks for what hosts do not have",
    ),
    (
        {"jobs.yaml": JOB + "    command: [ls]\n"},
        ['jobs.yaml:2:3: jobs.tidy: has no `on`; give it a node filter like "tag=web", or local'],
        "nobody runs a command on this machine by forgetting a line",
    ),
    (
        {"jobs.yaml": JOB + '    schedule: {cron: "61 2 * * *"}\n    on: local\n    command: [ls]\n'},
        [
            'jobs.yaml:6:22: jobs.tidy.schedule.cron: "61 2 * * *" is not a cron line (bad minute); write five fields: minute hour day month weekday, such as "30 2 * * mon-fri"'
        ],
        "a minute that does not exist",
    ),
    (
        {"jobs.yaml": JOB + '    schedule: {cron: "2 * * *"}\n    on: local\n    command: [ls]\n'},
        [
            'jobs.yaml:6:22: jobs.tidy.schedule.cron: "2 * * *" has 4 fields; write five fields: minute hour day month weekday, such as "30 2 * * mon-fri"'
        ],
        "cron with four fields",
    ),
    (
        {
            "jobs.yaml": JOB
            + '    schedule: {cron: "1 2 * * *", timezone: Europe/Berln}\n    on: local\n    command: [ls]\n'
        },
        [
            'jobs.yaml:6:45: jobs.tidy.schedule.timezone: "Europe/Berln" is not a time zone; did you mean "Europe/Berlin"?'
        ],
        "unknown time zone",
    ),
    (
        {"jobs.yaml": JOB + '    schedule: {rrule: "FREQ=SOMETIMES"}\n    on: local\n    command: [ls]\n'},
        [
            'jobs.yaml:6:23: jobs.tidy.schedule.rrule: FREQ="SOMETIMES" cannot be used; allowed: YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY'
        ],
        "wrong recurrence rule",
    ),
    (
        {"jobs.yaml": JOB + '    schedule: {cron: "1 2 * * *", every: 5m}\n    on: local\n    command: [ls]\n'},
        [
            "jobs.yaml:6:15: jobs.tidy.schedule: a schedule has exactly one of cron, every, rrule, business_day; given: cron, every"
        ],
        "two kinds of schedule",
    ),
    (
        {"jobs.yaml": JOB + "    deadline: 15x\n    late_after: 15\n    on: local\n    command: [ls]\n"},
        [
            'jobs.yaml:6:15: jobs.tidy.deadline: "15x" is not a duration; write it as 90s, 15m, 2h, 1d or 1h30m',
            'jobs.yaml:7:17: jobs.tidy.late_after: "15" is not a duration (no unit); write it as 90s, 15m, 2h, 1d or 1h30m',
        ],
        "durations need a unit, and a known one",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    script: scripts/tidy.sh\n"},
        ["jobs.yaml:8:5: jobs.tidy.script: stands beside command; a job has one of command, script, flow"],
        "two things to run",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n"},
        ["jobs.yaml:2:3: jobs.tidy: says nothing to run; give it one of command, script, flow"],
        "nothing to run",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    script: scripts/tidi.sh\n"},
        [
            'jobs.yaml:7:13: jobs.tidy.script: there is no file "scripts/tidi.sh" in the site folder; did you mean "scripts/tidy.sh"?'
        ],
        "no such script",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    script: ../x.sh\n"},
        [
            'jobs.yaml:7:13: jobs.tidy.script: "../x.sh" lies outside the site folder; scripts stand inside it, like scripts/tidy.sh'
        ],
        "a script outside the site",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    script: /etc/passwd\n"},
        [
            'jobs.yaml:7:13: jobs.tidy.script: "/etc/passwd" lies outside the site folder; scripts stand inside it, like scripts/tidy.sh'
        ],
        "an absolute script",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    script: scripts/dos.sh\n", "scripts/dos.sh": "#!/bin/sh\r\nls\r\n"},
        [
            'jobs.yaml:7:13: jobs.tidy.script: "scripts/dos.sh" has Windows line ends, which a shell takes as part of each word'
        ],
        "Windows line ends",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    script: scripts/x.sh\n", "scripts/x.sh": "ls\n"},
        ['jobs.yaml:7:13: jobs.tidy.script: "scripts/x.sh" must begin with its interpreter, like #!/bin/sh'],
        "a script without interpreter",
    ),
    (
        {
            "jobs.yaml": JOB + "    on: local\n    script: scripts/x.sh\n",
            "scripts/x.sh": "#!/bin/sh\n" + "x" * 1024 * 1024,
        },
        ['jobs.yaml:7:13: jobs.tidy.script: "scripts/x.sh" is larger than 1 MiB, the most a script may have'],
        "a script above 1 MiB",
    ),
]


@pytest.mark.parametrize(("files", "expected", "reason"), WRONG, ids=[case[2] for case in WRONG])
def test_a_wrong_job_is_refused_at_its_place(
    tmp_path: Path, files: dict[str, str | bytes], expected: list[str], reason: str
) -> None:
    found = [line.replace(f"{tmp_path}/", "") for line in complaints(write_site(tmp_path, files))]
    assert found == expected, reason

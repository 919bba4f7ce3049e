"""Wrong jobs: parameters, secrets, flows and policies; each is refused at its place, in plain words."""

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
        {"jobs.yaml": JOB + "    on: local\n    script: scripts/x.sh\n", "scripts/x.sh": b"#!\xff\xfe"},
        ['jobs.yaml:7:13: jobs.tidy.script: "scripts/x.sh" is not UTF-8 text'],
        "a script that is no text",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    script_text: x\n"},
        [f'jobs.yaml:8:5: jobs.tidy.script_text: unknown key; allowed: {JOB_KEYS}; did you mean "script"?'],
        "the text of a script comes from its file only",
    ),
    (
        {"jobs.yaml": JOB + '    on: local\n    command: [ls, "{dayz}"]\n    parameters: {days: {type: integer}}\n'},
        ['jobs.yaml:7:19: jobs.tidy.command.1: there is no parameter "dayz"; did you mean "days"?'],
        "unknown parameter",
    ),
    (
        {"jobs.yaml": JOB + '    on: local\n    command: [sh, -c, "echo ${HOME}"]\n'},
        [
            'jobs.yaml:7:23: jobs.tidy.command.2: there is no parameter "HOME"; known: none; for a shell\'s ${NAME} write ${{NAME}}'
        ],
        "the shell's braces are ours first",
    ),
    (
        {"jobs.yaml": JOB + '    on: local\n    script: scripts/tidy.sh\n    arguments: [a, "{dayz}"]\n'},
        ['jobs.yaml:8:20: jobs.tidy.arguments.1: there is no parameter "dayz"; known: none'],
        "unknown parameter in a script's argument",
    ),
    (
        {"jobs.yaml": JOB + '    on: local\n    command: [psql, "{DB}"]\n    secrets: {DB: "secret://db"}\n'},
        [
            'jobs.yaml:7:21: jobs.tidy.command.1: there is no parameter "DB"; known: none; the secret DB is in the command\'s environment, and never in its arguments'
        ],
        "a secret never stands in argv",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    secrets: {DB: hunter2}\n"},
        [
            "jobs.yaml:8:19: jobs.tidy.secrets.DB: must be a reference like secret://name; a secret itself never stands in a site file"
        ],
        "FAULTS S26: a value instead of a reference, not repeated",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    secrets: {DB: 12345}\n"},
        ["jobs.yaml:8:19: jobs.tidy.secrets.DB: must be text"],
        "a number may be the secret: not repeated",
    ),
    (
        {
            "jobs.yaml": JOB
            + '    on: local\n    command: [ls]\n    notify: [{on: [failed], to: "slack://tokena/tokenb"}]\n'
        },
        [
            "jobs.yaml:8:33: jobs.tidy.notify.0.to: must be a reference like secret://name; a secret itself never stands in a site file"
        ],
        "the address of a chat is a secret",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    environment: {DB_PASSWORD: hunter2}\n"},
        [
            "jobs.yaml:8:19: jobs.tidy.environment.DB_PASSWORD: looks like a secret, and the environment is stored and shown; use secrets: {NAME: secret://name}"
        ],
        "a secret in the environment",
    ),
    (
        {
            "jobs.yaml": JOB
            + '    on: local\n    command: [ls, "{api_token}"]\n    parameters: {api_token: {type: text}}\n'
        },
        [
            "jobs.yaml:8:18: jobs.tidy.parameters.api_token: looks like a secret, and parameters are stored and shown; use secrets: {NAME: secret://name}"
        ],
        "FAULTS S27: a parameter for a secret",
    ),
    (
        {
            "jobs.yaml": JOB
            + '    on: local\n    command: [ls]\n    environment: {DB: x}\n    secrets: {DB: "secret://db"}\n'
        },
        ["jobs.yaml:8:19: jobs.tidy.environment.DB: stands in secrets too; keep one of the two"],
        "one variable twice",
    ),
    (
        {"jobs.yaml": JOB + "    flow: render_reprt\n"},
        [
            'jobs.yaml:6:11: jobs.tidy.flow: no flow "render_reprt" that a job can start; allowed: back_up, check_repository, copy_backup, drill_restore, find_problems, render_report, restore_backup, run_probes; did you mean "render_report"?'
        ],
        "unknown flow",
    ),
    (
        {"jobs.yaml": JOB + "    flow: render_report\n    order: {reprt: x, hours: many}\n"},
        [
            "jobs.yaml:7:12: jobs.tidy.order.report: is required",
            'jobs.yaml:7:13: jobs.tidy.order.reprt: unknown key; allowed: hours, period, report; did you mean "report"?',
            'jobs.yaml:7:30: jobs.tidy.order.hours: must be a whole number; found "many"',
        ],
        "the order is the flow's own",
    ),
    (
        {"jobs.yaml": JOB + "    flow: render_report\n    order: {report: x, run: RUN000001}\n"},
        ["jobs.yaml:7:24: jobs.tidy.order.run: unknown key; allowed: hours, period, report"],
        "the run is not the site's to choose",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    deadline: 5m\n    alarms: {too_long: 10m}\n"},
        ["jobs.yaml:9:24: jobs.tidy.alarms.too_long: can never happen: the deadline ends the command after 5m already"],
        "an alarm that cannot come",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    batch: {size: 150%}\n"},
        ['jobs.yaml:8:19: jobs.tidy.batch.size: batch size "150%" must be a number from 1, or a part from 1% to 100%'],
        "more than all hosts",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    batch: {size: true}\n"},
        ["jobs.yaml:8:19: jobs.tidy.batch.size: must be a whole number; found true"],
        "one message for one wrong value",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    overlap: {policy: cancel-new}\n"},
        [
            'jobs.yaml:8:23: jobs.tidy.overlap.policy: must be forbid, queue, cancel new or cancel old; found "cancel-new"; did you mean "cancel new"?'
        ],
        "the words are those of the vocabulary",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    wait_for_file: {host: web9, path: in/ready}\n"},
        [
            'jobs.yaml:8:27: jobs.tidy.wait_for_file.host: no host "web9"; known: web1, web2; did you mean "web2"?',
            "jobs.yaml:8:39: jobs.tidy.wait_for_file.path: must be an absolute path on the host, starting with /",
        ],
        "a file on an unknown host",
    ),
    (
        {"jobs.yaml": JOB + "    on: local\n    command: [ls]\n    wait_for_event: {name: load-done}\n"},
        [
            "jobs.yaml:8:5: jobs.tidy.wait_for_event: goes with schedule or after: without a due time nobody can say whether the event is missing"
        ],
        "nothing is due, so nothing waits",
    ),
    (
        {
            "jobs.yaml": JOB
            + "    on: local\n    command: [ls]\n    schedule: {every: 1h}\n    wait_for_event: {name: Load done, within: 0s, up_to: soon}\n"
        },
        [
            "jobs.yaml:9:28: jobs.tidy.wait_for_event.name: must be a name: small letters, digits and hyphens, starting with a letter, at most 63",
            'jobs.yaml:9:58: jobs.tidy.wait_for_event.up_to: "soon" is not a duration; write it as 90s, 15m, 2h, 1d or 1h30m',
        ],
        "an event is named as a job is",
    ),
    (
        {
            "jobs.yaml": JOB
            + "    on: local\n    command: [ls]\n    schedule: {every: 1h}\n    wait_for_event: {name: load-done, within: 0s, up_to: 0s, from: dwh}\n"
        },
        [
            "jobs.yaml:9:62: jobs.tidy.wait_for_event.from: unknown key; allowed: name, up_to, within",
        ],
        "what an event wait has",
    ),
    (
        {
            "jobs.yaml": JOB
            + "    on: local\n    command: [ls]\n    schedule: {every: 1h}\n    wait_for_event: {name: load-done, within: 0s, up_to: 0s}\n"
        },
        [
            "jobs.yaml:9:47: jobs.tidy.wait_for_event.within: must be above 0s",
            "jobs.yaml:9:58: jobs.tidy.wait_for_event.up_to: must be above 0s",
        ],
        "no time is no wait",
    ),
    (
        {
            "jobs.yaml": JOB
            + "    on: local\n    command: [ls]\n    calendars: {only: [office], on_closed: next-working-day}\n"
        },
        [
            "jobs.yaml:8:44: jobs.tidy.calendars.on_closed: next-working-day needs `working_days`: the calendar whose working days count"
        ],
        "which working days",
    ),
    (
        {"jobs.yaml": JOB + "    name: other\n    on: local\n    command: [ls]\n"},
        [f"jobs.yaml:6:5: jobs.tidy.name: unknown key; allowed: {JOB_KEYS}"],
        "the name is the key",
    ),
]


@pytest.mark.parametrize(("files", "expected", "reason"), WRONG, ids=[case[2] for case in WRONG])
def test_a_wrong_detail_of_a_job_is_refused_at_its_place(
    tmp_path: Path, files: dict[str, str | bytes], expected: list[str], reason: str
) -> None:
    found = [line.replace(f"{tmp_path}/", "") for line in complaints(write_site(tmp_path, files))]
    assert found == expected, reason

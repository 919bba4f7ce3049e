"""Each wrong events.yaml is refused at the line and column of the fault, with what is wrong and what is allowed."""

# ruff: noqa: E501 - a message is one line

from pathlib import Path

import pytest

from tests.site.folders import complaints, write_site

JOB = (
    "jobs:\n  restart:\n    title: Restart\n    owner: web-team\n    runbook: x\n    on: tag=web\n    command: [restart-web]\n"
    "    parameters:\n      unit: {required: true}\n      why: {}\n"
)
TABLES = "tables:\n  racks:\n    key: host\n    rows:\n      web1: {rack: '7', room: cellar}\n"
RULES = "rules:\n  - name: one\n"

WRONG: list[tuple[str, list[str], str]] = [
    (
        "sources:\n  am: {token: abc}\n",
        ["2:15: sources.am.token: must be a reference like secret://name; a secret itself never stands in a site file"],
        "a secret itself",
    ),
    (
        "sources:\n  am: {owner: web-team}\n",
        ["2:3: sources.am: has neither a token nor a signature: anybody could send in its name"],
        "a source that proves nothing",
    ),
    (
        "sources:\n  am: {token: 'secret://t', expected_every: 0s}\n",
        ["2:45: sources.am.expected_every: must be more than 0s"],
        "no time to be heard in",
    ),
    (
        "sources:\n  am: {signature: {secret: 'secret://t', window: 2d}}\n",
        ["2:50: sources.am.signature.window: must be more than 0s and at most 24h"],
        "a window that lets replays in",
    ),
    (
        "sources:\n  am: {token: 'secret://t', owner: web-taem, formats: [alertmanger]}\n",
        [
            '2:36: sources.am.owner: no team "web-taem"; known: web-team; did you mean "web-team"?',
            '2:56: sources.am.formats.0: must be watchbill, alertmanager, cloudevents, pagerduty, nagios, icinga2, monit or ping; found "alertmanger"; did you mean "alertmanager"?',
        ],
        "an unknown team and format",
    ),
    (
        "ruls: []\n",
        [
            '1:1: ruls: unknown key; allowed: sources, tables, defaults, rules, route, inhibit, time_intervals, maintenance, topology, storm_above; did you mean "rules"?'
        ],
        "an unknown section",
    ),
    (
        RULES + "    matchrs: []\n",
        [
            '3:5: rules.0.matchrs: unknown key; allowed: acknowledge_for, auto_resolve_after, bind, class, corrective, delay, enrich, fingerprint, flapping, ignore, incident, matchers, name, stop, threshold, transform, without; did you mean "matchers"?'
        ],
        "a misspelt key of a rule",
    ),
    (
        RULES + "    matchers: ['severity']\n",
        [
            '3:15: rules.0.matchers: `severity` is not a matcher; write it as name="value", with one of = != =~ !~',
        ],
        "no matcher",
    ),
    (
        RULES + "    matchers: ['host=~\"web(\"']\n",
        [
            '3:15: rules.0.matchers: "web(" is not a pattern for host: column 5: a "(" is not closed',
        ],
        "no pattern",
    ),
    (
        RULES + "    class: catastrophe\n",
        ['3:12: rules.0.class: must be informational, warning or exception; found "catastrophe"'],
        "an unknown class",
    ),
    (
        RULES + "    delay: 5\n",
        ['3:12: rules.0.delay: "5" is not a duration (no unit); write it as 90s, 15m, 2h, 1d or 1h30m'],
        "a time without a unit",
    ),
    (
        RULES + "    transform: {set: {severity: low}}\n",
        [
            '3:22: rules.0.transform.set: "severity" is no label that a rule may change: they are ours; an event\'s name and severity are set beside `set`'
        ],
        "a word of ours is no label",
    ),
    (
        RULES + "    matchers: ['team=a', 'team=b']\n",
        ['3:15: rules.0.matchers: never matches: team="a" and team="b" cannot both hold'],
        "it can never match",
    ),
    (
        RULES + "    matchers: ['severity=page']\n",
        [
            '3:15: rules.0.matchers: never matches: severity="page" never holds: the severity is one of critical, high, warning, low, info'
        ],
        "a severity that there is not",
    ),
    (
        RULES + "    matchers: [a=1]\n    stop: true\n  - name: two\n    matchers: [a=1, b=2]\n",
        ["5:5: rules.1: is never reached: the rule one before it stops at all of its events"],
        "a rule behind one that stops",
    ),
    (RULES + "  - name: one\n", ['3:11: rules.1.name: "one" is the name of an earlier rule already'], "a name twice"),
    (
        RULES + "    bind: {service: shp, host: '{instance}'}\n",
        ['3:21: rules.0.bind.service: no service "shp"; known: shop; did you mean "shop"?'],
        "an unknown service",
    ),
    (
        "defaults: {bind: {host: web3}}\n",
        ['1:25: defaults.bind.host: no host "web3"; known: web1, web2; did you mean "web2"?'],
        "an unknown host",
    ),
    (
        RULES + "    incident: {team: wb-team, category: disk, impact: hgh, urgency: '1'}\n",
        [
            '3:22: rules.0.incident.team: no team "wb-team"; known: web-team; did you mean "web-team"?',
            '3:41: rules.0.incident.category: no category "disk"; the site has no category at all',
            '3:55: rules.0.incident.impact: no impact "hgh"; known: high, medium, low; did you mean "high"?',
            '3:69: rules.0.incident.urgency: no urgency "1"; known: high, medium, low',
        ],
        "unknown words of an incident",
    ),
    (
        RULES + "    corrective: [{job: restrt}]\n",
        ['3:24: rules.0.corrective.0.job: no job "restrt"; known: restart; did you mean "restart"?'],
        "an unknown job",
    ),
    (
        RULES + "    corrective: [{job: restart, parameters: {unt: x}}]\n",
        [
            "3:45: rules.0.corrective.0.parameters: the job restart needs unit, and nobody is there to be asked",
            '3:51: rules.0.corrective.0.parameters.unt: the job restart has no parameter "unt"; known: unit, why; did you mean "unit"?',
        ],
        "wrong parameters",
    ),
    (
        RULES + "    corrective: [{job: restart, parameters: {unit: x}, start: after approval}]\n",
        [
            "3:63: rules.0.corrective.0.start: nobody can be asked for an approval yet; write automatic, or leave the job to a person"
        ],
        "an approval",
    ),
    (
        RULES + "    corrective: [{job: restart, parameters: {unit: x}, attempts: 0}]\n",
        ["3:66: rules.0.corrective.0.attempts: attempts is from 1 to 20"],
        "no attempt",
    ),
    (
        TABLES + RULES + "    enrich: [{table: rack}, {table: racks, add: [rom]}]\n",
        [
            '8:22: rules.0.enrich.0.table: no table "rack"; known: racks; did you mean "racks"?',
            '8:50: rules.0.enrich.1.add.0: the table racks has no column "rom"; columns: rack, room; did you mean "room"?',
        ],
        "an unknown table and column",
    ),
    (
        TABLES.replace("room: cellar", "host: web1"),
        ["5:13: tables.racks.rows.web1: has the key column host again; its value stands before the colon"],
        "the key column twice",
    ),
    (
        "tables:\n  racks: {key: host}\n",
        ["2:3: tables.racks: has no rows; write them in rows, or name a CSV file: file: tables/owners.csv"],
        "an empty table",
    ),
    (
        "route:\n  receiver: web-taem\n  routes:\n    - {matchers: [a=1, a=2]}\n    - {matchers: [b=1]}\n"
        "    - {matchers: [b=1, c=2], mute_time_intervals: [night]}\ntime_intervals: {nights: []}\n",
        [
            '2:13: route.receiver: no team and no receiver "web-taem"; known: web-team; did you mean "web-team"?',
            '4:7: route.routes.0: is never taken: a="1" and a="2" cannot both hold',
            '6:7: route.routes.2: is never taken: {}/{b="1"}/1 before it takes the same and has no continue',
            '6:52: route.routes.2.mute_time_intervals.0: no time interval "night"; known: nights; did you mean "nights"?',
        ],
        "wrong routes",
    ),
    (
        "route:\n  routes:\n    - matchers: [a=1]\n      routes:\n        - {matchers: [a=2], routes: [{matchers: [b=1]}]}\n"
        "        - {matchers: [class=error]}\n",
        [
            '5:11: route.routes.0.routes.0: is never taken: a="1" and a="2" cannot both hold',
            '6:11: route.routes.0.routes.1: is never taken: class="error" never holds: the class is one of informational, warning, exception',
        ],
        "a route that contradicts the one above",
    ),
    (
        "route: {matchers: [a=1]}\n",
        ["1:19: route.matchers: the top route takes everything, at all times: it has no matchers"],
        "the top takes everything",
    ),
    (
        "route: {group_by: ['...', a]}\n",
        ["1:19: route.group_by: `...` stands alone: it means every label"],
        "every label, and one",
    ),
    (
        "inhibit:\n  - {source_matchers: [status=down], target_matchers: [a=1]}\n",
        ['2:23: inhibit.0.source_matchers: never matches: status="down" never holds: it is not asked for'],
        "a status that there is not",
    ),
    (
        "time_intervals:\n  never:\n    - {months: ['february'], days_of_month: ['30']}\n",
        ["3:7: time_intervals.never.0: holds at no time: no day has all that it asks for"],
        "the 30th of February",
    ),
    (
        "maintenance:\n  patches: {calendar: offce, services: [shp], hosts: [web9]}\n",
        [
            '2:23: maintenance.patches.calendar: no calendar "offce"; known: office; did you mean "office"?',
            '2:41: maintenance.patches.services.0: no service "shp"; known: shop; did you mean "shop"?',
            '2:55: maintenance.patches.hosts.0: no host "web9"; known: web1, web2; did you mean "web2"?',
        ],
        "unknown names of a window",
    ),
    (
        "maintenance:\n  patches: {calendar: office}\n",
        [
            "2:23: maintenance.patches.calendar: names neither services nor hosts: say whose alerts are to be quiet",
        ],
        "a window for nobody",
    ),
    ("topology: {by: rack}\n", ['1:16: topology.by: must be service or application; found "rack"'], "no such topology"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), WRONG, ids=[case[2] for case in WRONG])
def test_a_wrong_events_file_is_refused_at_its_place(
    tmp_path: Path, text: str, expected: list[str], reason: str
) -> None:
    found = complaints(write_site(tmp_path, {"jobs.yaml": JOB, "events.yaml": text}))
    assert found == [f"events.yaml:{line}" for line in expected], reason


CSV: list[tuple[bytes, str, str]] = [
    (b"", 'line 1: has no column "host"; columns: none', "an empty file"),
    (b"host,rack\n", "has no row below its first line", "a head alone"),
    (b"hst,rack\nweb1,7\n", 'line 1: has no column "host"; columns: hst, rack; did you mean "hst"?', "no key column"),
    (b"host,rack,rack\nweb1,7,8\n", 'line 1: the column "rack" stands there twice', "a column twice"),
    (b"host,rack\nweb1\n", "line 2: has 1 cells, and the first line 2", "a cell too few"),
    (b"host,rack\nweb1,7\n\nweb1,8\n", 'line 4: "web1" stands in an earlier line already', "a row twice"),
    (b'host,rack\n"web1,7\n', "line 2: is no CSV: unexpected end of data", "a quote that is not closed"),
    (b"host,rack\n\xff\xfe,7\n", "is not UTF-8 text", "no text"),
    (b"x" * 1_048_577, "is larger than 1 MiB, the most a table may have", "too large"),
    (b",".join([b"host", *[b"c%d" % n for n in range(50)]]), "line 1: has 51 columns, at most 50 are taken", "wide"),
]


@pytest.mark.parametrize(("content", "words", "reason"), CSV, ids=[case[2] for case in CSV])
def test_a_table_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes, words: str, reason: str) -> None:
    text = "tables:\n  racks: {key: host, file: tables/racks.csv}\n"
    found = complaints(write_site(tmp_path, {"events.yaml": text, "tables/racks.csv": content}))
    assert found[0] == f'events.yaml:2:28: tables.racks.file: "tables/racks.csv" {words}', reason


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("file: tables/rack.csv", '"tables/rack.csv" is not in the site folder; did you mean "tables/racks.csv"?'),
        ("file: tables/out.csv", '"tables/out.csv" lies outside the site folder; tables stand inside it, like '
         "tables/owners.csv"),
    ],
)  # fmt: skip
def test_a_table_file_stands_inside_the_site(tmp_path: Path, keys: str, expected: str) -> None:
    folder = write_site(
        tmp_path / "site",
        {"events.yaml": f"tables:\n  racks: {{key: host, {keys}}}\n", "tables/racks.csv": "host,rack\nweb1,7\n"},
    )
    (folder / "tables" / "out.csv").symlink_to(tmp_path)
    found = complaints(folder)
    assert found[0] == f"events.yaml:2:28: tables.racks.file: {expected}"


def test_a_table_has_rows_or_a_file(tmp_path: Path) -> None:
    text = "tables:\n  racks: {key: host, file: racks.csv, rows: {a: {b: c}}}\n"
    found = complaints(write_site(tmp_path, {"events.yaml": text}))
    assert found == ["events.yaml:2:39: tables.racks.rows: stands beside file; a table has one of rows, file"]


def test_the_rules_of_a_site_stand_in_one_file(tmp_path: Path) -> None:
    found = complaints(
        write_site(tmp_path, {"events/a.yaml": "rules: []\n", "events/b.yaml": "inhibit: []\n"}),
    )
    assert found == [f"events/b.yaml:1:1: file: duplicate rules; it stands in {tmp_path}/events/a.yaml:1 already"]

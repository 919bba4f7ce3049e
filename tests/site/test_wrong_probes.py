"""What the check says about probes, and the jobs that a right site's probes become."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.site.loading import load_site
from models.site.probes import DiskProbe, HttpProbe, LogProbe, Probe, ProcessProbe, TlsProbe
from models.site.site import from_spec, to_spec
from models.vocabulary import Overlap, ProbeKind
from tests.site.folders import complaints, write_site

NEEDED = "    title: It\n    owner: web-team\n    runbook: Look.\n"
PROBE = f"probes:\n  it:\n{NEEDED}"
"""Five lines; a test writes the rest, from line 6 on."""

RIGHT = {
    "http": '{url: "https://shop.example/x?y=1", status: [200, 204], contains: fine, redirects: 3, verify: false}',
    "tcp": "{address: 10.0.0.1, port: 22, banner: ^SSH-2, time: {warning: 1s, critical: 5s, margin: 1s}}",
    "tls": "{address: shop.example, server_name: www.shop.example, days: {warning: 30, critical: 10}}",
    "disk": "{mount: /var, free_percent: {warning: 15, critical: 5, margin: 2}, free_gib: {critical: 2}}",
    "load": "{minutes: 15, per_core: {warning: 1.5}}",
    "process": "{name: nginx, at_least: 2, at_most: 40}",
    "log": "{file: /var/log/app.log, pattern: done, age: {warning: 30m, critical: 1h}}",
    "command": '{argv: [/usr/lib/nagios/plugins/check_ntp_time, -H, "10.0.0.1"]}',
}
NETWORK = {"http", "tcp", "tls"}


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_each_kind_is_written_and_kept_as_it_was(tmp_path: Path, kind: ProbeKind) -> None:
    where = "    host: web1\n" if kind in NETWORK else '    on: "tag=web"\n'
    write_site(tmp_path, {"probes.yaml": f"{PROBE}{where}    {kind.value}: {RIGHT[kind.value]}\n"})
    assert complaints(tmp_path) == []
    probe = load_site(tmp_path).probes["it"]
    assert probe.kind is kind
    assert from_spec("probe", to_spec(probe)) == probe
    assert probe.what.limits() or kind is ProbeKind.COMMAND


WRONG = [
    ("", ["probes.yaml:2:3: probes.it: says nothing to look at; give it one of http, tcp, tls, disk"], "nothing"),
    (
        "    load: {}\n    disk: {mount: /}\n",
        ["probes.yaml:6:11: probes.it.load: stands beside disk; a probe has one of http, tcp"],
        "two things",
    ),
    ("    disk: {}\n", ["probes.yaml:6:5: probes.it.disk.mount: is required"], "no mount"),
    ("    disk: {mount: var}\n", ["probes.yaml:6:19: probes.it.disk.mount: must be an absolute path"], "no path"),
    (
        "    disk: {mount: /, free_percent: {warning: 5, critical: 10}}\n",
        ["probes.yaml:6:11: probes.it.disk: free: the warning at 5 must come before the critical level at 10"],
        "a warning that comes too late",
    ),
    (
        '    http: {url: "https://shop.example", time: {warning: 9s, critical: 2s}}\n',
        ["probes.yaml:6:11: probes.it.http: time: the warning at 9 must come before"],
        "the same where too much is bad",
    ),
    (
        '    http: {url: "https://anna:geheim@shop.example/"}\n',
        ["probes.yaml:6:17: probes.it.http.url: must be an address like https://host/path, no password"],
        "a password in an address",
    ),
    ('    http: {url: "ftp://x/"}\n', ["probes.yaml:6:17: probes.it.http.url: must be an address like"], "no http"),
    (
        '    on: tag=web\n    http: {url: "http://x/"}\n',
        ["probes.yaml:6:9: probes.it.on: http is asked from the worker"],
        "a web address asked from a host",
    ),
    (
        "    host: web1\n    load: {}\n",
        ["probes.yaml:6:11: probes.it.host: goes with http, tcp and tls"],
        "a host beside the host that is read",
    ),
    ("    process: {}\n", ["probes.yaml:6:14: probes.it.process: must have one of name, pattern"], "no process"),
    (
        "    process: {name: x, at_least: 2, at_most: 1}\n",
        ["probes.yaml:6:46: probes.it.process.at_most: is below at_least"],
        "no number is good",
    ),
    (
        "    log: {file: /x, age: {margin: 1m}}\n",
        ["probes.yaml:6:26: probes.it.log.age: limits nothing; say how old is too old"],
        "a file that may be of any age",
    ),
    (
        '    tcp: {address: x, port: 1, banner: "("}\n',
        ["probes.yaml:6:40: probes.it.tcp.banner: is no regular expression"],
        "a banner that cannot be looked for",
    ),
    ("    load: {minutes: 10}\n", ["probes.yaml:6:11: probes.it.load: minutes is 1, 5 or 15"], "no such average"),
    ("    load: {}\n    every: 5s\n", ["probes.yaml:7:12: probes.it.every: is at least 10s"], "too often"),
    (
        "    load: {}\n    timeout: 50s\n",
        ["probes.yaml:7:14: probes.it.timeout: is longer than the round of all probes may take, 48s"],
        "longer than the round",
    ),
    ("    load: {}\n    on: tag=db\n", ["probes.yaml:7:9: probes.it.on: matches no host"], "a filter without hosts"),
    ("    load: {}\n    owner2: x\n", ["probes.yaml:7:5: probes.it.owner2: unknown key"], "an unknown key"),
    (
        "    load: {}\n    calendars: {never: [ofice]}\n",
        ['probes.yaml:7:25: probes.it.calendars.never.0: no calendar "ofice"; known: office'],
        "an unknown calendar",
    ),
    (
        "    tls: {address: x}\n    host: web9\n    service: shopp\n",
        [
            'probes.yaml:7:11: probes.it.host: no host "web9"',
            'probes.yaml:8:14: probes.it.service: no service "shopp"',
        ],
        "an unknown host and service",
    ),
]


@pytest.mark.parametrize(("rest", "said", "reason"), WRONG, ids=[reason for _, _, reason in WRONG])
def test_a_wrong_probe_is_pointed_at(tmp_path: Path, rest: str, said: list[str], reason: str) -> None:
    write_site(tmp_path, {"probes.yaml": PROBE + rest})
    found = complaints(tmp_path)
    assert len(found) == len(said), found
    assert [one[: len(words)] for one, words in zip(found, said, strict=True)] == said, reason


def probes_yaml(**probes: str) -> dict[str, str | bytes]:
    text = "probes:\n" + "".join(f"  {name}:\n{NEEDED}    load: {{}}\n{rest}" for name, rest in probes.items())
    return {"probes.yaml": text}


def test_probes_of_one_team_and_time_are_one_job(tmp_path: Path) -> None:
    write_site(
        tmp_path,
        probes_yaml(
            a="",
            b="    every: 1m\n",
            c="    every: 5m\n",
            d="    calendars: {only: [office]}\n",
            e="    calendars: {never: [office]}\n",
        ),
    )
    jobs = load_site(tmp_path).jobs
    assert set(jobs) == {
        "probes-web-team-1m",
        "probes-web-team-5m",
        "probes-web-team-1m-in-office",
        "probes-web-team-1m-not-in-office",
    }
    minute = jobs["probes-web-team-1m"]
    assert (minute.flow, minute.owner, minute.overlap.policy) == ("run_probes", "web-team", Overlap.QUEUE)
    assert minute.schedule
    assert minute.schedule.every == minute.late_after == minute.catch_up.max_late == timedelta(minutes=1)
    assert minute.alarms.no_success_for, "probes that are not read are an alarm"
    assert jobs["probes-web-team-1m-in-office"].calendars.only == ("office",)
    assert jobs["probes-web-team-1m-not-in-office"].calendars.never == ("office",)


def test_a_job_of_the_site_may_not_have_the_name_of_a_round(tmp_path: Path) -> None:
    job = "jobs:\n  probes-web-team-1m:\n    title: T\n    owner: web-team\n    runbook: R.\n    on: local\n"
    write_site(tmp_path, {"jobs.yaml": f"{job}    command: [echo]\n", **probes_yaml(a="")})
    assert complaints(tmp_path) == [
        "probes.yaml:2:3: probes.a: is read by a job named probes-web-team-1m, which another entry of the site has"
        " already; rename that one"
    ]


def test_the_limits_are_in_the_units_of_the_measures() -> None:
    disk = DiskProbe.model_validate({"mount": "/", "free_gib": {"critical": 2, "margin": 1}})
    free = {limit.measure: limit for limit in disk.limits()}
    assert (free["free bytes"].critical, free["free bytes"].margin) == (2 * 2**30, 2**30)
    assert all(limit.is_low for limit in disk.limits())
    log = LogProbe.model_validate({"file": "/x", "age": {"critical": "1h"}})
    assert log.limits()[0].critical == 3600
    most = ProcessProbe(name="x", at_least=2, at_most=5)
    assert [(limit.key, limit.critical) for limit in most.limits()] == [("least processes", 2), ("most processes", 5)]
    assert TlsProbe(address="x").limits()[0].warning == 21
    assert HttpProbe(url="http://x/").limits()[0].edge is not None


def test_a_probe_says_how_long_it_is_patient() -> None:
    keys = {"title": "T", "owner": "o", "runbook": "R.", "load": {}, "bad_after": 5, "good_after": 2}
    probe: Probe = from_spec("probe", {"name": "it", **keys})
    assert (probe.patience.bad_after, probe.patience.good_after, probe.patience.heartbeat_every) == (5, 2, 60)

"""events.yaml as the rules take it: what it says comes out of the site, and out of the register again."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.event_rules import judge
from models.rules.incoming import Incoming
from models.rules.maintenance import Maintenance
from models.rules.routing import routes_for
from models.rules.topology import Topology, TopologyBy
from models.site.events import EventHandling
from models.site.loading import load_site
from models.site.references import Kind
from models.site.site import from_spec, to_spec
from models.site.starting import write_starter
from models.site.validation import adapter
from models.vocabulary import EventClass, EventFormat, EventStatus, Severity
from tests.site.folders import write_site

WHOLE = """
sources:
  am: {title: Alertmanager, owner: web-team, formats: [alertmanager], token: "secret://am", expected_every: 6m}
  hook: {signature: {secret: "secret://hook", header: X-Hub-Signature-256, window: 1m}}
tables:
  racks: {key: host, file: tables/racks.csv}
  tiers: {key: team, rows: {web-team: {tier: gold}}}
defaults: {acknowledge_for: 4h}
rules:
  - name: instances
    matchers: ['instance=~".+"']
    transform: {copy: {instance: host}}
  - name: racks
    enrich: [{table: racks}, {table: tiers, by: owner}]
  - name: quiet
    matchers: ['name="Load"']
    class: warning
    stop: true
route:
  receiver: web-team
  routes:
    - {matchers: [rack=7], continue: true, mute_time_intervals: [nights]}
inhibit:
  - {source_matchers: [name=Down], target_matchers: [name!=Down], equal: [host]}
time_intervals:
  nights: [{times: [{start_time: "20:00", end_time: "24:00"}]}]
  utc: [{times: [{start_time: "20:00", end_time: "24:00"}], location: UTC}]
maintenance:
  patches: {calendar: office, services: [shop]}
topology: {by: application}
"""
RACKS = "\ufeffhost,rack,room\r\nweb1,7,cellar\r\nweb2,8,\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_site(tmp_path, {"events.yaml": WHOLE, "tables/racks.csv": RACKS})


def test_what_the_file_says_is_what_the_rules_take(folder: Path) -> None:
    site = load_site(folder)
    event = Incoming("alertmanager", "Disk", EventStatus.FIRING, Severity.HIGH, labels={"instance": "web1:9100"})
    judged = judge(site.event_rules, event, "am")
    assert judged.rules == ("instances", "racks")
    assert (judged.host, judged.event.labels["host"], judged.event.labels.get("rack")) == ("web1", "web1:9100", None)
    assert judged.policy.acknowledge_for == timedelta(hours=4)
    assert [route.key for route in routes_for(site.routing, {"rack": "7"})] == ['{}/{rack="7"}/0']
    assert site.routing.group_by == {"service", "name"}
    assert [rule.equal for rule in site.inhibitions] == [("host",)]
    assert site.event_handling.maintenance == {"patches": Maintenance("office", services=("shop",))}
    assert site.event_handling.topology == Topology(TopologyBy.APPLICATION)


def test_the_rows_of_a_file_are_looked_up_as_those_in_the_yaml(folder: Path) -> None:
    event = Incoming(
        "x", "Disk", EventStatus.FIRING, Severity.HIGH, labels={"host": "web1", "owner": "web-team", "room": "none"}
    )
    labels = judge(load_site(folder).event_rules, event, "am").event.labels
    assert labels == {"host": "web1", "owner": "web-team", "rack": "7", "room": "cellar", "tier": "gold"}


def test_a_source_proves_itself_by_what_the_file_names(folder: Path) -> None:
    sources = load_site(folder).event_sources
    assert sources["am"].token == "secret://am"
    assert sources["am"].formats == (EventFormat.ALERTMANAGER,)
    signature = sources["hook"].signature
    assert signature
    assert (signature.secret, signature.header, signature.window) == (
        "secret://hook",
        "X-Hub-Signature-256",
        timedelta(minutes=1),
    )


def test_a_time_interval_without_a_location_goes_by_the_sites_clock(folder: Path) -> None:
    intervals = load_site(folder).time_intervals
    assert [intervals[name][0].location for name in ("nights", "utc")] == ["Europe/Berlin", "UTC"]


def test_without_the_file_the_usual_holds(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path, {}))
    event = Incoming("x", "Disk", EventStatus.FIRING, Severity.CRITICAL, labels={"service": "shop"})
    judged = judge(site.event_rules, event, "probe")
    assert (judged.event_class, judged.service) == (EventClass.EXCEPTION, "shop")
    assert (site.routing.receiver, site.routing.group_by, site.event_sources) == ("", {"service", "name"}, {})


def test_the_registered_entries_give_the_same_again(folder: Path) -> None:
    site = load_site(folder)
    for kind in (Kind.SOURCE, Kind.TABLE, Kind.EVENTS):
        entries = [entry for entry in site.entries() if entry.kind is kind]
        assert entries
        for entry in entries:
            back = from_spec(kind, json.loads(json.dumps(entry.spec)))
            assert to_spec(back) == entry.spec
    rules = from_spec(Kind.EVENTS, site.entry(Kind.EVENTS, "events").spec)
    assert rules == site.event_handling
    assert rules.rules[2].event_class is EventClass.WARNING
    assert rules.route.routes[0].goes_on is True


def test_sources_and_tables_may_be_spread_over_files(tmp_path: Path) -> None:
    site = load_site(
        write_site(
            tmp_path,
            {
                "events.yaml": "rules: [{name: all}]\nsources: {a: {token: 'secret://a'}}\n",
                "events/more.yaml": "sources: {b: {token: 'secret://b'}}\ntables: {t: {key: k, rows: {x: {y: z}}}}\n",
            },
        )
    )
    assert (set(site.event_sources), set(site.tables)) == ({"a", "b"}, {"t"})


def test_what_the_starter_says_of_events_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    file = tmp_path / "ops" / "events.yaml"
    yaml = re.compile(r"^( *)# ((  )*(- )?[a-z_]+:( .*)?)$", re.MULTILINE)
    file.write_text(yaml.sub(r"\1\2", file.read_text()))
    site = load_site(tmp_path / "ops")
    assert (set(site.sources), set(site.tables)) == ({"prometheus"}, {"racks"})
    assert [rule.name for rule in site.event_rules.rules] == [
        "Prometheus calls a host its instance",
        "test systems are noise",
        "full disks heal by themselves at night",
    ]
    assert set(site.event_handling.maintenance) == {"patches"}


words = st.text(st.characters(codec="utf-8", exclude_characters="{}\0", categories=["L", "N", "P"]), max_size=12)
names = st.text("abcxyz", min_size=1, max_size=5)
spans = st.sampled_from(["0s", "90s", "15m", "1h30m", "2d"])
matchers = st.lists(st.sampled_from(["a=1", 'b!="2"', 'c=~"x|y"', "d!~z"]), max_size=3)


def some(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=optional)


incidents = some(
    opens=st.sampled_from(["incident", "candidate", "never"]), title=words, impact=names, resolves_itself=st.booleans(),
    reopen_within=spans,
)  # fmt: skip
policies: dict[str, st.SearchStrategy[Any]] = {
    "bind": some(service=names, host=st.just("{instance}")),
    "without": st.lists(st.sampled_from(["threshold", "flapping"]), max_size=2),
    "threshold": st.just({"count": 3, "within": "5m"}),
    "delay": spans,
    "flapping": st.sampled_from([{}, {"low": 10.0, "high": 30.0}]),
    "auto_resolve_after": spans,
    "corrective": st.lists(st.just({"job": "restart", "parameters": {"a": "{b}"}, "start": "after approval"})),
    "incident": incidents,
}
rules = st.fixed_dictionaries(
    {"name": words.filter(bool)},
    optional={
        **policies,
        "matchers": matchers,
        "class": st.sampled_from(["informational", "warning", "exception"]),
        "transform": some(set=st.dictionaries(names, words), drop=st.lists(names), severity=st.just("low")),
        "enrich": st.lists(st.just({"table": "t", "add": ["x"]})),
        "fingerprint": st.fixed_dictionaries({"ignore": st.lists(names)}),
        "stop": st.booleans(),
    },
)
routes = st.recursive(
    some(matchers=matchers, receiver=names, group_wait=spans, group_by=st.just(["a", "b"])),
    lambda below: st.fixed_dictionaries(
        {"routes": st.lists(below, max_size=2), "continue": st.booleans(), "matchers": matchers}
    ),
    max_leaves=4,
)
handlings = some(
    defaults=some(**policies),
    rules=st.lists(rules, max_size=3),
    route=routes,
    inhibit=st.lists(st.just({"source_matchers": ["a=1"], "target_matchers": ["b=2"], "equal": ["c"]}), max_size=2),
    time_intervals=st.dictionaries(names, st.just([{"weekdays": ["monday:friday"], "months": [1, "march"]}])),
    topology=st.sampled_from([{"by": "service"}, {"by": "application", "look_back": "1h"}]),
)


@given(handlings)
@settings(max_examples=60, deadline=None)
def test_whatever_the_rules_say_comes_back_from_the_register_as_it_was(raw: dict[str, Any]) -> None:
    value = adapter(EventHandling).validate_json(json.dumps(raw), strict=True)
    spec = json.loads(json.dumps(to_spec(value)))
    back = from_spec(Kind.EVENTS, spec)
    assert back == value
    assert to_spec(back) == spec

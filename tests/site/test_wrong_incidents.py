"""Wrong incidents.yaml: what is refused, where, in plain words; what is only told; and what a right one gives."""

# ruff: noqa: E501 - messages stand whole, as people read them

from datetime import timedelta
from pathlib import Path

import pytest

from models.rules.clock_promises import Agreement, Target
from models.rules.escalation import Wait
from models.settings import CHECKOUT
from models.site.incident_checks import incident_surprises
from models.site.incidents import Handling, How, Role, Until
from models.site.loading import load_site
from models.site.site import from_spec, to_spec
from models.site.starting import write_starter
from models.vocabulary import HoldReason
from tests.site.folders import complaints, write_site

PROMISE = "promises:\n  house:\n    title: House\n    resolve: {P1: 4h}\n"
"""The first four lines; a test writes the rest, from line 5 on."""
CHAIN = "escalations:\n  late:\n    title: Late\n    steps:\n"

WRONG: list[tuple[str, list[str], str]] = [
    (
        "promises:\n  house: {title: House}\n",
        ["2:3: promises.house: promises nothing; give it own or resolve, like resolve: {P1: 4h}"],
        "no target",
    ),
    (
        PROMISE + "    own: {P1: 5h}\n",
        ["5:15: promises.house.own.P1: is longer than the time to resolve it: 5h against 4h"],
        "owned after it is resolved",
    ),
    (
        "promises:\n  house:\n    title: H\n    calendar: office\n    resolve: {P1: 2 working days}\n    own: {P1: 3 working days}\n",
        ["6:15: promises.house.own.P1: is longer than the time to resolve it: 3 working days against 2 working days"],
        "the same in days",
    ),
    (
        PROMISE + "    own: {P7: 1h}\n",
        ['5:15: promises.house.own.P7: no priority "P7"; known: major, P1, P2, P3, P4'],
        "a priority that the matrix does not have",
    ),
    (
        PROMISE + "    own: {P1: soon}\n",
        [
            '5:15: promises.house.own.P1: "soon" is not a target; write it as open time, 90m or 4h, or as `2 working days`, or `2 working days, to the end of the day`'
        ],
        "no target at all",
    ),
    (
        "promises:\n  house:\n    title: H\n    resolve: {P1: 2 working days}\n",
        ["4:19: promises.house.resolve.P1: is in working days: name the calendar whose days they are: calendar: NAME"],
        "days of no calendar",
    ),
    (
        PROMISE + "    stops_for: [vendor]\n",
        ['5:17: promises.house.stops_for.0: must be caller, supplier, change or problem; found "vendor"'],
        "an unknown reason of a hold",
    ),
    (
        PROMISE + "    agreement: SLO\n",
        ['5:16: promises.house.agreement: must be SLA, OLA or supplier contract; found "SLO"'],
        "an unknown agreement",
    ),
    (
        PROMISE + "    services: [shp]\n",
        ['5:16: promises.house.services.0: no service "shp"; known: shop; did you mean "shop"?'],
        "an unknown service",
    ),
    (
        PROMISE + "    when: ['servce=\"shop\"']\n",
        [
            '5:11: promises.house.when: an incident has no label "servce"; known: category, host, impact, priority, service, source, team, tier, urgency; did you mean "service"?'
        ],
        "an unknown label",
    ),
    (
        PROMISE + "    when: ['team=\"web\"', 'priority!=\"P9\"']\n",
        [
            '5:11: promises.house.when: no priority "P9"; known: major, P1, P2, P3, P4',
            '5:11: promises.house.when: no team "web"; known: web-team',
        ],
        "values that there are not",
    ),
    (
        PROMISE + "    when: [priority]\n",
        ['5:12: promises.house.when.0: `priority` is not a matcher; write it as name="value", with one of = != =~ !~'],
        "no matcher",
    ),
    (
        PROMISE + "    reslove: {P1: 4h}\n",
        [
            '5:5: promises.house.reslove: unknown key; allowed: agreement, calendar, categories, own, rank, resolve, services, stops_for, teams, title, when; did you mean "resolve"?'
        ],
        "a misspelt key",
    ),
    (
        "categories:\n  a: {title: A, parent: b}\n  b: {title: B, parent: a}\n",
        ["2:25: categories.a.parent: goes round in a circle: a stands below b stands below a"],
        "a circle of categories",
    ),
    (
        "handling:\n  levels: {priorities: [P1], matrix: {high: {high: P2}}}\n",
        ['2:38: handling.levels.matrix: high, high: "P2" is no priority of this matrix; these are: P1'],
        "a cell without a priority",
    ),
    (
        "handling:\n  assignment:\n    - {team: web-team, rota: duty}\n    - {team: web-team, how: on call}\n    - {how: roundrobin}\n",
        [
            '3:30: handling.assignment.0.rota: no rota "duty"; the site has no rota at all',
            '5:13: handling.assignment.2.how: must be team, round robin, least loaded or on call; found "roundrobin"; did you mean "round robin"?',
        ],
        "rules that cannot be carried out",
    ),
    (
        "handling:\n  assignment:\n    - {team: web-team, how: on call}\n",
        [
            "3:29: handling.assignment.0.how: the team web-team has no rota; give it one in rotas, or name one: rota: NAME"
        ],
        "on call without a rota",
    ),
    ("handling: [1]\n", ["1:1: handling: must be a mapping, with lines like key: value"], "no mapping"),
    (
        "handlng: {}\n",
        [
            '1:1: handlng: unknown key; allowed: handling, promises, categories, escalations, rotas; did you mean "handling"?'
        ],
        "a misspelt section",
    ),
    (
        CHAIN + "      - {after: 10m}\n      - {after: 10m, tell: [{role: team, team: web-team}, {}]}\n",
        [
            "5:9: escalations.late.steps.0: does nothing; give it tell or assign",
            "6:29: escalations.late.steps.1.tell.0: must have one of role, team, person, rota, receiver; it has role and team",
            "6:59: escalations.late.steps.1.tell.1: must have one of role, team, person, rota, receiver; it has none",
        ],
        "steps that do nothing, or tell nobody",
    ),
    (
        CHAIN + "      - {after: often, assign: web-team}\n",
        [
            '5:17: escalations.late.steps.0.after: "often" is not a duration; write it as 90s, 15m, 2h, 1d or 1h30m, or as a share of the promised time: 75%'
        ],
        "a wait that is none",
    ),
    (
        CHAIN + "      - {after: 5m, tell: [{person: ann}, {role: boss}], repeat: {every: 0s}}\n",
        [
            '5:37: escalations.late.steps.0.tell.0.person: no person "ann"; known: anna; did you mean "anna"?',
            '5:50: escalations.late.steps.0.tell.1.role: must be owner, team, on call, team manager or owner manager; found "boss"',
        ],
        "nobody of that name",
    ),
    (
        "rotas:\n  duty: {team: web-team, people: [], starts: 2026-11-02}\n",
        ["2:34: rotas.duty.people: a rota without people calls nobody"],
        "a rota of nobody",
    ),
    (
        "rotas:\n  duty: {team: web, people: [bob], starts: 2026-11-02, overrides: [{person: eve, starts: 2026-12-24T09:00:00, ends: 2026-12-24T09:00:00}]}\n",
        [
            '2:16: rotas.duty.team: no team "web"; known: web-team',
            '2:30: rotas.duty.people.0: no person "bob"; known: anna',
            '2:77: rotas.duty.overrides.0.person: no person "eve"; known: anna',
            "2:117: rotas.duty.overrides.0.ends: it ends before it starts",
        ],
        "a rota of strangers",
    ),
]


@pytest.mark.parametrize(("text", "said", "why"), WRONG, ids=[case[2] for case in WRONG])
def test_a_wrong_file_is_refused_with_every_place(tmp_path: Path, text: str, said: list[str], why: str) -> None:
    folder = write_site(tmp_path / "site", {"incidents.yaml": text})
    assert complaints(folder) == [f"incidents.yaml:{line}" for line in said], why


SURPRISES = [
    (
        "handling:\n  levels: {priorities: [P1, P2], matrix: {high: {high: P2}, low: {high: P1}}}\n",
        "handling.levels.matrix: impact high with urgency high gives P2, and impact low with urgency high the higher P1",
        "a cell",
    ),
    (
        "promises:\n  a: {title: A, resolve: {P2: 4h}, when: ['priority=\"P3\"']}\n",
        'promises.a is for no incident: priority="P3" holds for none of its priorities P2',
        "a promise without its priority",
    ),
    (
        "promises:\n  a: {title: A, resolve: {P2: 4h}, when: ['impact=\"high\"', 'impact=\"low\"']}\n",
        'promises.a is for no incident: impact="high" and impact="low" cannot both hold',
        "a contradiction",
    ),
    (
        PROMISE + "  other: {title: O, resolve: {P2: 1h}}\n",
        "promises.house and promises.other can fit one incident and have one rank: house holds then, by its name; give one a lower rank",
        "two of one rank",
    ),
    (
        PROMISE,
        "promises.house.resolve has no target for major: a major incident has no clock there",
        "no target for major",
    ),
    (
        "handling:\n  assignment: [{team: web-team}, {how: round robin}]\n",
        "handling.assignment.0 takes every incident: the rules after it are never reached",
        "a rule that nothing reaches",
    ),
    (
        "rotas:\n  duty: {team: other, people: [anna], starts: 2026-11-02}\n",
        "rotas.duty: anna is on call for other and does not work in it",
        "on call for another team",
    ),
]
TEAMS = (
    "teams:\n  web-team: {title: Web}\n  other: {title: Other}\npeople:\n  anna: {name: Anna Berg, teams: [web-team]}\n"
)


@pytest.mark.parametrize(("text", "words", "why"), SURPRISES, ids=[case[2] for case in SURPRISES])
def test_what_is_legal_and_seldom_meant_is_told(tmp_path: Path, text: str, words: str, why: str) -> None:
    folder = write_site(tmp_path / "site", {"incidents.yaml": text, "people.yaml": TEAMS})
    assert words in list(incident_surprises(load_site(folder))), why


def test_a_site_without_the_file_has_the_usual_levels_and_promises_nothing(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path / "site", {}))
    assert site.handling == Handling()
    assert site.handling.levels.priority("high", "low") == "P3"
    assert (site.promises, site.categories, site.escalations, site.rotas) == ({}, {}, {}, {})
    assert list(incident_surprises(site)) == []


def test_what_a_file_says_comes_back_from_the_register_as_the_same(tmp_path: Path) -> None:
    site = load_site(CHECKOUT / "deployments" / "sites" / "night")
    kinds = ("handling", "promise", "category", "escalation", "rota")
    entries = [entry for entry in site.entries() if entry.kind in kinds]
    assert {entry.kind for entry in entries} == set(kinds)
    for entry in entries:
        value = from_spec(entry.kind, entry.spec)
        assert to_spec(value) == entry.spec
    promise = from_spec("promise", site.entry("promise", "house").spec)
    assert promise == site.promises["house"]
    assert promise.resolve["P4"] == Target(working_days=10, end_of_day=True)
    assert (promise.agreement, promise.stops_for) == (Agreement.SLA, (HoldReason.CALLER,))


def test_the_night_says_who_gets_and_who_is_told(tmp_path: Path) -> None:
    site = load_site(CHECKOUT / "deployments" / "sites" / "night")
    assert list(incident_surprises(site)) == []
    assert [rule.how for rule in site.handling.assignment] == [How.ON_CALL, How.LEAST_LOADED, How.ROUND_ROBIN]
    chain = site.escalations["nobody-owns-it"]
    assert chain.until is Until.OWNED
    assert [step.after for step in chain.steps] == [Wait(percent=75), Wait(percent=100)]
    assert [one.role for one in chain.steps[1].tell] == [Role.ON_CALL, Role.TEAM_MANAGER]
    assert chain.steps[1].repeat is not None
    assert chain.steps[1].repeat.every == timedelta(minutes=15)
    assert site.rotas["shop-night"].timezone == "Europe/Berlin"


def test_the_starter_has_no_surprise(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    assert list(incident_surprises(load_site(tmp_path / "ops"))) == []

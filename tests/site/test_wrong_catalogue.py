"""Wrong catalogue.yaml: what is refused, where, in plain words; and what a right one gives."""

# ruff: noqa: E501 - messages stand whole, as people read them

import re
from pathlib import Path

import pytest

from models.rules.catalogue.ordering import Circle, Offer
from models.site.loading import load_site
from models.site.site import from_spec, to_spec
from models.site.starting import write_starter
from models.vocabulary import ForOthers
from tests.site.folders import complaints, write_site

ITEM = "items:\n  it:\n    title: It\n    category: I need it\n    description: You get it.\n    owner: web-team\n"
"""The first six lines; a test writes the rest, from line 7 on."""
BY_HAND = "    steps:\n      - {name: do, title: Do, manual: {team: web-team, words: Do it}}\n"
FORM = (
    "    form:\n"
    "      - {name: hosts, title: Where?, type: host, several: true}\n"
    "      - {name: key, title: Key?, secret: true}\n"
    "      - {name: kind, title: Kind?, type: choice, choices: [a, b]}\n"
)
RUN = FORM + "    steps:\n      - name: do\n        title: Do\n        run:\n"
"""Up to line 14; a test writes the keys of the run, from line 15 on."""
TIDY = (
    "jobs:\n  tidy:\n    title: Tidy\n    owner: web-team\n    runbook: Try again.\n    on: tag=web\n    command: [x, '{days}']\n"
    "    parameters: {days: {type: integer, required: true}}\n"
)

SCHEMES = (
    "schemes:\n  owner:\n    title: The owner\n    steps: [{approvers: [{owner_of: service}]}, {approvers: [{named_in: boss}]}]\n"
    "  anna:\n    title: Anna\n    steps: [{approvers: [{person: anna}], escalate_to: [{role: administrator}]}]\n"
)

WRONG: list[tuple[str, list[str], str]] = [
    ("", ["2:3: items.it: does nothing; give it steps or includes"], "nothing is done"),
    (
        BY_HAND.replace("team: web-team", "team: wep-team"),
        ['8:46: items.it.steps.0.manual.team: no team "wep-team"; known: web-team; did you mean "web-team"?'],
        "an unknown team",
    ),
    (
        BY_HAND + "    promised: 2 working days\n",
        ["9:15: items.it.promised: is in working days: name the calendar whose days they are: calendar: NAME"],
        "days of no calendar",
    ),
    (BY_HAND + "    calendar: office\n", ["9:15: items.it.calendar: goes with promised"], "a calendar of nothing"),
    (
        BY_HAND + "    promised: soon\n",
        [
            '9:15: items.it.promised: "soon" is not a target; write it as open time, 90m or 4h, or as `2 working days`, or `2 working days, to the end of the day`'
        ],
        "no time",
    ),
    (
        BY_HAND + "    may_order: {roles: [boss], teams: [deck], people: [bob]}\n",
        [
            '9:25: items.it.may_order.roles.0: must be operator, manager, requester, approver, major incident manager, problem manager or administrator; found "boss"',
            '9:40: items.it.may_order.teams.0: no team "deck"; known: web-team',
            '9:56: items.it.may_order.people.0: no person "bob"; known: anna',
        ],
        "nobody there",
    ),
    (
        BY_HAND + "    cost: {amount: 9.999, currency: euro, each: hosts}\n",
        [
            "9:20: items.it.cost.amount: must have at most 2 decimals; found the number 9.999",
            "9:37: items.it.cost.currency: must be a currency's three capital letters, like EUR",
        ],
        "no money",
    ),
    (
        BY_HAND + "    cost: {amount: 9, currency: EUR, each: hosts}\n",
        ['9:44: items.it.cost.each: there is no field "hosts" in the form; known: none'],
        "a price for each of nothing",
    ),
    (
        BY_HAND
        + "    form:\n      - {name: kind, title: Kind?}\n      - {name: kind, title: Kind?, when: ['size=\"1\"']}\n",
        [
            '11:16: items.it.form.1.name: a field named "kind" stands before it already',
            '11:42: items.it.form.1.when: there is no field "size" before it; known: kind',
        ],
        "one field twice, on one that is not there",
    ),
    (
        BY_HAND + "    form:\n      - {name: where, title: Where?, type: host, hosts: tag=mail}\n",
        ["10:57: items.it.form.0.hosts: matches no host; column 5: no host with tag mail"],
        "no host to choose from",
    ),
    (
        BY_HAND + "    form:\n      - {name: kind, title: Kind?, type: integer, defalt: 3}\n",
        [
            '10:51: items.it.form.0.defalt: unknown key; allowed: accepts, choices, choices_by, default, help, hosts, lines, maximum, minimum, most_bytes, name, pattern, pattern_words, required, secret, several, title, type, when; did you mean "default"?'
        ],
        "a misspelt key",
    ),
    (
        BY_HAND + "    approvals: [{scheme: board}, {scheme: anna, above: 9}]\n",
        [
            "9:17: items.it.approvals.0: takes every request: the ones after it are never reached; give it above",
            '9:26: items.it.approvals.0.scheme: no scheme "board"; known: anna, owner',
            "9:56: items.it.approvals.1.above: goes with cost",
        ],
        "an unknown scheme, and one that is never reached",
    ),
    (
        BY_HAND + "    approvals: [{scheme: owner}]\n    service: shop\n",
        [
            '9:26: items.it.approvals.0.scheme: owner finds who decides by "boss", and the form has no such field; known: service'
        ],
        "approvers by a field that is not there",
    ),
    (
        "    steps:\n      - {name: do, title: Do}\n",
        ["8:9: items.it.steps.0: a step has one of run, job, manual; it has none"],
        "a step of nothing",
    ),
    (
        BY_HAND + '      - {name: do, title: "Do {kind}", manual: {team: web-team, words: Do it}}\n',
        [
            '9:16: items.it.steps.1.name: a step named "do" stands before it already',
            '9:27: items.it.steps.1.title: there is no field "kind" in the form; known: requester, beneficiary',
        ],
        "one step twice, of a field that is not there",
    ),
    (
        FORM + '    steps:\n      - {name: do, title: Do, manual: {team: web-team, words: "Use {key}"}}\n',
        ['12:63: items.it.steps.0.manual.words: "key" is a secret or a file: no text may show it'],
        "a secret in words",
    ),
    (
        RUN
        + '          hosts: hosts\n          observe: [look, "{key}"]\n          apply: [set, "{hosts}", "--on={hosts}"]\n',
        [
            '16:20: items.it.steps.0.run.observe: argument 2: there is no parameter "key"; known: requester, beneficiary, hosts, kind',
            '17:18: items.it.steps.0.run.apply: argument 3: "hosts" has several answers: {hosts} must be an argument of its own',
        ],
        "a secret in a command, several answers in one argument",
    ),
    (
        RUN + '          hosts: kind\n          observe: ["{kind}"]\n          apply: [x]\n          input: hosts\n',
        [
            '15:18: items.it.steps.0.run.hosts: "kind" is no host field of the form; known: hosts',
            "16:20: items.it.steps.0.run.observe: the program itself cannot be a parameter",
            '18:18: items.it.steps.0.run.input: "hosts" has several answers',
        ],
        "where nothing can run, a program of somebody's choice",
    ),
    (
        RUN + "          on: tag=mail\n          observe: [x]\n          apply: [x]\n          input: kex\n",
        [
            "15:15: items.it.steps.0.run.on: matches no host; column 5: no host with tag mail",
            '18:18: items.it.steps.0.run.input: there is no field "kex" in the form; known: hosts, key, kind',
        ],
        "no host, no input",
    ),
    (
        RUN + "          on: local\n          apply: [x]\n",
        ["15:11: items.it.steps.0.run: nothing says that it is done: give it observe or verify"],
        "nothing proves it",
    ),
    (
        FORM
        + "    steps:\n      - {name: do, title: Do, job: {name: tidi}}\n      - {name: re, title: Re, job: {name: tidy, hosts: kind, parameters: {day: '7'}}}\n",
        [
            '12:43: items.it.steps.0.job.name: no job "tidi"; known: tidy; did you mean "tidy"?',
            '13:56: items.it.steps.1.job.hosts: "kind" is no host field of the form; known: hosts',
            "13:74: items.it.steps.1.job.parameters: tidy requires the parameter days",
            "13:80: items.it.steps.1.job.parameters.day: tidy has no such parameter; known: days",
        ],
        "an unknown job, and one that is asked wrongly",
    ),
    (
        BY_HAND + "    includes: [{item: it}]\n",
        ["9:23: items.it.includes.0.item: goes round in a circle: it includes it"],
        "a bundle in itself",
    ),
    (
        BY_HAND + "    includes: [{item: that}]\n",
        ['9:23: items.it.includes.0.item: no item "that"; known: it'],
        "a part that is not there",
    ),
    (
        BY_HAND
        + "    includes: [{item: that, when: ['kind=\"a\"'], answers: {colour: red, key: x, size: '{kind}'}}]\n"
        + ITEM.replace("items:\n  it:", "  that:")
        + "    form:\n      - {name: size, title: S}\n      - {name: key, title: K, secret: true}\n      - {name: sure, title: S, required: true}\n"
        + BY_HAND,
        [
            '9:35: items.it.includes.0.when: there is no field "kind" in the form; known: none',
            "9:58: items.it.includes.0.answers: that requires an answer to sure",
            "9:67: items.it.includes.0.answers.colour: that has no such field; known: size, key, sure",
            "9:77: items.it.includes.0.answers.key: key of that is a secret or a file, which a bundle cannot give",
            '9:86: items.it.includes.0.answers.size: there is no field "kind" in the form; known: requester, beneficiary',
        ],
        "a part that is given the wrong answers",
    ),
]


@pytest.mark.parametrize(("rest", "found", "reason"), WRONG, ids=[case[-1] for case in WRONG])
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, rest: str, found: list[str], reason: str) -> None:
    folder = write_site(tmp_path, {"catalogue.yaml": ITEM + rest, "jobs.yaml": TIDY, "approvals.yaml": SCHEMES})
    assert complaints(folder) == [f"catalogue.yaml:{line}" for line in found], reason


def test_a_right_item_is_what_it_says_and_comes_back_from_the_register(tmp_path: Path) -> None:
    rest = (
        RUN
        + "          hosts: hosts\n          observe: [look]\n          apply: [set, '{kind}']\n          input: key\n"
    )
    more = (
        "    may_see: {teams: [web-team]}\n    may_order: {roles: [manager], people: [anna]}\n    for_others: reports\n"
    )
    folder = write_site(
        tmp_path, {"catalogue.yaml": ITEM + more + rest + "    cost: {amount: 9.5, currency: EUR, each: hosts}\n"}
    )
    site = load_site(folder)
    item = site.items["it"]
    order = Circle(frozenset({"manager"}), people=frozenset({"anna"}))
    assert item.offer == Offer(Circle(teams=frozenset({"web-team"})), order, ForOthers.REPORTS)
    assert from_spec("item", to_spec(item)) == item
    assert site.entry("item", "it").spec == to_spec(item)


def test_a_broken_job_is_not_blamed_on_the_item_that_names_it(tmp_path: Path) -> None:
    rest = "    steps:\n      - {name: do, title: Do, job: {name: tidy, parameters: {days: '7'}}}\n"
    broken = TIDY.replace("type: integer", "type: int")
    folder = write_site(tmp_path, {"catalogue.yaml": ITEM + rest, "jobs.yaml": broken})
    assert [line.split(":")[0] for line in complaints(folder)] == ["jobs.yaml"]


def test_what_the_starter_says_of_the_catalogue_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    file = tmp_path / "ops" / "catalogue.yaml"
    code = re.compile(r"  # +(- )?(\{|[a-z_-]+:)")
    file.write_text("\n".join(f"  {line[4:]}" if code.match(line) else line for line in file.read_text().splitlines()))
    assert set(load_site(tmp_path / "ops").items) == {
        "information", "free-space", "install-package", "password-reset", "new-starter",
    }  # fmt: skip

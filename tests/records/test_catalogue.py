"""The catalogue in force, and what one order of an item comes to: on both databases, as the register has it."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from models.database import Database
from models.errors import NotFound, Refused
from models.queries import register
from models.queries.catalogue import Quote, Wanted, facts_of, quote, read_catalogue
from models.rules.catalogue.forms import FormRefused
from models.site.catalogue import plan_from, plan_spec
from models.site.loading import load_site
from tests.desk.small_site import write_site

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
PEOPLE = """
teams:
  deck: {title: Deck}
people:
  ada: {name: Ada Lovelace, teams: [deck], roles: [operator], manager: max}
  max: {name: Max Born, roles: [manager]}
  zoe: {name: Zoe Roth}
  eve: {name: Eve Kurz}
"""
CALENDARS = """
calendars:
  freeze: {windows: [{starts: 2026-12-20T00:00:00, ends: 2027-01-05T00:00:00, reason: Year end}]}
  office: {hours: {mon-fri: ["08:00-18:00"]}}
"""
CATALOGUE = """
items:
  program:
    title: A program
    category: I need a program
    description: It is installed.
    owner: deck
    service: shop
    cost: {amount: 12.5, currency: EUR, each: hosts}
    risk: medium
    promised: 4h
    calendar: office
    may_order: {teams: [deck], roles: [manager]}
    for_others: reports
    form:
      - {name: hosts, title: Where?, type: host, hosts: tag=web, several: true, required: true}
      - {name: program, title: Which?, type: choice, choices: [git, tmux], required: true}
      - {name: licence, title: Licence?, secret: true}
    steps:
      - name: install
        title: Install {program}
        run: {hosts: hosts, observe: [look, "{program}"], apply: [install, "{program}"], input: licence}
      - {name: tell, title: Tell them, manual: {team: deck, words: "Tell {beneficiary} of {hosts}"}}
  secret-plan:
    title: A plan
    category: I need a plan
    description: Not for everybody.
    owner: deck
    may_see: {roles: [manager]}
    includes: [{item: program, answers: {hosts: web1, program: git}}]
"""
GIVEN: dict[str, Any] = {"hosts": ["web1", "web2"], "program": "git", "licence": "opensesame"}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Database:
    """The small site with a catalogue, in force."""
    apply(database, tmp_path, CATALOGUE)
    return database


def apply(database: Database, folder: Path, catalogue: str, **other: str) -> None:
    """Bring the small site into force with this catalogue, and other files in place of its own."""
    write_site(folder / "site", **{"people": PEOPLE, "calendars": CALENDARS, "catalogue": catalogue, **other})
    with database.write() as session:
        register.apply(session, load_site(folder / "site").entries(), "test", NOW)


def quoted(database: Database, *who: str, item: str = "program", **given: Any) -> Quote:
    requester, beneficiary = (*who, *who)[:2] if who else ("ada", "ada")
    with database.read() as session:
        catalogue = read_catalogue(session)
    return quote(catalogue, Wanted(item, requester, beneficiary, {**GIVEN, **given}), NOW)


def test_an_order_comes_to_answers_steps_cost_and_a_time(site: Database) -> None:
    found = quoted(site, "max", "ada")
    assert found.answers.values == {"hosts": ("web1", "web2"), "program": "git"}
    assert [step.key for step in found.plan] == ["install/web1", "install/web2", "tell"]
    assert (found.cost, found.scheme) == (Decimal("25.00"), None)
    assert found.promised_at == datetime(2026, 11, 23, 11, 0, tzinfo=UTC), "18:00 on Friday in Berlin is the end"
    assert plan_from(plan_spec(found.plan)) == found.plan


def test_what_an_approval_binds_holds_no_secret_and_names_what_it_is_decided_by(site: Database) -> None:
    facts = facts_of(quoted(site))
    assert "opensesame" not in repr(facts)
    assert {name: facts[name] for name in ("item", "cost", "risk", "service", "hosts")} == {
        "item": "program", "cost": "25.00", "risk": "medium", "service": "shop", "hosts": ["web1", "web2"],
    }  # fmt: skip
    other = facts_of(quoted(site, program="tmux"))
    assert [name for name in facts if facts[name] != other[name]] == ["program", "plan"]


REFUSALS = [
    ("zoe", "zoe", "program", {}, Refused, "zoe may not order program: it is offered to others"),
    ("ada", "zoe", "program", {}, Refused, "zoe does not report to ada"),
    ("kim", "kim", "program", {}, Refused, "there is no person 'kim' in people.yaml"),
    ("ada", "ada", "programm", {}, NotFound, 'did you mean "program"'),
    ("ada", "ada", "secret-plan", {}, NotFound, "ada is offered no item 'secret-plan'"),
    (
        "ada",
        "ada",
        "program",
        {"hosts": ["db1"]},
        FormRefused,
        "hosts: 'db1' is no choice; there are: web1, web2, web3",
    ),
    ("ada", "ada", "program", {"program": ""}, FormRefused, "program: an answer is required"),
]


@pytest.mark.parametrize(("who", "whom", "item", "given", "error", "words"), REFUSALS, ids=[c[-1] for c in REFUSALS])
def test_an_order_that_cannot_be_is_refused_with_its_reason(
    site: Database, who: str, whom: str, item: str, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        quoted(site, who, whom, item=item, **given)
    assert words in str(caught.value)


def test_a_bundle_comes_to_its_parts(site: Database) -> None:
    with site.read() as session:
        found = quote(read_catalogue(session), Wanted("secret-plan", "max", "max", {}), NOW)
    assert [(part.item, dict(part.given)) for part in found.parts] == [("program", {"hosts": "web1", "program": "git"})]
    assert (found.plan, found.promised_at) == ((), None)


def test_a_changed_item_is_another_one_at_once(site: Database, tmp_path: Path) -> None:
    before = quoted(site)
    apply(site, tmp_path, CATALOGUE.replace("[git, tmux]", "[git, vim]"))
    after = quoted(site)
    assert after.sha256 != before.sha256
    with pytest.raises(FormRefused, match="'tmux' is no choice; there are: git, vim"):
        quoted(site, program="tmux")

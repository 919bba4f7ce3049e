"""The catalogue in force, read once for each change of the register; and what one order of an item comes to."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import register
from models.queries.book import StoredCalendars
from models.queries.incident_rules import read_rules
from models.queries.promise_terms import AROUND_THE_CLOCK
from models.records import Registered
from models.rules.calendars import Calendar
from models.rules.catalogue.conditions import Answer
from models.rules.catalogue.costs import cost_of, promised_at, scheme_for
from models.rules.catalogue.forms import Answers, FormRefused, Problem, answered
from models.rules.catalogue.ordering import Member, People, may_see, why_not_order
from models.rules.catalogue.plans import Filling, Part, PlannedStep, parts_of, plan_of
from models.rules.catalogue.reading import Given, Known
from models.rules.catalogue.uploads import Upload
from models.site.catalogue import Item, plan_spec
from models.site.site import from_spec


@dataclass(frozen=True)
class Catalogue:
    """What people may ask for, and all that an order hangs on."""

    items: Mapping[str, Item]
    sha256: Mapping[str, str]
    """Each item's fingerprint: an order of another one is another order."""
    people: People
    known: Known
    calendars: Mapping[str, Calendar]
    priority: str
    """That of a request: the lowest that there is."""

    def offered(self, person: str) -> list[Item]:
        """What the person may see; somebody whom the site does not know has no role and no team."""
        member = self.people.get(person, Member(person))
        return [item for item in self.items.values() if may_see(item.offer, member)]

    def item(self, name: str, person: str) -> Item:
        """An item that the person may see. Raises NotFound, also for one that is there and not for them."""
        shown = [one.name for one in self.offered(person)]
        if name not in shown:
            near = difflib.get_close_matches(name, shown, 1, 0.6)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise NotFound(f"{person} is offered no item {name!r}{hint}: see `watchbill catalogue list`")
        return self.items[name]

    def promised_at(self, item: Item, start: datetime) -> datetime | None:
        """When an order of this instant is promised; None when nothing is."""
        if item.promised is None:
            return None
        calendar = self.calendars[item.calendar] if item.calendar else AROUND_THE_CLOCK
        return promised_at(item.promised, calendar, start)


@dataclass(frozen=True)
class Wanted:
    """One order as it is given."""

    item: str
    requester: str
    beneficiary: str
    given: Mapping[str, Given | Upload | None]


@dataclass(frozen=True)
class Quote:
    """What an order comes to: nothing of it is done yet."""

    item: Item
    requester: str
    beneficiary: str
    sha256: str
    """The item's."""
    answers: Answers
    plan: tuple[PlannedStep, ...]
    parts: tuple[Part, ...]
    cost: Decimal
    scheme: str | None
    """Who must approve; None: nobody has to."""
    promised_at: datetime | None


def facts_of(found: Quote) -> dict[str, Any]:
    """What an approval of the order binds, as plain values: the answers by field, and what will be done for them.

    The names that approvals decide by, such as cost, are no field's.
    """
    item = found.item
    return {
        **({"service": item.service} if item.service else {}),
        **plain_answers(found.answers.values),
        "item": item.name,
        "item_sha256": found.sha256,
        "cost": str(found.cost),
        "risk": item.risk.value,
        "plan": plan_spec(found.plan),
        "parts": [{"item": part.item, "given": plain_answers(part.given)} for part in found.parts],
    }


_catalogues: WeakKeyDictionary[Engine, tuple[int, Catalogue]] = WeakKeyDictionary()


def read_catalogue(session: Session) -> Catalogue:
    """The catalogue in force."""
    engine, revision = session.connection().engine, register.revision(session)
    known = _catalogues.get(engine)
    if known is None or known[0] != revision:
        known = _catalogues[engine] = revision, _read(session)
    return known[1]


def quote(catalogue: Catalogue, wanted: Wanted, now: datetime) -> Quote:
    """What the order comes to.

    Raises NotFound for an item that the requester may not see, Refused for one that they may not order so, FormRefused
    with every answer that cannot be used.
    """
    item = catalogue.item(wanted.item, wanted.requester)
    why_not = why_not_order(item.offer, wanted.requester, wanted.beneficiary, catalogue.people)
    if why_not is not None:
        raise Refused(f"{wanted.requester} may not order {item.name}: {why_not}")
    return _quote(catalogue, item, wanted, now)


def part_quotes(catalogue: Catalogue, found: Quote, now: datetime) -> tuple[Quote, ...]:
    """What the parts of a bundle come to, those of parts behind them; who may order the bundle, may order them in it.

    Raises FormRefused with the part's name before each field.
    """
    quotes: list[Quote] = []
    for part in found.parts:
        wanted = Wanted(part.item, found.requester, found.beneficiary, part.given)
        try:
            one = quote_part(catalogue, wanted, now)
        except FormRefused as error:
            raise FormRefused([Problem(f"{part.item}.{one.field}", one.message) for one in error.problems]) from None
        quotes += [one, *part_quotes(catalogue, one, now)]
    return tuple(quotes)


def quote_part(catalogue: Catalogue, wanted: Wanted, now: datetime) -> Quote:
    """What one part of a bundle comes to, whoever may order it alone. Raises NotFound, FormRefused and Refused."""
    if wanted.item not in catalogue.items:
        raise NotFound(f"there is no item {wanted.item!r} in the catalogue any more")
    return _quote(catalogue, catalogue.items[wanted.item], wanted, now)


def _quote(catalogue: Catalogue, item: Item, wanted: Wanted, now: datetime) -> Quote:
    answers = answered(item.form, wanted.given, catalogue.known)
    filling = Filling(item.form, answers.values, wanted.requester, wanted.beneficiary)
    cost = cost_of(item.price, answers.values)
    return Quote(
        item=item,
        requester=wanted.requester,
        beneficiary=wanted.beneficiary,
        sha256=catalogue.sha256[item.name],
        answers=answers,
        plan=plan_of(item.steps, filling, catalogue.known.nodes),
        parts=parts_of(item.includes, filling),
        cost=cost,
        scheme=scheme_for(item.approval_rules, cost),
        promised_at=catalogue.promised_at(item, now),
    )


def plain_answers(answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Answers as JSON has them."""
    return {name: list(answer) if isinstance(answer, tuple) else answer for name, answer in answers.items()}


def _read(session: Session) -> Catalogue:
    rows = {kind: register.in_force(session, kind) for kind in ("item", "person", "service", "host", "calendar")}
    people = {row.name: _member(row) for row in rows["person"]}
    nodes = tuple(from_spec("host", row.spec).node() for row in rows["host"])
    return Catalogue(
        items={row.name: from_spec("item", row.spec) for row in rows["item"]},
        sha256={row.name: row.sha256 for row in rows["item"]},
        people=people,
        known=Known(tuple(people), tuple(row.name for row in rows["service"]), nodes),
        calendars=StoredCalendars({row.name: row.spec for row in rows["calendar"]}),
        priority=read_rules(session).matrix.priorities[-1],
    )


def _member(row: Registered) -> Member:
    spec = row.spec
    return Member(row.name, frozenset(spec.get("roles", ())), frozenset(spec.get("teams", ())), spec.get("manager"))

"""The catalogue as people see it: what they may ask for, who must approve, how long it takes, what will be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from models.database import Database
from models.queries import desk_runs
from models.queries.approval_book import Policy, read_approval_book
from models.queries.catalogue import Catalogue, read_catalogue
from models.rules.approvals.schemes import Scheme
from models.rules.approvals.schemes import Step as ApprovalStep
from models.rules.catalogue.ordering import why_not_order
from models.rules.catalogue.reading import choices_in_all
from models.rules.catalogue.steps import FulfilmentStep, Include
from models.rules.durations import format_duration
from models.site.catalogue import Item, ItemApproval
from models.vocabulary import CostPer, FieldType, ForOthers, ItemRisk, PlanKind

MOST_CHOICES = 50


@dataclass(frozen=True)
class Charge:
    """What an item costs; with `each`, once for every answer to that field."""

    amount: Decimal
    currency: str
    per: CostPer
    each: str | None


@dataclass(frozen=True)
class Asks:
    """One approval that an order may need."""

    scheme: str
    title: str
    steps: tuple[str, ...]
    """Who decides, in words, step by step."""
    pre_approved: bool
    """Whether some orders are approved without asking."""
    above: Decimal | None
    """Only for orders that cost more."""


@dataclass(frozen=True)
class ItemLine:
    """One item of the list."""

    name: str
    title: str
    category: str
    description: str
    owner: str
    cost: Charge | None
    risk: ItemRisk
    promised: str | None
    """How long it takes at most, in words."""
    approvals: tuple[Asks, ...]
    """Who must approve; none: nobody."""
    may_order: bool
    """For themselves."""
    why_not: str | None
    for_others: ForOthers
    is_bundle: bool


@dataclass(frozen=True)
class CatalogueList:
    """What a person is offered, by category and title."""

    person: str
    items: tuple[ItemLine, ...]


@dataclass(frozen=True)
class FieldLine:
    """One field of the form."""

    name: str
    title: str
    type: FieldType
    help: str
    required: bool
    default: str | None
    several: bool
    secret: bool
    when: tuple[str, ...]
    choices: tuple[str, ...]
    """What there is to choose from, whatever was answered before; at most 50."""
    all_choices: int


@dataclass(frozen=True)
class StepLine:
    """One step of the plan, before any answer stands in it."""

    name: str
    title: str
    kind: PlanKind
    who: str
    """Where it is done, or by whom."""
    when: tuple[str, ...]
    is_taken_back: bool
    """When a later step fails for good."""


@dataclass(frozen=True)
class PartLine:
    """One item that a bundle brings with it."""

    item: str
    title: str
    when: tuple[str, ...]


@dataclass(frozen=True)
class ItemDetail:
    """Everything about one item."""

    line: ItemLine
    timezone: str
    at: datetime
    calendar: str | None
    promised_at: datetime | None
    """If it were ordered now."""
    service: str | None
    form: tuple[FieldLine, ...]
    steps: tuple[StepLine, ...]
    parts: tuple[PartLine, ...]


def list_items(database: Database, person: str) -> CatalogueList:
    """What the person is offered."""
    with database.read() as session:
        catalogue, schemes = read_catalogue(session), read_approval_book(session).policies
    lines = [_line(catalogue, schemes, item, person) for item in catalogue.offered(person)]
    return CatalogueList(person, tuple(sorted(lines, key=lambda line: (line.category, line.title, line.name))))


def show_item(database: Database, name: str, person: str, now: datetime) -> ItemDetail:
    """Everything about one item. Raises NotFound, with the one that was probably meant."""
    with database.read() as session:
        catalogue, timezone = read_catalogue(session), desk_runs.site_zone(session)
        schemes = read_approval_book(session).policies
    item = catalogue.item(name, person)
    return ItemDetail(
        line=_line(catalogue, schemes, item, person),
        timezone=timezone,
        at=now,
        calendar=item.calendar,
        promised_at=catalogue.promised_at(item, now),
        service=item.service,
        form=_form(item, catalogue),
        steps=tuple(map(_step, item.steps)),
        parts=tuple(_part(one, catalogue) for one in item.includes),
    )


def _line(catalogue: Catalogue, schemes: Mapping[str, Policy], item: Item, person: str) -> ItemLine:
    why_not = why_not_order(item.offer, person, person, catalogue.people)
    cost = item.cost
    return ItemLine(
        name=item.name,
        title=item.title,
        category=item.category,
        description=item.description.strip(),
        owner=item.owner,
        cost=Charge(cost.amount, cost.currency, cost.per, cost.each) if cost else None,
        risk=item.risk,
        promised=str(item.promised) if item.promised else None,
        approvals=tuple(_asks(one, schemes[one.scheme].scheme) for one in item.approvals),
        may_order=why_not is None,
        why_not=why_not,
        for_others=item.for_others,
        is_bundle=bool(item.includes),
    )


def _asks(approval: ItemApproval, scheme: Scheme) -> Asks:
    return Asks(
        approval.scheme, scheme.title, tuple(map(_decides, scheme.steps)), bool(scheme.pre_approved), approval.above
    )


def _decides(step: ApprovalStep) -> str:
    who = " or ".join(map(str, step.approvers))
    many = f"{step.needed} of {who}" if step.needed > 1 else who
    return f"{many}, within {format_duration(step.expires_after)}" if step.expires_after else many


def _form(item: Item, catalogue: Catalogue) -> tuple[FieldLine, ...]:
    lines = []
    for one in item.form:
        choices = choices_in_all(one, catalogue.known)
        lines.append(
            FieldLine(
                name=one.name,
                title=one.title,
                type=one.type,
                help=one.help,
                required=one.required,
                default=None if one.default is None else str(one.default),
                several=one.several,
                secret=one.secret,
                when=one.when,
                choices=choices[:MOST_CHOICES],
                all_choices=len(choices),
            )
        )
    return tuple(lines)


def _step(step: FulfilmentStep) -> StepLine:
    return StepLine(
        step.name, step.title, step.kind, _who(step), step.when, step.run is not None and bool(step.run.compensate)
    )


def _who(step: FulfilmentStep) -> str:
    if step.run is not None:
        return step.run.on or f"the hosts of {step.run.hosts}"
    if step.job is not None:
        return f"job {step.job.name}"
    return f"team {step.manual.team}" if step.manual else ""


def _part(include: Include, catalogue: Catalogue) -> PartLine:
    return PartLine(include.item, catalogue.items[include.item].title, include.when)

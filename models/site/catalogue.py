"""catalogue.yaml: what people may ask for, who may, what it costs, when it is promised, and how it is done."""

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from models.rules.catalogue.costs import ApprovalRule, Price
from models.rules.catalogue.fields import FormField
from models.rules.catalogue.ordering import Circle, Offer
from models.rules.catalogue.plans import PlannedStep
from models.rules.catalogue.steps import FulfilmentStep, Include
from models.rules.targets import TargetText
from models.site.people import PersonRole
from models.site.types import Matching, Name, Named, PersonId, SiteModel, Text, Title
from models.site.validation import adapter
from models.vocabulary import CostPer, ForOthers, ItemRisk

MOST_FIELDS, MOST_STEPS, MOST_PARTS = 60, 40, 20
Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=2),
    WithJsonSchema({"type": "number", "minimum": 0}),
]


class WhoMay(SiteModel):
    """Some people: all who have one of these roles, or are in one of these teams, or are named; empty: everybody."""

    roles: tuple[PersonRole, ...] = Field(default=(), description="Who has one of these roles.")
    teams: tuple[Name, ...] = Field(default=(), description="Who works in one of these teams.")
    people: tuple[PersonId, ...] = Field(default=(), description="These persons.")

    @property
    def circle(self) -> Circle:
        """The same for the rules."""
        return Circle(frozenset(role.value for role in self.roles), frozenset(self.teams), frozenset(self.people))


class Cost(SiteModel):
    """What an item costs."""

    amount: Amount = Field(description="The money.")
    currency: Annotated[str, Matching(r"[A-Z]{3}", "must be a currency's three capital letters, like EUR")] = Field(
        description="ISO 4217 code."
    )
    per: CostPer = Field(default=CostPer.ONCE, description="How often it is paid.")
    each: str | None = Field(default=None, description="The field of which every answer costs as much.")

    @property
    def price(self) -> Price:
        """The same for the rules."""
        return Price(self.amount, self.currency, self.per, self.each)


class ItemApproval(SiteModel):
    """Which scheme decides on a request; the first one that fits."""

    scheme: Name = Field(description="A scheme of approvals.yaml.")
    above: Amount | None = Field(
        default=None, description="Only for requests that cost more, in the item's currency; left out: for all."
    )


class Item(Named):
    """Something that people may ask for."""

    title: Title = Field(description="What people call it.")
    category: Title = Field(description="The situation of those who need it, in their words, like I cannot log in.")
    description: Text = Field(description="What one gets, and what one must know before.")
    owner: Name = Field(description="The team that answers for the item and its requests.")
    service: Name | None = Field(default=None, description="The service that it belongs to.")
    cost: Cost | None = Field(default=None, description="What it costs; left out: nothing.")
    risk: ItemRisk = Field(default=ItemRisk.LOW, description="How much harm a wrongly fulfilled request can do.")
    promised: TargetText | None = Field(
        default=None, description="How long it takes at most from the order, like 4h or 2 working days."
    )
    calendar: Name | None = Field(
        default=None, description="In whose hours the time is counted; without one, around the clock."
    )
    may_see: WhoMay = Field(default=WhoMay(), description="To whom it is shown.")
    may_order: WhoMay = Field(default=WhoMay(), description="Who of them may order it.")
    for_others: ForOthers = Field(default=ForOthers.NOBODY, description="For whom else it may be ordered.")
    form: tuple[FormField, ...] = Field(default=(), max_length=MOST_FIELDS, description="What is asked for, in order.")
    approvals: tuple[ItemApproval, ...] = Field(
        default=(), max_length=20, description="Who must approve, by cost; empty: nobody has to."
    )
    steps: tuple[FulfilmentStep, ...] = Field(default=(), max_length=MOST_STEPS, description="What is done, in order.")
    includes: tuple[Include, ...] = Field(
        default=(), max_length=MOST_PARTS, description="Other items that it brings with it: it is a bundle."
    )

    @cached_property
    def offer(self) -> Offer:
        """To whom it is offered."""
        return Offer(self.may_see.circle, self.may_order.circle, self.for_others)

    @property
    def price(self) -> Price | None:
        """What it costs."""
        return self.cost.price if self.cost else None

    @property
    def approval_rules(self) -> tuple[ApprovalRule, ...]:
        """Which scheme decides, by cost."""
        return tuple(ApprovalRule(one.scheme, one.above) for one in self.approvals)


def plan_spec(plan: tuple[PlannedStep, ...]) -> list[dict[str, Any]]:
    """The JSON-able form of a plan, which `plan_from` reads."""
    spec: list[dict[str, Any]] = adapter(tuple[PlannedStep, ...]).dump_python(plan, mode="json", exclude_defaults=True)
    return spec


def plan_from(spec: list[dict[str, Any]]) -> tuple[PlannedStep, ...]:
    """The plan that a stored spec describes. Raises pydantic's ValidationError when it is none."""
    plan: tuple[PlannedStep, ...] = adapter(tuple[PlannedStep, ...]).validate_python(spec)
    return plan

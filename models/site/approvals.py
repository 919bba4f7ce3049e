"""approvals.yaml: who has to approve what, in which order, by when."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.rules.approvals import schemes
from models.rules.durations import Duration
from models.site.people import PersonRole
from models.site.types import Matching, Name, Named, PersonId, SiteModel, Title
from models.vocabulary import ApproverKind, ItemRisk, OnTimeout

FactName = Annotated[
    str,
    Matching(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", "must be the name of a fact: letters, digits, _ and hyphens, at most 63"),
]
Cost = Annotated[Decimal, Field(ge=0, le=1_000_000_000, strict=False)]


class Party(StrEnum):
    """Whose manager."""

    REQUESTER = schemes.REQUESTER
    BENEFICIARY = schemes.BENEFICIARY


class Approvers(SiteModel):
    """Some who may decide: one of person, team, role, manager_of, owner_of, named_in."""

    person: PersonId | None = Field(default=None, description="This person.")
    team: Name | None = Field(default=None, description="Everybody of this team.")
    role: PersonRole | None = Field(default=None, description="Everybody who has this role.")
    manager_of: Party | None = Field(default=None, description="The manager of who asks, or of who benefits.")
    owner_of: FactName | None = Field(
        default=None,
        description="The fact that names a service: the manager of the team that owns it, or else all of that team.",
    )
    named_in: FactName | None = Field(default=None, description="The fact, such as an answer, that names a person.")

    @property
    def said(self) -> list[ApproverKind]:
        """The keys that are given; a valid entry has one."""
        return [kind for kind in ApproverKind if getattr(self, kind.value) is not None]

    def approver(self) -> schemes.Approver:
        """The same for the rules."""
        (kind,) = self.said
        return schemes.Approver(kind, str(getattr(self, kind.value)))


class ApprovalStep(SiteModel):
    """One decision: so many different people must approve; the first who denies ends the whole approval."""

    title: Title | None = Field(default=None, description="What people call it.")
    approvers: tuple[Approvers, ...] = Field(min_length=1, max_length=20, description="Who may decide; any of them.")
    needed: int = Field(default=1, ge=1, le=50, description="How many different people must approve.")
    together: bool = Field(default=False, description="It opens with the step before it, not after it.")
    remind_after: Duration | None = Field(
        default=None, description="So often those who have not decided are reminded, at most ten times."
    )
    escalate_after: Duration | None = Field(default=None, description="After so long others may decide, too.")
    escalate_to: tuple[Approvers, ...] = Field(
        default=(), max_length=20, description="Who these others are; at once where nobody else may decide."
    )
    expires_after: Duration | None = Field(
        default=schemes.EXPIRES_AFTER, description="After so long without a decision it is over; empty: never."
    )
    then: OnTimeout = Field(default=OnTimeout.DENY, description="What it comes to then.")

    def step(self) -> schemes.Step:
        """The same for the rules."""
        return schemes.Step(
            approvers=tuple(one.approver() for one in self.approvers),
            needed=self.needed,
            title=self.title or "",
            together=self.together,
            remind_after=self.remind_after,
            escalate_after=self.escalate_after,
            escalate_to=tuple(one.approver() for one in self.escalate_to),
            expires_after=self.expires_after,
            then=self.then,
        )


class PreApproved(SiteModel):
    """What is approved without asking anybody: all that is said here must hold."""

    cost_at_most: Cost | None = Field(default=None, description="It costs no more; what has no cost does not count.")
    risks: tuple[ItemRisk, ...] = Field(default=(), description="Its risk is one of these.")
    roles: tuple[PersonRole, ...] = Field(default=(), description="Who asks has one of these roles.")
    items: tuple[Name, ...] = Field(default=(), description="It is one of these items of the catalogue.")

    def rule(self) -> schemes.PreApproval:
        """The same for the rules."""
        return schemes.PreApproval(
            cost_at_most=self.cost_at_most,
            risks=tuple(risk.value for risk in self.risks),
            roles=tuple(role.value for role in self.roles),
            items=self.items,
        )


class Scheme(Named):
    """Who has to approve, step by step."""

    title: Title = Field(description="What people call it.")
    steps: tuple[ApprovalStep, ...] = Field(min_length=1, max_length=20, description="The steps, in order.")
    pre_approved: tuple[PreApproved, ...] = Field(
        default=(), description="What needs no decision; the first rule that holds says why."
    )
    calendar: Name | None = Field(
        default=None, description="In whose hours its times are counted; without one, around the clock."
    )

    def policy(self) -> schemes.Scheme:
        """The same for the rules."""
        return schemes.Scheme(
            name=self.name,
            title=self.title,
            steps=tuple(one.step() for one in self.steps),
            pre_approved=tuple(one.rule() for one in self.pre_approved),
            calendar=self.calendar,
        )

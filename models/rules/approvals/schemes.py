"""Schemes: who has to approve, in which order, by when. What approvals.yaml says, for the rules."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from models.vocabulary import ApproverKind, OnTimeout

REQUESTER, BENEFICIARY = "requester", "beneficiary"
EXPIRES_AFTER = timedelta(days=14)


@dataclass(frozen=True)
class Approver:
    """Some who may decide: all of a team, who has a role, the manager of the requester ..."""

    kind: ApproverKind
    name: str

    def __str__(self) -> str:
        words = {ApproverKind.MANAGER_OF: "manager of the", ApproverKind.OWNER_OF: "owner of the"}
        return f"{words.get(self.kind, self.kind.value.replace('_', ' '))} {self.name}"


@dataclass(frozen=True)
class Step:
    """One decision of a scheme: so many different people of these must approve; the first who denies ends it."""

    approvers: tuple[Approver, ...]
    needed: int = 1
    title: str = ""
    together: bool = False
    """It opens with the step before it, not after it."""
    remind_after: timedelta | None = None
    escalate_after: timedelta | None = None
    escalate_to: tuple[Approver, ...] = ()
    expires_after: timedelta | None = EXPIRES_AFTER
    then: OnTimeout = OnTimeout.DENY


@dataclass(frozen=True)
class PreApproval:
    """What is approved without asking: all that is said here must hold."""

    cost_at_most: Decimal | None = None
    risks: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """Of the requester."""
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scheme:
    """A whole policy, under its name."""

    name: str
    title: str
    steps: tuple[Step, ...]
    pre_approved: tuple[PreApproval, ...] = ()
    calendar: str | None = None
    """In whose hours its times are counted; None: around the clock."""

    @property
    def stages(self) -> tuple[int, ...]:
        """For each step the number of the stage it opens in, from 1."""
        found: list[int] = []
        for step in self.steps:
            found.append(found[-1] if found and step.together else (found[-1] if found else 0) + 1)
        return tuple(found)

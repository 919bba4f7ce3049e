"""What is asked about, the hash that binds it, and what is approved without asking."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from models.rules.approvals.schemes import PreApproval
from models.rules.wall_clock import require_aware

DOMAIN = "watchbill approval 1"
SHORT = 8
"""So many signs of the hash are shown, and have to be named with a decision."""
COST, RISK, ITEM = "cost", "risk", "item"
"""The facts that pre-approval reads."""
_NUMBER = re.compile(r"(?:apr)?0*(\d{1,15})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Window:
    """When that which is approved may be carried out; None: at any time."""

    earliest: datetime | None = None
    latest: datetime | None = None


ANY_TIME = Window()


@dataclass(frozen=True)
class NewApproval:
    """What somebody is to decide about. `subject` is `kind/id`; people are named as in people.yaml."""

    subject: str
    title: str
    requester: str
    beneficiary: str
    scheme: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain values, as JSON has them; never a secret."""
    difference: str = ""
    """What would change, in words: the dry run. The approver sees it."""
    window: Window = ANY_TIME


@dataclass(frozen=True)
class Bound:
    """Everything that a decision is about: another one of it is another decision."""

    subject: str
    title: str
    requester: str
    beneficiary: str
    facts: Mapping[str, Any]
    difference: str
    window: Window
    scheme: str
    policy: str
    """The fingerprint of the scheme."""

    @property
    def sha256(self) -> str:
        """The hash of the canonical JSON of all of it. Raises ValueError for facts that JSON cannot say."""
        window = [_instant(self.window.earliest), _instant(self.window.latest)]
        body = {**vars(self), "facts": dict(self.facts), "window": window}
        try:
            text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        except TypeError as error:
            raise ValueError(f"the facts of {self.subject} are no plain values: {error}") from None
        return hashlib.sha256(f"{DOMAIN}\n{text}".encode()).hexdigest()


def _instant(at: datetime | None) -> str | None:
    return require_aware(at, "the window of an approval").astimezone(UTC).isoformat() if at is not None else None


def names_it(seen: str, sha256: str) -> bool:
    """Whether what somebody saw names this hash: at least its first 8 signs."""
    return len(seen) >= SHORT and sha256.startswith(seen.lower())


def pre_approved_by(
    rules: tuple[PreApproval, ...], facts: Mapping[str, Any], requester_roles: frozenset[str]
) -> int | None:
    """The number of the first rule, from 1, that approves this without asking; None: somebody has to decide.

    A rule that asks for a fact that is not there does not hold.
    """
    for number, rule in enumerate(rules, start=1):
        if _holds(rule, facts, requester_roles):
            return number
    return None


def _holds(rule: PreApproval, facts: Mapping[str, Any], roles: frozenset[str]) -> bool:
    if rule == PreApproval():
        return False
    if rule.cost_at_most is not None and not _is_at_most(facts.get(COST), rule.cost_at_most):
        return False
    if rule.risks and facts.get(RISK) not in rule.risks:
        return False
    if rule.roles and not roles & set(rule.roles):
        return False
    return not rule.items or facts.get(ITEM) in rule.items


def _is_at_most(cost: object, most: Decimal) -> bool:
    """Whether a cost, as a number or as the text of one, is none above it."""
    if isinstance(cost, bool) or not isinstance(cost, int | float | str):
        return False
    try:
        amount = Decimal(str(cost))
    except InvalidOperation:
        return False
    return amount.is_finite() and 0 <= amount <= most


def approval_id_of(number: str) -> int:
    """The key of APR000123; also of apr123 and 123. Raises ValueError for anything else."""
    found = _NUMBER.fullmatch(number.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"{number!r} is not the number of an approval: it looks like APR000123")
    return int(found[1])

"""Who may see an item and order it, and for whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.vocabulary import ForOthers


@dataclass(frozen=True)
class Member:
    """A person of the site, as far as it matters here."""

    id: str
    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    manager: str | None = None


People = Mapping[str, Member]


@dataclass(frozen=True)
class Circle:
    """Some people: all who have one of these roles, or are in one of these teams, or are named; empty: everybody."""

    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def has(self, member: Member) -> bool:
        """Whether the person is one of them."""
        if not (self.roles or self.teams or self.people):
            return True
        return bool(self.roles & member.roles or self.teams & member.teams or member.id in self.people)


@dataclass(frozen=True)
class Offer:
    """To whom an item is offered. Who may not see it may not order it either."""

    may_see: Circle = Circle()
    may_order: Circle = Circle()
    for_others: ForOthers = ForOthers.NOBODY


def may_see(offer: Offer, member: Member) -> bool:
    """Whether the item is shown to the person."""
    return offer.may_see.has(member)


def why_not_order(offer: Offer, requester: str, beneficiary: str, people: People) -> str | None:
    """Why a person may not order the item for another, or for themselves; None when they may."""
    stranger = next((who for who in (requester, beneficiary) if who not in people), None)
    if stranger is not None:
        return f"there is no person {stranger!r} in people.yaml"
    if not (may_see(offer, people[requester]) and offer.may_order.has(people[requester])):
        return "it is offered to others"
    if beneficiary == requester:
        return None
    if offer.for_others is ForOthers.NOBODY:
        return "it may be ordered for oneself only"
    if offer.for_others is ForOthers.REPORTS and requester not in managers_of(beneficiary, people):
        return f"it may be ordered for those who report to oneself, and {beneficiary} does not report to {requester}"
    return None


def managers_of(person: str, people: People) -> tuple[str, ...]:
    """The managers above a person, the nearest first."""
    above: list[str] = []
    manager = people[person].manager if person in people else None
    while manager is not None and manager not in above and manager != person:
        above.append(manager)
        manager = people[manager].manager if manager in people else None
    return tuple(above)

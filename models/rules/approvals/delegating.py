"""Delegation: for some days somebody else decides in one's place. All of it is about identities.

While it lasts, who delegated decides nothing: what is passed on is passed on. It goes on from one to the next, as
long as that one may decide about the thing at all; before somebody who may not, it stops.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Delegation:
    """From one identity to another, from an instant up to another."""

    person: str
    delegate: str
    starts_at: datetime
    ends_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.starts_at <= now < self.ends_at

    def meets(self, other: "Delegation") -> bool:
        """Whether both are in force at some instant."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


Delegations = Collection[Delegation]


def in_force(delegations: Iterable[Delegation], now: datetime) -> dict[str, str]:
    """Who decides for whom now; of several of one person, the first."""
    found: dict[str, str] = {}
    for one in delegations:
        if one.holds(now):
            found.setdefault(one.person, one.delegate)
    return found


def barred(involved: Collection[str], acting: dict[str, str]) -> frozenset[str]:
    """Who may not decide about a thing: who asks or benefits, and everybody who acts for them, at any remove.

    Source of the rule: a delegate has the powers of the one they act for, and those are void here.
    """
    found: set[str] = set()
    for start in involved:
        person: str | None = start
        while person is not None and person not in found:
            found.add(person)
            person = acting.get(person)
    return frozenset(found)


def chain(owner: str, acting: dict[str, str], without: Collection[str]) -> tuple[str, ...]:
    """From the owner of a seat to the one who holds it now, both ends included; it stops before one of `without`."""
    found = [owner]
    while (following := acting.get(found[-1])) is not None and following not in without and following not in found:
        found.append(following)
    return tuple(found)


def delegation_problems(new: Delegation, others: Delegations, now: datetime) -> Iterator[str]:
    """What is wrong with a new delegation, in words; `others` are those that are not over."""
    if new.person == new.delegate:
        yield f"{new.person} cannot delegate to themselves"
        return
    if new.ends_at <= new.starts_at:
        yield "it ends before it begins"
        return
    if new.ends_at <= now:
        yield "it is over already"
    if new.ends_at - new.starts_at > LONGEST:
        yield "it lasts longer than a year: give it a nearer end"
    same = next((one for one in others if one.person == new.person and one.meets(new)), None)
    if same is not None:
        yield f"{new.person} has delegated to {same.delegate} in that time: end that first"
    round_trip = _circle(new, others)
    if round_trip:
        yield f"it would go round in a circle: {' -> '.join(round_trip)}"


def _circle(new: Delegation, others: Delegations) -> list[str]:
    """The people of the circle that this one would close at some instant, or none.

    Who acts for whom changes only where a delegation begins: those instants are enough to look at.
    """
    for at in sorted({one.starts_at for one in (new, *others) if new.holds(one.starts_at)}):
        acting = in_force(others, at)
        trail, person = [new.person, new.delegate], acting.get(new.delegate)
        while person is not None and person not in trail:
            trail.append(person)
            person = acting.get(person)
        if person == new.person:
            return [*trail, person]
    return []

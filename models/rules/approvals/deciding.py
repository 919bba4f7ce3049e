"""Who decides in a step, and what it comes to. Nobody decides about what they asked for, benefit from or delegated."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from models.rules.approvals.delegating import barred, chain
from models.rules.approvals.resolving import Involved
from models.vocabulary import ApprovalStepState, ApprovalVerdict


@dataclass(frozen=True)
class Made:
    """One decision of a step, by identities: from the owner of the seat to who decided, both ends included."""

    chain: tuple[str, ...]
    verdict: ApprovalVerdict

    @property
    def identity(self) -> str:
        """Who decided."""
        return self.chain[-1]

    @property
    def seat(self) -> str:
        """Whose seat it was."""
        return self.chain[0]


@dataclass(frozen=True)
class Ballot:
    """A step as far as it decides who may decide: its seats by identity, and what was decided."""

    seats: frozenset[str]
    made: tuple[Made, ...] = ()

    @property
    def spent(self) -> frozenset[str]:
        """Everybody who has decided here, or let somebody decide."""
        return frozenset(identity for made in self.made for identity in made.chain)


@dataclass(frozen=True)
class Ruling:
    """Whether somebody may decide, by which chain, and why not."""

    allowed: bool
    reason: str
    chain: tuple[str, ...] = ()
    ballot: int = 0
    """In which of the steps, by its place among them."""
    is_conflict: bool = False
    """It would be a decision about their own matter: worth the attention of those who guard the site."""


def holders(ballot: Ballot, involved: Involved, acting: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Who may decide in a step now, each with the chain from the seat that they hold: their own before another's."""
    without = barred(involved.people, dict(acting))
    found: dict[str, tuple[str, ...]] = {}
    for seat in sorted(ballot.seats - without):
        held = chain(seat, dict(acting), without)
        if ballot.spent.isdisjoint(held) and (held[-1] not in found or held[-1] == seat):
            found[held[-1]] = held
    return found


def ruling(person: str, ballots: Iterable[Ballot], involved: Involved, acting: Mapping[str, str]) -> Ruling:
    """Whether an identity may decide in the first of these steps that it can; `acting`: who acts for whom now."""
    ballots = tuple(ballots)
    if person in involved.people:
        what = "asked for it" if person == involved.requester else "benefits from it"
        return Ruling(False, f"{person} {what}: nobody decides about their own matter", is_conflict=True)
    if person in barred(involved.people, dict(acting)):
        who = " or ".join(sorted(involved.people))
        return Ruling(False, f"{person} acts for {who}, whose matter it is", is_conflict=True)
    for place, ballot in enumerate(ballots):
        held = holders(ballot, involved, acting).get(person)
        if held is not None:
            return Ruling(True, "may decide" if len(held) == 1 else f"may decide for {held[0]}", held, place)
    return _refusal(person, ballots, acting)


def _refusal(person: str, ballots: tuple[Ballot, ...], acting: Mapping[str, str]) -> Ruling:
    if any(person == made.identity for ballot in ballots for made in ballot.made):
        return Ruling(False, f"{person} has decided already: each person counts once")
    if any(person in ballot.spent for ballot in ballots):
        return Ruling(False, f"somebody has decided for {person} already", is_conflict=True)
    if person in acting and any(person in ballot.seats for ballot in ballots):
        words = f"{person} has delegated to {acting[person]}, who decides meanwhile: end the delegation first"
        return Ruling(False, words, is_conflict=True)
    return Ruling(False, f"{person} is none of those who may decide now")


def comes_to(needed: int, made: Collection[Made]) -> ApprovalStepState:
    """What a step has come to: the first who denies ends it, so many who approve carry it."""
    if any(one.verdict is ApprovalVerdict.DENY for one in made):
        return ApprovalStepState.DENIED
    return ApprovalStepState.APPROVED if len(made) >= needed else ApprovalStepState.OPEN

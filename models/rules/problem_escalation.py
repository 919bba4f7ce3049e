"""Which incidents become problems without anybody asking, and which problem one belongs to that is open already."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.vocabulary import EscalateOn


@dataclass(frozen=True)
class Ordeal:
    """What an incident has gone through."""

    is_major: bool = False
    """It was accepted as a major one."""
    reopened: int = 0
    by_workaround: bool = False
    """It was resolved by one."""
    known_error: str | None = None
    """The number of the known error that it was."""
    same_known_error: int = 0
    """How many incidents were that, this one among them."""


def reason_to_escalate(on: EscalateOn, times: int, ordeal: Ordeal) -> str | None:
    """Why an incident becomes a problem by a rule on this, in words; None: it does not."""
    match on:
        case EscalateOn.MAJOR:
            return "it is a major incident" if ordeal.is_major else None
        case EscalateOn.REOPENED:
            return f"it was reopened {ordeal.reopened} times" if ordeal.reopened >= times else None
        case EscalateOn.WORKAROUND:
            return "it was resolved by a workaround: its cause is still there" if ordeal.by_workaround else None
        case EscalateOn.KNOWN_ERROR:
            again = f"{ordeal.known_error} again: {ordeal.same_known_error} incidents were that"
            return again if ordeal.known_error and ordeal.same_known_error >= times else None


@dataclass(frozen=True)
class About:
    """What an incident or a problem is about."""

    service: str | None = None
    category: str | None = None
    host: str | None = None


def same_matter(one: About, other: About) -> bool:
    """Whether two are about the same thing: the same service and category, or host where no category is said."""
    if one.service is None or one.service != other.service or one.category != other.category:
        return False
    return one.category is not None or (one.host is not None and one.host == other.host)


def one_to_join(incident: About, known_error_problem: int | None, unsolved: Iterable[tuple[int, About]]) -> int | None:
    """The key of the open problem that an incident belongs to: that of its known error, or the first of its matter."""
    if known_error_problem is not None:
        return known_error_problem
    return next((key for key, about in unsolved if same_matter(incident, about)), None)

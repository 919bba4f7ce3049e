"""Problems: what a new one says, what its moves take, and what is looked at next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.rules.incidents import ticket_id_of
from models.vocabulary import AnalysisKind, ProblemOrigin, TicketKind

WATCH_FOR = timedelta(days=14)
CLOSE_AFTER = timedelta(days=5)


@dataclass(frozen=True)
class NewProblem:
    """A problem before it has its number. Impact and urgency that are not said are the middle ones."""

    title: str
    description: str = ""
    origin: ProblemOrigin = ProblemOrigin.REACTIVE
    service: str | None = None
    host: str | None = None
    category: str | None = None
    impact: str | None = None
    urgency: str | None = None
    team: str | None = None
    owner: str | None = None
    target_at: datetime | None = None
    source: str = "command line"
    is_drill: bool = False
    incidents: tuple[int, ...] = ()
    """The keys of the incidents that it causes."""


@dataclass(frozen=True)
class AcceptedRisk:
    """Trouble that a company lives with: why, who answers for that, and until when."""

    words: str
    by: str
    until: datetime


@dataclass(frozen=True)
class Finding:
    """An entry of the analysis before it is written down."""

    kind: AnalysisKind
    text: str
    below: int | None = None
    """Of a cause: the key of the one above it in the tree."""


@dataclass(frozen=True)
class NewTask:
    """Something that somebody is to do about a problem."""

    title: str
    owner: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class Review:
    """What a major problem review found."""

    went_well: str
    went_badly: str
    changes: str
    """What is done differently from now on."""
    people: str
    """Who took part."""


@dataclass(frozen=True)
class ProblemRules:
    """What holds for every problem of a site."""

    watch_for: timedelta = WATCH_FOR
    """How long after its fix a problem is watched."""
    close_after: timedelta = CLOSE_AFTER
    """How long after it was resolved it is closed."""
    review_priorities: frozenset[str] = field(default_factory=frozenset)
    """Problems of these priorities are reviewed."""
    review_within: timedelta = timedelta(days=10)
    """How long after the fix the review is due."""


def cause_tree(parents: Mapping[int, int | None]) -> list[tuple[int, int]]:
    """The causes of a tree as people read it: each key with its depth, below its parent, in the order of the keys."""
    below: dict[int | None, list[int]] = {}
    for key in sorted(parents):
        below.setdefault(parents[key], []).append(key)
    found: list[tuple[int, int]] = []
    waiting = [(key, 0) for key in reversed(below.get(None, []))]
    while waiting:
        key, depth = waiting.pop()
        found.append((key, depth))
        waiting += [(child, depth + 1) for child in reversed(below.get(key, []))]
    return found


def problem_id_of(number: str) -> int:
    """The key of PRB000123; also of prb123 and 123. Raises ValueError for anything else."""
    return ticket_id_of(TicketKind.PROBLEM, number)

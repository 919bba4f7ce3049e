"""What a causal chain is made of: plain values, each thing by the id that everybody uses for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a link of the chain is, in the order in which one leads to the next."""

    EVENT = "event"
    SLOT = "expected run"
    RUN = "run"
    ALERT = "alert"
    INCIDENT = "incident"
    CANDIDATE = "candidate"
    PROBLEM = "problem"
    KNOWN_ERROR = "known error"
    FIX = "fix"


class Direction(StrEnum):
    """Which way was walked."""

    BEFORE = "before"  # what it came of
    AFTER = "after"  # what came of it


@dataclass(frozen=True)
class Node:
    """One thing: `incident/12`, `run/7`; an alert by its episode, `alert/3/2`; a fix by its row in the journal."""

    subject: str
    kind: Kind
    number: str | None
    """What people say: INC000012; None for what has no number."""
    title: str
    state: str
    at: datetime | None
    """When it began."""
    detail: str = ""


@dataclass(frozen=True)
class Edge:
    """The earlier thing led to the later one."""

    earlier: str
    later: str
    verb: str
    """`started`, `failed into`, `belongs to`: read from the earlier to the later."""


@dataclass(frozen=True)
class More:
    """What one thing is linked with besides what is shown, told by its number."""

    subject: str
    direction: Direction
    kind: Kind
    verb: str
    number: int


@dataclass(frozen=True)
class Chain:
    """All that led to one thing, and all that came of it."""

    start: str
    nodes: tuple[Node, ...]
    """By time; the start is one of them."""
    edges: tuple[Edge, ...]
    more: tuple[More, ...]
    not_followed: tuple[str, ...] = ()
    """Things that are shown, and were not looked behind: the chain is too long for one page."""


@dataclass(frozen=True)
class Neighbours:
    """The things of one kind that one thing leads to, or comes of: those that are shown, and how many there are."""

    kind: Kind
    verb: str
    subjects: tuple[str, ...]
    number: int

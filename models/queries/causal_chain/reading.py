"""Reading the neighbours of a thing: few are shown one by one, of many the first, with the number of the others."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.queries.causal_chain.content import Kind, Neighbours

FEW = 5
"""So many are shown one by one."""
OF_MANY = 2
"""So many are shown where there are more than a few."""

PREFIXES = {
    Kind.EVENT: "event",
    Kind.SLOT: "slot",
    Kind.RUN: "run",
    Kind.ALERT: "alert",
    Kind.INCIDENT: "incident",
    Kind.CANDIDATE: "candidate",
    Kind.PROBLEM: "problem",
    Kind.KNOWN_ERROR: "known-error",
    Kind.FIX: "fix",
}
KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}


def kind_of(subject: str) -> Kind:
    """What kind of thing a subject names. Raises ValueError for one that is no link of a chain."""
    prefix = subject.partition("/")[0]
    if prefix not in KINDS:
        raise ValueError(f"{subject} is no link of a causal chain")
    return KINDS[prefix]


def key_of(subject: str) -> int:
    """The key of `incident/12`; of an episode of an alert, that of the alert."""
    return int(subject.split("/")[1])


def subject_of(kind: Kind, *keys: int) -> str:
    """`incident/12`, `alert/3/2`."""
    return "/".join((PREFIXES[kind], *map(str, keys)))


def neighbours(session: Session, kind: Kind, verb: str, query: Select[Any]) -> list[Neighbours]:
    """What the query finds, whose columns are the parts of the key; none when it finds nothing."""
    rows = session.execute(query.limit(FEW + 1)).all()
    if not rows:
        return []
    number = len(rows)
    if number > FEW:
        number = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        rows = rows[:OF_MANY]
    return [Neighbours(kind, verb, tuple(subject_of(kind, *row) for row in rows), number)]


def named(kind: Kind, verb: str, *keys: int | None) -> list[Neighbours]:
    """Things that are known by their keys; a key that is None is none."""
    found = [subject_of(kind, key) for key in keys if key is not None]
    shown = found if len(found) <= FEW else found[:OF_MANY]
    return [Neighbours(kind, verb, tuple(shown), len(found))] if found else []

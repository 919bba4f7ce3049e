"""What the journal says of incidents, as the facts that their clocks are computed from (law 7).

The first row of an incident names the promises that hold for it, and so does each later row that changes them; what
they said is known from the register's own rows, so a change of the site is a fact of every incident that runs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.queries import journal
from models.queries.promise_terms import PromiseTerms, Version, read_terms
from models.records import JournalRow
from models.rules.clock_breakdown import Handover
from models.rules.clock_facts import (
    Closed,
    Fact,
    HoldBegan,
    HoldEnded,
    Opened,
    Owned,
    PrioritySet,
    PromisesChanged,
    Reopened,
    Resolved,
)
from models.rules.clock_promises import Promise

UNWRITTEN = 2**62
"""Stands for the number of a row that this transaction has not written yet: it comes after all others."""
_ROWS = JournalRow.__table__.c
OVER = {"resolve", "close", "cancel", "merge"}


class Row(NamedTuple):
    """A row of the journal about one incident."""

    seq: int
    at: datetime
    action: str
    actor: str
    facts: Mapping[str, Any]


@dataclass
class History:
    """The facts of one incident in the journal's order, and the promises with which it was opened."""

    facts: list[Fact] = field(default_factory=list)
    promises: tuple[Promise, ...] = ()
    names: tuple[str, ...] = ()
    """The promises that the last row named."""
    steps: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The steps of each escalation that were taken, by their keys."""
    handovers: list[Handover] = field(default_factory=list)
    """Who has had it, from when on."""


def history_of(session: Session, incident_id: int) -> History:
    """What the journal and this transaction say of one incident; nothing of one that there is not."""
    return histories_of(session, [incident_id]).get(incident_id, History())


def histories_of(session: Session, incident_ids: Sequence[int]) -> dict[int, History]:
    """The histories of several incidents, read at once."""
    terms = read_terms(session)
    rows = _rows_of(session, [f"incident/{incident_id}" for incident_id in incident_ids])
    return {int(subject.removeprefix("incident/")): _history(found, terms) for subject, found in rows.items()}


def facts_of(session: Session, incident_id: int) -> list[Fact]:
    """The facts of one incident, oldest first; the first is its opening."""
    return history_of(session, incident_id).facts


def _rows_of(session: Session, subjects: Sequence[str]) -> dict[str, list[Row]]:
    query = select(_ROWS.subject, _ROWS.seq, _ROWS.at, _ROWS.tag, _ROWS.actor, _ROWS.facts)
    found: dict[str, list[Row]] = defaultdict(list)
    written = session.execute(query.where(_ROWS.subject.in_(subjects)).order_by(_ROWS.seq))
    for subject, seq, at, tag, actor, facts in written:
        found[subject].append(Row(seq, datetime.fromisoformat(at), _action(tag), actor, orjson.loads(facts)))
    queued = journal.queued_by_subject(session)
    for subject in subjects:
        for fact in queued.get(subject, ()):
            found[subject].append(Row(UNWRITTEN, fact.at or clock.now(), _action(fact.tag), fact.actor, fact.facts))
    return found


def _action(tag: str) -> str:
    return tag.rpartition(":")[2]


def _history(rows: Iterable[Row], terms: PromiseTerms) -> History:
    history = History()
    current: tuple[Promise, ...] = ()
    changes: list[Version] = []
    is_over = False
    for row in rows:
        if "team" in row.facts or "owner" in row.facts:
            _hand_over(history, row)
        if row.action == "open":
            history.names = tuple(row.facts.get("promises") or ())
            history.promises = current = terms.at(history.names, row.seq)
            history.facts.append(Opened(row.at, row.facts.get("priority")))
            changes = terms.changes_after(row.seq)
            continue
        while changes and changes[0].seq < row.seq:
            current = _follow(history, current, changes.pop(0), terms)
        if "promises" in row.facts:
            history.names = tuple(row.facts["promises"] or ())
            current = terms.at(history.names, row.seq)
            history.facts.append(PromisesChanged(row.at, current, "others hold for it now"))
        history.facts += _facts_in(row)
        is_over = row.action in OVER or (is_over and row.action != "reopen")
        if "chain" in row.facts:
            history.steps[row.facts["chain"]].update(row.facts["covered"])
    # What the site changes after the end moves nothing, unless the incident is reopened: then it stands before that.
    for change in [] if is_over else changes:
        current = _follow(history, current, change, terms)
    return history


def _hand_over(history: History, row: Row) -> None:
    """Who has it after a row that names a team, a person, or that there is none."""
    before = history.handovers[-1] if history.handovers else Handover(row.at)
    team, owner = row.facts.get("team", before.team), row.facts.get("owner", before.owner)
    history.handovers.append(Handover(row.at, team, owner))


def _follow(
    history: History, current: tuple[Promise, ...], change: Version, terms: PromiseTerms
) -> tuple[Promise, ...]:
    """The promises after a change of the register; a fact of the incident when it is about one of them."""
    new = terms.at(history.names, change.seq)
    if new is not current:
        verb = "changed" if change.spec else "ended"
        history.facts.append(PromisesChanged(change.at, new, f"the site {verb} {change.subject}"))
    return new


def _facts_in(row: Row) -> Iterator[Fact]:
    """What a row says that concerns the clocks: notes, links and what the clocks themselves wrote do not."""
    if "priority" in row.facts:
        yield PrioritySet(row.at, str(row.facts["priority"]))
    match row.action:
        case "take":
            yield Owned(row.at, str(row.facts.get("owner") or row.actor))
        case "hold":
            yield HoldBegan(row.at, str(row.facts["hold_reason"]))
        case "resume":
            yield HoldEnded(row.at)
        case "resolve":
            yield Resolved(row.at)
        case "reopen":
            yield Reopened(row.at)
        case "close" | "cancel" | "merge":
            yield Closed(row.at)

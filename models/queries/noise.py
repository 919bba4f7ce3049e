"""The noise report: what came of the events of a time, which rules and senders are loud, and what nobody ever acts on.

Events become alerts, alerts become incidents, and some incidents are worked on. An alert counts each time it began to
fire. A person acted on it who acknowledged it, or took, held, resolved or merged its incident, or wrote a note on it;
our own parts do not count. Drills are left out.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from models.records import Alert, AlertChange, AlertGroup, InboxRow, Incident, JournalRow, WorkNote
from models.vocabulary import AlertAction

NO_RULE = "(no rule)"
PARTS = ("events", "clock", "escalation", "planner")
"""Who acts without being a person."""
ACTS = tuple(f"incidents:incident:{act}" for act in ("take", "hold", "resolve", "merge"))
_FIRES = (AlertAction.FIRE, AlertAction.FIRE_AGAIN)
_SUBJECTS_AT_ONCE = 500
T = TypeVar("T")


@dataclass(frozen=True)
class Loud:
    """What came of the alerts of one rule, one sender or one name."""

    name: str
    alerts: int
    """Different ones that fired."""
    firings: int
    """How often they began to fire."""
    incidents: int
    """Those that they had a part in."""
    acted_on: int
    """Of these incidents, those that a person worked on."""
    acknowledged: int
    """How often a person acknowledged one of the alerts."""
    events: int | None = None
    """Of a sender: the events that came from it."""

    @property
    def is_ignored(self) -> bool:
        """Nobody ever acted on it."""
        return not self.acted_on and not self.acknowledged


@dataclass(frozen=True)
class Noise:
    """The funnel of a time, and its parts, the loudest first."""

    since: datetime
    until: datetime
    events: int
    alerts: int
    firings: int
    incidents: int
    """Opened by alerts."""
    acted_on: int
    rules: tuple[Loud, ...]
    sources: tuple[Loud, ...]
    ignored: tuple[Loud, ...]
    """Alerts, as `source: name`, on which nobody ever acted."""


@dataclass(frozen=True)
class _Fired:
    """Alerts of one sender, name, set of rules and group."""

    source: str
    name: str
    rules: tuple[str, ...]
    group: int | None
    alerts: int
    firings: int
    acknowledged: int


def noise(session: Session, since: datetime, until: datetime) -> Noise:
    """What became of the events from one instant on and before another."""
    fired = list(_fired(session, since, until))
    opened = _opened(session, since, until)
    worked_on = _worked_on(session, opened)
    events = _events(session, since, until)
    by_group = _by_group(session, opened)
    counts = _Counts(by_group, worked_on)
    by_source = counts.loud(fired, lambda one: [one.source])
    known = {one.name for one in by_source}
    silent = [Loud(source, 0, 0, 0, 0, 0) for source in events if source not in known]
    with_events = [_with_events(one, events.get(one.name, 0)) for one in (*by_source, *silent)]
    names = counts.loud(fired, lambda one: [f"{one.source}: {one.name}"])
    return Noise(
        since=since,
        until=until,
        events=sum(events.values()),
        alerts=sum(one.alerts for one in fired),
        firings=sum(one.firings for one in fired),
        incidents=len(opened),
        acted_on=len(worked_on),
        rules=tuple(counts.loud(fired, lambda one: one.rules or [NO_RULE])),
        sources=tuple(sorted(with_events, key=lambda one: (-(one.events or 0), -one.firings, one.name))),
        ignored=tuple(one for one in names if one.is_ignored),
    )


@dataclass(frozen=True)
class _Counts:
    """Which incidents each group of alerts had, and on which a person worked."""

    by_group: dict[int, set[int]]
    worked_on: set[int]

    def loud(self, fired: Iterable[_Fired], names_of: Callable[[_Fired], Iterable[str]]) -> list[Loud]:
        """The same counts for each name, the loudest first."""
        parts: dict[str, list[_Fired]] = {}
        for one in fired:
            for name in names_of(one):
                parts.setdefault(name, []).append(one)
        found = [self._one(name, of_name) for name, of_name in parts.items()]
        return sorted(found, key=lambda one: (-one.firings, one.name))

    def _one(self, name: str, parts: list[_Fired]) -> Loud:
        incidents = {incident for one in parts if one.group for incident in self.by_group.get(one.group, ())}
        return Loud(
            name=name,
            alerts=sum(one.alerts for one in parts),
            firings=sum(one.firings for one in parts),
            incidents=len(incidents),
            acted_on=len(incidents & self.worked_on),
            acknowledged=sum(one.acknowledged for one in parts),
        )


def _with_events(loud: Loud, events: int) -> Loud:
    return Loud(loud.name, loud.alerts, loud.firings, loud.incidents, loud.acted_on, loud.acknowledged, events)


def _fired(session: Session, since: datetime, until: datetime) -> Iterator[_Fired]:
    """The alerts that fired in the time, put together by the database: a storm has a hundred thousand."""
    rules = Alert.details["rules"].as_string()
    fired = AlertChange.action.in_(_FIRES)
    by_person = (AlertChange.action == AlertAction.ACKNOWLEDGE) & AlertChange.actor.not_in(PARTS)
    query = (
        select(
            Alert.source,
            Alert.name,
            rules,
            Alert.group_id,
            func.count(func.distinct(case((fired, AlertChange.alert_id)))),
            func.sum(case((fired, 1), else_=0)),
            func.sum(case((by_person, 1), else_=0)),
        )
        .join(Alert, Alert.id == AlertChange.alert_id)
        .where(AlertChange.at >= since, AlertChange.at < until, Alert.is_drill.is_(False))
        .where(AlertChange.action.in_((*_FIRES, AlertAction.ACKNOWLEDGE)))
        .group_by(Alert.source, Alert.name, rules, Alert.group_id)
    )
    for source, name, judged_by, group, alerts, firings, acknowledged in session.execute(query):
        named = tuple(json.loads(judged_by or "[]"))
        yield _Fired(source, name, named, group, alerts, int(firings), int(acknowledged))


def _opened(session: Session, since: datetime, until: datetime) -> dict[int, str | None]:
    """The incidents that alerts opened in the time, each with the key of its group."""
    query = select(Incident.id, Incident.correlation_key).where(
        Incident.opened_at >= since,
        Incident.opened_at < until,
        Incident.source == "event",
        Incident.is_drill.is_(False),
    )
    return dict(session.execute(query).tuples().all())


def _by_group(session: Session, opened: dict[int, str | None]) -> dict[int, set[int]]:
    """The incidents of each group of alerts: a group has one after the other."""
    by_key: dict[str, set[int]] = {}
    for incident, key in opened.items():
        if key is not None:
            by_key.setdefault(key, set()).add(incident)
    found: dict[int, set[int]] = {}
    for keys in _parts(by_key):
        for group, key in session.execute(select(AlertGroup.id, AlertGroup.key).where(AlertGroup.key.in_(keys))):
            found[group] = by_key[key]
    return found


def _worked_on(session: Session, opened: Iterable[int]) -> set[int]:
    """Those of the incidents on which a person acted, whenever it was."""
    found: set[int] = set()
    for ids in _parts(opened):
        subjects = [f"incident/{one}" for one in ids]
        acts = select(JournalRow.subject).where(
            JournalRow.subject.in_(subjects), JournalRow.tag.in_(ACTS), JournalRow.actor.not_in(PARTS)
        )
        found |= {int(subject.partition("/")[2]) for subject in session.scalars(acts)}
        notes = select(WorkNote.ticket_id).where(WorkNote.ticket_id.in_(ids), WorkNote.person.not_in(PARTS))
        found |= set(session.scalars(notes))
    return found


def _events(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    """How many events each sender sent, as far as its requests are kept."""
    query = (
        select(InboxRow.source, func.sum(InboxRow.count))
        .where(InboxRow.received_at >= since, InboxRow.received_at < until)
        .group_by(InboxRow.source)
    )
    return {source: int(events) for source, events in session.execute(query)}


def _parts(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(islice(rest, _SUBJECTS_AT_ONCE)):
        yield part

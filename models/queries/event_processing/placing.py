"""Which group each alert belongs to: a storm, a service or an application, or the group of its route.

Where a route says `continue`, the alert is a guest of the groups of those after it: they are told of it, but one alert
makes one incident, and that is of the group that it belongs to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import chain
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.queries.event_processing import guests
from models.queries.event_processing.alert_rows import Draft
from models.queries.event_processing.gathering import Storm, gather
from models.queries.event_processing.memory import Memory
from models.records import Alert, AlertGroup
from models.rules.correlation import STORM_WINDOW
from models.rules.correlation import storm as is_a_storm
from models.rules.routing import Branch, routes_for
from models.rules.topology import LOOK_BACK, topology_key
from models.vocabulary import AlertAction, AlertState

STORM = "storm"
"""How the topic of a storm begins; its scope follows."""
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Place:
    """The group that an alert is to join, and the route that says when and whom to tell."""

    key: str
    branch: Branch
    labels: dict[str, str]
    """Those that the route groups by."""
    topic: str | None = None


def place(session: Session, drafts: Sequence[Draft], memory: Memory, now: datetime) -> dict[int, AlertGroup]:
    """Give each alert that fires anew its group. The groups of all whose alerts moved, by number."""
    guests.read(session, drafts)
    fresh = [draft for draft in drafts if _needs_group(draft)]
    storms = _storms(session, [draft for draft in fresh if draft.is_new], memory)
    topics = {storm.scope: storm.topic for storm in storms}
    keys: dict[str, str] = {}
    places = []
    for draft in fresh:
        topic = (topics.get(draft.values["scope"]) if draft.is_new else None) or _topic_of(draft, memory)
        if topic is not None and topic not in keys:
            keys[topic] = _key_of_topic(session, topic, memory, now)
        places.append(_places(draft, topic, keys, memory))
    groups = _groups(session, chain.from_iterable(places), now)
    for draft, (own, *further) in zip(fresh, places, strict=True):
        group = groups[own.key]
        draft.values["group_id"] = group.id
        group.joined_at = now
        _invite(draft, [groups[one.key] for one in further], now)
        # What begins anew follows the rules of now; what goes on, those that it began with.
        if draft.values["is_for_incident"] and (group.policy_id is None or group.first_look_at is None):
            group.policy_id = draft.values["policy_id"]
    for storm in storms:
        if storm.begins:
            gather(session, storm, groups[keys[storm.topic]], drafts)
    moved = {number for draft in drafts if draft.has_moved for number in draft.groups}
    return _touched(session, moved, groups.values())


def is_storm(group: AlertGroup) -> bool:
    """Whether the group took in what came too thick to tell apart."""
    return (group.topic or "").startswith(f"{STORM} ")


def _needs_group(draft: Draft) -> bool:
    fires = draft.course.state is not AlertState.RESOLVED or draft.course.is_flapping
    is_anew = any(one.change.action is AlertAction.FIRE for one in draft.happened)
    return fires and (is_anew or draft.values["group_id"] is None)


def _storms(session: Session, new: Sequence[Draft], memory: Memory) -> list[Storm]:
    """The storms that the new alerts are part of."""
    by_scope: dict[str, list[datetime]] = {}
    for draft in new:
        by_scope.setdefault(draft.values["scope"], []).append(draft.values["created_at"])
    found = []
    for scope, times in by_scope.items():
        since, limit, topic = max(times) - STORM_WINDOW, memory.book.storm_limit, f"{STORM} {scope}"
        recent = select(Alert.id).where(Alert.scope == scope, Alert.created_at > since).limit(limit + 1)
        known = session.scalar(select(func.count()).select_from(recent.subquery())) or 0
        newest = _newest_of(session, topic)
        was_storm = newest is not None and newest.joined_at > since
        if is_a_storm(known + sum(at > since for at in times), limit, was_storm=was_storm).allowed:
            found.append(Storm(scope, topic, since, begins=not was_storm))
    return found


def _topic_of(draft: Draft, memory: Memory) -> str | None:
    topology = memory.book.topology
    if topology is None:
        return None
    return topology_key(topology, draft.values["service"], memory.book.applications)


def _key_of_topic(session: Session, topic: str, memory: Memory, now: datetime) -> str:
    """The group of a topic whose newest alert is not too old, or one that begins now."""
    topology = memory.book.topology
    look_back: timedelta = topology.look_back if topology and not topic.startswith(STORM) else LOOK_BACK
    newest = _newest_of(session, topic)
    if newest is not None and now - newest.joined_at <= look_back:
        return newest.key
    return _digest(f"{topic} {now.isoformat()}")


def _newest_of(session: Session, topic: str) -> AlertGroup | None:
    return session.scalar(select(AlertGroup).where(AlertGroup.topic == topic).order_by(AlertGroup.id.desc()).limit(1))


def _places(draft: Draft, topic: str | None, keys: dict[str, str], memory: Memory) -> list[Place]:
    """The alert's own place, by the first route that takes it, and one for each further route."""
    labels = draft.values["labels"]
    branches = routes_for(memory.book.tree, labels)
    if topic is None:
        return [Place(memory.group_key(one, labels), one, one.group_labels(labels)) for one in branches]
    further = [Place(_digest(f"{keys[topic]} {one.key}"), one, {}) for one in branches[1:]]
    return [Place(keys[topic], branches[0], {}, topic), *further]


def _invite(draft: Draft, further: Sequence[AlertGroup], now: datetime) -> None:
    draft.guest_of = frozenset(group.id for group in further)
    draft.values["is_guest"] = bool(further)
    for group in further:
        group.has_guests, group.joined_at = True, now


def _groups(session: Session, places: Iterable[Place], now: datetime) -> dict[str, AlertGroup]:
    """The groups of these places by key; those that are new are made."""
    firsts: dict[str, Place] = {}
    for one in places:
        firsts.setdefault(one.key, one)
    found = {group.key: group for group in _read(session, list(firsts))}
    for key, one in firsts.items():
        timing = _timing(one.branch)
        if key not in found:
            group = AlertGroup(key=key, route=one.branch.key, labels=one.labels, timing=timing, topic=one.topic)
            group.began_at = group.joined_at = now
            session.add(group)
            found[key] = group
        elif found[key].timing != timing and one.topic is None:
            found[key].timing = timing
    session.flush()
    return found


def _read(session: Session, keys: list[str]) -> list[AlertGroup]:
    found: list[AlertGroup] = []
    for first in range(0, len(keys), 500):
        found += session.scalars(select(AlertGroup).where(AlertGroup.key.in_(keys[first : first + 500])))
    return found


def _timing(branch: Branch) -> dict[str, Any]:
    return {
        "receiver": branch.receiver,
        "wait": branch.group_wait.total_seconds(),
        "interval": branch.group_interval.total_seconds(),
        "repeat": branch.repeat_interval.total_seconds(),
        "mute": list(branch.mute_time_intervals),
        "active": list(branch.active_time_intervals),
    }


def _touched(session: Session, numbers: set[int], read: Iterable[AlertGroup]) -> dict[int, AlertGroup]:
    found = {group.id: group for group in read if group.id in numbers}
    missing = sorted(numbers - set(found))
    for first in range(0, len(missing), 500):
        query = select(AlertGroup).where(AlertGroup.id.in_(missing[first : first + 500]))
        found |= {group.id: group for group in session.scalars(query)}
    return found


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()

"""When the alerts of a group are told: after the group wait, at each group interval, and again after the repeat.

The rules are Alertmanager's. A group begins with its first alert and is looked at when the group wait is over, then
at every group interval. A look tells the group when an alert fires that was not told as firing, when nothing fires
any more that was told, when one has resolved that was not told as resolved (unless those are not wanted), or when
the repeat interval has passed. What has resolved leaves the group with the look after which nobody need hear of it;
an empty group is over.

Two things differ: the repeat is due when its interval is over and not one look later, and a look that is muted keeps
what has resolved, so that its end is told afterwards.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.rules.matchers import Labels
from models.rules.routing import Branch
from models.rules.wall_clock import require_aware, stamp

_shown = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Timing:
    """How long a group is collected first, how often it is looked at, and how soon told again."""

    wait: timedelta
    interval: timedelta
    repeat: timedelta
    tells_resolved: bool = True


@dataclass(frozen=True)
class Told:
    """What was told last, and when."""

    at: datetime
    firing: frozenset[str]
    resolved: frozenset[str]


@dataclass(frozen=True)
class Group:
    """The alerts of a group by their fingerprints, when it is looked at first, and what has been done since."""

    first_look: datetime
    firing: frozenset[str] = frozenset()
    resolved: frozenset[str] = frozenset()
    looked: datetime | None = None
    told: Told | None = None


@dataclass(frozen=True)
class Look:
    """What a look decides: whether to tell the group (`firing` and `resolved` as they were), why, and what is next.

    `group` is what is kept, and `next_at` when to look again; both are None when the group is over.
    """

    tell: bool
    reason: str
    group: Group | None
    next_at: datetime | None


def group_key(branch: Branch, labels: Labels) -> str:
    """What tells a group from all others: its route, and the labels that it is grouped by."""
    return f"{branch.key}:{_shown(branch.group_labels(labels))}"


def timing_of(branch: Branch, *, tells_resolved: bool = True) -> Timing:
    """The timing of a route."""
    return Timing(branch.group_wait, branch.group_interval, branch.repeat_interval, tells_resolved)


def new_group(timing: Timing, now: datetime) -> Group:
    """A group that begins now, still empty."""
    return Group(first_look=require_aware(now, "now") + timing.wait)


def with_firing(group: Group, fingerprint: str, since: datetime, timing: Timing, now: datetime) -> Group:
    """The group with an alert that fires, since when. What has fired for longer than the wait is not held back."""
    one = frozenset((fingerprint,))
    group = replace(group, firing=group.firing | one, resolved=group.resolved - one)
    if group.looked is None and since + timing.wait < now:
        return replace(group, first_look=min(group.first_look, now))
    return group


def with_resolved(group: Group, fingerprint: str) -> Group:
    """The group with an alert that has resolved."""
    one = frozenset((fingerprint,))
    return replace(group, firing=group.firing - one, resolved=group.resolved | one)


def next_look(group: Group, timing: Timing) -> datetime:
    """When the group is to be looked at next."""
    return group.first_look if group.looked is None else group.looked + timing.interval


def look_at(group: Group, timing: Timing, now: datetime, muted: str | None = None) -> Look:
    """What a look at a group decides. `muted` says why nothing may be told now: a time interval, a silence."""
    now = require_aware(now, "now")
    due = next_look(group, timing)
    if now < due:
        return Look(False, f"collects until {stamp(due)}", group, due)
    looked = replace(group, looked=now)
    reason = _reason_to_tell(group, timing, now)
    if muted is not None and reason is not None:
        return Look(False, muted, looked, now + timing.interval)
    if reason is not None:
        looked = replace(looked, told=Told(now, group.firing, group.resolved))
    if not group.firing:
        return Look(reason is not None, reason or "nothing fires, and nobody is to be told", None, None)
    kept = replace(looked, resolved=frozenset())
    return Look(reason is not None, reason or "nothing new", kept, now + timing.interval)


def _reason_to_tell(group: Group, timing: Timing, now: datetime) -> str | None:
    told = group.told
    if told is None:
        return f"{len(group.firing)} firing" if group.firing else None
    new = group.firing - told.firing
    if new:
        return f"{len(new)} more firing"
    if not group.firing:
        return "nothing fires any more" if told.firing and timing.tells_resolved else None
    ended = group.resolved - told.resolved
    if ended and timing.tells_resolved:
        return f"{len(ended)} resolved"
    return f"told last at {stamp(told.at)}" if now - told.at >= timing.repeat else None

"""From a group of alerts to its incident: opened, added to, reopened, resolved, or left as it is.

| the group | its incident | what follows |
|---|---|---|
| alerts ask, and it has been collected | it has none | open one; or ask a person, when it is to be a candidate |
| | open | the new ones join it |
| | over, and they asked after its end, within the reopen window | reopen it |
| | over, and they asked after the window, or it was cancelled | open another, linked to it |
| | over, and they had asked before its end | leave it: who resolved it saw them; they ask again after the repeat |
| none of its alerts fires any more | open | resolve it, where the policy says so |

A storm is more new alerts of one scope in a minute than people could read: it is one group, whatever they are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.rules.event_policies import Opens
from models.rules.verdicts import Verdict
from models.rules.wall_clock import stamp
from models.vocabulary import IncidentState

OVER = (IncidentState.RESOLVED, IncidentState.CLOSED, IncidentState.CANCELLED)
STORM_WINDOW = timedelta(minutes=1)
STORM_LIMIT = 200
"""New alerts of one scope in a minute; that many single ones a person can look through."""


class Follows(StrEnum):
    """What becomes of the incident of a group."""

    OPEN = "open"
    OPEN_ANEW = "open anew"  # linked to the former one
    ASK = "ask"  # a person decides whether it becomes an incident
    ADD = "add"
    REOPEN = "reopen"
    RESOLVE = "resolve"
    LEAVE = "leave"


@dataclass(frozen=True)
class GroupFacts:
    """How it stands with the alerts of a group."""

    asking: int
    """Alerts that ask: they fire and nothing keeps them quiet, or they flap."""
    joining: int
    """Of these, how many its incident does not have yet."""
    firing: int
    """Alerts of its incident that fire or flap, also those that are kept quiet."""
    raised_at: datetime | None
    """When the newest of those that ask began to."""
    collects_until: datetime
    is_accepted: bool = False
    """A person decided that it becomes an incident."""


@dataclass(frozen=True)
class Former:
    """The incident that a group has, or had last."""

    state: IncidentState
    over_since: datetime | None = None
    """When it was resolved, or ended without."""


@dataclass(frozen=True)
class Handling:
    """What the policy and the route say of the group's incident."""

    opens: Opens
    resolves_itself: bool
    reopen_within: timedelta
    repeat: timedelta


@dataclass(frozen=True)
class Decision:
    """What follows, why, and when time alone may change that (None: it will not)."""

    follows: Follows
    reason: str
    look_at: datetime | None = None


def correlate(group: GroupFacts, former: Former | None, handling: Handling, now: datetime) -> Decision:
    """What becomes of the incident of a group."""
    if former is not None and former.state not in OVER:
        return _of_open(group, handling)
    if not group.asking or group.raised_at is None:
        return Decision(Follows.LEAVE, "no alert asks")
    if now < group.collects_until:
        return Decision(Follows.LEAVE, f"collected until {stamp(group.collects_until)}", group.collects_until)
    if former is not None and former.over_since is not None:
        return _of_over(group, former, former.over_since, handling, now)
    return _opening(group, handling, Follows.OPEN, f"{_alerts(group.asking)} firing")


def _of_open(group: GroupFacts, handling: Handling) -> Decision:
    if group.joining:
        return Decision(Follows.ADD, f"{_alerts(group.joining)} more")
    if group.firing:
        return Decision(Follows.LEAVE, f"{_alerts(group.firing)} of it firing")
    if handling.resolves_itself:
        return Decision(Follows.RESOLVE, "all its alerts are resolved")
    return Decision(Follows.LEAVE, "all its alerts are resolved; a person is to say how")


def _of_over(group: GroupFacts, former: Former, over: datetime, handling: Handling, now: datetime) -> Decision:
    raised = group.raised_at or now
    if raised <= over:
        again = over + handling.repeat
        if now < again:
            return Decision(Follows.LEAVE, f"fired already when it ended at {stamp(over)}", again)
        raised = now
    words = f"{_alerts(group.asking)} firing, its incident ended at {stamp(over)}"
    if former.state is not IncidentState.CANCELLED and raised - over <= handling.reopen_within:
        return Decision(Follows.REOPEN, words)
    return _opening(group, handling, Follows.OPEN_ANEW, words)


def _opening(group: GroupFacts, handling: Handling, follows: Follows, words: str) -> Decision:
    if handling.opens is Opens.NEVER:
        return Decision(Follows.LEAVE, f"{words}; by its rules it opens none")
    if handling.opens is Opens.CANDIDATE and not group.is_accepted:
        return Decision(Follows.ASK, f"{words}; a person decides")
    return Decision(follows, words)


def _alerts(count: int) -> str:
    return f"{count:,} alert{'' if count == 1 else 's'}"


def storm(new: int, limit: int, *, was_storm: bool) -> Verdict:
    """Whether so many new alerts of one scope in a minute are a storm; one ends when they are half as many."""
    least = limit // 2 if was_storm else limit
    words = f"{new:,} new alerts in a minute, a storm {'goes on' if was_storm else 'begins'} above {least:,}"
    return Verdict(new > least, words)

"""The course of one alert: what an event, the passing of time or a person makes of it.

| it is | and then | it becomes |
|---|---|---|
| not known, or resolved | fires | firing: the same episode within the reopen window, later a new one |
| not known | is resolved | resolved: recorded, and nothing is opened |
| firing, acknowledged | fires | the same: counted, and changed where it says something else |
| firing | is acknowledged | acknowledged, for as long as the policy says |
| acknowledged | nobody resolves it in that time | firing |
| firing, acknowledged | is resolved, or nobody hears of it for as long as the policy says | resolved |

An event that is older than the newest that was believed is counted and changes nothing else. What fires may be kept
quiet (models.rules.alert_holds). The sender's times order its events; ours measure everything else.
"""

from datetime import datetime, timedelta

from models.errors import Refused
from models.rules.alert_facts import Change, Course, Hold, Holding, Seen, Step
from models.rules.alert_holds import hold_changes, holding_of
from models.rules.alert_thresholds import count_event
from models.rules.durations import format_duration
from models.rules.event_policies import AlertPolicy
from models.rules.flapping import HISTORY, FlapRecord, after_state
from models.rules.wall_clock import stamp
from models.vocabulary import AlertAction, AlertState, EventStatus, Mute, Standing

FIRED, WELL = "1", "0"
STEADY_AFTER = timedelta(minutes=30)
"""Without an event for this long nothing flaps any more: many senders say no more after the end."""
_ASKS = (Standing.OPEN, Standing.FLAPPING)


def after_event(course: Course | None, seen: Seen, policy: AlertPolicy, outer: Hold | None = None) -> Step:
    """What one event makes of an alert; None: it is not known. `outer` keeps it quiet from outside."""
    if course is not None and seen.as_of < course.as_of:
        return Step(course._replace(events=course.events + 1, seen_at=max(course.seen_at, seen.at), repeats=""))
    if seen.status is EventStatus.RESOLVED:
        step = _resolved(course, seen)
    elif course is None or course.state is AlertState.RESOLVED:
        step = _fired(course, seen, policy)
    else:
        step = _fires_still(course, seen, policy)
    return _stood(_counted(_flapped(step, seen, policy), seen, policy), policy, outer, seen.at, seen)


def after_time(course: Course, policy: AlertPolicy, outer: Hold | None, now: datetime) -> Step:
    """What the passing of time makes of an alert, and what keeps it quiet now."""
    changes: list[Change] = []
    if course.is_flapping and now >= course.seen_at + STEADY_AFTER:
        course = course._replace(is_flapping=False, flaps=_mark(course.state) * HISTORY)
        reason = f"no event for {format_duration(STEADY_AFTER)}"
        changes.append(Change(AlertAction.STOP_FLAPPING, course.state, course.state, reason))
    until = course.acknowledged_until
    if course.state is AlertState.ACKNOWLEDGED and until is not None and now >= until:
        reason = f"acknowledged by {course.owner or 'its sender'} until {stamp(until)}, and not resolved"
        changes.append(Change(AlertAction.TIME_OUT, course.state, AlertState.FIRING, reason))
        course = _unowned(course)._replace(state=AlertState.FIRING, changed_at=now, raised_at=None)
    after = policy.auto_resolve_after
    if course.state is not AlertState.RESOLVED and after is not None and now >= course.seen_at + after:
        reason = f"no event of it since {stamp(course.seen_at)}"
        changes.append(Change(AlertAction.EXPIRE, course.state, AlertState.RESOLVED, reason))
        course = _unowned(course)._replace(state=AlertState.RESOLVED, resolved_at=now, changed_at=now)
    return _stood(Step(course, tuple(changes)), policy, outer, now)


def acknowledged(course: Course, owner: str, policy: AlertPolicy, now: datetime) -> Step:
    """The alert with somebody who owns it. Raises Refused for one that does not fire."""
    if course.state is AlertState.RESOLVED:
        raise Refused("the alert is resolved: there is nothing to acknowledge")
    outer = None
    if course.muted_by in (Mute.SILENCE, Mute.MAINTENANCE, Mute.INHIBITION):
        outer = Hold(course.muted_by, course.muted_reason or "", course.muted_until)
    return _stood(_acknowledged(course, owner, policy, now), policy, outer, now)


def _fired(course: Course | None, seen: Seen, policy: AlertPolicy) -> Step:
    fresh = _begun(seen, policy)
    if course is None:
        words = f"fires since {stamp(fresh.fired_at)}"
        return Step(fresh, (Change(AlertAction.FIRE, None, fresh.state, words),))
    window = policy.incident.reopen_within if policy.incident else timedelta(0)
    ended = course.resolved_at or course.changed_at
    again = fresh._replace(
        episode=course.episode,
        events=course.events + 1,
        fired_at=course.fired_at,
        standing=course.standing,
        flaps=course.flaps,
        is_flapping=course.is_flapping,
        counted=course.counted,
        raised_at=course.raised_at,
    )
    if seen.at - ended <= window:
        reason = f"fires again, {format_duration(max(seen.at - ended, timedelta(0)))} after it was resolved"
        return Step(again, (Change(AlertAction.FIRE_AGAIN, course.state, fresh.state, reason),))
    anew = again._replace(episode=course.episode + 1, events=1, fired_at=fresh.fired_at)
    reason = f"fires since {stamp(fresh.fired_at)}; it was resolved at {stamp(ended)}"
    return Step(anew, (Change(AlertAction.FIRE, course.state, fresh.state, reason),))


def _begun(seen: Seen, policy: AlertPolicy) -> Course:
    """An alert at its first event."""
    is_owned, is_over = seen.status is EventStatus.ACKNOWLEDGED, seen.status is EventStatus.RESOLVED
    state = AlertState.ACKNOWLEDGED if is_owned else AlertState.RESOLVED if is_over else AlertState.FIRING
    return Course(
        status=seen.status,
        severity=seen.severity,
        state=state,
        standing=Standing.OVER,
        muted_by=None,
        muted_reason=None,
        muted_until=None,
        episode=1,
        events=1,
        fired_at=seen.since,
        firing_since=seen.since,
        raised_at=None,
        seen_at=seen.at,
        as_of=seen.as_of,
        changed_at=seen.at,
        resolved_at=seen.at if is_over else None,
        owner=seen.owner or None if is_owned else None,
        acknowledged_until=seen.at + policy.acknowledge_for if is_owned and policy.acknowledge_for else None,
        flaps="",
        is_flapping=False,
        counted=(),
        is_reached=policy.threshold is None,
        digest=seen.digest,
        repeats="",
        look_at=None,
    )


def _resolved(course: Course | None, seen: Seen) -> Step:
    resolved = AlertState.RESOLVED
    if course is None:
        reason = "its end came, and nobody had said that it fires"
        return Step(_begun(seen, AlertPolicy()), (Change(AlertAction.RESOLVE, None, resolved, reason),))
    again = _seen(course, seen)
    if course.state is resolved:
        return Step(again)
    over = _unowned(again)._replace(state=resolved, resolved_at=seen.at, changed_at=seen.at)
    took = format_duration(max(seen.at - course.firing_since, timedelta(0)))
    healed = "it healed by itself within its delay" if course.muted_by is Mute.DELAY else "its sender says so"
    return Step(over, (Change(AlertAction.RESOLVE, course.state, resolved, f"{healed}, {took} after it fired"),))


def _fires_still(course: Course, seen: Seen, policy: AlertPolicy) -> Step:
    again = _seen(course, seen)._replace(severity=seen.severity)
    if seen.status is EventStatus.PENDING:
        # What fires does not begin to fire: a sender that waits now, waits for something else.
        again = again._replace(status=course.status)
    if seen.status is EventStatus.ACKNOWLEDGED:
        return _acknowledged(again, seen.owner, policy, seen.at)
    if seen.severity is course.severity:
        return Step(again)
    reason = f"{seen.severity.value} now, {course.severity.value} before"
    return Step(again._replace(changed_at=seen.at), (Change(AlertAction.CHANGE, course.state, course.state, reason),))


def _acknowledged(course: Course, owner: str, policy: AlertPolicy, now: datetime) -> Step:
    until = now + policy.acknowledge_for if policy.acknowledge_for else None
    owned = course._replace(state=AlertState.ACKNOWLEDGED, owner=owner or None, acknowledged_until=until)
    if course.state is AlertState.ACKNOWLEDGED and course.owner == owned.owner:
        return Step(owned)
    reason = f"by {owner or 'its sender'}{f', until {stamp(until)}' if until else ''}"
    change = Change(AlertAction.ACKNOWLEDGE, course.state, AlertState.ACKNOWLEDGED, reason)
    return Step(owned._replace(changed_at=now), (change,))


def _seen(course: Course, seen: Seen) -> Course:
    seen_at = max(course.seen_at, seen.at)
    return course._replace(status=seen.status, events=course.events + 1, seen_at=seen_at, as_of=seen.as_of)


def _unowned(course: Course) -> Course:
    return course._replace(owner=None, acknowledged_until=None, repeats="")


def _mark(state: AlertState) -> str:
    return WELL if state is AlertState.RESOLVED else FIRED


def _flapped(step: Step, seen: Seen, policy: AlertPolicy) -> Step:
    course = step.course
    if policy.flapping is None:
        return step if not course.flaps else Step(course._replace(flaps="", is_flapping=False), step.changes)
    # Before its first event everything counts as having been well.
    known = FlapRecord(tuple(course.flaps or WELL * HISTORY), course.is_flapping)
    record = after_state(known, WELL if seen.status is EventStatus.RESOLVED else FIRED, policy.flapping)
    changed = course._replace(flaps="".join(map(str, record.states)), is_flapping=record.is_flapping)
    if record.is_flapping is known.is_flapping:
        return Step(changed, step.changes)
    action = AlertAction.START_FLAPPING if record.is_flapping else AlertAction.STOP_FLAPPING
    words = f"{record.change_text} of its last {HISTORY} states changed"
    return Step(changed, (*step.changes, Change(action, course.state, course.state, words)))


def _counted(step: Step, seen: Seen, policy: AlertPolicy) -> Step:
    course = step.course
    if policy.threshold is None or seen.status is EventStatus.RESOLVED:
        reached, times = policy.threshold is None, course.counted if policy.threshold else ()
    elif course.is_reached:
        return step
    else:
        counted = count_event(policy.threshold, course.counted, seen.at)
        reached, times = counted.is_reached, counted.times
    if (reached, times) == (course.is_reached, course.counted):
        return step
    return Step(course._replace(counted=times, is_reached=reached), step.changes)


def _stood(step: Step, policy: AlertPolicy, outer: Hold | None, now: datetime, seen: Seen | None = None) -> Step:
    """The step with what keeps the alert quiet now, what that changes, and when to look again."""
    course = step.course
    was = Holding(course.standing, course.muted_by, course.muted_reason, course.muted_until)
    found = holding_of(course, policy, outer, now)
    course = course._replace(
        standing=found.standing,
        muted_by=found.by,
        muted_reason=found.reason,
        muted_until=found.until,
        raised_at=(course.raised_at or now) if found.standing in _ASKS else None,
        digest=course.digest if seen is None else seen.digest,
        repeats=course.repeats if seen is None else _repeats(course, seen),
        look_at=_look_at(course, found, policy),
    )
    held = [Change(action, course.state, course.state, reason) for action, reason in hold_changes(was, found)]
    return Step(course, (*step.changes, *held))


def _look_at(course: Course, found: Holding, policy: AlertPolicy) -> datetime | None:
    """When time alone may change something."""
    times = [found.until if found.by is Mute.DELAY else None, course.acknowledged_until]
    times.append(course.seen_at + STEADY_AFTER if course.is_flapping else None)
    if policy.auto_resolve_after is not None and course.state is not AlertState.RESOLVED:
        times.append(course.seen_at + policy.auto_resolve_after)
    return min((time for time in times if time is not None), default=None)


def _repeats(course: Course, seen: Seen) -> str:
    """The digest, when the same event again would change no more than the count."""
    is_over = course.state is AlertState.RESOLVED
    is_same = seen.status is course.status and seen.status is not EventStatus.ACKNOWLEDGED
    is_flat = not course.flaps or (not course.is_flapping and course.flaps == _mark(course.state) * HISTORY)
    return seen.digest if is_same and is_flat and (is_over or course.is_reached) else ""

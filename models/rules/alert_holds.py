"""What keeps an alert that fires from being told, and what follows when it ends.

What comes first is said: a silence, maintenance, another alert that is its cause, the sender itself; then flapping,
which is told as a whole while single changes are not; then too few events, and the delay for what heals itself.
What fires still when its silence, its maintenance or its cause ends is raised as if it were new.
"""

from collections.abc import Iterator
from datetime import datetime

from models.rules.alert_facts import Course, Hold, Holding
from models.rules.alert_thresholds import Healing, after_delay
from models.rules.durations import format_duration
from models.rules.event_policies import AlertPolicy
from models.vocabulary import AlertAction, AlertState, EventStatus, Mute, Standing

OUTER = (Mute.SILENCE, Mute.MAINTENANCE, Mute.INHIBITION, Mute.SENDER)
_SENDER = {
    EventStatus.SUPPRESSED: "its sender keeps quiet about it",
    EventStatus.PENDING: "its sender waits whether it lasts",
}


OVER, OPEN = Holding(Standing.OVER), Holding(Standing.OPEN)


def holding_of(alert: Course, policy: AlertPolicy, outer: Hold | None, now: datetime) -> Holding:
    """What an alert asks of us, given what keeps it quiet from outside."""
    if alert.state is AlertState.RESOLVED and not alert.is_flapping:
        return OVER
    if outer is not None:
        return Holding(Standing.HELD, outer.by, outer.reason, outer.until)
    if alert.status in _SENDER and alert.state is not AlertState.RESOLVED:
        return Holding(Standing.HELD, Mute.SENDER, _SENDER[alert.status])
    if alert.is_flapping:
        return Holding(Standing.FLAPPING, Mute.FLAPPING, "it flaps: its single changes are not told")
    return _counted(alert, policy) or _delayed(alert, policy, now) or OPEN


def _counted(alert: Course, policy: AlertPolicy) -> Holding | None:
    if policy.threshold is None or alert.is_reached:
        return None
    within = format_duration(policy.threshold.within)
    words = f"{len(alert.counted)} of {policy.threshold.count} events in {within}"
    return Holding(Standing.HELD, Mute.THRESHOLD, words)


def _delayed(alert: Course, policy: AlertPolicy, now: datetime) -> Holding | None:
    if policy.delay is None:
        return None
    delayed = after_delay(policy.delay, alert.firing_since, None, now)
    if delayed.healing is not Healing.WAITS:
        return None
    return Holding(Standing.HELD, Mute.DELAY, delayed.reason, delayed.look_at)


def hold_changes(was: Holding, now: Holding) -> Iterator[tuple[AlertAction, str]]:
    """What happened to an alert whose holding changed, in words."""
    if now.standing is Standing.HELD and now.by in OUTER and now.by is not was.by:
        yield AlertAction.MUTE, f"{now.by.value}: {now.reason}"
    if was.standing is not Standing.HELD or now.standing not in (Standing.OPEN, Standing.FLAPPING):
        return
    if was.by in OUTER:
        yield AlertAction.RAISE, f"no more kept quiet by {was.by.value}: {was.reason}"
    elif now.standing is Standing.OPEN and was.by is Mute.THRESHOLD:
        yield AlertAction.COUNT_UP, "enough events came"
    elif now.standing is Standing.OPEN and was.by is Mute.DELAY:
        yield AlertAction.OUTLAST, "it did not heal by itself"

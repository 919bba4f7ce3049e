"""Events that came, replayed through rules without a database: the alerts and the incidents that they would have made.

The silences that people set are replayed where they are known. An acknowledgement changes whom an alert is told, and no
incident; what people decided about incidents is not replayed, and a corrective job is taken to have changed nothing.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from models.rules.alert_course import after_event, after_time
from models.rules.alert_facts import Course, Seen, Step
from models.rules.calendars import Calendar
from models.rules.event_rules import EventRules, Judged, judge
from models.rules.incoming import Incoming
from models.rules.inhibition import InhibitRule
from models.rules.maintenance import Maintenance
from models.rules.matchers import matching
from models.rules.replay_groups import Grouping, ReplayedCourse, ReplayedGroup, ReplayedGroups, ReplayedIncident
from models.rules.replay_holds import TIMED, ReplayedHolds, ReplayedPlan
from models.rules.replay_telling import ASKING
from models.rules.silences import Silence
from models.vocabulary import AlertAction, EventClass, EventStatus, Mute

AFTERWARDS = timedelta(days=1)
"""How long after the last event a replay goes on: delays and groups come to their end."""
_ANEW = (AlertAction.FIRE, AlertAction.FIRE_AGAIN, AlertAction.RAISE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event, when it came, and the source that let it in."""

    at: datetime
    source: str
    event: Incoming


@dataclass(frozen=True)
class Handled:
    """What a site says of events."""

    rules: EventRules
    grouping: Grouping
    inhibitions: tuple[InhibitRule, ...] = ()
    maintenance: Mapping[str, Maintenance] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplayedAlert:
    """An alert that would have been there; `first` is the number of the event by which it began."""

    first: int
    name: str
    service: str | None
    host: str | None
    event_class: EventClass
    was_raised: bool
    """It asked for somebody: nothing kept it quiet all the time."""
    rules: tuple[str, ...] = field(compare=False)


@dataclass(frozen=True)
class Replay:
    """What would have become of some events."""

    events: int
    ignored: int
    informational: int
    """Events that make no alert."""
    alerts: tuple[ReplayedAlert, ...]
    incidents: tuple[ReplayedIncident, ...]
    applied: Mapping[str, int]
    """To how many events each rule applied."""


def replay(handled: Handled, arrivals: Iterable[Arrival], silences: Iterable[Silence] = ()) -> Replay:
    """What would have become of these events, in the order of their times, with the silences that people set."""
    run, said = _Run(handled), sorted(arrivals, key=lambda one: one.at)
    if not said:
        return run.result()
    end = said[-1].at + AFTERWARDS
    run.begin(said[0].at)
    steps: list[tuple[datetime, int, Arrival | Silence]] = [(one.at, n, one) for n, one in enumerate(said, start=1)]
    steps += [(one.starts, 0, one) for one in silences if one.starts < end]
    for at, number, one in sorted(steps, key=itemgetter(0)):
        run.pass_time(at)
        if isinstance(one, Arrival):
            run.take(number, one)
        else:
            run.silence(one)
    run.pass_time(end)
    return run.result()


class _Run:
    """One replay on its way: the alerts, what keeps them quiet, and what is to be looked at when."""

    def __init__(self, handled: Handled) -> None:
        self._handled = handled
        self._groups = ReplayedGroups(handled.grouping)
        self._holds = ReplayedHolds(handled.maintenance, handled.calendars, handled.inhibitions)
        self._alerts: dict[str, ReplayedCourse] = {}
        self._live: dict[str, ReplayedCourse] = {}
        self._ended: list[ReplayedAlert] = []
        self._looks: list[tuple[datetime, int, ReplayedCourse | ReplayedGroup | ReplayedPlan]] = []
        self._pushed = 0
        self._counts = Counter[str]()
        self._applied = Counter({rule.name: 0 for rule in handled.rules.rules})

    def begin(self, at: datetime) -> None:
        """Look when each maintenance plan begins, for what fires then."""
        for plan in self._holds.plans():
            self._look_again(plan, plan.next_begin(at), at)

    def silence(self, silence: Silence) -> None:
        """A person sets a silence."""
        self._holds.silences.append(silence)
        self._look_at_all(silence.starts)

    def take(self, number: int, arrival: Arrival) -> None:
        """One event."""
        judged = judge(self._handled.rules, arrival.event, arrival.source)
        self._applied.update(judged.rules)
        self._counts["events"] += 1
        if judged.is_for_alerts:
            self._follow(number, judged, arrival.at)
        else:
            self._counts["ignored" if judged.ignored_by else "informational"] += 1

    def pass_time(self, until: datetime) -> None:
        """All that is due until then, in order."""
        while self._looks and self._looks[0][0] <= until:
            at, _, thing = heapq.heappop(self._looks)
            if thing.look != at:
                continue
            thing.look = None
            if isinstance(thing, ReplayedGroup):
                self._settle(thing, at)
            elif isinstance(thing, ReplayedPlan):
                self._look_at_all(at)
                self._look_again(thing, thing.next_begin(at), at)
            elif thing.course is not None:
                self._look(thing, thing.course, at)

    def result(self) -> Replay:
        """What has become of the events."""
        alerts = [*self._ended, *(_as_told(alert) for alert in self._alerts.values() if alert.first)]
        return Replay(
            events=self._counts["events"],
            ignored=self._counts["ignored"],
            informational=self._counts["informational"],
            alerts=tuple(sorted(alerts, key=lambda one: one.first)),
            incidents=tuple(self._groups.incidents),
            applied=dict(self._applied),
        )

    def _follow(self, number: int, judged: Judged, at: datetime) -> None:
        is_new = judged.fingerprint not in self._alerts
        alert = self._alerts.setdefault(judged.fingerprint, ReplayedCourse(judged))
        event = judged.event
        if event.status is not EventStatus.RESOLVED:
            # The end of something says less than its beginning did.
            alert.judged = judged
        owner = event.source if event.status is EventStatus.ACKNOWLEDGED else ""
        seen = Seen(event.status, event.severity, at, event.started_at, event.ended_at, owner=owner)
        step = after_event(alert.course, seen, alert.judged.policy, self._holds.hold_of(alert.judged, at))
        if _has(step, AlertAction.FIRE):
            if alert.first:
                self._ended.append(_as_told(alert))
            alert.first, alert.was_raised = number, False
        self._moved(alert, step, at, is_new=is_new)

    def _look(self, alert: ReplayedCourse, course: Course, at: datetime) -> None:
        hold = self._holds.hold_of(alert.judged, at)
        self._moved(alert, after_time(course, alert.judged.policy, hold, at), at, is_new=False)

    def _look_at_all(self, at: datetime) -> None:
        """Something begins that keeps alerts quiet."""
        for alert in list(self._live.values()):
            if alert.course is not None:
                self._look(alert, alert.course, at)

    def _moved(self, alert: ReplayedCourse, step: Step, at: datetime, *, is_new: bool) -> None:
        alert.course = course = step.course
        alert.was_raised |= course.standing in ASKING
        if _has(step, *_ANEW):
            alert.incident = None
        if alert.group is not None and _has(step, AlertAction.TIME_OUT, *_ANEW):
            alert.group.telling.ask_anew(alert.judged.fingerprint)
        if alert.fires and (alert.group is None or _has(step, AlertAction.FIRE)):
            if alert.group is not None:
                alert.group.forget(alert)
            alert.group = self._groups.place(alert, at, is_new=is_new)
        self._note_cause(alert, at)
        until = course.muted_until if course.muted_by in TIMED else None
        self._look_again(alert, min((one for one in (course.look_at, until) if one is not None), default=None), at)
        if alert.group is not None:
            alert.group.note(alert)
            self._settle(alert.group, at)

    def _settle(self, group: ReplayedGroup, at: datetime) -> None:
        self._look_again(group, self._groups.settle(group, at), at)

    def _look_again(
        self, thing: ReplayedCourse | ReplayedGroup | ReplayedPlan, due: datetime | None, now: datetime
    ) -> None:
        if due is None or due <= now:
            thing.look = None
        elif due != thing.look:
            thing.look = due
            self._pushed += 1
            heapq.heappush(self._looks, (due, self._pushed, thing))

    def _note_cause(self, alert: ReplayedCourse, at: datetime) -> None:
        """Whether the alert keeps others quiet; when that changes, these are looked at."""
        key = alert.judged.fingerprint
        if alert.fires:
            self._live[key] = alert
        else:
            self._live.pop(key, None)
        labels = alert.judged.labels
        causes = alert.fires and any(matching(rule.sources, labels) for rule in self._handled.inhibitions)
        if causes == (alert.cause is not None):
            return
        if alert.cause is not None:
            self._holds.inhibitor.discard(key, alert.cause)
        alert.cause = dict(labels) if causes else None
        if alert.cause is not None:
            self._holds.inhibitor.add(key, alert.cause)
        for other in list(self._live.values()):
            if other is not alert and other.course is not None:
                hold = self._holds.hold_of(other.judged, at)
                if (hold is not None and hold.by is Mute.INHIBITION) != (other.course.muted_by is Mute.INHIBITION):
                    self._look(other, other.course, at)


def _has(step: Step, *actions: AlertAction) -> bool:
    return any(change.action in actions for change in step.changes)


def _as_told(alert: ReplayedCourse) -> ReplayedAlert:
    judged = alert.judged
    return ReplayedAlert(
        alert.first,
        judged.event.name,
        judged.service,
        judged.host,
        judged.event_class,
        alert.was_raised,
        judged.rules,
    )

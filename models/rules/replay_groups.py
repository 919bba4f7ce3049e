"""Groups and their incidents in a replay: what models.rules.correlation decides, kept in memory."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from models.rules.alert_facts import Course
from models.rules.correlation import (
    STORM_LIMIT,
    STORM_WINDOW,
    Decision,
    Follows,
    Former,
    GroupFacts,
    Handling,
    correlate,
    storm,
)
from models.rules.event_policies import IncidentPolicy, Opens
from models.rules.event_rules import Judged
from models.rules.grouping import group_key, timing_of
from models.rules.label_templates import fill
from models.rules.replay_telling import ASKING, ReplayedTelling
from models.rules.routing import Branch, routes_for
from models.rules.time_intervals import Intervals, may_tell
from models.rules.topology import LOOK_BACK, Topology, topology_key
from models.vocabulary import AlertState, IncidentState, Severity, Standing

_GRAVEST = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Grouping:
    """What decides about groups: the routes, and the topology where a site asks for it."""

    tree: Branch
    topology: Topology | None = None
    applications: Mapping[str, str] = field(default_factory=dict)
    time_intervals: Intervals = field(default_factory=dict)
    storm_limit: int = STORM_LIMIT


@dataclass(frozen=True, slots=True)
class ReplayedIncident:
    """An incident that would have been opened, or of which a person would have been asked (`is_candidate`)."""

    first: int
    """The number of the event by which its oldest alert began: the same in every replay of the same events."""
    title: str
    service: str | None
    team: str | None
    impact: str
    urgency: str
    opened_at: datetime
    is_candidate: bool = False
    alerts: int = 0
    reopened: int = 0
    resolved_at: datetime | None = None


class ReplayedCourse:
    """An alert on its way through a replay."""

    __slots__ = ("cause", "course", "first", "group", "incident", "judged", "look", "was_raised")

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        self.first = 0
        self.course: Course | None = None
        self.group: ReplayedGroup | None = None
        self.incident: int | None = None
        self.cause: dict[str, str] | None = None
        """Its labels, while it keeps others quiet."""
        self.look: datetime | None = None
        self.was_raised = False

    @property
    def policy_of_incident(self) -> IncidentPolicy | None:
        """The policy of the incident that it opens; None: it opens none."""
        policy = self.judged.policy.incident
        return policy if policy is not None and policy.opens is not Opens.NEVER else None

    @property
    def asks(self) -> bool:
        """Whether it asks for an incident now."""
        is_told = self.course is not None and self.course.standing in ASKING
        return is_told and self.policy_of_incident is not None

    @property
    def fires(self) -> bool:
        """Whether it keeps its incident open."""
        course = self.course
        return course is not None and (course.state is not AlertState.RESOLVED or course.standing is Standing.FLAPPING)


class ReplayedGroup:
    """Alerts that are one incident; what is counted of them is kept as they change."""

    def __init__(self, branch: Branch, topic: str | None) -> None:
        self.branch, self.topic = branch, topic
        self.policy: IncidentPolicy | None = None
        self.asking: dict[str, ReplayedCourse] = {}
        """Those that ask for an incident."""
        self.joining: set[str] = set()
        self.firing: set[str] = set()
        self.raised_at: datetime | None = None
        self.incident: int | None = None
        self.candidate: int | None = None
        self.look: datetime | None = None
        self.telling = ReplayedTelling(timing_of(branch))

    def forget(self, alert: ReplayedCourse) -> None:
        """An alert goes to another group."""
        key = alert.judged.fingerprint
        self.asking.pop(key, None)
        self.joining.discard(key)
        self.firing.discard(key)
        self.telling.forget(key)

    def note(self, alert: ReplayedCourse) -> None:
        """Count an alert of the group as it stands now."""
        key = alert.judged.fingerprint
        if alert.course is not None:
            self.telling.note(key, alert.course)
        if alert.asks and alert.course is not None:
            self.policy = self.policy or alert.policy_of_incident
            self.asking[key] = alert
            self.raised_at = max(filter(None, (self.raised_at, alert.course.raised_at)), default=None)
        else:
            self.asking.pop(key, None)
        _keep(self.joining, key, key in self.asking and alert.incident is None)
        _keep(self.firing, key, alert.fires and alert.incident is not None and alert.incident == self.incident)


class ReplayedGroups:
    """All groups and incidents of a replay."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._groups: dict[str, ReplayedGroup] = {}
        self._topics: dict[str, tuple[ReplayedGroup, datetime]] = {}
        self._new: dict[str, deque[tuple[datetime, ReplayedCourse]]] = {}
        self._members: dict[int, set[str]] = {}
        self.incidents: list[ReplayedIncident] = []

    def place(self, alert: ReplayedCourse, now: datetime, *, is_new: bool) -> ReplayedGroup:
        """The group that an alert which fires anew belongs to: a storm, a topic, or that of its route."""
        judged, grouping = alert.judged, self._grouping
        topic, begins = self._storm_of(alert, now) if is_new else (None, False)
        if topic is None and grouping.topology is not None:
            topic = topology_key(grouping.topology, judged.service, grouping.applications)
        branch = routes_for(grouping.tree, judged.labels)[0]
        if topic is None:
            return self._groups.setdefault(group_key(branch, judged.labels), ReplayedGroup(branch, None))
        group, joined = self._topics.get(topic, (None, now))
        is_topology = grouping.topology is not None and not topic.startswith("storm ")
        look_back = grouping.topology.look_back if grouping.topology and is_topology else LOOK_BACK
        if group is None or now - joined > look_back:
            group = ReplayedGroup(branch, topic)
        self._topics[topic] = (group, now)
        if begins:
            self._gather(group, [one for _, one in self._new[_scope_of(judged)] if one is not alert])
        return group

    def settle(self, group: ReplayedGroup, now: datetime) -> datetime | None:
        """Decide about the group's incident; gives the time at which to look again, if there is one."""
        group.telling.begin(now)
        due = None if group.policy is None else self._correlated(group, group.policy, now)
        branch = group.branch
        told = group.telling.look(
            lambda: may_tell(
                branch.mute_time_intervals, branch.active_time_intervals, self._grouping.time_intervals, now
            ),
            now,
        )
        return min((at for at in (due, told) if at is not None), default=None)

    def _correlated(self, group: ReplayedGroup, policy: IncidentPolicy, now: datetime) -> datetime | None:
        former = self.incidents[group.incident] if group.incident is not None else None
        collects_until = group.telling.first_look or now
        facts = GroupFacts(len(group.asking), len(group.joining), len(group.firing), group.raised_at, collects_until)
        handling = Handling(policy.opens, policy.resolves_itself, policy.reopen_within, group.branch.repeat_interval)
        decision = correlate(facts, _former(former), handling, now)
        self._carry_out(group, policy, decision, now)
        return decision.look_at

    def _gather(self, storm: ReplayedGroup, alerts: Sequence[ReplayedCourse]) -> None:
        """Bring the storm's first alerts into its group, and the incident of a group that is empty then."""
        former = {id(one.group): one.group for one in alerts if one.group not in (None, storm)}
        for alert in alerts:
            if alert.group is not None:
                alert.group.forget(alert)
                alert.group = storm
        for group in former.values():
            if group is not None and storm.incident is None and not group.asking and self._is_open(group.incident):
                storm.incident, group.incident = group.incident, None
        for alert in alerts:
            if alert.group is storm:
                storm.note(alert)

    def _is_open(self, incident: int | None) -> bool:
        return incident is not None and self.incidents[incident].resolved_at is None

    def _storm_of(self, alert: ReplayedCourse, now: datetime) -> tuple[str | None, bool]:
        """The topic of the storm that a new alert is part of, and whether it begins just now."""
        scope = _scope_of(alert.judged)
        times = self._new.setdefault(scope, deque())
        times.append((now, alert))
        while times[0][0] <= now - STORM_WINDOW:
            times.popleft()
        topic = f"storm {scope}"
        newest = self._topics.get(topic)
        was_storm = newest is not None and newest[1] > now - STORM_WINDOW
        is_storm = storm(len(times), self._grouping.storm_limit, was_storm=was_storm).allowed
        return (topic, not was_storm) if is_storm else (None, False)

    def _carry_out(self, group: ReplayedGroup, policy: IncidentPolicy, decision: Decision, now: datetime) -> None:
        follows = decision.follows
        if follows is Follows.ASK and group.candidate is None:
            group.candidate = self._opened(group, policy, now)
        elif follows in (Follows.OPEN, Follows.OPEN_ANEW):
            group.incident = self._opened(group, policy, now)
        elif follows is Follows.REOPEN and group.incident is not None:
            known = self.incidents[group.incident]
            self.incidents[group.incident] = replace(known, reopened=known.reopened + 1, resolved_at=None)
        elif follows is Follows.RESOLVE and group.incident is not None:
            self.incidents[group.incident] = replace(self.incidents[group.incident], resolved_at=now)
        if group.incident is not None and follows in _JOINS:
            self._join(group, group.incident)

    def _opened(self, group: ReplayedGroup, policy: IncidentPolicy, now: datetime) -> int:
        asking = list(group.asking.values())
        grave = min(asking, key=lambda one: (_GRAVEST[one.judged.event.severity], one.first))
        services = {one.judged.service for one in asking}
        title = f"Storm of alerts: {(group.topic or '').removeprefix('storm ')}"
        if not (group.topic or "").startswith("storm "):
            title = fill((grave.policy_of_incident or policy).title, grave.judged.labels)
        said = grave.policy_of_incident or policy
        self.incidents.append(
            ReplayedIncident(
                first=min(one.first for one in asking),
                title=title,
                service=services.pop() if len(services) == 1 else None,
                team=said.team,
                impact=said.impact,
                urgency=said.urgency,
                opened_at=now,
                is_candidate=policy.opens is Opens.CANDIDATE,
                alerts=len(asking) if policy.opens is Opens.CANDIDATE else 0,
            )
        )
        return len(self.incidents) - 1

    def _join(self, group: ReplayedGroup, incident: int) -> None:
        members = self._members.setdefault(incident, set())
        members |= group.joining
        for alert in [group.asking[key] for key in group.joining]:
            alert.incident = incident
            group.note(alert)
        self.incidents[incident] = replace(self.incidents[incident], alerts=len(members))


_JOINS = (Follows.OPEN, Follows.OPEN_ANEW, Follows.ADD, Follows.REOPEN)


def _former(incident: ReplayedIncident | None) -> Former | None:
    if incident is None:
        return None
    is_over = incident.resolved_at is not None
    return Former(IncidentState.RESOLVED if is_over else IncidentState.NEW, incident.resolved_at)


def _scope_of(judged: Judged) -> str:
    return f"service {judged.service}" if judged.service else f"source {judged.labels['source']}"


def _keep(keys: set[str], key: str, is_one: bool) -> None:
    if is_one:
        keys.add(key)
    else:
        keys.discard(key)

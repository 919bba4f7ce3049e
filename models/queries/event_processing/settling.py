"""What becomes of the incidents of groups whose alerts moved, or whose time has come."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, update
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import incident_news, incidents, journal
from models.queries.assignment import assign_new
from models.queries.event_processing import mending, telling
from models.queries.event_processing.alert_rows import ALERTS, ASKING, Draft
from models.queries.event_processing.group_counts import FIRING, count, newest_raised, of_group
from models.queries.event_processing.members import Members
from models.queries.event_processing.memory import Memory
from models.queries.event_processing.opening import cause_of_end, new_incident
from models.queries.known_error_suggesting import suggest
from models.queries.known_error_workarounds import solved_by
from models.queries.states import Because
from models.records import Alert, AlertGroup, Incident
from models.rules.correlation import OVER, Decision, Follows, Former, GroupFacts, Handling, correlate
from models.rules.event_policies import REOPEN_WITHIN, Opens
from models.vocabulary import AlertAction, IncidentState

ACTOR = "events"
_FLAPS = (AlertAction.START_FLAPPING, AlertAction.STOP_FLAPPING)


def settle(
    session: Session,
    groups: Mapping[int, AlertGroup],
    drafts: Iterable[Draft],
    memory: Memory,
    now: datetime,
) -> None:
    """Settle these groups; `drafts` are the alerts that moved."""
    notes: dict[int, list[str]] = {}
    since: dict[int, datetime] = {}
    for draft in drafts:
        for number in draft.groups if draft.asks else ():
            fires = draft.course.firing_since
            since[number] = min(fires, since.get(number, fires))
        for one in draft.happened:
            if one.change.action in _FLAPS and draft.values["group_id"] is not None:
                where = draft.values["host"] or draft.values["service"] or draft.values["source"]
                verb = "flaps" if one.change.action is AlertAction.START_FLAPPING else "flaps no more"
                words = f"{draft.values['name']} of {where} {verb}: {one.change.reason}"
                notes.setdefault(draft.values["group_id"], []).append(words)
    decided = []
    for number, group in groups.items():
        _begin(session, group, since.get(number), now)
        decided.append((group, *_decide(session, group, memory, now, notes.get(number, ()))))
    # Incidents come first: who is told of a guest hears of the incident that it has in its own group.
    for group, incident, due in decided:
        told = telling.tell(session, group, incident, memory.book, now)
        group.look_at = min((at for at in (due, told) if at is not None), default=None)


def _decide(
    session: Session, group: AlertGroup, memory: Memory, now: datetime, notes: Iterable[str]
) -> tuple[Incident | None, datetime | None]:
    """Decide about its incident. Gives the incident that it has then, and when time alone may change that."""
    incident = _incident_of(session, group)
    decision = correlate(_facts(session, group, incident), _former(incident), _handling(session, group, memory), now)
    incident = _carry_out(session, group, incident, decision, memory, now)
    if incident is not None and incident.state not in OVER:
        for text in notes:
            incidents.note(session, incident, ACTOR, text, public=False, now=now)
    return incident, decision.look_at


def _begin(session: Session, group: AlertGroup, since: datetime | None, now: datetime) -> None:
    """Collect from the first alert that asks on; what has fired for longer than the wait is not held back.

    `since` is when the oldest of those that moved began to fire.
    """
    if group.looked_at is not None:
        return
    if since is None and group.first_look_at is None:
        since = Members(group, ASKING).firing_since(session)
    if since is None:
        return
    wait = timedelta(seconds=group.timing["wait"])
    first = group.first_look_at or now + wait
    group.first_look_at = min(first, now) if since + wait < now else first


def _incident_of(session: Session, group: AlertGroup) -> Incident | None:
    """The incident that the group has, or had last; of one that was merged, what it was merged into."""
    if group.incident_id is None:
        return None
    incident = incidents.get(session, group.incident_id)
    if incident.state is not IncidentState.CLOSED:
        return incident
    return incidents.open_with_key(session, group.key) or incident


def _facts(session: Session, group: AlertGroup, incident: Incident | None) -> GroupFacts:
    asking = of_group(group, ASKING, of_incident=True)
    is_over = incident is None or incident.state in OVER
    of_incident = None if incident is None else and_(Alert.incident_id == incident.id, Alert.standing.in_(FIRING))
    return GroupFacts(
        asking=count(session, asking),
        joining=0 if is_over else count(session, and_(asking, Alert.incident_id.is_(None))),
        firing=0 if is_over or of_incident is None else count(session, of_incident),
        raised_at=newest_raised(session, group) if is_over else None,
        collects_until=group.first_look_at or group.began_at,
        is_accepted=group.accepted_at is not None,
    )


def _former(incident: Incident | None) -> Former | None:
    return None if incident is None else Former(incident.state, incident.resolved_at or incident.closed_at)


def _handling(session: Session, group: AlertGroup, memory: Memory) -> Handling:
    repeat = timedelta(seconds=group.timing["repeat"])
    policy = memory.policies.policy(session, group.policy_id).incident if group.policy_id is not None else None
    if policy is None:
        return Handling(Opens.NEVER, resolves_itself=True, reopen_within=REOPEN_WITHIN, repeat=repeat)
    return Handling(policy.opens, policy.resolves_itself, policy.reopen_within, repeat)


def _carry_out(
    session: Session, group: AlertGroup, incident: Incident | None, decision: Decision, memory: Memory, now: datetime
) -> Incident | None:
    if decision.follows is Follows.ASK:
        _ask(session, group, decision.reason, now)
    elif decision.follows in (Follows.OPEN, Follows.OPEN_ANEW):
        incident = _open(session, group, incident, decision.reason, memory, now)
    elif decision.follows is Follows.REOPEN and incident is not None:
        incident = _reopen(session, group, incident, decision.reason, memory, now)
    elif decision.follows is Follows.ADD and incident is not None:
        _join(session, group, incident)
    elif decision.follows is Follows.RESOLVE and incident is not None:
        _resolve(session, incident, decision.reason, memory, now)
    return incident


def _ask(session: Session, group: AlertGroup, reason: str, now: datetime) -> None:
    if group.candidate_at is None:
        group.candidate_at = now
        journal.append(session, journal.Fact("events:group:ask", f"alert_group/{group.id}", ACTOR, reason=reason))


def _open(
    session: Session, group: AlertGroup, former: Incident | None, reason: str, memory: Memory, now: datetime
) -> Incident:
    if former is not None and former.state is IncidentState.RESOLVED:
        incidents.close(session, former, Because(ACTOR, "its alerts fire anew, too late to reopen it"), now)
    new = assign_new(session, new_incident(session, group, former, memory), now)
    incident = incidents.open_incident(session, new, Because(ACTOR, reason), now, memory.book.incidents)
    _has(session, group, incident)
    mending.tell(session, incident, group, now)
    suggest(session, incident, now)
    incident_news.opened(session, incident, now)
    return incident


def _reopen(
    session: Session, group: AlertGroup, incident: Incident, reason: str, memory: Memory, now: datetime
) -> Incident:
    because = Because(ACTOR, reason)
    try:
        incidents.reopen(session, incident, because, now, memory.book.incidents)
    except Refused as refused:
        return _open(session, group, incident, f"{reason}; {refused}", memory, now)
    _has(session, group, incident)
    incident_news.moved(session, incident, "reopen", because, now)
    return incident


def _has(session: Session, group: AlertGroup, incident: Incident) -> None:
    """The group has this incident from now on, and all its alerts that ask."""
    group.incident_id, group.candidate_at, group.accepted_at, group.accepted_by = incident.id, None, None, None
    mine = of_group(group, ASKING, of_incident=True)
    session.execute(update(ALERTS).where(mine).values(incident_id=incident.id))


def _join(session: Session, group: AlertGroup, incident: Incident) -> None:
    group.incident_id = incident.id
    new = and_(of_group(group, ASKING, of_incident=True), Alert.incident_id.is_(None))
    session.execute(update(ALERTS).where(new).values(incident_id=incident.id))


def _resolve(session: Session, incident: Incident, reason: str, memory: Memory, now: datetime) -> None:
    because = Because(ACTOR, reason)
    solution = solved_by(session, incident, reason, now) or cause_of_end(session, incident, reason)
    incidents.resolve(session, incident, solution, because, now, memory.book.incidents)
    incident_news.moved(session, incident, "resolve", because, now)

"""Corrective jobs: started when an alert asks, limited in attempts, and proven by the alert clearing."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import dispatching, incidents
from models.queries.dispatching import Wish
from models.queries.event_processing.alert_rows import ASKING, Draft
from models.queries.event_processing.memory import Memory
from models.queries.event_processing.placing import is_storm
from models.records import Alert, AlertGroup, CorrectiveRun, Incident, Run, run_number
from models.rules.correlation import OVER
from models.rules.durations import format_duration
from models.rules.event_policies import Corrective, Start
from models.rules.label_templates import fill, labels_in
from models.vocabulary import AlertState, RunState

ACTOR = "events"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,252}", re.ASCII)
LOOK_AGAIN = timedelta(seconds=5)
"""While its run has not ended."""


def begin(session: Session, drafts: Iterable[Draft], memory: Memory, now: datetime) -> None:
    """Start the first attempt of what is automatic for the alerts that ask since now. A storm starts nothing."""
    for draft in drafts:
        asked = draft.was is not None and draft.was.standing in ASKING and draft.was.episode == draft.course.episode
        if not draft.policy.corrective or asked or not draft.asks:
            continue
        alert = session.get_one(Alert, draft.values["id"])
        group = session.get(AlertGroup, alert.group_id) if alert.group_id is not None else None
        if group is not None and is_storm(group):
            continue
        for one in draft.policy.corrective:
            if one.start is Start.AUTOMATIC and not _attempts(session, alert, one.job):
                _start(session, alert, one, 1, memory, now)


def cleared(session: Session, drafts: Sequence[Draft], now: datetime) -> None:
    """What was tried for alerts that are over now has worked."""
    over = [draft for draft in drafts if draft.policy.corrective and draft.course.state is AlertState.RESOLVED]
    for draft in over:
        query = select(CorrectiveRun).where(
            CorrectiveRun.alert_id == draft.values["id"], CorrectiveRun.settled_at.is_(None)
        )
        for row in session.scalars(query):
            _settle(session, row, "the alert has cleared", now, has_worked=True)


def look(session: Session, memory: Memory, now: datetime) -> int:
    """Look at the attempts whose time to clear is over. Gives how many were settled."""
    settled = 0
    for row in session.scalars(select(CorrectiveRun).where(CorrectiveRun.look_at <= now)).all():
        alert = session.get_one(Alert, row.alert_id, populate_existing=True)
        run = session.get(Run, row.run_id) if row.run_id is not None else None
        if alert.state is AlertState.RESOLVED or alert.episode != row.episode:
            _settle(session, row, "the alert has cleared", now, has_worked=True)
        elif run is not None and run.state is not RunState.ENDED:
            row.look_at = now + LOOK_AGAIN
            continue
        else:
            corrective = _of_policy(session, alert, row.job, memory)
            wait = corrective.wait if corrective else timedelta(0)
            since = run.ended_at if run is not None and run.ended_at else row.began_at
            if now < since + wait:
                row.look_at = since + wait
                continue
            _did_not_help(session, row, alert, corrective, memory, now)
        settled += 1
    return settled


def tell(session: Session, incident: Incident, group: AlertGroup, now: datetime) -> None:
    """Write on a new incident what was tried before it was opened."""
    query = (
        select(CorrectiveRun, Alert)
        .join(Alert, Alert.id == CorrectiveRun.alert_id)
        .where(Alert.group_id == group.id, Alert.incident_id == incident.id, CorrectiveRun.episode == Alert.episode)
        .order_by(CorrectiveRun.id)
    )
    for row, alert in session.execute(query).tuples():
        incidents.note(session, incident, ACTOR, _started(row, alert), public=False, now=now)


def _attempts(session: Session, alert: Alert, job: str) -> int:
    query = select(CorrectiveRun.attempt).where(
        CorrectiveRun.alert_id == alert.id, CorrectiveRun.episode == alert.episode, CorrectiveRun.job == job
    )
    return len(session.scalars(query).all())


def _of_policy(session: Session, alert: Alert, job: str, memory: Memory) -> Corrective | None:
    policy = memory.policies.policy(session, alert.policy_id)
    return next((one for one in policy.corrective if one.job == job), None)


def _start(session: Session, alert: Alert, one: Corrective, attempt: int, memory: Memory, now: datetime) -> None:
    row = CorrectiveRun(alert_id=alert.id, episode=alert.episode, job=one.job, attempt=attempt, attempts=one.attempts)
    row.began_at, row.look_at = now, now + one.wait
    labels = {name: str(value) for name, value in alert.labels.items()}
    try:
        parameters = {name: fill(text, labels) for name, text in one.parameters.items()}
        wish = Wish(ACTOR, parameters, _filter(one.on, labels) if one.on else None)
        row.run_id = dispatching.run_now(session, memory.book.of_jobs(), one.job, wish, now).id
    except (Refused, NotFound) as refused:
        # A job that is paused or under way may be free for the next attempt.
        row.reason = f"it could not be started: {refused}"
    session.add(row)
    session.flush()
    _note(session, alert, _started(row, alert), now)


def _filter(template: str, labels: dict[str, str]) -> str:
    """The hosts to work on. Raises Refused for a label that would say more than a name: a sender chose its words."""
    for name in labels_in(template):
        if not _WORD.fullmatch(labels.get(name, "")):
            raise Refused(f"the label {name} is no name that a host filter takes: {labels.get(name, '')[:64]!r}")
    return fill(template, labels)


def _started(row: CorrectiveRun, alert: Alert) -> str:
    what = run_number(row.run_id) if row.run_id is not None else row.reason
    words = f"attempt {row.attempt} of {row.attempts} to mend {alert.name} by the job {row.job}: {what}"
    return words if row.settled_at is None or row.run_id is None else f"{words}: {row.reason}"


def _did_not_help(
    session: Session, row: CorrectiveRun, alert: Alert, corrective: Corrective | None, memory: Memory, now: datetime
) -> None:
    wait = format_duration(corrective.wait) if corrective else "some time"
    reason = row.reason or f"{run_number(row.run_id or 0)} ended, and the alert fires still {wait} later"
    is_last = corrective is None or row.attempt >= corrective.attempts
    is_owned = alert.state is AlertState.ACKNOWLEDGED or alert.standing not in ASKING
    if is_last:
        reason = f"{reason}; that was the last of {row.attempts}: a person is needed"
    elif is_owned:
        reason = f"{reason}; no more is tried: {'somebody owns the alert' if alert.owner else 'it is kept quiet'}"
    _settle(session, row, reason, now, has_worked=False)
    if corrective is not None and not is_last and not is_owned:
        _start(session, alert, corrective, row.attempt + 1, memory, now)


def _settle(session: Session, row: CorrectiveRun, reason: str, now: datetime, *, has_worked: bool) -> None:
    row.settled_at, row.has_worked, row.reason, row.look_at = now, has_worked, reason, None
    session.flush()
    alert = session.get_one(Alert, row.alert_id)
    _note(session, alert, _started(row, alert) if row.run_id is not None else reason, now)


def _note(session: Session, alert: Alert, text: str, now: datetime) -> None:
    """On the incident's timeline, when it has one that is not over."""
    incident = session.get(Incident, alert.incident_id) if alert.incident_id is not None else None
    if incident is not None and incident.state not in OVER:
        incidents.note(session, incident, ACTOR, text, public=False, now=now)

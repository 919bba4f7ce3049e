"""The words of an incident that alerts open, and of its end."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries.event_processing.alert_rows import ASKING
from models.queries.event_processing.group_counts import count, gravest, of_group
from models.queries.event_processing.memory import Memory
from models.queries.event_processing.placing import STORM, is_storm
from models.records import Alert, AlertGroup, CorrectiveRun, Incident
from models.rules.event_policies import TITLE, IncidentPolicy
from models.rules.incident_rules import IncidentRules
from models.rules.incidents import NewIncident, Solution
from models.rules.label_templates import fill
from models.rules.wall_clock import stamp
from models.vocabulary import LinkVerb, ResolutionCode, Standing

MOST_LISTED = 10


def new_incident(session: Session, group: AlertGroup, former: Incident | None, memory: Memory) -> NewIncident:
    """What the alerts of a group that ask make of themselves; the gravest of them gives it its name."""
    asking = of_group(group, ASKING, of_incident=True)
    alerts = gravest(session, asking, MOST_LISTED)
    first = alerts[0]
    policy = memory.policies.policy(session, first.policy_id).incident
    impact, urgency = _levels(policy, memory.book.incidents)
    return NewIncident(
        title=_title(group, first, policy),
        description=_description(alerts, count(session, asking)),
        service=_common([alert.service for alert in alerts]),
        host=_common([alert.host for alert in alerts]),
        impact=impact,
        urgency=urgency,
        category=policy.category if policy else None,
        team=policy.team if policy else None,
        source="event",
        correlation_key=group.key,
        is_drill=all(alert.is_drill for alert in alerts),
        links=((LinkVerb.RELATED_TO, f"incident/{former.id}"),) if former is not None else (),
    )


def cause_of_end(session: Session, incident: Incident, reason: str) -> Solution:
    """How it came to its end: a job of ours has mended it, or nobody knows."""
    query = (
        select(CorrectiveRun.job)
        .join(Alert, Alert.id == CorrectiveRun.alert_id)
        .where(
            Alert.incident_id == incident.id, CorrectiveRun.has_worked.is_(True), CorrectiveRun.episode == Alert.episode
        )
        .order_by(CorrectiveRun.id.desc())
        .limit(1)
    )
    job = session.scalar(query)
    if job is None:
        return Solution(ResolutionCode.CLEARED_BY_ITSELF, reason)
    return Solution(ResolutionCode.FIXED, f"{reason}; the job {job} mended it")


def _levels(policy: IncidentPolicy | None, rules: IncidentRules) -> tuple[str | None, str | None]:
    """Impact and urgency, when the matrix has them still: a policy may be older than the site's words."""
    if policy is None:
        return None, None
    impact = policy.impact if policy.impact in rules.matrix.impacts else None
    return impact, policy.urgency if policy.urgency in rules.matrix.urgencies else None


def _title(group: AlertGroup, first: Alert, policy: IncidentPolicy | None) -> str:
    if is_storm(group):
        return f"Storm of alerts: {(group.topic or '').removeprefix(STORM).strip()}"
    if policy is None or policy.title == TITLE:
        title = f"{first.name}{_where(first)}"
    else:
        title = fill(policy.title, first.labels)
    return f"{title} (flapping)" if first.standing is Standing.FLAPPING else title


def _where(alert: Alert) -> str:
    if alert.host:
        return f" on {alert.host}"
    return f" of {alert.service}" if alert.service else ""


def _description(alerts: list[Alert], asking: int) -> str:
    lines = [_line(alert) for alert in alerts]
    if asking > len(alerts):
        lines.append(f"and {asking - len(alerts):,} more")
    return "\n".join(lines)


def _line(alert: Alert) -> str:
    where = " on ".join(part for part in (alert.name, alert.host or alert.service) if part)
    text = " ".join(str(alert.details.get("text") or "").split())[:200]
    flaps = "; it flaps" if alert.standing is Standing.FLAPPING else ""
    return f"{alert.severity.value}: {where} since {stamp(alert.fired_at)}{flaps}{f': {text}' if text else ''}"


def _common(names: list[str | None]) -> str | None:
    """The name that they all have."""
    return names[0] if len(set(names)) == 1 else None

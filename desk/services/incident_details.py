"""Everything about one incident: its clocks, its alerts, its family, what is owed while it is major, its timeline."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.acting import works_on_tickets
from desk.services.incidents import IncidentLine, key_of, lines_of
from models.database import Database
from models.queries import (
    desk_incidents,
    desk_runs,
    incident_family,
    incident_major,
    incidents,
    known_errors,
    surveys,
    tickets,
)
from models.queries.incident_clocks import clocks_of
from models.queries.incident_timeline import Entry, timeline
from models.records import Alert, Incident, run_number
from models.rules.service_clock import Reading
from models.vocabulary import AlertState, IncidentState, LinkVerb, MajorState, Mute, ResolutionCode, Severity

MOST_ALERTS = 20


@dataclass(frozen=True)
class Relative:
    """Another incident that belongs to this one."""

    incident: str
    title: str
    state: IncidentState


@dataclass(frozen=True)
class Linked:
    """How it stands to something else: `caused by` `run/12`; or how that stands to it (`from_there`)."""

    verb: LinkVerb
    target: str
    from_there: bool = False


@dataclass(frozen=True)
class AlertLine:
    """One alert that the incident answers for."""

    name: str
    severity: Severity
    state: AlertState
    service: str | None
    host: str | None
    since: datetime
    resolved_at: datetime | None
    muted_by: Mute | None


@dataclass(frozen=True)
class SuggestedLine:
    """A known error that was suggested for it, or used."""

    known_error: str
    title: str
    why: str
    workaround: str
    """In words, or the job that it is."""
    worked_percent: int | None
    """How often it has helped so far."""
    used_by: str | None
    worked: bool | None
    reason: str | None
    run: str | None


@dataclass(frozen=True)
class UpdateLine:
    """An audience of a major incident."""

    audience: str
    every_seconds: int
    last_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True)
class MajorDetail:
    """What was decided, who leads, and what is owed to whom."""

    state: MajorState
    proposed_by: str
    proposed_for: str
    decided_by: str | None
    decision: str | None
    commander: str | None
    scribe: str | None
    liaison: str | None
    updates: tuple[UpdateLine, ...]
    review_due_at: datetime | None
    review: str | None


@dataclass(frozen=True)
class IncidentDetail:
    """Everything about one incident."""

    line: IncidentLine
    timezone: str
    at: datetime
    description: str
    source: str
    opened_by: str
    resolution_code: ResolutionCode | None
    resolution: str | None
    resolved_by: str | None
    original: str | None
    """What it is a duplicate of."""
    parent: Relative | None
    children: tuple[Relative, ...]
    duplicates: tuple[Relative, ...]
    links: tuple[Linked, ...]
    clocks: tuple[Reading, ...]
    clock_problem: str | None
    """Why they cannot be computed."""
    alerts: tuple[AlertLine, ...]
    alerts_in_all: int
    known_errors: tuple[SuggestedLine, ...]
    """What may fit it, the surest first; for those who work on tickets."""
    major: MajorDetail | None
    survey_score: int | None
    survey_words: str | None
    timeline: tuple[Entry, ...]
    hidden: int
    """Entries that are not for who asks: private notes, alerts, runs, notices."""


def show_incident(database: Database, number: str, person: str, now: datetime) -> IncidentDetail:
    """Everything about one incident that this person may read. Raises Misuse for what is no number, NotFound."""
    with database.read() as session:
        incident = incidents.get(session, key_of(number))
        original = incident_family.original_of(session, incident)
        parent = incident_family.parent_of(session, incident)
        survey = surveys.of_ticket(session, incident.id)
        entries = timeline(session, incident)
        clocks, problem = _clocks(session, incident, now)
        works = works_on_tickets(session, person)
        mine = entries if works else [entry for entry in entries if entry.is_public]
        return IncidentDetail(
            line=lines_of(session, [incident], now)[0],
            timezone=desk_runs.site_zone(session),
            at=now,
            description=incident.description,
            source=incident.source,
            opened_by=incident.opened_by,
            resolution_code=incident.resolution_code,
            resolution=incident.resolution,
            resolved_by=incident.resolved_by,
            original=original.number if original.id != incident.id else None,
            parent=_relative(parent) if parent else None,
            children=tuple(map(_relative, incident_family.children_of(session, incident))),
            duplicates=tuple(map(_relative, incident_family.duplicates_of(session, incident))),
            links=_links(session, incident),
            clocks=clocks,
            clock_problem=problem,
            alerts=tuple(map(_alert, desk_incidents.alerts_of(session, incident.id, MOST_ALERTS))),
            alerts_in_all=desk_incidents.number_of_alerts(session, incident.id),
            known_errors=_suggested(session, incident) if works else (),
            major=_major(session, incident),
            survey_score=survey.score if survey else None,
            survey_words=survey.words if survey else None,
            timeline=tuple(mine),
            hidden=len(entries) - len(mine),
        )


def _clocks(session: Session, incident: Incident, now: datetime) -> tuple[tuple[Reading, ...], str | None]:
    try:
        return clocks_of(session, incident.id, now).readings, None
    except ValueError as error:
        return (), str(error)


def _relative(incident: Incident) -> Relative:
    return Relative(incident.number, incident.title, incident.state)


def _links(session: Session, incident: Incident) -> tuple[Linked, ...]:
    """Those that the family does not tell."""
    family = {LinkVerb.PARENT_OF, LinkVerb.DUPLICATE_OF}
    own = [link for link in tickets.links_of(session, incident.id) if link.verb not in family]
    others = [link for link in tickets.links_to(session, tickets.subject_of(incident)) if link.verb not in family]
    return (
        *(Linked(link.verb, link.target) for link in own),
        *(Linked(link.verb, f"incident/{link.ticket_id}", from_there=True) for link in others),
    )


def _alert(alert: Alert) -> AlertLine:
    return AlertLine(
        name=alert.name,
        severity=alert.severity,
        state=alert.state,
        service=alert.service,
        host=alert.host,
        since=alert.fired_at,
        resolved_at=alert.resolved_at,
        muted_by=alert.muted_by,
    )


def _suggested(session: Session, incident: Incident) -> tuple[SuggestedLine, ...]:
    found = known_errors.uses_of(session, incident.id)
    counted = known_errors.tallies(session, [known.id for _, known in found])
    return tuple(
        SuggestedLine(
            known_error=known.number,
            title=known.title,
            why=use.why,
            workaround=known.workaround or f"the job {known.workaround_job}",
            worked_percent=counted[known.id].worked_percent,
            used_by=use.used_by,
            worked=use.worked,
            reason=use.reason,
            run=run_number(use.run_id) if use.run_id is not None else None,
        )
        for use, known in found
    )


def _major(session: Session, incident: Incident) -> MajorDetail | None:
    major = incident_major.find(session, incident.id)
    if major is None:
        return None
    updates = incident_major.updates_of(session, incident.id)
    return MajorDetail(
        state=major.state,
        proposed_by=major.proposed_by,
        proposed_for=major.proposed_for,
        decided_by=major.decided_by,
        decision=major.decision,
        commander=major.commander,
        scribe=major.scribe,
        liaison=major.liaison,
        updates=tuple(UpdateLine(row.audience, row.every_seconds, row.last_at, row.due_at) for row in updates),
        review_due_at=major.review_due_at,
        review=major.review,
    )

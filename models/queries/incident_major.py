"""Major incidents: proposed by a person or a rule, decided by few, led by named people, told, and reviewed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import incident_news, journal, problem_escalation, tickets
from models.queries.states import Because, advance
from models.records import Incident, JournalRow, MajorIncident, MajorUpdate, WorkNote
from models.rules.incident_rules import STANDARD, IncidentRules
from models.rules.incidents import text_problems
from models.rules.priorities import MAJOR
from models.rules.scopes import LABELS
from models.rules.wall_clock import stamp
from models.vocabulary import IncidentState, MajorState

_OVER = (IncidentState.RESOLVED, IncidentState.CLOSED, IncidentState.CANCELLED)
_LASTS = (MajorState.ACCEPTED,)
REMIND_OF_REVIEW = timedelta(weeks=1)


@dataclass(frozen=True)
class Roles:
    """Who has which part in a major incident; None leaves it as it is."""

    commander: str | None = None
    scribe: str | None = None
    liaison: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Those that are said."""
        parts = {"commander": self.commander, "scribe": self.scribe, "liaison": self.liaison}
        return {name: person for name, person in parts.items() if person is not None}


def find(session: Session, incident_id: int) -> MajorIncident | None:
    """What was decided about an incident; None when nobody ever thought it a major one."""
    return session.get(MajorIncident, incident_id)


def get(session: Session, incident: Incident) -> MajorIncident:
    """The same. Raises NotFound."""
    major = find(session, incident.id)
    if major is None:
        raise NotFound(f"{incident.number} was never proposed as a major incident")
    return major


def propose(session: Session, incident: Incident, because: Because, now: datetime) -> MajorIncident:
    """Say that it may be a major incident, and why. Raises Refused without a reason, or when it is over."""
    reason = _reason(because)
    _refuse_over(incident)
    major = find(session, incident.id)
    because = replace(because, at=now)
    proposed = {"proposed_at": now, "proposed_by": because.actor, "proposed_for": reason}
    if major is not None:
        undecided = {"decided_at": None, "decided_by": None, "decision": None, "review": None, "review_due_at": None}
        advance(session, major, "propose", because, **proposed, **undecided)
        return major
    major = MajorIncident(id=incident.id, **proposed)
    session.add(major)
    session.flush()
    tag, target = "incidents:major_incident:propose", MajorState.CANDIDATE.value
    fact = journal.Fact(tag, f"major_incident/{incident.id}", because.actor, None, target, reason, at=now)
    journal.append(session, fact)
    return major


def propose_by_rule(
    session: Session, incident: Incident, rules: IncidentRules, now: datetime, reason: str | None = None
) -> None:
    """Make it a candidate when a rule of the site, or who opens it, says so, and nobody has decided before."""
    facts = {name: getattr(incident, name, None) for name in LABELS}
    reason = reason or rules.major_for(rules.subject(facts))
    if reason and find(session, incident.id) is None:
        propose(session, incident, Because("incident rules", reason), now)


def accept(
    session: Session, incident: Incident, roles: Roles, because: Because, now: datetime, rules: IncidentRules = STANDARD
) -> MajorIncident:
    """Decide that it is one: its priority is `major`, and each audience is told at its interval.

    Raises NotFound when nobody proposed it, Refused without a reason or when it is over.
    """
    _refuse_over(incident)
    major = get(session, incident)
    decision = _decision(because, now)
    advance(session, major, "accept", replace(because, at=now), **decision, **roles.named)
    _set_priority(session, incident, MAJOR, because, now)
    known = {row.audience: row for row in updates_of(session, incident.id)}
    for audience, every in rules.updates.items():
        row = known.get(audience) or MajorUpdate(incident_id=incident.id, audience=audience)
        row.every_seconds, row.due_at = round(every.total_seconds()), now + every
        session.add(row)
    session.flush()
    problem_escalation.consider(session, incident, now)
    return major


def decline(session: Session, incident: Incident, because: Because, now: datetime) -> MajorIncident:
    """Decide that it is none. Raises NotFound when nobody proposed it, Refused without a reason."""
    major = get(session, incident)
    advance(session, major, "decline", replace(because, at=now), **_decision(because, now))
    return major


def demote(
    session: Session, incident: Incident, because: Because, now: datetime, rules: IncidentRules = STANDARD
) -> MajorIncident:
    """Decide that it is none any more: its priority is the matrix's again. Raises as the others."""
    _refuse_over(incident)
    major = get(session, incident)
    advance(session, major, "demote", replace(because, at=now), **_decision(because, now))
    _set_priority(session, incident, rules.matrix.matrix[incident.impact][incident.urgency], because, now)
    _end_updates(session, incident.id)
    return major


def appoint(session: Session, incident: Incident, roles: Roles, because: Because, now: datetime) -> MajorIncident:
    """Name who leads, writes down and talks to those outside. Raises Refused when nobody is named."""
    if not roles.named:
        raise Refused("name a commander, a scribe or a liaison")
    major = get(session, incident)
    advance(session, major, "appoint", replace(because, at=now), **roles.named)
    return major


def tell(session: Session, incident: Incident, note: WorkNote, now: datetime) -> WorkNote:
    """Write an update for the audience of the note, and note when its next is due. Raises Refused for another one."""
    major = get(session, incident)
    if major.state not in _LASTS or incident.state in _OVER:
        raise Refused(f"{incident.number} is no major incident that lasts: write a note instead")
    rows = {row.audience: row for row in updates_of(session, incident.id)}
    row = rows.get(note.audience or "")
    if row is None:
        raise Refused(f"{note.audience!r} is no audience of {incident.number}; these are: {', '.join(rows)}")
    row.last_at, row.due_at = now, now + row.every
    return tickets.add_note(session, note)


def review(session: Session, incident: Incident, text: str, because: Because, now: datetime) -> MajorIncident:
    """Write down what it taught. Raises Refused before it is resolved, or without words."""
    problems = list(text_problems("review", text))
    if problems:
        raise Refused("; ".join(problems))
    if incident.state not in _OVER:
        raise Refused(f"{incident.number} is {incident.state.value}: review it when it is resolved")
    major = get(session, incident)
    advance(session, major, "review", replace(because, at=now), review=text.strip())
    return major


def updates_of(session: Session, incident_id: int) -> list[MajorUpdate]:
    """Each audience of a major incident, and when it is told next; the most often told first."""
    query = select(MajorUpdate).where(MajorUpdate.incident_id == incident_id)
    return list(session.scalars(query.order_by(MajorUpdate.every_seconds, MajorUpdate.audience)))


def remind(session: Session, now: datetime) -> int:
    """Remind once of each update that is due. How many these are."""
    is_told = MajorUpdate.reminded_at >= MajorUpdate.due_at
    query = (
        select(MajorUpdate, MajorIncident, Incident)
        .join(MajorIncident, MajorIncident.id == MajorUpdate.incident_id)
        .join(Incident, Incident.id == MajorUpdate.incident_id)
        .where(MajorUpdate.due_at <= now, or_(MajorUpdate.reminded_at.is_(None), ~is_told))
        .order_by(MajorUpdate.due_at, MajorUpdate.id)
    )
    found = session.execute(query).tuples().all()
    for row, major, incident in found:
        row.reminded_at = now
        incident_news.update_due(session, incident, row, major.commander, now)
    return len(found)


def reviews_due(session: Session, now: datetime) -> list[MajorIncident]:
    """The major incidents whose review should have been written by now, longest first."""
    query = select(MajorIncident).where(MajorIncident.state == MajorState.ACCEPTED, MajorIncident.review_due_at <= now)
    return list(session.scalars(query.order_by(MajorIncident.review_due_at)))


def remind_of_reviews(session: Session, now: datetime) -> int:
    """Tell of each review that falls due, once, and once more for each week that it stays open. How many were told."""
    due = {_review_key(major, now): major for major in reviews_due(session, now)}
    known = set(session.scalars(select(JournalRow.key).where(JournalRow.key.in_(due)))) if due else set()
    new = {key: major for key, major in due.items() if key not in known}
    for key, major in new.items():
        text = f"it was to be reviewed by {stamp(major.review_due_at or now)}: write down what it taught"
        tag, subject = "incidents:major_incident:review-due", f"major_incident/{major.id}"
        journal.append(session, journal.Fact(tag, subject, "clock", reason=text, key=key, at=now))
        incident_news.review_due(session, session.get_one(Incident, major.id), major, text, key, now)
    return len(new)


def _review_key(major: MajorIncident, now: datetime) -> str:
    """One for each week since it fell due: of several weeks in which nobody looked, only the last is told of."""
    due = major.review_due_at or now
    return f"major_incident/{major.id}/review-due/{due:%Y%m%dT%H%M%S}/{(now - due) // REMIND_OF_REVIEW}"


def moved(session: Session, incident: Incident, now: datetime, rules: IncidentRules) -> None:
    """The incident came to its end, or went on: so do the updates; the review is due after the end."""
    major = find(session, incident.id)
    if major is None or major.state not in _LASTS:
        return
    if incident.state not in _OVER:
        if major.review_due_at is not None:
            major.review_due_at = None
            for row in updates_of(session, incident.id):
                row.due_at = now + row.every
        return
    if major.review_due_at is None:
        major.review_due_at = now + rules.review_within
        _end_updates(session, incident.id)


def _end_updates(session: Session, incident_id: int) -> None:
    session.execute(update(MajorUpdate).where(MajorUpdate.incident_id == incident_id).values(due_at=None))


def _set_priority(session: Session, incident: Incident, priority: str, because: Because, now: datetime) -> None:
    """As a part of the decision, which only few may make; so nobody asks for another role."""
    by = Because(because.actor, because.reason, at=now)
    advance(session, incident, "set priority", by, priority=priority, look_at=now)


def _decision(because: Because, now: datetime) -> dict[str, object]:
    return {"decided_at": now, "decided_by": because.actor, "decision": _reason(because)}


def _reason(because: Because) -> str:
    problems = list(text_problems("reason", because.reason or ""))
    if problems:
        raise Refused("; ".join(problems))
    return (because.reason or "").strip()


def _refuse_over(incident: Incident) -> None:
    if incident.state in _OVER:
        raise Refused(f"{incident.number} is {incident.state.value}: reopen it first")

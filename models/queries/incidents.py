"""Incidents: opened, moved by the one writer of state, and found. A parent takes its children along.

Each move that a person makes is given the roles of that person in its `Because`; our own parts need none.
"""

from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import incident_family, incident_major, incident_news, journal, tickets
from models.queries.incident_acts import Act, Changes, change, make
from models.queries.incident_finding import get, last_with_key, open_of_its_own, open_with_key
from models.queries.states import Because
from models.records import Incident, TicketLink, WorkNote
from models.rules.incident_rules import STANDARD, Grading, IncidentRules
from models.rules.incidents import (
    NewIncident,
    Solution,
    fitting_text,
    fitting_title,
    may_reopen,
    solution_problems,
    text_problems,
)
from models.rules.priorities import MAJOR
from models.vocabulary import HoldReason, IncidentState, LinkVerb, ResolutionCode, TicketKind

__all__ = [
    "assign", "cancel", "close", "close_due", "escalate", "get", "hold", "last_with_key", "link", "merge", "note",
    "open_incident", "open_with_key", "reopen", "resolve", "resume", "set_priority", "take",
]  # fmt: skip
UNSOLVED: Changes = {
    "resolution_code": None,
    "resolution": None,
    "resolved_at": None,
    "resolved_by": None,
    "close_at": None,
    "closed_at": None,
}


def open_incident(
    session: Session, new: NewIncident, because: Because, now: datetime, rules: IncidentRules = STANDARD
) -> Incident:
    """Write a new incident down, or return the one that answers for its correlation key already.

    Raises Refused for an impact, an urgency or a priority that the matrix does not have.
    """
    answering = open_with_key(session, new.correlation_key) if new.correlation_key else None
    if answering is not None:
        return answering
    try:
        grading = rules.grading_of(new)
    except ValueError as error:
        raise Refused(str(error)) from None
    incident = Incident(
        kind=TicketKind.INCIDENT,
        title=fitting_title(new.title),
        description=fitting_text(new.description),
        service=new.service,
        host=new.host,
        category=new.category,
        caller=new.caller,
        opened_by=because.actor,
        opened_at=now,
        source=new.source,
        is_drill=new.is_drill,
        team=new.team,
        owner=new.owner,
        correlation_key=new.correlation_key,
        look_at=now,
        **asdict(grading),
    )
    session.add(incident)
    session.flush()
    _tell_opened(session, incident, new, replace(because, at=now))
    for verb, target in new.links:
        link(session, incident, verb, target, because, now)
    incident_major.propose_by_rule(session, incident, rules, now, new.major_for)
    return incident


def _tell_opened(session: Session, incident: Incident, new: NewIncident, because: Because) -> None:
    told = ("priority", "impact", "urgency", "service", "host", "team", "owner", "caller", "category", "is_drill")
    facts = {name: getattr(incident, name) for name in told} | {"promises": list(new.promises)}
    fact = journal.Fact(
        tag="incidents:incident:open",
        subject=tickets.subject_of(incident),
        actor=because.actor,
        target=IncidentState.NEW.value,
        reason=because.reason,
        facts=facts,
        key=because.key,
        at=because.at,
    )
    journal.append(session, fact)


def take(session: Session, incident: Incident, because: Because, now: datetime, owner: str | None = None) -> bool:
    """Begin the work on it: who acts owns it, or somebody who is named. It counts as owned from here on."""
    return change(session, incident, "take", because, now, owner=owner or because.actor)


def assign(
    session: Session, incident: Incident, to: tuple[str | None, str | None], because: Because, now: datetime
) -> bool:
    """Give it to a team and a person of it (or to nobody yet); its state stays."""
    team, owner = to
    return change(session, incident, "assign", because, now, team=team, owner=owner)


def set_priority(
    session: Session,
    incident: Incident,
    grading: Grading,
    because: Because,
    now: datetime,
    rules: IncidentRules = STANDARD,
) -> bool:
    """Judge impact and urgency anew. The priority of a major incident stays `major`, whatever the two say."""
    if incident.priority == MAJOR:
        grading = replace(grading, priority=MAJOR)
    done = change(session, incident, "set priority", because, now, **asdict(grading))
    if done:
        incident_major.propose_by_rule(session, incident, rules, now)
    return done


def escalate(session: Session, incident: Incident, because: Because, now: datetime) -> bool:
    """Ask for help: whoever answers for its team is to look at it."""
    return change(session, incident, "escalate", because, now, escalation=incident.escalation + 1)


def hold(session: Session, incident: Incident, reason: HoldReason, because: Because, now: datetime) -> bool:
    """Let it wait for somebody else, and its children with it."""
    return make(session, incident, Act("hold", because, now, lambda _: {"hold_reason": reason}))


def resume(session: Session, incident: Incident, because: Because, now: datetime) -> bool:
    """It waits no more, nor do the children that waited with it."""
    return make(session, incident, Act("resume", because, now, lambda _: {"hold_reason": None}))


def resolve(
    session: Session,
    incident: Incident,
    solution: Solution,
    because: Because,
    now: datetime,
    rules: IncidentRules = STANDARD,
) -> bool:
    """Write its solution down, for its children and all its duplicates too. Raises Refused for one that is none."""
    problems = list(solution_problems(solution))
    if problems:
        raise Refused("; ".join(problems))
    changes = {
        "resolution_code": solution.code,
        "resolution": solution.text.strip(),
        "resolved_at": now,
        "resolved_by": because.actor,
        "close_at": now + rules.close_after,
        "hold_reason": None,
    }
    # A person who solves what nobody has taken has owned it, too.
    owns = {"owner": because.actor} if incident.owner is None and because.roles is not None else {}
    return make(
        session,
        incident,
        Act("resolve", because, now, lambda one: changes | (owns if one is incident else {}), rules),
    )


def reopen(
    session: Session, incident: Incident, because: Because, now: datetime, rules: IncidentRules = STANDARD
) -> bool:
    """The solution was none. Raises Refused past the limit or the window, or when another answers for its alerts."""
    verdict = may_reopen(rules.reopening, incident.reopened, incident.resolved_at or incident.closed_at or now, now)
    if not verdict.allowed:
        raise Refused(f"{incident.number}: {verdict.reason}")
    key = incident.correlation_key
    answering = open_of_its_own(session, key) if key and incident.state in incident_family.OVER else None
    if answering is not None:
        raise Refused(f"{incident.number}: {answering.number} answers for the same alerts: work on that one")
    done = make(
        session, incident, Act("reopen", because, now, lambda one: {**UNSOLVED, "reopened": one.reopened + 1}, rules)
    )
    for link_ in tickets.links_of(session, incident.id, LinkVerb.DUPLICATE_OF) if done else ():
        tickets.remove_link(session, link_, because.actor, now)
    return done


def close(session: Session, incident: Incident, because: Because, now: datetime) -> bool:
    """Its solution is accepted; its caller is asked how content they are."""
    return make(session, incident, Act("close", because, now, lambda _: {"closed_at": now, "close_at": None}))


def cancel(session: Session, incident: Incident, because: Because, now: datetime) -> bool:
    """It was none. Raises Refused when nobody says why."""
    problems = list(text_problems("reason", because.reason or ""))
    if problems:
        raise Refused("; ".join(problems))
    changes = {"closed_at": now, "hold_reason": None}
    return make(session, incident, Act("cancel", because, now, lambda _: changes))


def merge(session: Session, incident: Incident, into: Incident, because: Because, now: datetime) -> bool:
    """Close it as a duplicate; it shares the other's solution, now or later, and hands its children over.

    Raises Refused for an original that is its own child, itself, or cancelled.
    """
    original = incident_family.original_of(session, into)
    incident_family.check_original(session, incident, original)
    changes = {
        "resolution_code": ResolutionCode.DUPLICATE,
        "resolution": original.resolution or f"the same as {original.number}",
        "closed_at": now,
        "close_at": None,
        "hold_reason": None,
    }
    if not make(session, incident, Act("merge", because, now, lambda _: changes)):
        return False
    target = tickets.subject_of(original)
    duplicate_of = TicketLink(ticket_id=incident.id, verb=LinkVerb.DUPLICATE_OF, target=target)
    duplicate_of.linked_at, duplicate_of.linked_by = now, because.actor
    tickets.add_link(session, duplicate_of)
    handed = [link_.id for link_ in tickets.links_of(session, incident.id, LinkVerb.PARENT_OF)]
    session.execute(update(TicketLink).where(TicketLink.id.in_(handed)).values(ticket_id=original.id))
    return True


def link(
    session: Session, incident: Incident, verb: LinkVerb, target: str, because: Because, now: datetime
) -> TicketLink | None:
    """Link it with another thing (`incident/12`, `run/7`, `host/web1`); None when that is so already.

    A child of an incident that waits, waits with it. Raises Refused for what cannot be; duplicates are merged.
    """
    if verb is LinkVerb.DUPLICATE_OF:
        raise Refused(f"{incident.number}: a duplicate is merged, so that it shares the solution")
    child = None
    if verb is LinkVerb.PARENT_OF:
        child = get(session, int(target.removeprefix("incident/")))
        incident_family.check_parent(session, incident, child)
    new = TicketLink(ticket_id=incident.id, verb=verb, target=target, linked_at=now, linked_by=because.actor)
    if not tickets.add_link(session, new):
        return None
    if child is not None and incident.state is IncidentState.ON_HOLD and incident_family.follows(child, "hold"):
        act = Act("hold", because, now, lambda _: {"hold_reason": incident.hold_reason})
        make(session, child, act.along(incident))
    return new


def note(session: Session, incident: Incident, person: str, text: str, *, public: bool, now: datetime) -> WorkNote:
    """Write on it: for the caller too, or only for those who work on it."""
    return tickets.add_note(
        session, WorkNote(ticket_id=incident.id, at=now, person=person, text=text, is_public=public)
    )


def close_due(session: Session, now: datetime) -> list[Incident]:
    """Close what was resolved long enough ago. A parent closes first, and its children with it."""
    query = select(Incident).where(Incident.state == IncidentState.RESOLVED, Incident.close_at <= now)
    closed = []
    for incident in session.scalars(query.order_by(Incident.id)).all():
        if incident.state is IncidentState.RESOLVED:
            because = Because("clock", "nobody refused the solution")
            close(session, incident, because, now)
            incident_news.moved(session, incident, "close", because, now)
            closed.append(incident)
    return closed

"""Incidents that become problems by the rules of problems.yaml: ordered once each, and joined to what is open.

The order leaves through the outbox in the transaction of the move that asked for it; its flow weighs the incident
anew, so that what was undone meanwhile opens nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.orders.escalate_incident import EscalateIncident
from models.queries import outbox, problem_links
from models.queries.incident_book import read_incident_book
from models.queries.outbox import Wanted
from models.queries.problem_rules import read_handling
from models.records import EscalationOrder, Incident, KnownError, KnownErrorUse, MajorIncident, Problem, Service
from models.rules.problem_escalation import About, Ordeal, one_to_join, reason_to_escalate
from models.rules.problem_moves import OPEN
from models.vocabulary import IncidentState, MajorState, ResolutionCode

DEPLOYMENT = "escalate-incident"
ANSWER_WITHIN = timedelta(minutes=15)
"""So long after the outbox was asked, it is carried out; else it is asked again, each time twice as long later."""
LONGEST_WAIT = timedelta(days=1)
MOST = 50
DECLARED = (MajorState.ACCEPTED, MajorState.REVIEWED)


@dataclass(frozen=True)
class Wish:
    """That an incident becomes a problem, or part of one."""

    reason: str
    team: str | None
    """Who gets a new problem."""
    joins: int | None
    """The key of the open problem that it belongs to."""


def consider(session: Session, incident: Incident, now: datetime) -> bool:
    """Order the escalation of an incident when a rule, or its known error's problem, asks for it; once for each."""
    if weigh(session, incident) is None:
        return False
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(EscalationOrder).values(incident_id=incident.id, ordered_at=now, tries=0)
    if session.scalar(new.on_conflict_do_nothing().returning(EscalationOrder.incident_id)) is None:
        return False
    _ask(session, session.get_one(EscalationOrder, incident.id), now)
    return True


def look(session: Session, now: datetime) -> int:
    """Ask again for what was ordered and is not carried out: its flow run died. How many these are."""
    query = select(EscalationOrder).where(EscalationOrder.look_at <= now).order_by(EscalationOrder.incident_id)
    due = session.scalars(query.limit(MOST).with_for_update(skip_locked=True)).all()
    for order in due:
        _ask(session, order, now)
    return len(due)


def is_done(session: Session, incident: Incident) -> bool:
    """Whether its order was carried out; what a person has undone since stays undone."""
    order = session.get(EscalationOrder, incident.id, with_for_update=True)
    return order is not None and order.look_at is None


def settle(session: Session, incident: Incident) -> None:
    """Its order is carried out when it belongs to a problem; else nothing asks for it, and it can be ordered anew."""
    order = session.get(EscalationOrder, incident.id, with_for_update=True)
    if order is None or order.look_at is None:
        return
    if problem_links.problems_of(session, incident.id):
        order.look_at = None
    else:
        session.delete(order)
    session.flush()


def _ask(session: Session, order: EscalationOrder, now: datetime) -> None:
    order.tries += 1
    order.look_at = now + min(ANSWER_WITHIN * 2 ** min(order.tries - 1, 10), LONGEST_WAIT)
    parameters = {"order": EscalateIncident(incident=order.incident_id).model_dump(mode="json")}
    key = f"escalate/incident/{order.incident_id}/{order.ordered_at:%Y%m%dT%H%M%S.%f}/{order.tries}"
    outbox.put(session, Wanted(key, "run", parameters, DEPLOYMENT), now)
    session.flush()


def weigh(session: Session, incident: Incident) -> Wish | None:
    """Why an incident becomes a problem, and which; None: no rule says so, or it belongs to one already."""
    rules = read_handling(session).escalate
    used = _known_error(session, incident)
    if not rules and (used is None or used.problem_id is None):
        return None
    is_none = incident.state is IncidentState.CANCELLED or incident.resolution_code is ResolutionCode.DUPLICATE
    if is_none or incident.is_drill or problem_links.problems_of(session, incident.id):
        return None
    joins = _one_to_join(session, incident, used)
    if used is not None and joins is not None and joins == used.problem_id:
        return Wish(f"it is {used.number}", None, joins)
    book = read_incident_book(session)
    ordeal, subject = _ordeal(session, incident, used), book.subject(incident)
    for rule in rules:
        reason = reason_to_escalate(rule.on, rule.times, ordeal) if rule.scope.takes(subject) else None
        if reason is not None:
            owning = book.owner_of(incident.service, incident.category)
            return Wish(reason, rule.team or (owning[0] if owning else incident.team), joins)
    return None


def hold_matters(session: Session, incidents: Sequence[Incident]) -> None:
    """Let nobody else open a problem of these incidents, or about their services, until this transaction ends."""
    services = {incident.service for incident in incidents}
    session.execute(select(Service.id).where(Service.name.in_(services)).order_by(Service.id).with_for_update())
    keys = [incident.id for incident in incidents]
    session.execute(select(Incident.id).where(Incident.id.in_(keys)).order_by(Incident.id).with_for_update())


def _known_error(session: Session, incident: Incident) -> KnownError | None:
    """The known error that was last used on it."""
    query = (
        select(KnownError)
        .join(KnownErrorUse, KnownErrorUse.known_error_id == KnownError.id)
        .where(KnownErrorUse.incident_id == incident.id, KnownErrorUse.used_at.is_not(None))
        .order_by(KnownErrorUse.used_at.desc(), KnownErrorUse.id.desc())
    )
    return session.scalar(query.limit(1))


def _ordeal(session: Session, incident: Incident, used: KnownError | None) -> Ordeal:
    major = session.get(MajorIncident, incident.id)
    same = 0
    if used is not None:
        count = (
            select(func.count())
            .select_from(KnownErrorUse)
            .join(Incident, Incident.id == KnownErrorUse.incident_id)
            .where(
                KnownErrorUse.known_error_id == used.id,
                KnownErrorUse.used_at.is_not(None),
                *problem_links.is_trouble(),
            )
        )
        same = session.scalar(count) or 0
    return Ordeal(
        is_major=major is not None and major.state in DECLARED,
        reopened=incident.reopened,
        by_workaround=incident.resolution_code is ResolutionCode.WORKAROUND,
        known_error=used.number if used else None,
        same_known_error=same,
    )


def _one_to_join(session: Session, incident: Incident, used: KnownError | None) -> int | None:
    query = select(Problem).where(Problem.state.in_(OPEN), Problem.is_drill.is_(False)).order_by(Problem.id)
    of_known_error = None
    if used is not None and used.problem_id is not None:
        of_known_error = session.scalar(query.where(Problem.id == used.problem_id).with_only_columns(Problem.id))
    alike = session.scalars(query.where(Problem.service == incident.service)) if incident.service else ()
    return one_to_join(
        About(incident.service, incident.category, incident.host),
        of_known_error,
        [(one.id, About(one.service, one.category, one.host)) for one in alike],
    )

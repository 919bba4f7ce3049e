"""A site with schemes, applied to a test's database, and approvals of it.

Ann asks; Bob is her manager, Cid and Dot are the web team that Cid leads, Eve and Eli run the site.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import approval_deciding, approvals, journal, register
from models.queries.approval_deciding import Decision
from models.queries.states import Because
from models.records import Approval, ApprovalDecision, ApprovalSeat, ApprovalStep, Notice
from models.rules.approvals.asking import NewApproval
from models.rules.lifecycle import Role
from models.site.loading import load_site
from models.vocabulary import ApprovalVerdict
from tests.site.folders import write_site

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YES, NO = ApprovalVerdict.APPROVE, ApprovalVerdict.DENY
PEOPLE = """
teams:
  web: {title: Web team, manager: cid}
people:
  ann: {name: Ann Bell, mail: ann@example.org, roles: [requester, approver], manager: bob}
  ann-root: {name: Ann Bell, roles: [administrator, approver], teams: [web], account_of: ann}
  bob: {name: Bob Brown, mail: bob@example.org, roles: [manager, approver], manager: eve}
  cid: {name: Cid Carver, mail: cid@example.org, teams: [web], roles: [approver]}
  dot: {name: Dot Drew, mail: dot@example.org, teams: [web]}
  eve: {name: Eve Kurz, mail: eve@example.org, roles: [administrator, manager]}
  eli: {name: Eli Lind, mail: eli@example.org, roles: [administrator]}
"""
SCHEMES = """
schemes:
  plain:
    title: The manager
    pre_approved: [{cost_at_most: 10}]
    steps:
      - title: The manager
        approvers: [{manager_of: requester}]
        remind_after: 4h
        escalate_after: 1d
        escalate_to: [{role: administrator}]
        expires_after: 3d
  two:
    title: Two of the web team
    steps: [{approvers: [{team: web}], needed: 2, expires_after: null}]
  long:
    title: The manager, then the team and the owner together
    steps:
      - {approvers: [{manager_of: requester}]}
      - {approvers: [{person: dot}, {person: bob}]}
      - {approvers: [{owner_of: service}], together: true}
  late:
    title: Approved when nobody decides
    steps: [{approvers: [{person: bob}], expires_after: 2d, then: approve}]
  office:
    title: In office hours
    calendar: office
    steps: [{approvers: [{person: bob}], remind_after: 4h}]
"""
FILES = {
    "people.yaml": PEOPLE,
    "services.yaml": "services: {shop: {title: Shop, owner: web}}\n",
    "notices.yaml": "mail: {host: mail.example.org, sender: watchbill@example.org}\n",
    "approvals.yaml": SCHEMES,
}
ASKED = NewApproval(
    "request/12", "An editor for web1", "ann", "ann", "plain", {"cost": 40, "service": "shop"}, "web1: + editor"
)
DESK, ANN, EVE = Because("desk"), Because("ann", roles=frozenset({Role.REQUESTER})), frozenset({Role.ADMINISTRATOR})


def apply(database: Database, folder: Path, now: datetime = NOW - DAY, files: Mapping[str, str] | None = None) -> None:
    """Write the site and bring the register to it."""
    site = load_site(write_site(folder, {**FILES, **(files or {})}))
    with database.write() as session:
        register.apply(session, site.entries(), "test", now)


def ask(session: Session, now: datetime = NOW, **more: object) -> Approval:
    """Ann's request for an editor."""
    return approvals.ask(session, replace(ASKED, **more), DESK, now)  # type: ignore[arg-type]


def decide(
    session: Session,
    approval: Approval,
    person: str,
    verdict: ApprovalVerdict = YES,
    comment: str | None = None,
    now: datetime = NOW,
) -> ApprovalDecision:
    """What somebody decides about it as it is."""
    words = comment or ("no" if verdict is NO else None)
    return approval_deciding.decide(session, approval, Decision(person, verdict, approval.sha256[:8], words), now)


def steps(session: Session, approval: Approval) -> list[str]:
    """The steps of its round, by their states."""
    query = select(ApprovalStep).where(ApprovalStep.approval_id == approval.id, ApprovalStep.round == approval.round)
    return [row.state.value for row in session.scalars(query.order_by(ApprovalStep.place))]


def seats(session: Session, approval: Approval) -> dict[str, str]:
    """The free seats of its round, each with the rule that it is by."""
    query = (
        select(ApprovalSeat)
        .join(ApprovalStep, ApprovalStep.id == ApprovalSeat.step_id)
        .where(
            ApprovalStep.approval_id == approval.id,
            ApprovalStep.round == approval.round,
            ApprovalSeat.ended_at.is_(None),
        )
    )
    return {seat.identity: seat.rule for seat in session.scalars(query.order_by(ApprovalSeat.id))}


def told(session: Session, approval: Approval) -> list[str]:
    """The journal about it, as actions."""
    journal.write_queued(session)
    return [row.tag.rpartition(":")[2] for row in journal.rows_about(session, f"approval/{approval.id}")]


def reasons(session: Session, approval: Approval, action: str) -> list[str | None]:
    """What the journal says of one action, each time."""
    journal.write_queued(session)
    rows = journal.rows_about(session, f"approval/{approval.id}")
    return [row.reason for row in rows if row.tag.endswith(f":{action}")]


def mails(session: Session) -> list[tuple[str, str]]:
    """Every notice: its tag without `approval-`, and to whom, without the domain."""
    rows = session.scalars(select(Notice).order_by(Notice.id)).all()
    return [(row.tag.removeprefix("approval-"), row.to.partition("@")[0]) for row in rows]


def facts_of(session: Session, tag: str) -> list[dict[str, object]]:
    """What each notice of this tag tells."""
    rows = session.scalars(select(Notice).where(Notice.tag == f"approval-{tag}").order_by(Notice.id)).all()
    return [json.loads(json.dumps(row.facts)) for row in rows]

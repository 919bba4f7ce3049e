"""Tell people: render a notice from its template and send it to one address, by mail or through Apprise."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from apprise import NotifyType
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from models import clock
from models.errors import WatchbillError
from models.orders import SendNotice
from models.orders.run_job import run_id_of
from models.queries import notice_box, notice_recipients, runs
from models.queries.daily_operations.reading import SiteFacts, read_site
from models.records import Notice as NoticeRow
from models.rules.notice_facts import (
    AlertGroupFacts,
    ApprovalFacts,
    CandidatesFacts,
    DelegationFacts,
    DigestFacts,
    IncidentFacts,
    KnownErrorReviewFacts,
    ProblemFacts,
    SilenceFacts,
    SourceFacts,
    TestFacts,
)
from models.rules.notices import APPROVAL_TAGS, PROBLEM_TAGS
from models.secrets import REFERENCE, SecretStore
from models.site.notices import MailServer
from models.vocabulary import NoticeState, NoticeTag, Outcome
from tasks.ledger import task
from tasks.tools.mail import Envelope, compose, post
from tasks.tools.rendering import Notice, render_notice
from tasks.tools.sending import NotDelivered, deliver
from tasks.workplace import database, settings

log = logging.getLogger("watchbill.notices")


KINDS = {
    "run-failed": NotifyType.FAILURE,
    "run-missed": NotifyType.FAILURE,
    "run-late": NotifyType.WARNING,
    "run-too-long": NotifyType.WARNING,
    "run-retrying": NotifyType.WARNING,
    "run-started": NotifyType.INFO,
    "run-succeeded": NotifyType.SUCCESS,
    "alarm-cleared": NotifyType.SUCCESS,
    NoticeTag.INCIDENT_OPENED: NotifyType.FAILURE,
    NoticeTag.INCIDENT_ASSIGNED: NotifyType.INFO,
    NoticeTag.INCIDENT_UPDATED: NotifyType.INFO,
    NoticeTag.INCIDENT_ESCALATED: NotifyType.WARNING,
    NoticeTag.INCIDENT_WARNING: NotifyType.WARNING,
    NoticeTag.INCIDENT_BREACHED: NotifyType.FAILURE,
    NoticeTag.INCIDENT_RESOLVED: NotifyType.SUCCESS,
    NoticeTag.INCIDENT_CLOSED: NotifyType.SUCCESS,
    NoticeTag.INCIDENT_REOPENED: NotifyType.WARNING,
    NoticeTag.MAJOR_DECLARED: NotifyType.FAILURE,
    NoticeTag.MAJOR_UPDATE: NotifyType.WARNING,
    NoticeTag.MAJOR_UPDATE_DUE: NotifyType.WARNING,
    NoticeTag.MAJOR_REVIEW_DUE: NotifyType.INFO,
    NoticeTag.PROBLEM_OPENED: NotifyType.INFO,
    NoticeTag.PROBLEM_ASSIGNED: NotifyType.INFO,
    NoticeTag.PROBLEM_REOPENED: NotifyType.FAILURE,
    NoticeTag.PROBLEM_RESOLVED: NotifyType.SUCCESS,
    NoticeTag.PROBLEM_DUE: NotifyType.WARNING,
    NoticeTag.PROBLEM_CANDIDATES: NotifyType.INFO,
    NoticeTag.KNOWN_ERROR_DUE: NotifyType.INFO,
    NoticeTag.APPROVAL_ASKED: NotifyType.INFO,
    NoticeTag.APPROVAL_REMINDED: NotifyType.WARNING,
    NoticeTag.APPROVAL_ESCALATED: NotifyType.WARNING,
    NoticeTag.APPROVAL_REASSIGNED: NotifyType.INFO,
    NoticeTag.APPROVAL_SENT_BACK: NotifyType.WARNING,
    NoticeTag.APPROVAL_DECIDED: NotifyType.INFO,
    NoticeTag.APPROVAL_DELEGATED: NotifyType.INFO,
    NoticeTag.ALERT_GROUP: NotifyType.WARNING,
    NoticeTag.SILENCE_ENDING: NotifyType.INFO,
    NoticeTag.SOURCE_SILENT: NotifyType.FAILURE,
    NoticeTag.DIGEST: NotifyType.INFO,
    NoticeTag.TEST: NotifyType.INFO,
}
"""How urgent a service shows each notice."""

SHAPES: dict[str, type] = {
    **dict.fromkeys(PROBLEM_TAGS, ProblemFacts),
    **dict.fromkeys(APPROVAL_TAGS, ApprovalFacts),
    NoticeTag.APPROVAL_DELEGATED: DelegationFacts,
    NoticeTag.PROBLEM_CANDIDATES: CandidatesFacts,
    NoticeTag.KNOWN_ERROR_DUE: KnownErrorReviewFacts,
    NoticeTag.ALERT_GROUP: AlertGroupFacts,
    NoticeTag.SILENCE_ENDING: SilenceFacts,
    NoticeTag.SOURCE_SILENT: SourceFacts,
    NoticeTag.DIGEST: DigestFacts,
    NoticeTag.TEST: TestFacts,
}
"""What the templates of each notice may say; all others are about a job or an incident."""


@dataclass(frozen=True)
class NoticeFacts:
    """What the templates of a job's notices may say."""

    site: str
    zone: str
    job: str
    title: str
    event: str
    """What happened: a run's outcome, or what an alarm is about."""
    text: str
    at: datetime
    run: str | None
    attempt: int | None
    owner: str | None
    runbook: str | None
    hosts: tuple[str, ...]
    """Where it did not go right."""
    first_error_line: str | None


@dataclass(frozen=True)
class _Parcel:
    """Everything that sending a notice needs."""

    tag: str
    to: str
    title: str
    message: Notice
    envelope: Envelope
    server: MailServer | None


@task(retries=2, retry_delay_seconds=[2, 10], timeout_seconds=120)
def send(order: SendNotice) -> None:
    """Render the notice and send it, unless that was done.

    A notice that no service takes is tried again by its row, for days; one that can never be taken has failed, and
    the journal says so.
    """
    with database().read() as session:
        row = notice_box.get(session, order.notice)
        if row.standing is not NoticeState.WAITING:
            log.info("notice %d is %s: nothing is sent", order.notice, row.standing)
            return
    try:
        with database().read() as session:
            parcel = _parcel(session, order.notice)
        _send(parcel)
    except WatchbillError as error:
        with database().write() as session:
            row = notice_box.get(session, order.notice)
            notice_box.not_sent(session, row, str(error), clock.now(), permanent=error.permanent)
        raise
    with database().write() as session:
        notice_box.sent(notice_box.get(session, order.notice), clock.now())
    log.info("told %s: %s", parcel.to, parcel.title)


def _parcel(session: Session, notice_id: int) -> _Parcel:
    """The notice in words, as its row has it."""
    row, site = notice_box.get(session, notice_id), read_site(session)
    message = render_notice(row.tag, facts_of(session, row, site), settings().templates, site.zone)
    server = notice_recipients.mail_server(session)
    name = notice_recipients.site_name(session)
    headers = (
        ("X-Watchbill-Site", name),
        ("X-Watchbill-Notice", row.tag),
        ("X-Watchbill-About", row.subject),
    )
    list_id = f"<{row.receiver}.{name}.{server.domain}>" if server and row.receiver else None
    envelope = Envelope(row.to, row.message_id, row.created_at, row.thread, headers, list_id)
    return _Parcel(row.tag, row.to, row.title, message, envelope, server)


def _send(parcel: _Parcel) -> None:
    store = SecretStore(settings().secrets_folder)
    if REFERENCE.fullmatch(parcel.to):
        address = store.resolve(parcel.to).strip()
        deliver(address, parcel.to, parcel.message, KINDS.get(parcel.tag, NotifyType.INFO))
        return
    server = parcel.server
    if server is None:
        raise NotDelivered(f"{parcel.to} reads mail, and the site names no mail server: see notices.yaml")
    password = store.resolve(server.password) if server.password else None
    post(server, password, compose(server, parcel.envelope, parcel.message))


def facts_of(session: Session, row: NoticeRow, site: SiteFacts) -> object:
    """What the template of the notice may say."""
    if row.tag not in set(NoticeTag):
        return _job_facts(session, row.facts, row.tag, site)
    facts = _reader(SHAPES.get(row.tag, IncidentFacts)).validate_python(row.facts)
    return replace(facts, site=site.title)


@cache
def _reader(shape: type) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _job_facts(session: Session, told: Mapping[str, Any], tag: str, site: SiteFacts) -> NoticeFacts:
    """What was said of the job, and what the shared database knows of its run by now."""
    hosts, line = _bad_hosts(session, told.get("run"))
    said_at = told.get("at")
    return NoticeFacts(
        site=site.title,
        zone=site.zone,
        job=str(told.get("job") or "no job"),
        title=str(told.get("title") or told.get("job") or "no title"),
        event=str(told.get("event") or tag),
        text=str(told.get("text") or "nothing more is known"),
        at=datetime.fromisoformat(said_at) if said_at else clock.now(),
        run=told.get("run"),
        attempt=told.get("attempt"),
        owner=told.get("owner"),
        runbook=told.get("runbook"),
        hosts=hosts,
        first_error_line=line,
    )


def _bad_hosts(session: Session, number: str | None) -> tuple[tuple[str, ...], str | None]:
    """The hosts of a run that did not end ok, and what most of them said first."""
    if number is None:
        return (), None
    bad = [step for step in runs.latest_steps(session, run_id_of(number)) if step.outcome not in (Outcome.OK, None)]
    lines = Counter(step.first_error_line or step.message for step in bad if step.first_error_line or step.message)
    return tuple(sorted(step.host for step in bad)), next((line for line, _ in lines.most_common(1)), None)

"""Tell people: render a notice from its template and send it to one address."""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from apprise import NotifyType
from sqlalchemy.orm import Session

from models import clock
from models.orders import SendNotice
from models.orders.run_job import run_id_of
from models.queries import runs
from models.queries.daily_operations.reading import read_site
from models.secrets import REFERENCE, SecretStore
from models.vocabulary import Outcome
from tasks.ledger import task
from tasks.tools.rendering import render_notice
from tasks.tools.sending import deliver
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
}
"""How urgent a service shows each notice."""


@dataclass(frozen=True)
class NoticeFacts:
    """What the templates of notices may say."""

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


@task(retries=5, retry_delay_seconds=[2, 10, 60, 300, 900], timeout_seconds=120)
def send(order: SendNotice) -> None:
    """Render the notice and send it. A notice that no service takes is tried again for about twenty minutes."""
    with database().read() as session:
        facts = facts_of(session, order)
    message = render_notice(order.tag, facts, settings().templates, facts.zone)
    is_reference = REFERENCE.fullmatch(order.to) is not None
    address = SecretStore(settings().secrets_folder).resolve(order.to) if is_reference else order.to
    name = order.to if is_reference else "the address in the order"
    deliver(address.strip(), name, message, KINDS.get(order.tag, NotifyType.INFO))
    log.info("told %s of %s: %s", name, facts.job, order.tag)


def facts_of(session: Session, order: SendNotice) -> NoticeFacts:
    """The order's facts, and what the shared database knows of its run and site."""
    told, site = order.facts, read_site(session)
    hosts, line = _bad_hosts(session, told.get("run"))
    said_at = told.get("at")
    return NoticeFacts(
        site=site.title,
        zone=site.zone,
        job=str(told.get("job") or "no job"),
        title=str(told.get("title") or told.get("job") or "no title"),
        event=str(told.get("event") or order.tag),
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

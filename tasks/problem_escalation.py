"""Make an incident a problem: what is known of it is read first, then one transaction opens a problem or joins one."""

import logging

from models import clock
from models.orders import EscalateIncident
from models.queries import incidents, problem_opening
from models.queries.problem_opening import Evidence
from tasks.ledger import task
from tasks.workplace import database

log = logging.getLogger("watchbill.problems")


@task(retries=2, retry_delay_seconds=[1, 5], timeout_seconds=60)
def collect_evidence(order: EscalateIncident) -> Evidence:
    """What the incident says, and how often and how long there was the like of it."""
    with database().read() as session:
        return problem_opening.evidence_of(session, incidents.get(session, order.incident), clock.now())


@task(retries=3, retry_delay_seconds=[1, 5, 20], timeout_seconds=60)
def open_or_join(order: EscalateIncident, evidence: Evidence) -> str | None:
    """Open the problem with its evidence, or link the incident with the one that is open. Its number; None: neither.

    A second time it does nothing: the incident belongs to its problem by then.
    """
    with database().write() as session:
        incident = incidents.get(session, order.incident)
        problem = problem_opening.escalate(session, incident, evidence, clock.now())
        number = None if problem is None else problem.number
        log.info("%s: %s", incident.number, f"belongs to {number}" if number else "nothing asks for a problem any more")
    return number

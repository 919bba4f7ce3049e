"""Search the shared database for what recurs."""

import logging

from models import clock
from models.orders import FindProblems
from models.queries import problem_candidates
from tasks.ledger import task
from tasks.workplace import database

log = logging.getLogger("watchbill.problems")


@task(retries=3, retry_delay_seconds=[5, 30, 120], timeout_seconds=1_200)
def find_candidates(order: FindProblems) -> list[str]:
    """Find what recurs and keep it as candidates, all of it or nothing. Returns a line for each that changed."""
    now = clock.now()
    with database().read() as session:
        found = problem_candidates.search(session, now)
    with database().write() as session:
        lines = problem_candidates.keep(session, found, now)
    for line in lines:
        log.info("%s: %s", order.run, line)
    return lines

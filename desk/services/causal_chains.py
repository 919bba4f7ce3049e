"""The causal chain of one thing, for those who work on tickets."""

from dataclasses import dataclass
from datetime import datetime

from desk.services.acting import check_may_work
from models.database import Database
from models.queries import desk_runs
from models.queries.causal_chain import Chain, causal_chain
from models.rules.incidents import subject_number


@dataclass(frozen=True)
class ShownChain:
    """What led to one thing, and what came of it."""

    timezone: str
    at: datetime
    chain: Chain


def show_chain(database: Database, subject: str, person: str, now: datetime) -> ShownChain:
    """The chain of `incident/12`, `problem/5` or `known-error/3`. Raises NotFound, Refused for who may not see it."""
    with database.read() as session:
        check_may_work(session, person, f"see the causal chain of {subject_number(subject)}")
        return ShownChain(desk_runs.site_zone(session), now, causal_chain(session, subject))

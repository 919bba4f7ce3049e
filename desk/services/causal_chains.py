"""The causal chain of one thing. What it names, the commands about jobs, alerts and tickets tell everybody, too."""

from dataclasses import dataclass
from datetime import datetime

from models.database import Database
from models.queries import desk_runs
from models.queries.causal_chain import Chain, causal_chain


@dataclass(frozen=True)
class ShownChain:
    """What led to one thing, and what came of it."""

    timezone: str
    at: datetime
    chain: Chain


def show_chain(database: Database, subject: str, now: datetime) -> ShownChain:
    """The chain of `incident/12`, `problem/5`, `known-error/3` or `run/7`. Raises NotFound."""
    with database.read() as session:
        return ShownChain(desk_runs.site_zone(session), now, causal_chain(session, subject))

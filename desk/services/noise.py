"""The noise report as people see it."""

from dataclasses import dataclass
from datetime import datetime

from models.database import Database
from models.queries import desk_runs, noise
from models.queries.noise import Noise


@dataclass(frozen=True)
class NoiseReport:
    """What came of the events of a time, in the site's zone."""

    timezone: str
    noise: Noise


def report(database: Database, since: datetime, until: datetime) -> NoiseReport:
    """What came of the events from one instant on and before another."""
    with database.read() as session:
        return NoiseReport(desk_runs.site_zone(session), noise.noise(session, since, until))

"""What is not a problem yet: incidents that come again, alerts that nobody acts on, jobs that need second attempts."""

from collections.abc import Iterator
from datetime import timedelta
from math import ceil

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries.noise import noise
from models.queries.problem_report.facts import NoisyAlert, Recurring, RisingJob
from models.queries.problem_report.lost import recent
from models.queries.problem_report.measured import Figure
from models.queries.problem_report.reading import Ground, IncidentFact
from models.records import Run, run_number
from models.rules.incidents import ticket_number
from models.rules.trends.recurring import recurring
from models.rules.trends.retry_rates import Week, rise_of
from models.vocabulary import TicketKind

MOST = 10
WEEK = timedelta(days=7)
WEEKS = 13
"""The 90 days, in whole weeks."""
MOST_RECENT = 5
LEAST_FIRINGS = 5
"""What fired less often disturbs nobody."""
Where = tuple[str | None, str | None, str | None]


def came_again(ground: Ground) -> Iterator[Recurring]:
    """Incidents of the 90 days that belong to no problem, by service, category and host: in three weeks or more."""
    by_where: dict[Where, list[IncidentFact]] = {}
    for one in recent(ground):
        where = (one.service, one.category, one.host)
        if one.id not in ground.problems_of and any(where):
            by_where.setdefault(where, []).append(one)
    met = [(where, one.opened_at) for where, found in by_where.items() for one in found]
    for again in recurring(met, ground.period.until)[:MOST]:
        service, category, host = again.pattern
        found = by_where[again.pattern]
        yield Recurring(
            service=service,
            category=category,
            host=host,
            weeks=again.weeks,
            incidents=Figure(again.times, None, tuple(ticket_number(TicketKind.INCIDENT, one.id) for one in found)),
            hours=sum(one.hours for one in found),
            example=found[-1].title,
        )


def noisy(session: Session, ground: Ground) -> Iterator[NoisyAlert]:
    """The loudest alerts of the period on which nobody acted."""
    found = noise(session, ground.period.since, ground.period.until).ignored
    for one in [loud for loud in found if loud.firings >= LEAST_FIRINGS][:MOST]:
        yield NoisyAlert(one.name, one.firings, one.incidents)


def rising(session: Session, ground: Ground) -> tuple[RisingJob, ...]:
    """The jobs whose rate of retries rose in the weeks of the period; the highest rate first."""
    runs = _runs(session, ground)
    weeks = min(ceil((ground.period.until - ground.period.since) / WEEK), MOST_RECENT)
    found = [one for job, rows in runs.groupby("job") if (one := _rise(str(job), rows, weeks)) is not None]
    return tuple(sorted(found, key=lambda one: (-one.retried.number / (one.retried.of or 1), one.job))[:MOST])


def _runs(session: Session, ground: Ground) -> pd.DataFrame:
    """The runs of the 13 weeks: which week, counted back from the end, and whether a second attempt was needed."""
    until = ground.period.until
    query = select(Run.id, Run.job, Run.ended_at, Run.attempt).where(
        Run.ended_at >= until - WEEKS * WEEK, Run.ended_at < until
    )
    frame = pd.DataFrame(session.execute(query.order_by(Run.id)).all(), columns=["run", "job", "ended_at", "attempt"])
    frame["week"] = [int((until - at) // WEEK) for at in frame["ended_at"]]
    frame["retried"] = frame["attempt"] > 1
    return frame


def _rise(job: str, rows: pd.DataFrame, recent_weeks: int) -> RisingJob | None:
    counts = rows.groupby("week")["retried"].agg(["size", "sum"])
    by_week = {int(week): Week(int(size), int(retried)) for week, size, retried in counts.itertuples()}
    rise = rise_of([by_week.get(week, Week(0, 0)) for week in range(WEEKS - 1, -1, -1)], recent_weeks)
    if rise is None:
        return None
    again = rows.loc[(rows["week"] < recent_weeks) & rows["retried"], "run"]
    numbers = tuple(run_number(int(run)) for run in again)
    return RisingJob(job, Figure(rise.retried, rise.runs, numbers), rise.usual, rise.signal.value)

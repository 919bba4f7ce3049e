"""The problem and known-error report: what trouble costs, what is known of it, and what was done about it."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.queries.daily_operations import moment
from models.queries.daily_operations.standing import Period
from models.queries.problem_report import lost, patterns
from models.queries.problem_report.candidates import candidates
from models.queries.problem_report.content import ProblemReport
from models.queries.problem_report.measures import measures
from models.queries.problem_report.open_problems import accepted, open_problems, promises
from models.queries.problem_report.reading import read_ground
from models.queries.problem_report.sheets import sheets
from models.queries.problem_report.solved import solved
from models.queries.problem_report.standing import AGES, ages, balance
from models.queries.problem_report.targets import with_targets
from models.queries.problem_report.verdict import Told, decisions, verdict
from models.queries.problem_rules import read_handling

__all__ = ["ProblemReport", "problem_report"]


def problem_report(session: Session, period: Period, now: datetime, own_run: int | None = None) -> ProblemReport:
    """Everything the report shows of a period, as known at `now`; the same rows give the same answer.

    `own_run` is the run that makes the report.
    """
    ground = read_ground(session, period)
    loads = lost.loads_of(ground)
    told = Told(
        until=period.until,
        lost=lost.lost(ground, loads),
        measures=with_targets(measures(ground), read_handling(session).targets),
        open=open_problems(ground, loads),
        solved=tuple(solved(ground)),
        accepted=tuple(accepted(ground, loads)),
        candidates=candidates(session, ground),
        sheets=tuple(sheets(session, ground)),
    )
    window = ground.windows[-1]
    return ProblemReport(
        site=ground.site.title,
        zone=ground.zone.key,
        period=period,
        name=window.name,
        is_whole=window.is_whole,
        made_at=now,
        made_by=own_run,
        complete_to=moment.complete_to(period, moment.read_now(session, now, own_run), now),
        verdict=verdict(told),
        measures=told.measures,
        balance=balance(ground),
        ages=ages(ground),
        age_names=tuple(name for name, _ in AGES),
        lost=told.lost,
        open=told.open,
        decisions=tuple(decisions(told)),
        promises=tuple(promises(ground)),
        candidates=told.candidates,
        recurring=tuple(patterns.came_again(ground)),
        noisy=tuple(patterns.noisy(session, ground)),
        rising=patterns.rising(session, ground),
        solved=told.solved,
        accepted=told.accepted,
        sheets=told.sheets,
        linked=tuple(lost.linked(ground)),
    )

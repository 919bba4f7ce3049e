"""What the problem and known-error report says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from models.queries.daily_operations.content import Verdict
from models.queries.daily_operations.standing import Period
from models.queries.problem_report import annexes
from models.queries.problem_report.facts import (
    Accepted,
    AgeRow,
    Balance,
    CandidateLine,
    Decision,
    LinkedIncident,
    Lost,
    NoisyAlert,
    OpenProblem,
    Promise,
    Recurring,
    RisingJob,
    Sheet,
    Solved,
)
from models.queries.problem_report.measured import Measure
from models.queries.tables import Table


@dataclass(frozen=True)
class ProblemReport:
    """The whole report of one period."""

    site: str
    zone: str
    period: Period
    name: str
    """`Nov 2026`, or the day on which the period began."""
    is_whole: bool
    made_at: datetime
    made_by: int | None
    """The run that made it; None for one made by a person."""
    complete_to: datetime | None
    """Up to when everything is known; None when no planner ever ran."""
    verdict: Verdict
    measures: tuple[Measure, ...]
    balance: Balance
    ages: tuple[AgeRow, ...]
    age_names: tuple[str, ...]
    lost: Lost
    open: tuple[OpenProblem, ...]
    """Those that cost the most hours first."""
    decisions: tuple[Decision, ...]
    promises: tuple[Promise, ...]
    candidates: tuple[CandidateLine, ...]
    recurring: tuple[Recurring, ...]
    noisy: tuple[NoisyAlert, ...]
    rising: tuple[RisingJob, ...]
    solved: tuple[Solved, ...]
    accepted: tuple[Accepted, ...]
    sheets: tuple[Sheet, ...]
    linked: tuple[LinkedIncident, ...]
    """The incidents of the 90 days, each with its hours and its problems."""

    def tables(self) -> Mapping[str, Table]:
        """The annexes."""
        return {
            "measures": annexes.measures_table(self.measures),
            "problems": annexes.problems_table(self.open, self.solved, self.accepted),
            "pareto": annexes.pareto_table(self.lost.pareto),
            "incidents": annexes.incidents_table(self.linked),
            "known-errors": annexes.known_errors_table(self.sheets),
        }

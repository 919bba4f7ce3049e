"""The fixes of problems, and whether they hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from models.queries.problem_report.reading import FIXED, REOPENED, Ground


@dataclass(frozen=True)
class Fix:
    """One fix of a problem; a later one says that it was none."""

    problem: int
    at: datetime
    until: datetime | None
    """When the next fix was in."""

    def came_back(self, ground: Ground, until: datetime) -> list[int]:
        """The incidents of the problem that were opened after it, and before the next fix or a moment."""
        end = min(until, self.until) if self.until else until
        incidents = ground.incidents_of.get(self.problem, ())
        return [key for key in incidents if self.at < ground.incidents[key].opened_at < end]

    def has_failed(self, ground: Ground, until: datetime) -> bool:
        """Whether anything came back, or it was reopened for another reason: an incident of it that was reopened."""
        end = min(until, self.until) if self.until else until
        steps = ground.steps[self.problem]
        return bool(self.came_back(ground, until)) or any(
            step.tag == REOPENED and self.at < step.at < end for step in steps
        )

    def before(self, ground: Ground, since: datetime) -> list[int]:
        """The incidents of the problem from a moment up to it."""
        incidents = ground.incidents_of.get(self.problem, ())
        return [key for key in incidents if since <= ground.incidents[key].opened_at <= self.at]


def fixes_of(ground: Ground, problem: int) -> Iterator[Fix]:
    """The fixes of a problem up to the end of the period, the oldest first."""
    steps = [step for step in ground.steps[problem] if step.tag == FIXED and step.at < ground.period.until]
    for step, later in pairwise([*steps, None]):
        if step is not None:
            yield Fix(problem, step.at, later.at if later else None)

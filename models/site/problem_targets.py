"""`targets:` of problems.yaml: what the problem and known-error report measures against."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from models.rules.durations import Duration
from models.site.types import SiteModel

Percent = Annotated[int, Field(ge=0, le=100)]


class ProblemTargets(SiteModel):
    """What was agreed for a month; what is left out has no target."""

    open_problems: int | None = Field(
        default=None, ge=0, le=1_000_000, description="At most so many problems are open at its end."
    )
    raised_proactively: Percent | None = Field(
        default=None, description="At least so many of a hundred problems are found in the history."
    )
    root_cause_in_time: Percent | None = Field(
        default=None, description="At least so many of a hundred have their root cause within 10 working days."
    )
    with_workaround: Percent | None = Field(
        default=None, description="At least so many of a hundred open problems have a workaround."
    )
    matched: Percent | None = Field(
        default=None, description="At least so many of a hundred incidents are matched to a known error."
    )
    time_to_solve: Annotated[Duration, Field(gt=timedelta(0))] | None = Field(
        default=None, description="At most so long is the median of the incidents that were matched."
    )
    came_back: Percent | None = Field(
        default=None, description="At most so many of a hundred fixes are followed by a new incident."
    )
    solved: Percent | None = Field(
        default=None, description="At least so many of a hundred problems that were open or raised are solved."
    )

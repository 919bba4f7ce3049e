"""`detection:` of problems.yaml: when the history is searched for what recurs, and what counts as recurring."""

from dataclasses import replace
from datetime import timedelta

from pydantic import Field, model_validator

from models.rules.durations import Duration
from models.rules.recurrence_limits import Limits
from models.rules.schedule import Schedule
from models.site.jobs import Job
from models.site.types import Name, SiteModel

JOB, FLOW = "find-problems", "find_problems"
RUNBOOK = "`watchbill problem candidates` shows what was found, `watchbill job show find-problems` why it did not run."
DEADLINE = timedelta(minutes=30)
FEWEST = 2
"""Below it nothing recurs."""


class Detection(SiteModel):
    """What recurs becomes a problem candidate, about which a person decides."""

    owner: Name = Field(description="The team that decides about candidates, and answers for the search.")
    schedule: Schedule = Field(
        default=Schedule(cron="30 5 * * *"), description="When the history is searched; default: each day at 05:30."
    )
    at_least: int = Field(
        default=Limits.at_least, ge=FEWEST, le=10_000, description="From how many times on something recurs ..."
    )
    within: Duration = Field(default=Limits.within, description="... and within how long.")
    history: Duration = Field(
        default=Limits.history, description="How long before that span the search looks for what is usual."
    )
    forget_after: Duration = Field(
        default=timedelta(days=90), description="How long a dismissed pattern is not asked about again."
    )
    worse: float = Field(
        default=2.0,
        gt=1,
        le=1_000,
        description="A dismissed pattern is asked about again when it recurs so many times as often as then.",
    )

    @model_validator(mode="after")
    def _spans(self) -> "Detection":
        if self.within <= timedelta(0):
            raise ValueError("within must be longer than nothing")
        if self.history < self.within:
            raise ValueError("history is shorter than within: nothing can be compared with it")
        return self

    def limits(self) -> Limits:
        """The same for the rules."""
        return Limits(self.at_least, self.within, self.history)


def detection_jobs(detection: Detection | None, timezone: str) -> dict[str, Job]:
    """The job that searches, by its name; none where the site does not ask for it."""
    if detection is None:
        return {}
    schedule = detection.schedule
    job = Job(
        name=JOB,
        title="Find what recurs",
        owner=detection.owner,
        runbook=RUNBOOK,
        schedule=replace(schedule, timezone=schedule.timezone or timezone),
        deadline=DEADLINE,
        flow=FLOW,
    )
    return {JOB: job}

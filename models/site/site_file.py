"""site.yaml: what the site is called, where it is, and what its jobs have in common."""

from datetime import timedelta

from pydantic import Field

from models.rules.durations import Duration
from models.site.jobs import JobDefaults
from models.site.types import Name, SiteModel, TimeZone, Title


class Keep(SiteModel):
    """How long the evidence of tasks, events and notices are kept. Slots, runs and the journal are kept for ever."""

    output: Duration = Field(default=timedelta(days=90), description="What commands printed.")
    task_log: Duration = Field(default=timedelta(days=400), description="The row of each task run.")
    events: Duration = Field(
        default=timedelta(days=90), description="Received events; one that released a run stays with it."
    )
    notices: Duration = Field(
        default=timedelta(days=400), description="What was told to whom; one that was not sent yet stays."
    )


class SiteSettings(SiteModel):
    """The site as a whole."""

    name: Name = Field(description="Short name of the site; stands in the register and never changes.")
    title: Title = Field(description="What people call it; stands on top of reports.")
    timezone: TimeZone = Field(description="Time zone of schedules, calendars and hosts that name no own one.")
    defaults: JobDefaults = Field(
        default_factory=JobDefaults, description="What every job has that does not say otherwise."
    )
    keep: Keep = Field(default_factory=Keep, description="How long the evidence of tasks, events and notices are kept.")

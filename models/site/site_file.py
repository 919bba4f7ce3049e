"""site.yaml: what the site is called, where it is, and what its jobs have in common."""

from pydantic import Field

from models.site.jobs import JobDefaults
from models.site.types import Name, SiteModel, TimeZone, Title


class SiteSettings(SiteModel):
    """The site as a whole."""

    name: Name = Field(description="Short name of the site; stands in the register and never changes.")
    title: Title = Field(description="What people call it; stands on top of reports.")
    timezone: TimeZone = Field(description="Time zone of schedules, calendars and hosts that name no own one.")
    defaults: JobDefaults = Field(
        default_factory=JobDefaults, description="What every job has that does not say otherwise."
    )

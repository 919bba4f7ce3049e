"""site.yaml: what the site is called, where it is, and what its jobs have in common."""

from typing import Annotated

from pydantic import Field

from models.site.jobs import JobDefaults
from models.site.types import InsidePath, Matching, Name, SiteModel, TimeZone, Title


class Desk(SiteModel):
    """Where the portal listens."""

    listen: Annotated[str, Matching(r"[A-Za-z0-9.:]{1,253}", "must be an address of this machine")] = Field(
        default="127.0.0.1", description="Address that the portal listens on."
    )
    port: int = Field(default=4280, ge=1, le=65535, description="TCP port that the portal listens on.")
    public_url: (
        Annotated[str, Matching(r"https?://[^\s]{1,250}", "must be a URL starting with https:// or http://")] | None
    ) = Field(default=None, description="How people reach the portal; used in links of mails.")


class SiteSettings(SiteModel):
    """The site as a whole."""

    name: Name = Field(description="Short name of the site; stands in the register and never changes.")
    title: Title = Field(description="What people call it; stands on top of reports.")
    timezone: TimeZone = Field(description="Time zone of schedules, calendars and hosts that name no own one.")
    secrets: InsidePath | None = Field(
        default=None,
        description="Folder beside the site's files with one file per secret://name; keep it out of git.",
    )
    defaults: JobDefaults = Field(
        default_factory=JobDefaults, description="What every job has that does not say otherwise."
    )
    desk: Desk = Field(default_factory=Desk, description="Where the portal listens.")

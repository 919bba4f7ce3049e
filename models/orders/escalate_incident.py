"""The order to have the cause of an incident looked for."""

from pydantic import BaseModel, ConfigDict, Field


class EscalateIncident(BaseModel):
    """Make an incident a problem, or part of one that is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incident: int = Field(ge=1, description="The key of the incident.")

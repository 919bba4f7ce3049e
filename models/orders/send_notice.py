"""The order to tell somebody something."""

from pydantic import BaseModel, ConfigDict, Field


class SendNotice(BaseModel):
    """Render one notice and send it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    notice: int = Field(ge=1, description="The key of the notice: its row says which, to whom, and what.")

"""The order to tell somebody something."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class SendNotice(BaseModel):
    """Render one notice and send it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tag: str = Field(description="Which notice: a folder of templates/notices.")
    to: str = Field(description="Where to: an Apprise URL, or secret://name that holds one.")
    facts: dict[str, Any] = Field(description="What the template says; no secrets.")

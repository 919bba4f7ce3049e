"""The order to end a run on its hosts."""

from pydantic import BaseModel, ConfigDict, Field

from models.orders.run_job import RUN_NUMBER, run_id_of


class KillRun(BaseModel):
    """End what a run started, on every host, with proof."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str = Field(pattern=RUN_NUMBER, description="Number of the run, such as RUN000123.")
    requested_by: str = Field(description="The person who asked for it.")

    @property
    def run_id(self) -> int:
        """The run's key in the database."""
        return run_id_of(self.run)

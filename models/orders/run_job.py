"""The order to carry out one run."""

import re

from pydantic import BaseModel, ConfigDict, Field

RUN_NUMBER = r"^RUN\d{6,}$"


class RunOrder(BaseModel):
    """One attempt of one run. Every flow that a job starts takes an order with these two."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str = Field(pattern=RUN_NUMBER, description="Number of the run, such as RUN000123.")
    attempt: int = Field(default=1, ge=1, description="1 for the first; a retry counts up.")

    @property
    def run_id(self) -> int:
        """The run's key in the database."""
        return run_id_of(self.run)


class RunJob(RunOrder):
    """Run a routine job on its hosts."""


def run_id_of(number: str) -> int:
    """The key of the run that people call RUN000123. Raises ValueError for anything else."""
    if not re.fullmatch(RUN_NUMBER, number):
        raise ValueError(f"{number!r} is not a run number: it looks like RUN000123")
    return int(number[3:])

"""`known_errors:` of problems.yaml: whether workarounds run by themselves, and when known errors are reviewed."""

from datetime import timedelta

from pydantic import Field

from models.rules.durations import Duration
from models.rules.known_errors import MOST_ATTEMPTS, KnownErrorPolicy
from models.site.types import Name, SiteModel


class KnownErrorHandling(SiteModel):
    """How the known errors of the site are handled."""

    automatic: bool = Field(
        default=False,
        description="Whether a workaround that is a job, and is said to run itself, is started for a new incident.",
    )
    attempts: int = Field(
        default=1, ge=1, le=MOST_ATTEMPTS, description="How often its job is started for one incident."
    )
    wait: Duration = Field(
        default=timedelta(minutes=5), description="How long after the job's end the alerts have to clear."
    )
    jobs: tuple[Name, ...] = Field(default=(), description="Only these jobs are started; empty: all.")
    services: tuple[Name, ...] = Field(
        default=(), description="Only for incidents of these services; empty: of all, and of none."
    )
    review_after: Duration = Field(
        default=timedelta(days=90), description="When a known error that says no day is reviewed after it is published."
    )

    def policy(self) -> KnownErrorPolicy:
        """The same for the rules."""
        return KnownErrorPolicy(
            self.automatic,
            self.attempts,
            self.wait,
            frozenset(self.jobs),
            frozenset(self.services),
            self.review_after,
        )

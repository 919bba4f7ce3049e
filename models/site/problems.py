"""problems.yaml: which incidents become problems by themselves, and how long a fix is watched."""

from datetime import timedelta

from pydantic import Field

from models.rules.durations import Duration
from models.rules.problems import CLOSE_AFTER, WATCH_FOR
from models.site.detection import Detection
from models.site.incidents import Level, Scoped
from models.site.known_errors import KnownErrorHandling
from models.site.problem_targets import ProblemTargets
from models.site.types import Name, SiteModel
from models.vocabulary import EscalateOn

FEWEST_TIMES = 2
"""Below it nothing has come again."""


class EscalationRule(Scoped):
    """Incidents that become problems without anybody asking."""

    on: EscalateOn = Field(description="What makes them one.")
    times: int = Field(
        default=FEWEST_TIMES,
        ge=FEWEST_TIMES,
        le=1_000,
        description="With reopened: how often it was. With known error: how many incidents it had.",
    )
    team: Name | None = Field(
        default=None,
        description="The team that gets the problem; default: the owner of the service, or the incident's.",
    )


class ProblemReview(SiteModel):
    """The review of major problems: what went well, what went badly, what changes."""

    priorities: tuple[Level, ...] = Field(default=(), description="Problems of these priorities are reviewed.")
    within: Duration = Field(default=timedelta(days=10), description="How long after its fix the review is due.")


class ProblemHandling(SiteModel):
    """How all problems of the site are handled."""

    escalate: tuple[EscalationRule, ...] = Field(
        default=(), description="Which incidents become problems by themselves; the first rule that fits says why."
    )
    watch: Duration = Field(default=WATCH_FOR, description="How long after its fix a problem is watched.")
    close_after: Duration = Field(default=CLOSE_AFTER, description="A resolved problem is closed after so long.")
    review: ProblemReview = Field(default=ProblemReview(), description="Which problems are reviewed, and when.")
    known_errors: KnownErrorHandling = Field(default=KnownErrorHandling(), description="How known errors are handled.")
    detection: Detection | None = Field(
        default=None, description="When the history is searched for what recurs; left out: it is not."
    )
    targets: ProblemTargets = Field(
        default=ProblemTargets(), description="What the problem and known-error report measures against."
    )

"""How a site works on incidents: the priorities, when one is closed, how often reopened, what makes a major one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from models.rules.incidents import NewIncident, Reopening
from models.rules.priorities import PriorityMatrix

STANDARD_MATRIX = PriorityMatrix(
    priorities=("P1", "P2", "P3", "P4"),
    matrix={
        "high": {"high": "P1", "medium": "P2", "low": "P3"},
        "medium": {"high": "P2", "medium": "P3", "low": "P4"},
        "low": {"high": "P3", "medium": "P4", "low": "P4"},
    },
)


@dataclass(frozen=True)
class Grading:
    """How grave an incident is."""

    impact: str
    urgency: str
    priority: str


@dataclass(frozen=True)
class IncidentRules:
    """What holds for every incident of a site."""

    matrix: PriorityMatrix = STANDARD_MATRIX
    close_after: timedelta = timedelta(days=5)
    """How long after it was resolved, whatever was written since, an incident is closed."""
    reopening: Reopening = Reopening(most=3, within=timedelta(days=5))  # noqa: RUF009 - it is frozen
    major_priorities: frozenset[str] = frozenset({"P1"})
    """An incident that gets one of these is a candidate for a major one."""
    updates: Mapping[str, timedelta] = field(
        default_factory=lambda: {"technical": timedelta(minutes=30), "business": timedelta(hours=1)}
    )
    """How often each audience hears of a major incident."""
    review_within: timedelta = timedelta(days=5)
    """How long after a major incident was resolved its review is due."""

    def grading(self, impact: str | None, urgency: str | None) -> Grading:
        """The priority of the two; one that is not said is the middle one. Raises ValueError for one that is none."""
        impact = impact or _middle(self.matrix.impacts)
        urgency = urgency or _middle(self.matrix.urgencies)
        return Grading(impact, urgency, self.matrix.priority(impact, urgency))

    def grading_of(self, new: NewIncident) -> Grading:
        """The same for a new incident, which may name its priority itself. Raises ValueError for one that is none."""
        found = self.grading(new.impact, new.urgency)
        if new.priority is None:
            return found
        self.matrix.rank(new.priority)
        return Grading(found.impact, found.urgency, new.priority)

    def major_for(self, priority: str) -> str | None:
        """Why an incident of this priority may be a major one; None when nothing says so."""
        return f"its priority is {priority}" if priority in self.major_priorities else None


STANDARD = IncidentRules()


def _middle(levels: tuple[str, ...]) -> str:
    return levels[len(levels) // 2]

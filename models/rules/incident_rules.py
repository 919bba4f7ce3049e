"""How a site works on incidents: the priorities, when one is closed, how often reopened, what makes a major one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from models.rules.incidents import NewIncident, Reopening
from models.rules.matchers import show_matchers
from models.rules.priorities import PriorityMatrix
from models.rules.scopes import LABELS, Scope, Subject

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
    reopening: Reopening = Reopening(most=3, within=timedelta(days=14))  # noqa: RUF009 - it is frozen
    major_candidates: tuple[Scope, ...] = ()
    """An incident that one of these takes may be a major one."""
    updates: Mapping[str, timedelta] = field(default_factory=dict)
    """How often each audience hears of a major incident."""
    review_within: timedelta = timedelta(days=5)
    """How long after a major incident was resolved its review is due."""
    tiers: Mapping[str, int] = field(default_factory=dict)
    """How much the company needs each service."""
    categories: Mapping[str, str | None] = field(default_factory=dict)
    """Each category, and the one above it."""

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

    def subject(self, facts: Mapping[str, str | None]) -> Subject:
        """An incident as scopes see it, from what is known of it."""
        tier = self.tiers.get(facts.get("service") or "")
        labels = {name: facts.get(name) or "" for name in LABELS} | {"tier": str(tier or "")}
        return Subject(labels, tuple(self._with_those_above(facts.get("category"))))

    def major_for(self, subject: Subject) -> str | None:
        """Why an incident may be a major one; None when no rule says so."""
        found = next((scope for scope in self.major_candidates if scope.takes(subject)), None)
        if found is None:
            return None
        names = " or ".join((*found.services, *found.teams, *found.categories))
        asked = show_matchers(found.matchers) if found.matchers else ""
        return f"the rule for {' and '.join(part for part in (names, asked) if part) or 'all incidents'}"

    def _with_those_above(self, category: str | None) -> Iterator[str]:
        while category is not None:
            yield category
            category = self.categories.get(category)


STANDARD = IncidentRules()


def _middle(levels: tuple[str, ...]) -> str:
    return levels[len(levels) // 2]

"""How grave a ticket of another tool is, in its own words where ours do not have them."""

from collections.abc import Iterable
from functools import cache

from models.rules.incident_rules import IncidentRules
from models.rules.ticket_replay import Grade


def grader(rules: IncidentRules) -> Grade:
    """Impact, urgency and priority as the source says them; what it does not say is known from the site's matrix.

    Levels that the matrix does not have stay as they are: the priority of such a ticket is the middle one, unless the
    source says it.
    """
    usual = rules.grading(None, None)

    @cache
    def grade(impact: str | None, urgency: str | None, priority: str | None) -> tuple[str, str, str]:
        if priority is None:
            known = _known(impact, rules.matrix.impacts), _known(urgency, rules.matrix.urgencies)
            is_unknown = (impact and not known[0]) or (urgency and not known[1])
            priority = usual.priority if is_unknown else rules.grading(*known).priority
        return impact or usual.impact, urgency or usual.urgency, priority

    return grade


def _known(level: str | None, levels: Iterable[str]) -> str | None:
    """The level of the matrix that is meant, whether it is written large or small."""
    return next((one for one in levels if level is not None and one.casefold() == level.casefold()), None)

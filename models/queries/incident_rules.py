"""How the site in force works on incidents, as the rules take it."""

from typing import Any

from sqlalchemy.orm import Session

from models.queries import register
from models.rules.incident_rules import IncidentRules
from models.rules.incidents import Reopening
from models.site.incidents import Handling
from models.site.site import from_spec


def read_rules(session: Session) -> IncidentRules:
    """The rules of incidents.yaml; the usual ones where it says nothing."""
    rows = register.in_force(session, "handling")
    handling: Handling = from_spec("handling", rows[0].spec) if rows else Handling()
    return IncidentRules(
        matrix=handling.levels,
        close_after=handling.close_after,
        reopening=Reopening(handling.reopen.limit, handling.reopen.within),
        major_candidates=tuple(scoped.scope for scoped in handling.major.candidates),
        updates=handling.major.updates,
        review_within=handling.major.review_within,
        tiers={row.name: int(row.spec.get("tier") or 0) for row in register.in_force(session, "service")},
        categories={row.name: _parent(row.spec) for row in register.in_force(session, "category")},
    )


def _parent(spec: dict[str, Any]) -> str | None:
    return spec.get("parent")

"""What an incident says, corrected: the journal keeps what it said before.

Who has it, and how grave it is, are moves of their own.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import incident_major, journal
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Incident
from models.rules.incident_rules import STANDARD, IncidentRules
from models.vocabulary import IncidentState

_OVER = {IncidentState.CLOSED: "reopen it first", IncidentState.CANCELLED: "open a new one"}


def edit(
    session: Session,
    incident: Incident,
    wanted: Mapping[str, str | None],
    because: Because,
    now: datetime,
    rules: IncidentRules = STANDARD,
) -> dict[str, str | None]:
    """Write the wanted texts and names. Gives those that were others, as they were; it is looked at anew at once.

    What is promised for it follows with that look. Raises Refused for an incident that is over.
    """
    session.refresh(incident, with_for_update=True)  # so that what the journal says it was is what it was
    if incident.state in _OVER:
        raise Refused(f"{incident.number} is {incident.state.value}: {_OVER[incident.state]}")
    was = {name: getattr(incident, name) for name, value in wanted.items() if getattr(incident, name) != value}
    if not was:
        return {}
    for name in was:
        setattr(incident, name, wanted[name])
    incident.look_at = now
    session.flush()
    facts = {name: wanted[name] for name in was} | {"was": was}
    tag, subject = "incidents:incident:edit", subject_of(incident)
    journal.append(session, journal.Fact(tag, subject, because.actor, reason=because.reason, facts=facts, at=now))
    incident_major.propose_by_rule(session, incident, rules, now)
    return was

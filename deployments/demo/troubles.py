"""What happens in the night beside its jobs: a storm, a link that flaps, a shop that does not answer, a caller.

Acts as in `acts`: each happens once, when its moment has come.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deployments.demo.senders import STORM, send_flaps, send_storm
from deployments.demo.shop_front import PROBE
from deployments.demo.stage import Stage
from desk.services import incident_moves, incident_opening
from desk.services.incident_moves import Act
from models import clock
from models.records import Alert, CorrectiveRun, Incident, JournalRow
from models.rules.incidents import NewIncident, Solution
from models.vocabulary import IncidentState, ResolutionCode

CALLER, ON_CALL = "mira.sand", "anna.berg"
COMPLAINT = "Customers cannot pay"
LEFT_ALONE = timedelta(seconds=4)
"""How long after the broken promise somebody looks at it at last."""


def caller_calls(stage: Stage) -> str | None:
    """Somebody calls at 01:05; whoever is on call sleeps."""
    if clock.now() < stage.night.at(1, 5):
        return None
    new = NewIncident(COMPLAINT, service="shop", impact="high", urgency="high", caller=CALLER)
    incident_opening.open_new(stage.database, new, CALLER, None, clock.now())
    return f'$ watchbill incident new "{COMPLAINT}" --service shop --impact high --urgency high'


def somebody_wakes_up(stage: Stage) -> str | None:
    """The escalation has woken somebody, who takes it."""
    with stage.database.read() as session:
        number, broken = _complaint(session, "incidents:incident:breach")
    if number is None or broken is None or clock.now() < broken + LEFT_ALONE:
        return None
    incident_moves.take(stage.database, Act(number, ON_CALL, clock.now(), "on it now"))
    return f"$ watchbill incident take {number}"


def complaint_is_resolved(stage: Stage) -> str | None:
    """Found and mended at 02:40."""
    with stage.database.read() as session:
        number, taken = _complaint(session, "incidents:incident:take")
    if number is None or taken is None or clock.now() < stage.night.at(2, 40):
        return None
    solution = Solution(ResolutionCode.FIXED, "the payment service's certificate was renewed")
    incident_moves.resolve(stage.database, Act(number, ON_CALL, clock.now()), solution)
    return f"$ watchbill incident resolve {number} --code fixed"


def shop_front_crashes(stage: Stage) -> str | None:
    """The shop's web server dies at 01:35."""
    if clock.now() < stage.night.at(1, 35):
        return None
    return f"kill -9 of process {stage.shop_front.crash()}, the shop's front on web1"


def storm_comes(stage: Stage) -> str | None:
    """400 alerts at 02:00."""
    if clock.now() < stage.night.at(2, 0):
        return None
    requests = send_storm(stage.settings.home, stage.night.at(2, 0))
    return f"Alertmanager sends {STORM} alerts of one storm, in {requests} requests"


def storm_ends(stage: Stage) -> str | None:
    """All of them are over at 04:20."""
    if clock.now() < stage.night.at(4, 20):
        return None
    requests = send_storm(stage.settings.home, stage.night.at(2, 0), stage.night.at(4, 20))
    return f"Alertmanager says that all {STORM} are over, in {requests} requests"


def link_flaps(stage: Stage) -> str | None:
    """A link goes and comes, at 02:20."""
    if clock.now() < stage.night.at(2, 20):
        return None
    number = send_flaps(stage.settings.home)
    return f"a script says {number} times that the link of files1 is down, and up, and down"


TROUBLES = (
    caller_calls,
    somebody_wakes_up,
    complaint_is_resolved,
    shop_front_crashes,
    storm_comes,
    storm_ends,
    link_flaps,
)


def _complaint(session: Session, tag: str) -> tuple[str | None, datetime | None]:
    """The complaint's number, and when the first row of the journal with this tag was written."""
    incident = session.scalar(select(Incident).where(Incident.title == COMPLAINT))
    if incident is None:
        return None, None
    query = select(func.min(JournalRow.at)).where(
        JournalRow.subject == f"incident/{incident.id}", JournalRow.tag == tag
    )
    at = session.scalar(query)
    return incident.number, datetime.fromisoformat(at) if at else None


def faults(session: Session) -> Iterator[str]:
    """What of all this did not become what it should."""
    complaint = session.scalar(select(Incident).where(Incident.title == COMPLAINT))
    if complaint is None or complaint.state is not IncidentState.RESOLVED or not complaint.escalation:
        yield f"{COMPLAINT}: it was to break its promise, escalate and be resolved"
    for name, alerts, is_over in (("ReplicaLost", STORM, True), ("LinkDown", 1, False)):
        found = session.execute(
            select(func.count(), func.count(func.distinct(Alert.incident_id))).where(Alert.name == name)
        ).one()
        if tuple(found) != (alerts, 1):
            yield f"{name}: {alerts} alerts of one incident were to be, {found[0]} of {found[1]} are"
        incident = session.scalar(
            select(Incident).join(Alert, Alert.incident_id == Incident.id).where(Alert.name == name)
        )
        if incident and is_over and incident.state is not IncidentState.RESOLVED:
            yield f"{name}: {incident.number} was to be resolved by itself and is {incident.state}"
    worked = session.scalar(
        select(func.count())
        .select_from(CorrectiveRun)
        .join(Alert, Alert.id == CorrectiveRun.alert_id)
        .join(Incident, Incident.id == Alert.incident_id)
        .where(CorrectiveRun.has_worked.is_(True), Incident.state == IncidentState.RESOLVED)
    )
    if not worked:
        yield f"{PROBE}: a job was to mend it, and its incident to be resolved"

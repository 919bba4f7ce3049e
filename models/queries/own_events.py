"""Our own events: what is wrong with jobs and backups comes in as if a sender had said it, one condition a job.

They are put into the inbox in the transaction that notices them, so that none is lost and none is said of what was
taken back.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import inbox, register
from models.queries.inbox import Delivery
from models.rules.incoming import Incoming, capped
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import AlarmKind, EventFormat, EventStatus, Severity

SOURCE = "jobs"
"""Who says so, for the rules of events.yaml."""
SEVERITIES = {
    AlarmKind.FAILED: Severity.HIGH,
    AlarmKind.MISSED: Severity.HIGH,
    AlarmKind.LATE_START: Severity.HIGH,
    AlarmKind.NO_SUCCESS: Severity.HIGH,
}
"""How bad each alarm is; what is not here did its work, only not as it should."""
DRILL = "restore test"


def about_alarm(session: Session, job: str, kind: AlarmKind, text: str, now: datetime, *, is_over: bool) -> None:
    """An alarm of a job was raised, or is over."""
    said = _Said(kind.value, SEVERITIES.get(kind, Severity.WARNING), text, is_over)
    _put(session, job, said, now)


def about_drill(session: Session, job: str, text: str, now: datetime, *, is_over: bool) -> None:
    """A restore test of a plan failed, or is good again; `job` is the one that made it."""
    _put(session, job, _Said(DRILL, Severity.HIGH, text, is_over), now)


@dataclass(frozen=True)
class _Said:
    kind: str
    severity: Severity
    text: str
    is_over: bool


def _put(session: Session, job: str, said: _Said, now: datetime) -> None:
    spec = register.any_version(session, "job", job)
    labels = {"job": job, "kind": said.kind, "service": spec.get("service"), "team": spec.get("owner")}
    event = Incoming(
        format=EventFormat.WATCHBILL,
        # By the job and not by what is wrong: groups are made by name, so that a job has one incident.
        name=f"job {job}",
        status=EventStatus.RESOLVED if said.is_over else EventStatus.FIRING,
        severity=said.severity,
        source=SOURCE,
        key=f"{job}/{said.kind}",
        text=f"{said.kind}: {said.text}",
        labels={name: str(value) for name, value in labels.items() if value},
        started_at=None if said.is_over else now,
        ended_at=now if said.is_over else None,
        via="engine",
    )
    inbox.put(session, [Delivery(SOURCE, EventFormat.WATCHBILL, 1, to_bytes([capped(event)]), now)])

"""What Nagios and those that came of it say of a host or a service: one notification, in words that they share.

While something flaps or is in downtime, they keep problems and recoveries back, and send none of them later. So the
end of either says how it stands, and flapping is a condition of its own: it may end while the problem still lasts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from desk.ingest.errors import BadInput, shown
from desk.ingest.members import kept
from models.rules.incoming import Incoming
from models.vocabulary import EventStatus, Severity

SEVERITIES = {
    "OK": Severity.INFO,
    "UP": Severity.INFO,
    "WARNING": Severity.WARNING,
    "UNKNOWN": Severity.WARNING,
    "UNREACHABLE": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
    "DOWN": Severity.CRITICAL,
}
_FINE = frozenset(("OK", "UP"))
_STATUSES = {
    "PROBLEM": EventStatus.FIRING,
    "RECOVERY": EventStatus.RESOLVED,
    "ACKNOWLEDGEMENT": EventStatus.ACKNOWLEDGED,
    "CUSTOM": EventStatus.INFORMATIONAL,
}
_DOWNTIME_BEGINS = frozenset(("DOWNTIMESTART",))
_DOWNTIME_ENDS = frozenset(("DOWNTIMEEND", "DOWNTIMECANCELLED", "DOWNTIMEREMOVED"))
_FLAPPING_BEGINS = frozenset(("FLAPPINGSTART",))
_FLAPPING_ENDS = frozenset(("FLAPPINGSTOP", "FLAPPINGEND", "FLAPPINGDISABLED"))
TYPES = (*_STATUSES, *sorted(_DOWNTIME_BEGINS | _DOWNTIME_ENDS | _FLAPPING_BEGINS | _FLAPPING_ENDS))
HOST_CHECK = "host check"
"""What the check of a host itself is called: it has no name of its own."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """One notification."""

    format: str
    type: str
    """PROBLEM, RECOVERY ..., as it was sent."""
    host: str
    service: str
    """Empty: it is about the host."""
    state: str
    output: str
    said: str = ""
    """What a person said, and who: of an acknowledgement, a downtime, a custom notification."""
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    at: datetime | None = None
    """When the state became what it is."""


def events_of(change: StateChange, type_place: str, state_place: str) -> list[Incoming]:
    """What a notification says: one event, or two at the end of flapping. Raises BadInput (422), with these places."""
    kind, state = change.type.strip().upper(), change.state.strip().upper()
    severity = SEVERITIES.get(state)
    if severity is None:
        raise BadInput(422, state_place, f"is {shown(change.state)}", f"send one of {', '.join(SEVERITIES)}")
    if kind not in TYPES:
        raise BadInput(422, type_place, f"is {shown(change.type)}", f"send one of {', '.join(TYPES)}")
    return [kept(event, {}) for event in _events(change, kind, severity, is_fine=state in _FINE)]


def _events(change: StateChange, kind: str, severity: Severity, *, is_fine: bool) -> Iterator[Incoming]:
    standing = EventStatus.RESOLVED if is_fine else EventStatus.FIRING
    if kind in _FLAPPING_BEGINS:
        yield _flapping(change, EventStatus.FIRING)
        return
    if kind in _FLAPPING_ENDS:
        yield _flapping(change, EventStatus.RESOLVED)
    if kind in _DOWNTIME_BEGINS:
        standing = EventStatus.INFORMATIONAL if is_fine else EventStatus.SUPPRESSED
    yield _event(change, _STATUSES.get(kind, standing), severity)


def _event(change: StateChange, status: EventStatus, severity: Severity) -> Incoming:
    return Incoming(
        format=change.format,
        name=change.service or HOST_CHECK,
        status=status,
        severity=severity,
        key=f"{change.host};{change.service}" if change.service else change.host,
        text="\n".join(line for line in (change.output, change.said) if line),
        labels={"host": change.host, **({"service": change.service} if change.service else {}), **change.labels},
        facts=change.facts,
        started_at=change.at if status is EventStatus.FIRING else None,
        ended_at=change.at if status is EventStatus.RESOLVED else None,
    )


def _flapping(change: StateChange, status: EventStatus) -> Incoming:
    severity = Severity.WARNING if status is EventStatus.FIRING else Severity.INFO
    event = _event(change, status, severity)
    # A name of a host or a service never holds a semicolon: it parts the words of Nagios' external commands.
    return event._replace(name=f"{event.name} flapping", key=f"{event.key};;flapping", started_at=None, ended_at=None)

"""The words of tickets."""

from enum import StrEnum


class IncidentState(StrEnum):
    """Where an incident stands."""

    NEW = "new"
    IN_PROGRESS = "in progress"
    ON_HOLD = "on hold"  # it waits for somebody else; the reason is beside it
    RESOLVED = "resolved"  # it has a solution; it is closed some days later unless somebody objects
    CLOSED = "closed"
    CANCELLED = "cancelled"  # it was none


class HoldReason(StrEnum):
    """Whom or what an incident waits for."""

    CALLER = "caller"
    SUPPLIER = "supplier"
    CHANGE = "change"
    PROBLEM = "problem"


class ResolutionCode(StrEnum):
    """How an incident came to its end."""

    FIXED = "fixed"
    WORKAROUND = "workaround"
    KNOWN_ERROR = "known error"
    DUPLICATE = "duplicate"
    NO_FAULT_FOUND = "no fault found"
    NOT_REPRODUCIBLE = "not reproducible"
    CLEARED_BY_ITSELF = "cleared by itself"


class MajorState(StrEnum):
    """What was decided about an incident that may be a major one."""

    CANDIDATE = "candidate"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    DEMOTED = "demoted"  # it was one, and is none any more
    REVIEWED = "reviewed"  # it is over, and what it taught is written down


class LinkVerb(StrEnum):
    """How a ticket stands to another thing."""

    PARENT_OF = "parent of"
    DUPLICATE_OF = "duplicate of"
    CAUSED_BY = "caused by"
    RELATED_TO = "related to"


class TicketKind(StrEnum):
    """What kind of work a ticket is."""

    INCIDENT = "incident"
    PROBLEM = "problem"  # the cause of incidents
    REQUEST = "request"

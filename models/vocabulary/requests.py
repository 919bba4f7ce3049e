"""The words of requests."""

from enum import StrEnum


class RequestState(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    IN_PROGRESS = "in progress"
    WAITING = "waiting"  # for the requester, a supplier, an approval
    FULFILLED = "fulfilled"  # it is there; closed some days later unless somebody objects
    CLOSED = "closed"
    CANCELLED = "cancelled"

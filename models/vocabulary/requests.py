"""The words of requests."""

from enum import StrEnum


class RequestState(StrEnum):
    """Where a request stands."""

    WAITING_FOR_APPROVAL = "waiting for approval"
    SENT_BACK = "sent back"  # an approver asks the requester for more
    DENIED = "denied"  # an approver said no, or nobody answered in time
    RECEIVED = "received"  # nobody has to approve it any more
    IN_PROGRESS = "in progress"
    WAITING = "waiting"  # for the requester, or a supplier
    FULFILLED = "fulfilled"  # it is there; closed some days later unless somebody objects
    CLOSED = "closed"
    CANCELLED = "cancelled"


class PublicState(StrEnum):
    """Where a request stands for those who wait for it."""

    RECEIVED = "received"
    WAITING_FOR_APPROVAL = "waiting for approval"
    WAITING_FOR_YOU = "waiting for you"
    IN_PROGRESS = "in progress"
    DONE = "done"

"""Requests as those see them who wait for them, and their numbers."""

from models.rules.incidents import ticket_id_of
from models.vocabulary import PublicState, RequestState, TicketKind

PUBLIC = {
    RequestState.RECEIVED: PublicState.RECEIVED,
    RequestState.WAITING_FOR_APPROVAL: PublicState.WAITING_FOR_APPROVAL,
    RequestState.SENT_BACK: PublicState.WAITING_FOR_YOU,
    RequestState.WAITING: PublicState.WAITING_FOR_YOU,
    RequestState.IN_PROGRESS: PublicState.IN_PROGRESS,
    RequestState.FULFILLED: PublicState.DONE,
    RequestState.CLOSED: PublicState.DONE,
    RequestState.CANCELLED: PublicState.DONE,
    RequestState.DENIED: PublicState.DONE,
}
"""What each state is for those who wait."""
OVER = (RequestState.CLOSED, RequestState.CANCELLED, RequestState.DENIED)


def public_state(state: RequestState) -> PublicState:
    """Where a request stands for those who wait for it."""
    return PUBLIC[state]


def request_id_of(number: str) -> int:
    """The key of REQ000123; also of req123 and 123. Raises ValueError for anything else."""
    return ticket_id_of(TicketKind.REQUEST, number)

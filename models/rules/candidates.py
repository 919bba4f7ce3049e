"""Problem candidates: what recurs and may be a problem, the moves that decide about it, and its number."""

import re

from models.rules.lifecycle import Move, Role
from models.vocabulary import CandidateState

PREFIX = "CAN"
_NUMBER = re.compile(r"(?:can)?0*(\d{1,15})", re.ASCII | re.IGNORECASE)
_OPEN = CandidateState.OPEN
_DECIDES = (Role.OPERATOR, (Role.PROBLEM_MANAGER, Role.MANAGER))

CANDIDATE = (
    Move(_OPEN, "join", _OPEN, Role.ENGINE),
    Move(_OPEN, "accept", CandidateState.ACCEPTED, *_DECIDES),
    Move(_OPEN, "dismiss", CandidateState.DISMISSED, *_DECIDES),
)


def candidate_number(candidate_id: int) -> str:
    """What people say on the phone: CAN000012."""
    return f"{PREFIX}{candidate_id:06d}"


def candidate_id_of(number: str) -> int:
    """The key of CAN000012; also of can12 and 12. Raises ValueError for anything else."""
    found = _NUMBER.fullmatch(number.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"{number!r} is not the number of a problem candidate: it looks like {PREFIX}000012")
    return int(found[1])

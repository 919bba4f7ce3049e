"""The moves of routine work and of restore points: from, action, to, and who may. What is not listed is refused.

Each practice has such tables; `models.queries.states.advance` is the only place that carries a move out.
"""

from collections.abc import Collection
from enum import StrEnum

from models.errors import MoveRefused
from models.rules.approvals.moves import APPROVAL, APPROVAL_STEP
from models.rules.candidates import CANDIDATE
from models.rules.import_moves import IMPORTED_PROBLEM
from models.rules.incident_moves import INCIDENT, MAJOR_INCIDENT
from models.rules.known_error_moves import KNOWN_ERROR
from models.rules.lifecycle import Move, Role
from models.rules.problem_moves import PROBLEM
from models.rules.request_moves import REQUEST
from models.vocabulary import PointState, RunState, SlotState, StepState

RUN = (
    Move(RunState.QUEUED, "dispatch", RunState.DISPATCHED, Role.ENGINE),
    Move(RunState.QUEUED, "cancel", RunState.ENDED, Role.OPERATOR),
    Move(RunState.QUEUED, "drop", RunState.ENDED, Role.ENGINE),
    Move(RunState.DISPATCHED, "claim", RunState.RUNNING, Role.WORKER),
    Move(RunState.DISPATCHED, "cancel", RunState.ENDED, Role.OPERATOR),
    Move(RunState.DISPATCHED, "dispatch again", RunState.DISPATCHED, Role.ENGINE),
    Move(RunState.DISPATCHED, "give up", RunState.ENDED, Role.ENGINE),
    Move(RunState.RUNNING, "take over", RunState.RUNNING, Role.WORKER),
    Move(RunState.RUNNING, "lose", RunState.DISPATCHED, Role.ENGINE),
    Move(RunState.RUNNING, "retry later", RunState.RETRY_WAIT, Role.WORKER),
    Move(RunState.RUNNING, "end", RunState.ENDED, Role.WORKER),
    Move(RunState.RUNNING, "give up", RunState.ENDED, Role.ENGINE),
    Move(RunState.RETRY_WAIT, "dispatch", RunState.DISPATCHED, Role.ENGINE),
    Move(RunState.RETRY_WAIT, "cancel", RunState.ENDED, Role.OPERATOR),
    Move(RunState.ENDED, "settle", RunState.ENDED, Role.OPERATOR),
)

SLOT = (
    Move(SlotState.EXPECTED, "fall late", SlotState.LATE, Role.ENGINE),
    Move(SlotState.EXPECTED, "start", SlotState.STARTED, Role.ENGINE),
    Move(SlotState.LATE, "start", SlotState.STARTED, Role.ENGINE),
    Move(SlotState.EXPECTED, "skip", SlotState.SKIPPED, Role.ENGINE),
    Move(SlotState.LATE, "skip", SlotState.SKIPPED, Role.ENGINE),
    Move(SlotState.EXPECTED, "miss", SlotState.MISSED, Role.ENGINE),
    Move(SlotState.LATE, "miss", SlotState.MISSED, Role.ENGINE),
    Move(SlotState.STARTED, "finish", SlotState.DONE, Role.WORKER),
    Move(SlotState.STARTED, "catch up", SlotState.CAUGHT_UP, Role.WORKER),
    Move(SlotState.STARTED, "fail", SlotState.FAILED, Role.WORKER),
    Move(SlotState.STARTED, "miss", SlotState.MISSED, Role.ENGINE),
    Move(SlotState.STARTED, "skip", SlotState.SKIPPED, Role.ENGINE),
    Move(SlotState.FAILED, "finish", SlotState.DONE, Role.OPERATOR),
    Move(SlotState.FAILED, "catch up", SlotState.CAUGHT_UP, Role.OPERATOR),
    Move(SlotState.FAILED, "fail", SlotState.FAILED, Role.OPERATOR),
)

STEP = (
    Move(StepState.INTENDED, "end", StepState.ENDED, Role.WORKER),
    Move(StepState.ENDED, "resolve", StepState.ENDED, Role.WORKER),
)

# A bad point is good again only when it was restored and compared; an expired one is gone.
RESTORE_POINT = (
    Move(PointState.TAKEN, "list", PointState.LISTED, Role.WORKER),
    Move(PointState.TAKEN, "find bad", PointState.BAD, Role.WORKER),
    Move(PointState.LISTED, "read-check", PointState.READ_CHECKED, Role.WORKER),
    Move(PointState.LISTED, "prove", PointState.PROVEN, Role.WORKER),
    Move(PointState.LISTED, "find bad", PointState.BAD, Role.WORKER),
    Move(PointState.LISTED, "expire", PointState.EXPIRED, Role.WORKER),
    Move(PointState.READ_CHECKED, "prove", PointState.PROVEN, Role.WORKER),
    Move(PointState.READ_CHECKED, "find bad", PointState.BAD, Role.WORKER),
    Move(PointState.READ_CHECKED, "expire", PointState.EXPIRED, Role.WORKER),
    Move(PointState.PROVEN, "prove again", PointState.PROVEN, Role.WORKER),
    Move(PointState.PROVEN, "find bad", PointState.BAD, Role.WORKER),
    Move(PointState.PROVEN, "expire", PointState.EXPIRED, Role.WORKER),
    Move(PointState.BAD, "prove", PointState.PROVEN, Role.WORKER),
    Move(PointState.BAD, "expire", PointState.EXPIRED, Role.WORKER),
)

TABLES: dict[str, tuple[Move, ...]] = {
    "run": RUN,
    "slot": SLOT,
    "step": STEP,
    "restore_point": RESTORE_POINT,
    "incident": INCIDENT,
    "major_incident": MAJOR_INCIDENT,
    "problem": (*PROBLEM, *IMPORTED_PROBLEM),
    "request": REQUEST,
    "known_error": KNOWN_ERROR,
    "problem_candidate": CANDIDATE,
    "approval": APPROVAL,
    "approval_step": APPROVAL_STEP,
}


def find_move(table: str, source: StrEnum, action: str, roles: Collection[Role] | None = None) -> Move:
    """The move that `action` makes from `source`, for somebody with these roles; None is who needs none.

    Raises MoveRefused with the actions that are possible, or with the roles that may.
    """
    moves, name = TABLES[table], table.replace("_", " ")
    for move in moves:
        if move.source is source and move.action == action:
            if roles is not None and not set(roles) & set(move.roles):
                may = ", ".join(role.value for role in move.roles if role is not Role.ENGINE) or "nobody"
                raise MoveRefused(f"to {action} {an(name)} that is {source.value!r} takes the role of: {may}")
            return move
    open_to = [move for move in moves if move.source is source and (roles is None or set(move.roles) != {Role.ENGINE})]
    possible = sorted({move.action for move in open_to}) or ["nothing"]
    raise MoveRefused(f"{an(name)} that is {source.value!r} cannot {action!r}; it can: {', '.join(possible)}")


def an(noun: str) -> str:
    """The noun with its article: a run, an incident."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"

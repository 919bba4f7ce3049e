"""The moves of approvals and of their steps: from, action, to, and who may. What is not listed is refused.

Who is an approver of a step, and of which, is not in this table but in the step's seats.
"""

from models.rules.lifecycle import Move, Role
from models.vocabulary import ApprovalState, ApprovalStepState

_OPEN, _BACK, _APPROVED = ApprovalState.OPEN, ApprovalState.SENT_BACK, ApprovalState.APPROVED
_STEP = ApprovalStepState

UNDECIDED = (_OPEN, _BACK)
"""Somebody has to do something about it."""

APPROVAL = (
    Move(_OPEN, "approve", _OPEN, Role.APPROVER),
    Move(_OPEN, "deny", ApprovalState.DENIED, Role.APPROVER),
    Move(_OPEN, "send back", _BACK, Role.APPROVER),
    Move(_OPEN, "reassign", _OPEN, Role.ADMINISTRATOR),
    Move(_OPEN, "remind", _OPEN, Role.ENGINE),
    Move(_OPEN, "escalate", _OPEN, Role.ENGINE),
    Move(_OPEN, "grant", _APPROVED, Role.ENGINE),
    Move(_BACK, "answer", _OPEN, Role.REQUESTER, (Role.ENGINE,)),
    # Another request, another difference or another policy is another decision: from the first step again.
    *(Move(state, "ask again", _OPEN, Role.ENGINE) for state in (*UNDECIDED, _APPROVED)),
    *(Move(state, "expire", ApprovalState.EXPIRED, Role.ENGINE) for state in UNDECIDED),
    *(
        Move(state, "withdraw", ApprovalState.WITHDRAWN, Role.REQUESTER, (Role.ENGINE,))
        for state in (*UNDECIDED, _APPROVED)
    ),
    *(Move(state, "void", ApprovalState.VOID, Role.ENGINE) for state in (*UNDECIDED, _APPROVED)),
)

APPROVAL_STEP = (
    Move(_STEP.WAITING, "open", _STEP.OPEN, Role.ENGINE),
    Move(_STEP.OPEN, "approve", _STEP.APPROVED, Role.ENGINE),
    Move(_STEP.OPEN, "deny", _STEP.DENIED, Role.ENGINE),
    Move(_STEP.OPEN, "expire", _STEP.EXPIRED, Role.ENGINE),
    Move(_STEP.WAITING, "drop", _STEP.DROPPED, Role.ENGINE),
    Move(_STEP.OPEN, "drop", _STEP.DROPPED, Role.ENGINE),
)

"""The moves of requests: from, action, to, and who may. What is not listed is refused."""

from models.rules.lifecycle import Move, Role
from models.vocabulary import RequestState

_NEW, _WORK, _WAIT = RequestState.RECEIVED, RequestState.IN_PROGRESS, RequestState.WAITING
_ASKED, _BACK, _DENIED = RequestState.WAITING_FOR_APPROVAL, RequestState.SENT_BACK, RequestState.DENIED
_DONE, _CLOSED, _CANCELLED = RequestState.FULFILLED, RequestState.CLOSED, RequestState.CANCELLED
_DESK = (Role.MANAGER, Role.ENGINE)
_ANYBODY = (Role.CALLER, Role.MANAGER, Role.ENGINE)

REQUEST = (
    Move(_ASKED, "approve", _NEW, Role.ENGINE),
    Move(_ASKED, "deny", _DENIED, Role.ENGINE),
    Move(_ASKED, "send back", _BACK, Role.ENGINE),
    Move(_ASKED, "cancel", _CANCELLED, Role.OPERATOR, _ANYBODY),
    Move(_BACK, "answer", _ASKED, Role.ENGINE),
    Move(_BACK, "deny", _DENIED, Role.ENGINE),
    Move(_BACK, "cancel", _CANCELLED, Role.OPERATOR, _ANYBODY),
    Move(_NEW, "ask approval", _ASKED, Role.ENGINE),
    Move(_NEW, "take", _WORK, Role.OPERATOR, (Role.ENGINE,)),
    Move(_NEW, "hold", _WAIT, Role.OPERATOR, (Role.ENGINE,)),
    Move(_NEW, "fulfil", _DONE, Role.OPERATOR, (Role.ENGINE,)),
    Move(_NEW, "cancel", _CANCELLED, Role.OPERATOR, _ANYBODY),
    Move(_WORK, "take", _WORK, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WORK, "hold", _WAIT, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WORK, "fulfil", _DONE, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WORK, "cancel", _CANCELLED, Role.OPERATOR, _DESK),
    Move(_WAIT, "resume", _WORK, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WAIT, "fulfil", _DONE, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WAIT, "cancel", _CANCELLED, Role.OPERATOR, _ANYBODY),
    Move(_DONE, "reopen", _WORK, Role.OPERATOR, _ANYBODY),
    Move(_DONE, "close", _CLOSED, Role.OPERATOR, _ANYBODY),
    Move(_CLOSED, "reopen", _WORK, Role.MANAGER, (Role.ENGINE,)),
    *(Move(state, "assign", state, Role.OPERATOR, _DESK) for state in (_NEW, _WORK, _WAIT)),
    *(Move(state, "set priority", state, Role.OPERATOR, _DESK) for state in (_NEW, _WORK, _WAIT)),
)

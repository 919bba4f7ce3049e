"""The moves of incidents and of major incidents: from, action, to, and who may. What is not listed is refused.

Source of the states: ITIL's and iTop's life of an incident; who may do what is one line each, as in GLPI's matrix.
"""

from models.rules.lifecycle import Move, Role
from models.vocabulary import IncidentState, MajorState

_NEW, _WORK, _HOLD = IncidentState.NEW, IncidentState.IN_PROGRESS, IncidentState.ON_HOLD
_RESOLVED, _CLOSED, _CANCELLED = IncidentState.RESOLVED, IncidentState.CLOSED, IncidentState.CANCELLED
_DESK = (Role.MANAGER, Role.ENGINE)
_ANYBODY = (Role.CALLER, Role.MANAGER, Role.ENGINE)

INCIDENT = (
    Move(_NEW, "take", _WORK, Role.OPERATOR, (Role.ENGINE,)),
    Move(_NEW, "assign", _NEW, Role.OPERATOR, _DESK),
    Move(_NEW, "set priority", _NEW, Role.OPERATOR, _DESK),
    Move(_NEW, "escalate", _NEW, Role.OPERATOR, _DESK),
    Move(_NEW, "hold", _HOLD, Role.OPERATOR, (Role.ENGINE,)),
    Move(_NEW, "resolve", _RESOLVED, Role.OPERATOR, (Role.ENGINE,)),
    Move(_NEW, "cancel", _CANCELLED, Role.OPERATOR, _ANYBODY),
    Move(_NEW, "merge", _CLOSED, Role.OPERATOR, _DESK),
    Move(_WORK, "take", _WORK, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WORK, "assign", _WORK, Role.OPERATOR, _DESK),
    Move(_WORK, "set priority", _WORK, Role.OPERATOR, _DESK),
    Move(_WORK, "escalate", _WORK, Role.OPERATOR, _DESK),
    Move(_WORK, "hold", _HOLD, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WORK, "resolve", _RESOLVED, Role.OPERATOR, (Role.ENGINE,)),
    Move(_WORK, "cancel", _CANCELLED, Role.OPERATOR, _DESK),
    Move(_WORK, "merge", _CLOSED, Role.OPERATOR, _DESK),
    Move(_HOLD, "assign", _HOLD, Role.OPERATOR, _DESK),
    Move(_HOLD, "set priority", _HOLD, Role.OPERATOR, _DESK),
    Move(_HOLD, "escalate", _HOLD, Role.OPERATOR, _DESK),
    Move(_HOLD, "hold", _HOLD, Role.OPERATOR, (Role.ENGINE,)),
    Move(_HOLD, "resume", _WORK, Role.OPERATOR, (Role.ENGINE,)),
    Move(_HOLD, "resolve", _RESOLVED, Role.OPERATOR, (Role.ENGINE,)),
    Move(_HOLD, "cancel", _CANCELLED, Role.OPERATOR, _DESK),
    Move(_HOLD, "merge", _CLOSED, Role.OPERATOR, _DESK),
    Move(_RESOLVED, "reopen", _WORK, Role.OPERATOR, _ANYBODY),
    Move(_RESOLVED, "close", _CLOSED, Role.OPERATOR, _ANYBODY),
    Move(_RESOLVED, "merge", _CLOSED, Role.OPERATOR, _DESK),
    Move(_CLOSED, "reopen", _WORK, Role.MANAGER, (Role.ENGINE,)),
    Move(_CLOSED, "share solution", _CLOSED, Role.ENGINE),
)

# Major is a decision of few, outside the matrix: an operator proposes, a major incident manager or a manager decides.
_DECIDES = (Role.MAJOR_INCIDENT_MANAGER, (Role.MANAGER,))
MAJOR_INCIDENT = (
    Move(MajorState.CANDIDATE, "accept", MajorState.ACCEPTED, *_DECIDES),
    Move(MajorState.CANDIDATE, "decline", MajorState.DECLINED, *_DECIDES),
    Move(MajorState.ACCEPTED, "appoint", MajorState.ACCEPTED, *_DECIDES),
    Move(MajorState.ACCEPTED, "demote", MajorState.DEMOTED, *_DECIDES),
    Move(MajorState.ACCEPTED, "review", MajorState.REVIEWED, *_DECIDES),
    Move(MajorState.DECLINED, "propose", MajorState.CANDIDATE, Role.OPERATOR, _DESK),
    Move(MajorState.DEMOTED, "propose", MajorState.CANDIDATE, Role.OPERATOR, _DESK),
    Move(MajorState.REVIEWED, "propose", MajorState.CANDIDATE, Role.OPERATOR, _DESK),
)

"""The moves of known errors: from, action, to, and who may. What is published is shown to all who work on incidents."""

from models.rules.lifecycle import Move, Role
from models.vocabulary import KnownErrorState

_DRAFT, _PUBLISHED, _RETIRED = KnownErrorState.DRAFT, KnownErrorState.PUBLISHED, KnownErrorState.RETIRED
_ANSWERS = (Role.PROBLEM_MANAGER, (Role.MANAGER, Role.ENGINE))

KNOWN_ERROR = (
    Move(_DRAFT, "edit", _DRAFT, Role.OPERATOR, (Role.PROBLEM_MANAGER, Role.MANAGER, Role.ENGINE)),
    Move(_DRAFT, "publish", _PUBLISHED, *_ANSWERS),
    Move(_DRAFT, "retire", _RETIRED, *_ANSWERS),
    Move(_PUBLISHED, "edit", _PUBLISHED, *_ANSWERS),
    Move(_PUBLISHED, "retire", _RETIRED, *_ANSWERS),
    Move(_RETIRED, "publish", _PUBLISHED, *_ANSWERS),
)

"""The moves of problems: from, action, to, and who may. What is not listed is refused.

Source of the states: ITIL's life of a problem, with the accepted risk and the analysis anew by role only as ServiceNow
has them, and a state of our own: a fix is watched before it counts as one.
"""

from models.rules.lifecycle import Move, Role
from models.vocabulary import ProblemState

_NEW, _ASSESSED, _ANALYSIS = ProblemState.NEW, ProblemState.ASSESSED, ProblemState.UNDER_INVESTIGATION
_CAUSE, _KNOWN, _FIX = ProblemState.ROOT_CAUSE_KNOWN, ProblemState.KNOWN_ERROR, ProblemState.FIX_IN_PROGRESS
_WATCH, _RESOLVED, _CLOSED = ProblemState.WATCHING, ProblemState.RESOLVED, ProblemState.CLOSED
_RISK = ProblemState.RISK_ACCEPTED

UNSOLVED = (_NEW, _ASSESSED, _ANALYSIS, _CAUSE, _KNOWN, _FIX)
"""Somebody has to do something about it."""
LIVED_WITH = (*UNSOLVED, _RISK)
"""Its incidents need help: a workaround is told to them."""
OVER = (_CLOSED,)
OPEN = tuple(state for state in ProblemState if state not in OVER)
"""It is in somebody's list: unsolved, watched, resolved and not closed yet, or a risk that runs out some day."""

_DESK = (Role.PROBLEM_MANAGER, Role.MANAGER, Role.ENGINE)
_DECIDES = (Role.PROBLEM_MANAGER, (Role.MANAGER,))
_WORKS = (Role.OPERATOR, (Role.PROBLEM_MANAGER,))

PROBLEM = (
    Move(_NEW, "assess", _ASSESSED, *_WORKS),
    Move(_NEW, "investigate", _ANALYSIS, *_WORKS),
    Move(_ASSESSED, "investigate", _ANALYSIS, *_WORKS),
    Move(_ASSESSED, "find cause", _CAUSE, *_WORKS),
    Move(_ANALYSIS, "find cause", _CAUSE, *_WORKS),
    Move(_CAUSE, "accept known error", _KNOWN, *_WORKS),
    Move(_CAUSE, "begin fix", _FIX, *_WORKS),
    Move(_KNOWN, "begin fix", _FIX, *_WORKS),
    Move(_CAUSE, "watch", _WATCH, *_WORKS),
    Move(_KNOWN, "watch", _WATCH, *_WORKS),
    Move(_FIX, "watch", _WATCH, *_WORKS),
    Move(_WATCH, "resolve", _RESOLVED, Role.PROBLEM_MANAGER, (Role.MANAGER, Role.ENGINE)),
    Move(_RESOLVED, "close", _CLOSED, Role.PROBLEM_MANAGER, (Role.MANAGER, Role.ENGINE)),
    # The fix was none: found by the watch, or said by a person.
    Move(_WATCH, "reopen", _ANALYSIS, Role.OPERATOR, _DESK),
    Move(_RESOLVED, "reopen", _ANALYSIS, Role.OPERATOR, _DESK),
    Move(_CLOSED, "reopen", _ANALYSIS, *_DECIDES),
    Move(_RISK, "reopen", _ASSESSED, Role.PROBLEM_MANAGER, (Role.MANAGER, Role.ENGINE)),
    # To throw an analysis away, or to live with the trouble, is a decision of few.
    Move(_CAUSE, "re-analyse", _ANALYSIS, *_DECIDES),
    Move(_KNOWN, "re-analyse", _ANALYSIS, *_DECIDES),
    Move(_FIX, "re-analyse", _ANALYSIS, *_DECIDES),
    *(Move(state, "accept risk", _RISK, *_DECIDES) for state in (_ASSESSED, _ANALYSIS, _CAUSE, _KNOWN, _FIX)),
    Move(_RISK, "accept risk", _RISK, *_DECIDES),
    *(Move(state, "cancel", _CLOSED, *_DECIDES) for state in (_NEW, _ASSESSED, _ANALYSIS)),
    *(Move(state, "merge", _CLOSED, *_WORKS) for state in UNSOLVED),
    *(Move(state, "assign", state, Role.OPERATOR, _DESK) for state in OPEN),
    *(Move(state, "set priority", state, Role.OPERATOR, _DESK) for state in OPEN),
    *(Move(state, "plan", state, Role.OPERATOR, _DESK) for state in OPEN),
    *(Move(state, "publish workaround", state, *_WORKS) for state in LIVED_WITH),
    *(Move(state, "review", state, *_DECIDES) for state in (_WATCH, _RESOLVED, _CLOSED)),
)

"""The moves that only an import makes: another tool does not tell how it came to the end of a problem."""

from models.rules.lifecycle import Move, Role
from models.rules.problem_moves import UNSOLVED
from models.vocabulary import ProblemState

IMPORTED_PROBLEM = tuple(Move(state, "take over solution", ProblemState.RESOLVED, Role.ENGINE) for state in UNSOLVED)

"""What the kinds of tickets have in common for a replay: where each begins, is worked on, solved and over."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from models.rules.lifecycle import Move
from models.rules.moves import TABLES
from models.vocabulary import HoldReason, IncidentState, ProblemState, RequestState, TicketKind

CANCELLED = "cancelled"
AS_BEFORE = "as before"
HELD_FOR = " for "


@dataclass(frozen=True)
class Practice:
    """One kind of ticket; the general words for its states are the same for all kinds."""

    kind: TicketKind
    states: type[StrEnum]
    first: StrEnum
    working: StrEnum
    waiting: StrEnum
    solved: StrEnum
    over: tuple[StrEnum, ...]
    solve: str
    """The move that writes the solution down."""
    by_name_only: tuple[tuple[str, StrEnum], ...] = ()
    """Moves that lead only to a state that the source names itself."""

    def state_of(self, word: str) -> StrEnum | None:
        """The state that a word of a map means here, general or of this kind; None for a word that is none."""
        general: dict[str, StrEnum] = {
            "new": self.first,
            "in progress": self.working,
            "on hold": self.waiting,
            "resolved": self.solved,
            "closed": self.over[0],
            CANCELLED: self.over[-1],
        }
        return general.get(word) or next((state for state in self.states if state.value == word), None)

    def is_open(self, state: StrEnum) -> bool:
        """Whether there is no solution yet."""
        return state is not self.solved and state not in self.over


PRACTICES = {
    practice.kind: practice
    for practice in (
        Practice(
            TicketKind.INCIDENT,
            IncidentState,
            IncidentState.NEW,
            IncidentState.IN_PROGRESS,
            IncidentState.ON_HOLD,
            IncidentState.RESOLVED,
            (IncidentState.CLOSED, IncidentState.CANCELLED),
            "resolve",
        ),
        Practice(
            TicketKind.PROBLEM,
            ProblemState,
            ProblemState.NEW,
            ProblemState.UNDER_INVESTIGATION,
            ProblemState.UNDER_INVESTIGATION,
            ProblemState.RESOLVED,
            (ProblemState.CLOSED,),
            "take over solution",
            (("accept risk", ProblemState.RISK_ACCEPTED),),
        ),
        Practice(
            TicketKind.REQUEST,
            RequestState,
            RequestState.RECEIVED,
            RequestState.IN_PROGRESS,
            RequestState.WAITING,
            RequestState.FULFILLED,
            (RequestState.CLOSED, RequestState.CANCELLED),
            "fulfil",
        ),
    )
}
NOT_REPLAYED = {"merge", "share solution", "escalate", "plan", "review", "publish workaround"}
"""Moves of which no file of another tool tells."""


@cache
def state_in(kind: TicketKind, word: str) -> StrEnum | None:
    """The state that the word of an event means for a kind of ticket, whatever it is held for."""
    return PRACTICES[kind].state_of(word.partition(HELD_FOR)[0])


def word_problems(word: str) -> str | None:
    """What is wrong with a word for a state, in words; None when some kind of ticket has it."""
    state, _, reason = word.partition(HELD_FOR)
    if word == AS_BEFORE or any(practice.state_of(state) for practice in PRACTICES.values()):
        if reason and (state != "on hold" or reason not in set(HoldReason)):
            return f'"{word}": write on hold for {", ".join(HoldReason)}'
        return None
    words = ["new", "in progress", "on hold", "resolved", "closed", CANCELLED, AS_BEFORE]
    own = {state.value for practice in PRACTICES.values() for state in practice.states}
    return f'"{word}" is no state; there are: {", ".join([*words, *sorted(own - set(words))])}'


@cache
def path(kind: TicketKind, source: StrEnum, target: StrEnum, *, is_cancelled: bool = False) -> tuple[Move, ...] | None:
    """The shortest way of allowed moves from one state to another; none when there is no way.

    To cancel is a way only for what was cancelled, and to accept a risk only for an accepted risk.
    """
    practice = PRACTICES[kind]
    named = dict(practice.by_name_only)
    waiting = deque([source])
    ways: dict[StrEnum, tuple[Move, ...]] = {source: ()}
    while waiting:
        state = waiting.popleft()
        if state is target and (ways[state] or not is_cancelled):
            return ways[state]
        for move in TABLES[kind.value]:
            is_wanted = named.get(move.action, target) is target and (move.action == "cancel") == is_cancelled
            if move.source is state and move.target not in ways and is_wanted and move.action not in NOT_REPLAYED:
                ways[move.target] = (*ways[state], move)
                waiting.append(move.target)
    return None

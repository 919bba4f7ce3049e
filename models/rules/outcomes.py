"""How a run ended, from how its hosts ended; what the command line says with its exit code; what its slot becomes.

Gravity, gravest first: kill unconfirmed (something may still run), unknown (nobody can say), killed (a person ended
it), partial (some hosts are done, others are not), failed, timed out, missed, skipped, ok.
"""

from collections import Counter
from collections.abc import Iterable

from models.vocabulary import Outcome, SlotState

# One of these on any host is the outcome of the whole run.
_WHOLE_RUN = (Outcome.KILL_UNCONFIRMED, Outcome.UNKNOWN, Outcome.KILLED)

GRAVITY = (
    *_WHOLE_RUN,
    Outcome.PARTIAL,
    Outcome.FAILED,
    Outcome.TIMED_OUT,
    Outcome.MISSED,
    Outcome.SKIPPED,
    Outcome.OK,
)

# 2 misuse, 4 to 8 and 130 mean other things (docs/reference/exit-codes.md); 124 is what timeout(1) says.
_EXIT_CODES = {
    Outcome.OK: 0,
    Outcome.FAILED: 1,
    Outcome.PARTIAL: 3,
    Outcome.KILLED: 10,
    Outcome.KILL_UNCONFIRMED: 11,
    Outcome.UNKNOWN: 12,
    Outcome.MISSED: 13,
    Outcome.SKIPPED: 14,
    Outcome.TIMED_OUT: 124,
}

_SLOTS = {Outcome.OK: SlotState.DONE, Outcome.SKIPPED: SlotState.SKIPPED, Outcome.MISSED: SlotState.MISSED}


def outcome_of_run(steps: Iterable[Outcome]) -> Outcome:
    """How a run ended. One that touched no host failed: nothing was done, and silence must not be green."""
    found = set(steps)
    for gravest in _WHOLE_RUN:
        if gravest in found:
            return gravest
    if len(found) == 1:
        return found.pop()
    if found & {Outcome.OK, Outcome.PARTIAL}:
        return Outcome.PARTIAL
    return Outcome.FAILED


def worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The gravest of several outcomes; None when there are none."""
    return min(outcomes, key=GRAVITY.index, default=None)


def exit_code(outcome: Outcome) -> int:
    """What a command that waited for a run ends with."""
    return _EXIT_CODES[outcome]


def outcome_of_slot(outcome: Outcome, *, caught_up: bool = False) -> SlotState:
    """What the slot of a run becomes when the run ends."""
    if outcome is Outcome.OK and caught_up:
        return SlotState.CAUGHT_UP
    return _SLOTS.get(outcome, SlotState.FAILED)


def in_words(steps: Iterable[Outcome]) -> str:
    """The hosts' outcomes counted, gravest first: `1 failed, 7 ok`."""
    counts = Counter(steps)
    return ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in GRAVITY if counts[outcome]) or "no hosts"

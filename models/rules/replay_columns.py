"""What is written with a replayed move, by the state that it leads to: as each table wants its columns."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from models.rules.lifecycle import Move
from models.vocabulary import (
    HoldReason,
    IncidentState,
    ProblemOutcome,
    ProblemState,
    RequestState,
    ResolutionCode,
    TicketKind,
)

NEVER = datetime(2899, 1, 1, tzinfo=UTC)
"""When a ticket of another tool ends by itself: its tool says when it does."""
UNTOLD = "as its source knows it; the file does not say"
"""Where the words of a cause or a solution are that the file does not have."""
Record = dict[str, Any]
_TOLD = {"take": ("owner",), "investigate": ("owner",), "assess": ("impact", "urgency", "priority")}
"""What a live move says beside what it changes."""


class Said(NamedTuple):
    """What an event says beside the state."""

    at: datetime
    hold_reason: HoldReason
    resolution: str
    code: ResolutionCode


def fresh(kind: TicketKind) -> Record:
    """The columns of a ticket that was only opened."""
    common: Record = {"reopened": 0, "resolved_at": None, "closed_at": None}
    names: tuple[str, ...] = ()
    match kind:
        case TicketKind.INCIDENT:
            names = ("hold_reason", "resolution_code", "resolution", "resolved_by", "close_at")
        case TicketKind.PROBLEM:
            names = (*_OF_PROBLEM, "cause", "workaround", "fix", "fixed_at")
    return common | dict.fromkeys(names)


def columns_of(kind: TicketKind, move: Move, record: Mapping[str, Any], said: Said) -> Record:
    """What is written with a move."""
    wanted = _BY_KIND[kind](move, record, said)
    if move.action == "reopen":
        wanted |= {"reopened": record["reopened"] + 1, "resolved_at": None, "closed_at": None}
    if move.action in _TOLD:
        wanted |= {name: record[name] for name in _TOLD[move.action]}
    return wanted


def told_of(changes: Mapping[str, Any]) -> Record:
    """What the journal tells of them: what is there, and when it ends, if that is ever."""
    return {
        name: value
        for name, value in changes.items()
        if (value is not None and not (name == "close_at" and value == NEVER)) or name == "owner"
    }


def _incident(move: Move, record: Mapping[str, Any], said: Said) -> Record:
    state = move.target
    found: Record = {"hold_reason": said.hold_reason if state is IncidentState.ON_HOLD else None}
    if state is IncidentState.RESOLVED:
        solution = {"resolution_code": said.code, "resolution": said.resolution, "resolved_by": record["owner"]}
        return found | solution | {"resolved_at": said.at, "close_at": NEVER}
    found["close_at"] = None
    if state in (IncidentState.CLOSED, IncidentState.CANCELLED):
        return found | {"closed_at": said.at}
    return found | dict.fromkeys(("resolution_code", "resolution", "resolved_by"))


_CAUSE_IS_KNOWN = (
    ProblemState.ROOT_CAUSE_KNOWN,
    ProblemState.KNOWN_ERROR,
    ProblemState.FIX_IN_PROGRESS,
    ProblemState.WATCHING,
    ProblemState.RESOLVED,
)
_OF_PROBLEM = ("close_at", "outcome", "watch_until", "risk_until", "risk_words", "risk_by")


def _problem(move: Move, record: Mapping[str, Any], said: Said) -> Record:
    state = move.target
    found: Record = dict.fromkeys(_OF_PROBLEM)
    if state in _CAUSE_IS_KNOWN:
        found["cause"] = record["cause"] or (said.resolution if state is ProblemState.RESOLVED else UNTOLD)
    if state is ProblemState.KNOWN_ERROR:
        found["workaround"] = record["workaround"] or UNTOLD
    if state in (ProblemState.WATCHING, ProblemState.RESOLVED):
        found |= {"fix": record["fix"] or said.resolution, "fixed_at": record["fixed_at"] or said.at}
    if state is ProblemState.WATCHING:
        found["watch_until"] = NEVER
    if state is ProblemState.RESOLVED:
        found |= {"resolved_at": said.at, "close_at": NEVER}
    if state is ProblemState.RISK_ACCEPTED:
        found |= {"risk_until": NEVER, "risk_words": UNTOLD, "risk_by": record["owner"] or UNTOLD}
    if state is ProblemState.CLOSED:
        outcome = ProblemOutcome.NO_PROBLEM if move.action == "cancel" else ProblemOutcome.FIXED
        found |= {"closed_at": said.at, "outcome": outcome}
    if move.action == "reopen":
        found |= {"fix": None, "fixed_at": None}
    return found


def _request(move: Move, _record: Mapping[str, Any], said: Said) -> Record:
    match move.target:
        case RequestState.FULFILLED:
            return {"resolved_at": said.at}
        case RequestState.CLOSED | RequestState.CANCELLED | RequestState.DENIED:
            return {"closed_at": said.at}
        case _:
            return {}


_BY_KIND: Mapping[TicketKind, Callable[[Move, Mapping[str, Any], Said], Record]] = {
    TicketKind.INCIDENT: _incident,
    TicketKind.PROBLEM: _problem,
    TicketKind.REQUEST: _request,
}

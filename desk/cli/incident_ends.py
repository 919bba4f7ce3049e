"""incident resolve, reopen, close, cancel, merge."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from cyclopts import Parameter

from desk.cli import incident_said
from desk.cli.common import COMMON, Common
from desk.cli.incident_work import Incident, Reason, Why
from desk.services import incident_moves
from desk.services.incident_solving import Tried, solution_of
from desk.services.opening import opened
from models.vocabulary import ResolutionCode

Code = Literal["fixed", "workaround", "known-error", "no-fault-found", "not-reproducible", "cleared-by-itself"]
"""Duplicates are merged: their solution is their original's."""


@Parameter(name="*")
@dataclass(frozen=True)
class How:
    """What solved it."""

    code: Annotated[Code | None, Parameter(help=f"{', '.join(get_args(Code)[:-1])} or {get_args(Code)[-1]}.")] = None
    note: Annotated[str | None, Parameter(help="What solved it, for those who meet the next one.", metavar="TEXT")] = (
        None
    )
    known_error: Annotated[
        str | None, Parameter(help="The known error that helped; code and note need not be said.", metavar="KE")
    ] = None
    failed: Annotated[
        tuple[str, ...],
        Parameter(
            name="--not", help="A known error that did not help; once for each.", metavar="KE", consume_multiple=False
        ),
    ] = ()


HOW = How()


def resolve(incident: Incident, /, *, how: How = HOW, reason: Reason = None, common: Common = COMMON) -> int:
    """Write down what solved an incident. Its children are resolved with it; all its duplicates get the solution."""
    tried = Tried(how.known_error, how.failed)
    code = ResolutionCode(how.code.replace("-", " ")) if how.code is not None else None
    solution = solution_of(code, how.note, tried)
    with opened(common.settings()) as database:
        act = incident_said.act_of(incident, common, reason)
        done = incident_moves.resolve(database, act, solution, tried)
    return incident_said.tell(common, done)


def reopen(incident: Incident, /, *, reason: Why, common: Common = COMMON) -> int:
    """Say that the solution was none: the work goes on, and so do the clocks."""
    with opened(common.settings()) as database:
        done = incident_moves.reopen(database, incident_said.act_of(incident, common, reason))
    return incident_said.tell(common, done)


def close(incident: Incident, /, *, reason: Reason = None, common: Common = COMMON) -> int:
    """Accept the solution of an incident; days after it was resolved this happens by itself."""
    with opened(common.settings()) as database:
        done = incident_moves.close(database, incident_said.act_of(incident, common, reason))
    return incident_said.tell(common, done)


def cancel(incident: Incident, /, *, reason: Why, common: Common = COMMON) -> int:
    """Say that it was no incident."""
    with opened(common.settings()) as database:
        done = incident_moves.cancel(database, incident_said.act_of(incident, common, reason))
    return incident_said.tell(common, done)


def merge(
    incident: Incident,
    /,
    *,
    into: Annotated[str, Parameter(help="The original, such as INC000011.", metavar="INCIDENT")],
    reason: Reason = None,
    common: Common = COMMON,
) -> int:
    """Close an incident as a duplicate of another: it gets that one's solution, now or when there is one."""
    with opened(common.settings()) as database:
        done = incident_moves.merge(database, incident_said.act_of(incident, common, reason), into)
    return incident_said.tell(common, done)

"""How an incident was solved: in words, or by a known error; which known errors helped and which did not is counted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.services.errors import Misuse
from desk.services.known_errors import row_of
from models.queries import incidents, known_errors
from models.queries.incident_rules import read_rules
from models.queries.known_error_workarounds import solution_words
from models.queries.states import Because
from models.records import Incident, KnownError
from models.rules.incidents import Solution
from models.vocabulary import ResolutionCode


@dataclass(frozen=True)
class Tried:
    """The known errors that were tried, by their numbers."""

    helped: str | None = None
    failed: tuple[str, ...] = ()


NOTHING = Tried()


def solution_of(code: ResolutionCode | None, note: str | None, tried: Tried) -> Solution | None:
    """What is said of the end; None: all that is known of it is the known error. Raises Misuse for too little."""
    if code is None and note is None and tried.helped is not None:
        return None
    missing = [name for name, value in (("--code", code), ("--note", note)) if value is None]
    if missing and tried.helped is None:
        verb = "is" if len(missing) == 1 else "are"
        raise Misuse(f"{' and '.join(missing)} {verb} missing; or say with --known-error which one has solved it")
    return Solution(code or ResolutionCode.KNOWN_ERROR, note or "")


def solve(
    session: Session, incident: Incident, said: tuple[Solution | None, Tried], by: Because, now: datetime
) -> None:
    """Resolve it, and count what helped and what did not. Raises as `incidents.resolve`, NotFound, Refused, Misuse."""
    solution, tried = said
    helped = row_of(session, tried.helped) if tried.helped is not None else None
    failed = [row_of(session, number) for number in tried.failed]
    if helped is not None and helped in failed:
        raise Misuse(f"{helped.number} cannot have helped and not helped: keep one")
    if helped is not None:
        solution = _by_known_error(session, incident, (solution, helped), by, now)
    if solution is None:
        raise Misuse("say how it was solved")
    incidents.resolve(session, incident, solution, by, now, read_rules(session))
    verdict = Because(by.actor, f"{by.actor} resolved {incident.number}")
    for known, has_worked in (*((one, False) for one in failed), *([(helped, True)] if helped is not None else [])):
        known_errors.worked(
            session, known_errors.use(session, incident, known, by.actor, now), has_worked, verdict, now
        )


def _by_known_error(
    session: Session, incident: Incident, said: tuple[Solution | None, KnownError], by: Because, now: datetime
) -> Solution:
    solution, helped = said
    row = known_errors.use(session, incident, helped, by.actor, now)
    if solution is not None and solution.text:
        return Solution(solution.code, f"{helped.number}: {solution.text}")
    code = solution.code if solution is not None else ResolutionCode.KNOWN_ERROR
    return Solution(code, solution_words(row, helped, f"{by.actor} says so"))

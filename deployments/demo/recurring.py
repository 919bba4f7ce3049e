"""A stock import that hangs again and again: five incidents become a problem, and the sixth is mended by itself.

Acts as in `acts`: each happens once, when its moment has come.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from deployments.demo.acts import Act
from deployments.demo.stage import Stage
from desk.services import incident_moves, incident_opening, known_error_writing, problem_candidates
from desk.services.known_error_writing import Says
from models import clock
from models.queries import problems
from models.queries.problem_candidates import Decision
from models.records import Incident, KnownError, Problem, ProblemCandidate
from models.rules.incidents import NewIncident, Solution
from models.vocabulary import IncidentState, KnownErrorState, ResolutionCode

HOST, CALLER, OPERATOR, MANAGER = "app2", "mira.sand", "jonas.weber", "paul.lind"
TITLE = "Stock import on app2 hangs at file {} of 17"
PROBLEM = "The stock import hangs"
HANGS = ((0, 45), (1, 10), (1, 30), (1, 55), (2, 25))
"""When it hangs, before anybody sees a pattern."""
BY_HAND, THOUGHT = timedelta(seconds=2), timedelta(seconds=3)
"""How long somebody takes to mend it, and to decide."""
KNOWN = Says(
    title="The stock import leaves its lock behind",
    symptom="The stock import hangs",
    service="warehouse",
    texts=("stock import hangs",),
    workaround="Remove the lock",
    workaround_job="clear-stock-lock",
    check_job="check-stock-lock",
    runs_itself=True,
    risk="An import that really runs starts again",
)


def _import_hangs(number: int, hour: int, minute: int) -> Act:
    def act(stage: Stage) -> str | None:
        return _hangs(stage, number) if clock.now() >= stage.night.at(hour, minute) else None

    return act


def _mended_by_hand(number: int) -> Act:
    def act(stage: Stage) -> str | None:
        with stage.database.read() as session:
            incident = _incident(session, number)
            if incident is None or clock.now() < incident.opened_at + BY_HAND:
                return None
            said = incident.number
        _lock(stage).unlink(missing_ok=True)
        solution = Solution(ResolutionCode.WORKAROUND, "removed the lock that the import had left behind")
        incident_moves.resolve(stage.database, incident_moves.Act(said, OPERATOR, clock.now()), solution)
        return ""

    return act


def candidate_is_accepted(stage: Stage) -> str | None:
    """Somebody looks at what was found, and makes a problem of it."""
    with stage.database.read() as session:
        found = session.scalar(select(ProblemCandidate).where(ProblemCandidate.title.contains("stock import")))
        if found is None or clock.now() < found.found_at + THOUGHT:
            return None
        number = found.number
    act = problem_candidates.Act(number, MANAGER, clock.now(), "five in one night")
    problem_candidates.accept(stage.database, act, Decision(PROBLEM))
    return f'$ watchbill problem accept {number} --title "{PROBLEM}"'


def workaround_is_known(stage: Stage) -> str | None:
    """What helps becomes a known error whose workaround is a job."""
    with stage.database.read() as session:
        problem = _problem(session)
        if problem is None or clock.now() < problem.opened_at + THOUGHT:
            return None
        number = problem.number
    known = known_error_writing.create(stage.database, KNOWN, number, OPERATOR, clock.now())
    known_error_writing.publish(stage.database, known.line.known_error, MANAGER, None, clock.now())
    return f"$ watchbill known-error new ... --job {KNOWN.workaround_job} --check {KNOWN.check_job} --runs-itself yes"


def import_hangs_once_more(stage: Stage) -> str | None:
    """At 04:15; nobody has to get up."""
    with stage.database.read() as session:
        known = session.scalar(select(KnownError.id).where(KnownError.state == KnownErrorState.PUBLISHED))
    if known is None or clock.now() < stage.night.at(4, 15):
        return None
    return _hangs(stage, len(HANGS) + 1)


RECURRING: tuple[Act, ...] = (
    *(_import_hangs(number, *at) for number, at in enumerate(HANGS, 1)),
    *(_mended_by_hand(number) for number in range(1, len(HANGS) + 1)),
    candidate_is_accepted,
    workaround_is_known,
    import_hangs_once_more,
)


def faults(session: Session) -> Iterator[str]:
    """What of all this did not become what it should."""
    problem = _problem(session)
    linked = problems.incidents_of(session, problem.id) if problem is not None else []
    if len(linked) < len(HANGS):
        yield f"{len(HANGS)} incidents of the stock import were to be one problem, {len(linked)} are"
    last = _incident(session, len(HANGS) + 1)
    if last is None or last.state is not IncidentState.RESOLVED:
        yield "the last incident of the stock import was to be mended by its known error"


def _hangs(stage: Stage, number: int) -> str:
    lock = _lock(stage)
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    new = NewIncident(TITLE.format(number), host=HOST, caller=CALLER)
    incident_opening.open_new(stage.database, new, CALLER, None, clock.now())
    return ""


def _lock(stage: Stage) -> Path:
    """What the import leaves behind, and the jobs remove and look for."""
    return stage.lab.host(HOST).folder / "home" / "night" / "stock-import.lock"


def _incident(session: Session, number: int) -> Incident | None:
    return session.scalar(select(Incident).where(Incident.title == TITLE.format(number)))


def _problem(session: Session) -> Problem | None:
    return session.scalar(select(Problem).join(ProblemCandidate, ProblemCandidate.problem_id == Problem.id))

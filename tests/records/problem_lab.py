"""Problems and incidents of a test's database."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from models.queries import incidents, journal, problems
from models.queries.states import Because
from models.records import Incident, Problem
from models.rules.incident_rules import Grading
from models.rules.incidents import NewIncident
from models.rules.problems import NewProblem
from models.vocabulary import ProblemState

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ADA, CLOCK = Because("ada", "as it must be"), Because("events")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HIGH = Grading("high", "high", "P1")


def incident(session: Session, now: datetime = NOW, **more: object) -> Incident:
    """A new incident of the shop."""
    return incidents.open_incident(session, NewIncident("the shop is down", **{"service": "shop", **more}), CLOCK, now)


def problem(session: Session, *causing: Incident, now: datetime = NOW, **more: object) -> Problem:
    """A new problem that causes these incidents."""
    new = NewProblem("the pool runs dry", service="shop", incidents=tuple(one.id for one in causing), **more)
    return problems.open_problem(session, new, ADA, now)


def brought_to(session: Session, one: Problem, state: ProblemState, now: datetime = NOW) -> Problem:
    """The same problem, walked along the usual way until it is in this state."""
    steps = {
        ProblemState.ASSESSED: lambda: problems.assess(session, one, HIGH, ADA, now),
        ProblemState.UNDER_INVESTIGATION: lambda: problems.investigate(session, one, ADA, now),
        ProblemState.ROOT_CAUSE_KNOWN: lambda: problems.find_cause(session, one, "a leak", ADA, now),
        ProblemState.KNOWN_ERROR: lambda: problems.accept_known_error(session, one, "restart it", ADA, now),
        ProblemState.FIX_IN_PROGRESS: lambda: problems.begin_fix(session, one, ADA, now, "CHG0031"),
        ProblemState.WATCHING: lambda: problems.watch(session, one, "the pool is given back", ADA, now),
        ProblemState.RESOLVED: lambda: problems.resolve(session, one, ADA, now),
        ProblemState.CLOSED: lambda: problems.close(session, one, ADA, now),
    }
    for reached, step in steps.items():
        if one.state is state:
            break
        step()
        assert one.state is reached
    assert one.state is state
    return one


def told(session: Session, one: Problem) -> list[str]:
    """The journal about a problem, as actions."""
    journal.write_queued(session)
    rows = journal.rows_about(session, f"problem/{one.id}")
    return [row.tag.removeprefix("problems:problem:") for row in rows]

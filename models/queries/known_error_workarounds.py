"""Workarounds that run by themselves: a job of the site on the incident's host, limited in attempts, and verified.

That a job is to be started is a row (`look_at`) before anything happens; the part `events` starts it by the same way
as any run, and looks after it: its alerts have cleared, or a job that checks has ended well. A part that was killed is
followed by one that finds the row as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import dispatching, incident_news, incidents, run_plans
from models.queries.apart import attempt
from models.queries.book import Book
from models.queries.dispatching import Wish
from models.queries.event_processing.placing import is_storm
from models.queries.incident_family import WORKED_ON
from models.queries.incident_rules import read_rules
from models.queries.known_error_uses import ACTOR, use, worked
from models.queries.problem_rules import read_handling
from models.queries.states import Because
from models.records import Alert, AlertGroup, Incident, KnownError, KnownErrorUse, Run, run_number
from models.rules.durations import format_duration
from models.rules.incidents import Solution
from models.rules.known_errors import KnownErrorPolicy
from models.site.jobs import LOCAL
from models.vocabulary import (
    AlertState,
    IncidentState,
    KnownErrorState,
    LinkVerb,
    Outcome,
    ResolutionCode,
    RunState,
)

LOOK_AGAIN = timedelta(seconds=2)
"""While a run has not ended."""
TRY_AGAIN = timedelta(minutes=10)
"""When a use that could not be looked after is looked at again."""
MOST = 100
"""Uses that one look takes, so that its transaction stays short."""


@dataclass(frozen=True)
class Start:
    """What is started by itself, and what is to be said about it."""

    row: KnownErrorUse | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One use of a known error whose workaround runs by itself."""

    row: KnownErrorUse
    known: KnownError
    incident: Incident
    policy: KnownErrorPolicy
    book: Book

    @property
    def job(self) -> str:
        """The job that is the workaround."""
        return self.known.workaround_job or ""


def start_of(session: Session, incident: Incident, found: Sequence[tuple[KnownErrorUse, KnownError]]) -> Start:
    """What of the known errors that recognise a new incident, the surest first, is to be started by itself."""
    itself = [(row, known) for row, known in found if row.score and known.runs_itself]
    if not itself:
        return Start()
    row, known = itself[0]
    job = known.workaround_job or ""
    verdict = read_handling(session).known_errors.policy().allows(job, incident.service)
    reason = "it is a drill" if incident.is_drill else None if verdict.allowed else verdict.reason
    if reason is None and _is_of_a_storm(session, incident):
        reason = "a storm of alerts starts nothing"
    if reason is not None:
        return Start(None, (f"{known.number}: the job {job} is not started by itself: {reason}",))
    return Start(row, (f"{known.number}: the job {job} is started by itself",))


def look(session: Session, book: Book, now: datetime) -> int:
    """Start and look after what is due. A second look at the same moment changes nothing. How many there were."""
    query = select(KnownErrorUse).where(KnownErrorUse.look_at <= now).order_by(KnownErrorUse.look_at).limit(MOST)
    due = session.scalars(query).all()
    policy = read_handling(session).known_errors.policy() if due else KnownErrorPolicy()
    for row in due:
        known, incident = session.get_one(KnownError, row.known_error_id), incidents.get(session, row.incident_id)
        case = Case(row, known, incident, policy, book)
        if attempt(session, f"{known.number} of {incident.number}", partial(_look_at, session, case, now)) is not None:
            row.look_at = now + TRY_AGAIN
    return len(due)


def solved_by(session: Session, incident: Incident, reason: str, now: datetime) -> Solution | None:
    """When the alerts of an incident have cleared: the known error that was used for it has worked; None: none was."""
    query = (
        select(KnownErrorUse, KnownError)
        .join(KnownError, KnownError.id == KnownErrorUse.known_error_id)
        .where(
            KnownErrorUse.incident_id == incident.id,
            KnownErrorUse.used_at.is_not(None),
            KnownErrorUse.worked.is_(None),
        )
        .order_by(KnownErrorUse.used_at.desc(), KnownErrorUse.id.desc())
        .limit(1)
    )
    found = session.execute(query).tuples().first()
    if found is None:
        return None
    row, known = found
    worked(session, row, True, Because(ACTOR, reason), now)
    return Solution(ResolutionCode.KNOWN_ERROR, solution_words(row, known, reason))


def solution_words(row: KnownErrorUse, known: KnownError, reason: str) -> str:
    """The solution of an incident that a known error has solved."""
    by = f"by the job {known.workaround_job} ({run_number(row.run_id)})" if row.run_id else known.workaround
    return f"{known.number} {known.title}: {by or known.title}; {reason}"


def _look_at(session: Session, case: Case, now: datetime) -> None:
    row = case.row
    if case.incident.state not in WORKED_ON or case.known.state is not KnownErrorState.PUBLISHED:
        row.look_at = None  # a person has ended it, or what is known: what that says of this use, they say
        return
    run = session.get(Run, row.run_id) if row.run_id is not None else None
    if row.attempt == 0:
        _begin(session, case, now)
    elif run is None:
        _go_on(session, case, row.reason or "it could not be started", now)
    elif run.state is not RunState.ENDED:
        row.look_at = now + LOOK_AGAIN
    else:
        _verify(session, case, run, now)


def _verify(session: Session, case: Case, run: Run, now: datetime) -> None:
    """Whether a run that has ended has helped: the alerts say so, or the job that checks, or nobody can."""
    row, states = case.row, _alerts(session, case.incident)
    until = (run.ended_at or now) + case.policy.wait
    if states == {AlertState.RESOLVED}:
        _has_worked(session, case, "its alerts have cleared", now)
    elif case.known.check_job is not None and run.outcome is Outcome.OK:
        _check(session, case, now)
    elif states and now < until:
        row.look_at = until
    elif states:
        wait = format_duration(case.policy.wait)
        _go_on(session, case, f"{run.number} ended {_outcome(run)}, and its alerts fire still {wait} later", now)
    elif run.outcome is not Outcome.OK:
        _go_on(session, case, f"{run.number} ended {_outcome(run)}", now)
    else:
        row.look_at = None
        words = "no alert and no job that checks says whether it has helped: a person is to"
        _note(session, case, f"{run.number} ended ok; {words}", now)


def _check(session: Session, case: Case, now: datetime) -> None:
    row, job = case.row, case.known.check_job or ""
    run = session.get(Run, row.check_run_id) if row.check_run_id is not None else None
    if run is None:
        try:
            row.check_run_id = _started(session, case, job, now).id
        except (Refused, NotFound) as refused:
            _go_on(session, case, f"the job {job} that checks could not be started: {refused}", now)
            return
        row.look_at = now + LOOK_AGAIN
    elif run.state is not RunState.ENDED:
        row.look_at = now + LOOK_AGAIN
    elif run.outcome is Outcome.OK:
        _has_worked(session, case, f"the job {job} says so ({run.number})", now)
    else:
        _go_on(session, case, f"the job {job} that checks ended {_outcome(run)} ({run.number})", now)


def _has_worked(session: Session, case: Case, reason: str, now: datetime) -> None:
    """It helped: the incident is resolved with it."""
    row, incident = case.row, case.incident
    worked(session, row, True, Because(ACTOR, reason), now)
    _note(session, case, f"{_attempt(case)} has worked: {reason}", now)
    solution = Solution(ResolutionCode.KNOWN_ERROR, solution_words(row, case.known, reason))
    because = Because(ACTOR, reason)
    incidents.resolve(session, incident, solution, because, now, read_rules(session))
    incident_news.moved(session, incident, "resolve", because, now)


def _go_on(session: Session, case: Case, reason: str, now: datetime) -> None:
    """It did not help: once more, unless it was the last time or a person has it by now."""
    row = case.row
    if row.attempt < case.policy.attempts and case.incident.state is IncidentState.NEW:
        _note(session, case, f"{_attempt(case)} has not helped: {reason}", now)
        _begin(session, case, now)
        return
    end = "that was the last" if row.attempt >= case.policy.attempts else "no more is tried: somebody works on it"
    _note(session, case, f"{_attempt(case)} has not helped: {reason}; {end}; a person is needed", now)
    row.look_at = None
    if row.used_at is not None:
        worked(session, row, False, Because(ACTOR, reason), now)


def _begin(session: Session, case: Case, now: datetime) -> None:
    """Start the next attempt, unless a person was quicker or the site has thought better of it."""
    row, incident = case.row, case.incident
    verdict = case.policy.allows(case.job, incident.service)
    if incident.state is not IncidentState.NEW or not verdict.allowed:
        row.look_at = None
        why = verdict.reason if not verdict.allowed else "somebody works on it"
        _note(session, case, f"{case.known.number}: the job {case.job} is not started: {why}", now)
        return
    row.attempt, row.run_id, row.check_run_id = row.attempt + 1, None, None
    try:
        row.run_id = _started(session, case, case.job, now).id
    except (Refused, NotFound) as refused:
        # A job that is paused or under way may be free for the next attempt.
        row.reason, row.look_at = f"it could not be started: {refused}", now + case.policy.wait
        session.flush()
        return
    use(session, incident, case.known, ACTOR, now)
    row.look_at = now + LOOK_AGAIN
    _note(session, case, f"{_attempt(case)}: {run_number(row.run_id)}", now)


def _started(session: Session, case: Case, job: str, now: datetime) -> Run:
    """A run of the job, on the incident's host where it is a job of hosts. Raises Refused, and NotFound without one."""
    book, host = case.book, case.incident.host
    found = book.job(job)
    only = None
    if found.flow is None and found.on not in (None, LOCAL):
        if host is None:
            raise Refused("the incident names no host")
        if host not in run_plans.hosts_of(book, found):
            raise Refused(f"the job {job} is not for the host {host}")
        only = frozenset({host})
    run = dispatching.run_now(session, book, job, Wish(ACTOR, only_hosts=only), now)
    incidents.link(session, case.incident, LinkVerb.RELATED_TO, f"run/{run.id}", Because(ACTOR), now)
    return run


def _alerts(session: Session, incident: Incident) -> set[AlertState]:
    return set(session.scalars(select(Alert.state).where(Alert.incident_id == incident.id).distinct()))


def _is_of_a_storm(session: Session, incident: Incident) -> bool:
    key = incident.correlation_key
    group = session.scalar(select(AlertGroup).where(AlertGroup.key == key)) if key else None
    return group is not None and is_storm(group)


def _attempt(case: Case) -> str:
    row, known = case.row, case.known
    return f"{known.number}: attempt {row.attempt} of {case.policy.attempts} by the job {known.workaround_job}"


def _outcome(run: Run) -> str:
    return run.outcome.value if run.outcome else "without saying how"


def _note(session: Session, case: Case, text: str, now: datetime) -> None:
    incidents.note(session, case.incident, ACTOR, text, public=False, now=now)

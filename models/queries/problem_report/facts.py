"""The parts of the problem and known-error report: plain values, every figure with the rows behind it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.queries.problem_report.measured import Figure
from models.vocabulary import ProblemOrigin, ProblemState

Money = dict[str, float]
"""By currency."""


@dataclass(frozen=True)
class Load:
    """What one cause weighs over 90 days; an incident of two problems counts half for each of them."""

    problem: str | None
    """None: incidents without a problem."""
    title: str
    incidents: Figure
    hours: float
    cost: Money
    part: float
    together: float
    """Of all hours lost, this one and all above it."""
    is_vital: bool
    """One of the few that make 80 % of the hours."""
    cause_known: bool


@dataclass(frozen=True)
class Lost:
    """What 90 days have cost."""

    since: datetime
    until: datetime
    incidents: int
    hours: float
    cost: Money
    hours_known: float
    """Of problems whose root cause is known."""
    hours_with_problem: float
    hours_without_price: float
    """Of services that do not say what an hour costs."""
    pareto: tuple[Load, ...]
    by_cost: tuple[str, ...]
    """The few that make 80 % of the cost, incidents without a problem among them, when there is one currency."""


@dataclass(frozen=True)
class NextStep:
    """What is to be done about a problem, by whom and until when."""

    text: str
    who: str | None
    due_at: datetime | None
    is_overdue: bool


@dataclass(frozen=True)
class OpenProblem:
    """One problem that is not over."""

    number: str
    title: str
    service: str | None
    effect: str
    """Impact and priority."""
    state: ProblemState
    origin: ProblemOrigin
    incidents_30: int
    incidents_90: int
    hours_90: float
    cost_90: Money
    age: timedelta
    team: str | None
    owner: str | None
    step: NextStep
    change: str | None
    reopened: int
    last_at: datetime | None
    """When its last incident was opened."""


@dataclass(frozen=True)
class AgeRow:
    """The open problems of one state, by how old they are."""

    state: ProblemState
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Balance:
    """Every problem of the period is in one of these."""

    carried: int
    raised: int
    reopened: int
    closed: int
    accepted: int
    """Risks that were accepted."""
    open: int

    @property
    def adds_up(self) -> bool:
        """Whether none is left out or counted twice."""
        return self.carried + self.raised + self.reopened == self.closed + self.accepted + self.open


@dataclass(frozen=True)
class Sheet:
    """One known error, to be printed and laid beside the telephone."""

    number: str
    title: str
    state: str
    symptom: str
    recognise: str
    steps: tuple[str, ...]
    """The workaround, line by line; none where a job does it."""
    how: str
    """By hand, by a job that somebody starts, or by itself."""
    risk: str | None
    cause: str | None
    permanent_fix: str | None
    problem: str | None
    problem_state: str | None
    change: str | None
    owner: str | None
    review_on: date | None
    is_review_due: bool
    published_at: datetime | None
    suggested: int
    used: Figure
    """In the period, and which incidents."""
    used_ever: int
    worked: Figure


@dataclass(frozen=True)
class CandidateLine:
    """Similar incidents for which a person has not decided yet whether they are a problem."""

    subject: str
    title: str
    number: int
    hours: float
    found_at: datetime
    why: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Recurring:
    """Incidents without a problem that came in week after week."""

    service: str | None
    category: str | None
    host: str | None
    weeks: int
    incidents: Figure
    hours: float
    example: str


@dataclass(frozen=True)
class NoisyAlert:
    """An alert that fired often, and on which nobody acted."""

    name: str
    firings: int
    incidents: int


@dataclass(frozen=True)
class RisingJob:
    """A job that needs a second attempt more often than it used to."""

    job: str
    retried: Figure
    usual: float
    signal: str


@dataclass(frozen=True)
class Solved:
    """A problem that was resolved or closed in the period, with the proof that its fix is one."""

    number: str
    title: str
    outcome: str
    at: datetime
    fix: str | None
    change: str | None
    fixed_at: datetime | None
    before: int
    """Incidents of the 30 days before the fix."""
    after: Figure
    """Incidents since, of the problem."""
    watched: timedelta | None
    proof: str
    is_proven: bool | None
    """None: it is too early, or there was nothing to fix."""
    avoided: int | None
    """Incidents that did not come, by the rate of the 90 days before: an estimate."""
    lesson: str | None
    articles: tuple[str, ...]


@dataclass(frozen=True)
class Accepted:
    """A problem that is not going to be fixed."""

    number: str
    title: str
    by: str
    until: datetime
    why: str
    incidents_90: int
    hours_90: float
    cost_90: Money
    ends_soon: bool


@dataclass(frozen=True)
class Promise:
    """A task that was due in the period."""

    problem: str
    text: str
    who: str | None
    due_at: datetime
    done_at: datetime | None


@dataclass(frozen=True)
class Decision:
    """What somebody is asked to decide, and what it costs not to."""

    ask: str
    otherwise: str


@dataclass(frozen=True)
class LinkedIncident:
    """One incident of the 90 days: what it cost, and its problems."""

    number: str
    title: str
    service: str | None
    priority: str
    opened_at: datetime
    resolved_at: datetime | None
    hours: float
    cost: float | None
    currency: str | None
    problems: tuple[str, ...]
    known_errors: tuple[str, ...]
    """Those that were used on it."""

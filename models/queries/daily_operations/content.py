"""What the daily operations log says: plain values, every figure with the rows behind it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from models.queries.daily_operations.desk import Desk
from models.queries.daily_operations.events import Events
from models.queries.daily_operations.standing import Ahead, Now, Period
from models.vocabulary import Health, Outcome, SlotState


@dataclass(frozen=True)
class Count:
    """A figure: so many of so many (`of` None: a plain number), and the rows that were counted."""

    number: int
    of: int | None = None
    runs: tuple[int, ...] = ()
    """Keys of runs; people see RUN000123."""
    slots: tuple[int, ...] = ()
    """Keys of slots that have no run."""


@dataclass(frozen=True)
class Counts:
    """What was expected in the period and what became of it."""

    expected: Count
    ran: Count
    right_first_time: Count
    ended_well: Count
    late: Count
    missed: Count
    failed: Count
    skipped: Count
    caught_up: Count
    still_open: Count
    by_hand: Count
    by_hand_bad: Count
    carried: Count
    """Due before the period, ended in it."""
    outcomes: dict[Outcome, Count]
    """The failed ones, by how they ended."""


@dataclass(frozen=True)
class Reconciliation:
    """Every expected run is in exactly one of the others."""

    expected: int
    done: int
    caught_up: int
    failed: int
    missed: int
    skipped: int
    still_open: int

    @property
    def adds_up(self) -> bool:
        """Whether no expected run is left out or counted twice."""
        parts = self.done + self.caught_up + self.failed + self.missed + self.skipped + self.still_open
        return self.expected == parts


@dataclass(frozen=True)
class Service:
    """The service that a job serves, and how much the company needs it (1 most, 4 least)."""

    name: str
    title: str
    tier: int | None


@dataclass(frozen=True)
class Trouble:
    """One job that did not go right in one way; how often, where, why, and whether it was mended."""

    job: str
    title: str
    word: str
    """The outcome, `ok after retry` or `waiting to retry`."""
    why: str
    hosts: tuple[str, ...]
    attempts: int
    mended_by: int | None
    """The run that was good afterwards; for `ok after retry` the run itself."""
    owner: str | None
    runbook: str | None
    service: Service | None
    runs: tuple[int, ...]
    last_at: datetime
    carried: int
    """How many of the runs were due before the period."""

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to look at it."""
        return self.mended_by is None and self.word != RETRY_WAITS


OK_AFTER_RETRY = "ok after retry"
RETRY_WAITS = "waiting to retry"


@dataclass(frozen=True)
class LateStart:
    """An expected run that started late, or has not started yet."""

    job: str
    due_at: datetime
    started_at: datetime | None
    lateness: timedelta
    reason: str | None
    run: int | None
    slot: int


@dataclass(frozen=True)
class NotRun:
    """Expected runs of one job that were missed or skipped for one reason."""

    job: str
    state: SlotState
    reason: str
    first_due: datetime
    last_due: datetime
    slots: tuple[int, ...]
    runs: tuple[int, ...]
    made_good_by: int | None
    """A good run of the job that started after the last of them was due."""
    by_hand: int
    """How many were asked for by a person and dropped."""


@dataclass(frozen=True)
class Cell:
    """One job on one day: the worst that happened, and how often it was worst, of how many."""

    day: date
    word: str
    sign: str
    number: int
    of: int


@dataclass(frozen=True)
class StripRow:
    """One unquiet job, day by day."""

    job: str
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Strip:
    """The last days of the jobs that were not quiet in them."""

    days: tuple[date, ...]
    rows: tuple[StripRow, ...]
    quiet: int
    """How many jobs had nothing but good days."""
    legend: tuple[tuple[str, str], ...]
    """The signs in use and their words, worst first."""


@dataclass(frozen=True)
class HostTrouble:
    """One host on which work did not go right."""

    host: str
    number: int
    words: tuple[str, ...]
    jobs: tuple[str, ...]
    last_message: str
    last_at: datetime
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Took:
    """How long the runs of one job took: the middle one, nine of ten (from ten runs on), the longest."""

    job: str
    number: int
    median: timedelta
    ninety: timedelta | None
    longest: timedelta
    usual: timedelta | None
    """The median of the days before the period."""


@dataclass(frozen=True)
class TimeSaved:
    """Minutes of a person's work per good run, as the jobs declare them, times good runs: an estimate."""

    saved: timedelta
    runs: int
    declared: int
    jobs: int
    """Jobs that had a good run, and how many of them declare minutes."""


@dataclass(frozen=True)
class BackupLine:
    """One backup plan: what it is worth now and why, and the newest point of the period."""

    plan: str
    title: str
    health: Health
    why: str
    """The gravest reason."""
    newest_at: datetime | None
    """When the newest good point was taken."""
    proven_at: datetime | None
    """When the newest point was taken that a restore has proven."""
    point: str | None
    """Taken in the period; None when none was."""
    run: int | None
    taken_up: int
    """How often that run was taken up again since its worker was lost."""
    size_bytes: int | None
    files: int | None
    is_bad: bool
    unusual: tuple[str, ...]


class Mood(StrEnum):
    """How the verdict is marked."""

    NO_DATA = "no data"
    WELL = "all well"
    NEEDS_YOU = "needs you"


@dataclass(frozen=True)
class Verdict:
    """How it went, in one sentence, and what needs somebody, worst first."""

    mood: Mood
    headline: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class DailyOperations:
    """The whole log of one period."""

    site: str
    zone: str
    period: Period
    made_at: datetime
    made_by: int | None
    """The run that made the log and is left out of it; None for one made by a person."""
    complete_to: datetime | None
    """Up to when everything is known; None when no planner ever ran."""
    verdict: Verdict
    now: Now
    counts: Counts
    reconciliation: Reconciliation
    rounds: Reconciliation
    """The rounds of the probes, which are in no other figure; what went wrong with them is among the trouble."""
    took_all: Took | None
    took: tuple[Took, ...]
    trouble: tuple[Trouble, ...]
    late: tuple[LateStart, ...]
    not_run: tuple[NotRun, ...]
    strip: Strip
    hosts: tuple[HostTrouble, ...]
    backups: tuple[BackupLine, ...]
    """The worst first; empty for a site without backup plans."""
    desk: Desk
    events: Events
    right_jobs: tuple[str, ...]
    """Jobs whose every run of the period was right at once."""
    saved: TimeSaved
    ahead: Ahead

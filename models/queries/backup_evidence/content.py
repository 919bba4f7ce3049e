"""What the backup and restore evidence report says: plain values, every figure with the rows behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.queries.backup_evidence.annexes import points_table, runs_table, tests_table
from models.queries.backup_evidence.facts import Failure, PointFact, RestoreTest, RunFact
from models.queries.daily_operations.content import Count, Counts, Verdict
from models.queries.daily_operations.standing import Period
from models.queries.tables import Table
from models.rules.coverage import Coverage
from models.vocabulary import Health, Outcome


@dataclass(frozen=True)
class Keeping:
    """One repository that holds points of a plan."""

    repository: str
    engine: str
    encryption: str
    medium: str
    off_site: bool


@dataclass(frozen=True)
class Policy:
    """What a plan promises, as the site says it now."""

    owner: str
    service: str | None
    tier: int | None
    source: str
    host: str
    schedule: str | None
    rpo: timedelta
    rto: timedelta
    keep: str
    at_least: int
    legal_hold: str | None
    kept_in: tuple[Keeping, ...]
    """The plan's own repository first."""
    copies: str
    copies_met: bool
    copies_missing: tuple[str, ...]
    drill: str | None
    """When a restore test is due."""
    drill_every: timedelta | None
    sha256: str
    """Of the plan's entry in the register: the version of the policy."""
    in_force_since: datetime


@dataclass(frozen=True)
class RpoKept:
    """How the RPO was kept over the period, by the points that were good."""

    since: datetime
    """The beginning of the period, or when the plan came into force."""
    part_met: float | None
    """The part of the time in which the newest good point was younger than the RPO; None without data."""
    longest_gap: timedelta | None
    points: tuple[str, ...]


@dataclass(frozen=True)
class Sizes:
    """How large the points of the period are."""

    points: tuple[str, ...]
    newest_bytes: int
    newest_files: int
    smallest_bytes: int
    median_bytes: int
    largest_bytes: int
    added_bytes: int
    """What the repository grew by, all points together."""


@dataclass(frozen=True)
class Reason:
    """One sentence about a plan, and the health that it alone would give."""

    health: Health
    text: str


@dataclass(frozen=True)
class PlanEvidence:
    """One plan in force: its policy, what it is worth now, and how its backups went in the period."""

    plan: str
    title: str
    health: Health
    reasons: tuple[Reason, ...]
    """The gravest first."""
    policy: Policy
    runs: Counts
    tests: Counts
    """The runs of its restore tests."""
    rpo: RpoKept
    sizes: Sizes | None


@dataclass(frozen=True)
class CheckFault:
    """What a check of a repository found wrong."""

    run: int
    at: datetime
    text: str


@dataclass(frozen=True)
class RepositoryEvidence:
    """One repository: what its checks of the period read and found."""

    name: str
    title: str
    engine: str
    medium: str
    off_site: bool
    is_checked: bool
    """Whether the site asks for a regular check."""
    checks: Count
    """The good ones, of all in the period."""
    read: int
    parts: int
    """So many of so many parts of the data were read well in the period."""
    oldest: datetime | None
    """When the part that waits longest was last read well; None when one never was."""
    last_at: datetime | None
    last_outcome: Outcome | None
    faults: tuple[CheckFault, ...]


@dataclass(frozen=True)
class Untested:
    """A plan in force without a passed restore test within its interval."""

    plan: str
    owner: str
    last_passed: datetime | None
    last_run: int | None
    known_since: datetime
    every: timedelta | None
    """None when the plan has no restore test at all."""
    is_overdue: bool
    """False for a new plan whose first test is not due yet."""


@dataclass(frozen=True)
class Hold:
    """A plan whose points nobody may remove, and by whose word."""

    plan: str
    by: str
    points: int


@dataclass(frozen=True)
class Custody:
    """Who answers for one repository, and what opens it."""

    repository: str
    owner: str
    manager: str | None
    people: tuple[str, ...]
    """Of the team."""
    encryption: str
    keys: tuple[str, ...]
    """References to the secrets that open it, on the workers."""
    copy: str | None
    """Where a copy of the key is kept apart; None when none is noted."""
    copy_tested: str | None
    """The day on which the repository was last opened with it."""


@dataclass(frozen=True)
class Access:
    """Who can restore and delete, as far as the site's files tell."""

    operators: tuple[str, ...]
    """Whom the site lets run jobs, restores among them."""
    custodies: tuple[Custody, ...]


@dataclass(frozen=True)
class Found:
    """What the verdict is made of."""

    plans: tuple[PlanEvidence, ...]
    """The worst first."""
    runs: Counts
    """Backups of all plans, also of those that are no longer in force."""
    passed: Count
    """Restore tests that passed, of all."""
    failures: tuple[Failure, ...]
    """Tests that did not pass, the open ones first."""
    coverage: Coverage
    repositories: tuple[RepositoryEvidence, ...]
    is_complete: bool
    """Whether the rows tell everything up to the end of the period."""


@dataclass(frozen=True)
class BackupEvidence:
    """The whole report of one period."""

    site: str
    zone: str
    period: Period
    made_at: datetime
    made_by: int | None
    """The run that made the report; None for one made by a person."""
    complete_to: datetime | None
    """Up to when everything is known; None when no planner ever ran."""
    verdict: Verdict
    found: Found
    tests: tuple[RestoreTest, ...]
    """Oldest first."""
    untested: tuple[Untested, ...]
    """The longest untested first."""
    unusual: tuple[PointFact, ...]
    removed: tuple[PointFact, ...]
    holds: tuple[Hold, ...]
    access: Access
    restores: tuple[RunFact, ...]
    """Restores that people asked for."""
    all_runs: tuple[RunFact, ...]
    points: tuple[PointFact, ...]
    """Every point that was taken or removed in the period."""

    def tables(self) -> Mapping[str, Table]:
        """The annexes, by name: the rows themselves, for a spreadsheet."""
        return {
            "runs": runs_table(self.all_runs),
            "restore-tests": tests_table(self.tests),
            "points": points_table(self.points),
        }

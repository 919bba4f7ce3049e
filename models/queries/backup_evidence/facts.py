"""The rows of the backup and restore evidence report as plain values: runs, restore points, restore tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.vocabulary import Outcome, PointState


@dataclass(frozen=True)
class RunFact:
    """One expected run of a backup's job, or one that a person asked for (`slot` None)."""

    kind: str
    """backup, copy, drill, check or restore."""
    subject: str
    """The plan; of a check the repository."""
    job: str
    due_at: datetime
    """When it was due, or asked for."""
    slot: int | None
    run: int | None
    state: str
    """How it ended, or where it stands."""
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None
    was_late: bool
    asked_by: str | None
    said: str | None
    """The run's last line, or why it did not start."""
    points: tuple[str, ...]
    """What it took or copied."""


@dataclass(frozen=True)
class PointFact:
    """One restore point."""

    key: str
    plan: str
    repository: str
    run: int
    taken_at: datetime
    state: PointState
    size_bytes: int
    added_bytes: int
    files: int
    seconds: float
    manifest_sha256: str
    is_copy: bool
    proven_at: datetime | None
    expired_at: datetime | None
    was_bad: bool
    """Removed when it was bad."""
    reason: str | None
    unusual: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def has_been_good(self) -> bool:
        """Whether it counted while it was there: seen in the repository and never known to be bad."""
        return self.state not in (PointState.TAKEN, PointState.BAD) and not self.was_bad


@dataclass(frozen=True)
class RestoreTest:
    """One restore test: what was restored, what was compared, how long it took, against which targets."""

    drill: int
    run: int
    plan: str
    point: str
    repository: str
    point_run: int
    point_taken_at: datetime
    point_state: PointState
    """What is known of the point today."""
    chosen: str
    """latest, random, or by name: how the test came to this point."""
    started_at: datetime
    ended_at: datetime
    asked_by: str
    worker: str | None
    sandbox: str
    files: int
    size_bytes: int
    checks: tuple[str, ...]
    findings: tuple[str, ...]
    outcome: Outcome
    reason: str
    rto_target: timedelta | None
    """As the plan said it when the test ran."""
    rpo_target: timedelta | None

    @property
    def took(self) -> timedelta:
        """From the start of the restore to the last answer: of a test that passed, the measured RTO."""
        return self.ended_at - self.started_at

    @property
    def point_age(self) -> timedelta:
        """How much would have been lost, had the restore been real: the measured RPO."""
        return max(timedelta(0), self.started_at - self.point_taken_at)

    @property
    def has_passed(self) -> bool:
        """Whether it was restored, compared, and nothing spoke against it."""
        return self.outcome is Outcome.OK

    @property
    def rto_met(self) -> bool | None:
        """None for a test that did not pass, which measures nothing, and without a target."""
        if not self.has_passed or self.rto_target is None:
            return None
        return self.took <= self.rto_target

    @property
    def rpo_met(self) -> bool | None:
        """None too when the point was not the newest: an old point was chosen, not left behind."""
        if not self.has_passed or self.rpo_target is None or self.chosen != "latest":
            return None
        return self.point_age <= self.rpo_target


@dataclass(frozen=True)
class Retest:
    """The first restore test of the plan that passed after a failure."""

    run: int
    at: datetime
    point: str
    is_same_point: bool


@dataclass(frozen=True)
class Failure:
    """A restore test that did not pass, or that never came to a result, and what became of it."""

    plan: str
    at: datetime
    run: int | None
    slot: int | None
    drill: int | None
    """None when the run ended without a result, or never began."""
    word: str
    why: str
    point: str | None
    point_state: PointState | None
    is_carried: bool
    """It failed before the period and was still open at its beginning."""
    retest: Retest | None
    is_in_force: bool
    """Whether the plan is in force still."""
    owner: str | None
    runbook: str | None

    @property
    def is_open(self) -> bool:
        """Whether no later test has passed and somebody must see to it."""
        return self.retest is None and self.is_in_force

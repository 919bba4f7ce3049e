"""Whether, when and where a failed run is tried again: only on the hosts that failed, and only where it can help."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from models.rules.durations import Duration, format_duration
from models.rules.field_error import FieldError
from models.rules.verdicts import Verdict
from models.rules.wall_clock import require_aware
from models.vocabulary import HostFault, Outcome, Repeat

# Trying again cannot help: somebody has to change something first.
_PERMANENT = {
    HostFault.WRONG_KEY: "the host showed another key than the one pinned",
    HostFault.AUTH: "the host did not let us in, and more tries may lock the account",
    HostFault.REFUSED_BY_US: "the input was refused before anything was sent",
}
# The command may have run, or may still run.
_IN_DOUBT = (HostFault.LOST, HostFault.INTERRUPTED)
_ENDED_BY_US = {
    Outcome.KILLED: "it was killed",
    Outcome.KILL_UNCONFIRMED: "it was killed, and what became of it is not confirmed",
    Outcome.SKIPPED: "it was skipped",
    Outcome.MISSED: "its time has passed",
}
_MOST_ATTEMPTS = 100
_LONGEST_DELAY = timedelta(days=7)


@dataclass(frozen=True)
class Retry:
    """How often and how soon again, after the first attempt; each delay is `factor` times the one before."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    attempts: int = 0
    delay: Duration = timedelta(minutes=1)
    factor: float = 1.0
    max_delay: Duration = timedelta(hours=1)

    def __post_init__(self) -> None:
        if not 0 <= self.attempts <= _MOST_ATTEMPTS:
            raise FieldError("attempts", f"attempts is from 0 to {_MOST_ATTEMPTS}")
        if not 1 <= self.factor <= 100:
            raise FieldError("factor", "factor is from 1 (the same delay each time) to 100")
        if max(self.delay, self.max_delay) > _LONGEST_DELAY:
            raise FieldError("delay", f"a delay is at most {format_duration(_LONGEST_DELAY)}")

    def delay_after(self, attempt: int) -> timedelta:
        """How long to wait after this attempt (the first is 1)."""
        seconds = self.delay.total_seconds()
        for _ in range(attempt - 1):
            seconds *= self.factor
            if seconds >= self.max_delay.total_seconds():
                break  # further powers would only overflow
        return min(timedelta(seconds=min(seconds, _LONGEST_DELAY.total_seconds())), self.max_delay)


@dataclass(frozen=True)
class Failure:
    """One host that an attempt did not finish, and why, as far as it is known."""

    host: str
    outcome: Outcome
    fault: HostFault | None = None


@dataclass(frozen=True)
class Attempted:
    """The attempt that ended (the first is 1), its hosts that are not ok, and whether the command may be repeated."""

    attempt: int
    failures: Sequence[Failure]
    repeat: Repeat = Repeat.NEVER


@dataclass(frozen=True)
class NextAttempt:
    """When to try again, and on which hosts; no time means never, and the reason says why."""

    at: datetime | None
    hosts: tuple[str, ...]
    reason: str


def next_attempt(retry: Retry, attempted: Attempted, now: datetime) -> NextAttempt:
    """When the failed hosts of a run are tried again, if at all."""
    now = require_aware(now, "now")
    verdicts = {failure.host: may_retry(failure, attempted.repeat) for failure in attempted.failures}
    hosts = tuple(sorted(host for host, verdict in verdicts.items() if verdict.allowed))
    if not verdicts:
        return NextAttempt(None, (), "no host failed")
    if attempted.attempt > retry.attempts:
        return NextAttempt(None, (), f"all {retry.attempts + 1} attempts are used" if retry.attempts else "no retry")
    if not hosts:
        return NextAttempt(None, (), "; ".join(f"{host}: {verdict.reason}" for host, verdict in verdicts.items()))
    delay = retry.delay_after(attempted.attempt)
    left = [f"{host}: {verdict.reason}" for host, verdict in verdicts.items() if not verdict.allowed]
    reason = f"attempt {attempted.attempt + 1} of {retry.attempts + 1} in {format_duration(delay)}"
    return NextAttempt(now + delay, hosts, "; ".join([reason, *left]))


def may_retry(failure: Failure, repeat: Repeat) -> Verdict:
    """Whether starting the command on this host again can help and does no harm."""
    if failure.outcome is Outcome.OK:
        return Verdict(False, "it is done")
    if failure.outcome in _ENDED_BY_US:
        return Verdict(False, _ENDED_BY_US[failure.outcome])
    if failure.fault in _PERMANENT:
        return Verdict(False, _PERMANENT[failure.fault])
    in_doubt = failure.outcome is Outcome.UNKNOWN or failure.fault in _IN_DOUBT
    if in_doubt and repeat is Repeat.NEVER:
        return Verdict(False, "the command may have run, and the job says it must not run twice (repeat: never)")
    return Verdict(True, failure.fault.value if failure.fault else failure.outcome.value)

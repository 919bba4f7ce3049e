"""What happens when a run is due while earlier runs of its job are active or queued."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from models.rules.field_error import FieldError
from models.vocabulary import Overlap


class OverlapAction(StrEnum):
    """What to do with the run that is due."""

    START = "start"
    QUEUE = "queue"
    MISS = "miss"  # loud: the slot is missed, which alarms
    SKIP = "skip"  # quiet: the slot is skipped, with the reason
    CANCEL_OLD_AND_START = "cancel old and start"


@dataclass(frozen=True)
class OverlapPolicy:
    """How many runs of one job may be wanted at once, and which of them gives way."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    policy: Overlap = Overlap.QUEUE
    max_queued: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.max_queued <= 1000:
            raise FieldError("max_queued", "max_queued is from 1 to 1000; to queue none, use forbid or cancel new")


@dataclass(frozen=True)
class OverlapVerdict:
    """What to do with the run that is due, and why."""

    action: OverlapAction
    reason: str


def on_overlap(policy: OverlapPolicy, active: int, queued: int) -> OverlapVerdict:
    """What to do with a run that is due, given how many of its job are active and how many wait before it."""
    if active <= 0 and queued <= 0:
        return OverlapVerdict(OverlapAction.START, "no other run of the job is active")
    busy = f"{active} active and {queued} queued {'run' if active + queued == 1 else 'runs'} of the job"
    if policy.policy is Overlap.QUEUE:
        return _queued(policy, queued, busy)
    if policy.policy is Overlap.CANCEL_OLD:
        return OverlapVerdict(OverlapAction.CANCEL_OLD_AND_START, f"{busy}; the new run ends the old ones")
    if policy.policy is Overlap.CANCEL_NEW:
        return OverlapVerdict(OverlapAction.SKIP, f"{busy}; the new run gives way")
    return OverlapVerdict(OverlapAction.MISS, f"{busy}; runs of this job must not overlap")


def _queued(policy: OverlapPolicy, queued: int, busy: str) -> OverlapVerdict:
    if queued >= policy.max_queued:
        return OverlapVerdict(OverlapAction.MISS, f"{busy}; the queue of {policy.max_queued} is full")
    return OverlapVerdict(OverlapAction.QUEUE, f"{busy}; it waits its turn")

"""What happened to an incident, as far as its clocks are concerned: the facts that the journal tells, in its order."""

from dataclasses import dataclass
from datetime import datetime

from models.rules.clock_promises import Promise


@dataclass(frozen=True, slots=True)
class Opened:
    """The incident exists from here on; its clocks start."""

    at: datetime
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Owned:
    """Somebody took it, or acknowledged it."""

    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class PrioritySet:
    """Its priority is another one, or known for the first time."""

    at: datetime
    priority: str


@dataclass(frozen=True, slots=True)
class PromisesChanged:
    """Other targets, calendars or reasons to stop hold for it from here on, as if they had always held."""

    at: datetime
    promises: tuple[Promise, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HoldBegan:
    """It waits for somebody else: the caller, a vendor, a change, a problem. A new reason replaces an earlier one."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """It does not wait any more."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Resolved:
    """It has a solution. Who resolves what nobody owned has owned it, too."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Reopened:
    """The solution was none: its clock goes on where it stood."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """It is over. Without a solution before (cancelled, merged) its clocks stop and no promise was kept or broken."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Noted:
    """Anything else: it moves no clock."""

    at: datetime
    text: str = ""


Fact = Opened | Owned | PrioritySet | PromisesChanged | HoldBegan | HoldEnded | Resolved | Reopened | Closed | Noted

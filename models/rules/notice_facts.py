"""What the templates of notices may say: plain values, as they were when it happened."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class IncidentFacts:
    """An incident at the moment of its news."""

    number: str
    title: str
    event: str
    """What happened: `opened`, `breached` ..."""
    text: str
    """What there is to say about it, in words."""
    at: datetime
    opened_at: datetime
    state: str
    priority: str
    is_major: bool = False
    impact: str | None = None
    urgency: str | None = None
    service: str | None = None
    host: str | None = None
    team: str | None = None
    owner: str | None = None
    caller: str | None = None
    by: str | None = None
    """Who did it."""
    you: str | None = None
    """What the reader is to it: `owner` or `caller`."""
    audience: str | None = None
    resolution: str | None = None
    next_update_at: datetime | None = None
    commander: str | None = None
    survey: str | None = None
    """The token of the question how content the caller is."""
    is_drill: bool = False
    site: str = ""


@dataclass(frozen=True)
class ProblemFacts:
    """A problem at the moment of its news."""

    number: str
    title: str
    event: str
    """What happened: `opened`, `reopened` ..."""
    text: str
    at: datetime
    opened_at: datetime
    state: str
    priority: str
    service: str | None = None
    team: str | None = None
    owner: str | None = None
    by: str | None = None
    """Who did it."""
    you: str | None = None
    """What the reader is to it: `owner`."""
    cause: str | None = None
    watch_until: datetime | None = None
    is_drill: bool = False
    site: str = ""


@dataclass(frozen=True)
class KnownErrorReviewFacts:
    """A known error whose review is due."""

    number: str
    title: str
    symptom: str
    at: datetime
    used: int = 0
    """How often."""
    worked_percent: int | None = None
    """Of the uses of which it is known."""
    problem: str | None = None
    """The number of the problem that it is of."""
    site: str = ""


@dataclass(frozen=True)
class CandidateFacts:
    """A problem candidate that was found."""

    number: str
    title: str
    said: str
    """How often it recurs, and how unusual that is."""
    lost: str = ""
    """How long its incidents have lasted in all: `15 h`."""


@dataclass(frozen=True)
class CandidatesFacts:
    """What one search for what recurs has found that is new."""

    title: str
    at: datetime
    count: int
    candidates: tuple[CandidateFacts, ...]
    """The first few of them."""
    more: int = 0
    """How many others there are that are not listed."""
    site: str = ""


@dataclass(frozen=True)
class ApprovalFacts:
    """An approval at the moment of its news."""

    number: str
    title: str
    event: str
    """What happened: `asked`, `denied` ..."""
    text: str
    at: datetime
    asked_at: datetime
    state: str
    seen: str
    """What names its content in a decision: the first signs of its hash."""
    requester: str
    beneficiary: str | None = None
    """For whom, when it is not for who asks."""
    difference: tuple[str, ...] = ()
    """What would change, line by line: in a text of a notice no line is ever broken by what it tells of."""
    step: str | None = None
    needed: int = 1
    whose: str | None = None
    """Whose decision the reader makes, when it is not their own."""
    by: str | None = None
    over_at: datetime | None = None
    """Until when it can be decided."""
    site: str = ""


@dataclass(frozen=True)
class DelegationFacts:
    """That the reader decides in another's place."""

    title: str
    person: str
    """For whom."""
    text: str
    at: datetime
    starts_at: datetime
    ends_at: datetime
    waiting: int = 0
    """How much waits for a decision now."""
    site: str = ""


@dataclass(frozen=True)
class AlertFacts:
    """One alert of a group."""

    name: str
    state: str
    """`firing` or `resolved`."""
    since: datetime
    severity: str | None = None
    where: str | None = None
    """Its host or service."""
    text: str | None = None


@dataclass(frozen=True)
class AlertGroupFacts:
    """The alerts of a group that are told together."""

    title: str
    at: datetime
    since: datetime
    firing: int
    resolved: int
    alerts: tuple[AlertFacts, ...] = ()
    """The first few of them, the worst first."""
    labels: dict[str, str] = field(default_factory=dict)
    """Those that the group was made by."""
    service: str | None = None
    incident: str | None = None
    """The number of its incident, if it has one."""
    text: str = ""
    """Why it is told now."""
    site: str = ""


@dataclass(frozen=True)
class SilenceFacts:
    """A silence that ends soon."""

    number: str
    title: str
    """What it is for: its matchers."""
    author: str
    comment: str
    ends_at: datetime
    at: datetime
    held_back: int | None = None
    """How many alerts it keeps quiet now."""
    site: str = ""


@dataclass(frozen=True)
class SourceFacts:
    """A source of events that has fallen silent."""

    title: str
    text: str
    at: datetime
    last_at: datetime | None = None
    """When it was heard last; None: never."""
    team: str | None = None
    site: str = ""


@dataclass(frozen=True)
class Held:
    """One notice that quiet hours held back."""

    at: datetime
    title: str
    subject: str
    """`incident/12`."""


@dataclass(frozen=True)
class DigestFacts:
    """What happened while it was quiet."""

    title: str
    why: str
    """The quiet hours, in words."""
    at: datetime
    since: datetime
    """When the first of them happened."""
    things: tuple[Held, ...]
    more: int = 0
    """How many others there are that are not listed."""
    site: str = ""


@dataclass(frozen=True)
class TestFacts:
    """A trial: whether a receiver's addresses work."""

    __test__ = False  # a name that pytest would collect

    title: str
    receiver: str
    by: str
    at: datetime
    site: str = ""

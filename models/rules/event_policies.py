"""What a rule says is to be done about an alert: when it counts, what is tried, and what incident it becomes."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from models.rules.alert_thresholds import Threshold
from models.rules.durations import Duration
from models.rules.event_priorities import Levels
from models.rules.field_error import FieldError, under
from models.rules.flapping import FlapThresholds
from models.rules.label_templates import labels_in

REOPEN_WITHIN = timedelta(hours=1)
MOST_ATTEMPTS = 20
TITLE = "{name}"


class Opens(StrEnum):
    """What an alert opens that counts."""

    INCIDENT = "incident"
    CANDIDATE = "candidate"  # a person decides whether it becomes an incident
    NEVER = "never"


class Start(StrEnum):
    """When a corrective job starts."""

    AUTOMATIC = "automatic"
    AFTER_APPROVAL = "after approval"


@dataclass(frozen=True)
class Corrective:
    """A job that is tried before, or beside, a person: it has worked when the alert clears.

    `parameters` and `on` are texts with labels; `wait` is how long the alert has to clear before the next attempt.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    job: str
    parameters: dict[str, str] = field(default_factory=dict)
    on: str | None = None
    attempts: int = 1
    wait: Duration = timedelta(minutes=5)
    start: Start = Start.AUTOMATIC

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise FieldError("attempts", f"attempts is from 1 to {MOST_ATTEMPTS}")
        if self.wait <= timedelta(0):
            raise FieldError("wait", "wait must be more than 0s: the alert needs time to clear")
        with under("on"):
            labels_in(self.on or "")
        with under("parameters"):
            for text in self.parameters.values():
                labels_in(text)


@dataclass(frozen=True)
class IncidentRule:
    """What a rule says of the incident; what is None is as an earlier rule, the defaults or the composite say."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    opens: Opens | None = None
    title: str | None = None
    impact: str | None = None
    urgency: str | None = None
    category: str | None = None
    team: str | None = None
    resolves_itself: bool | None = None
    reopen_within: Duration | None = None

    def __post_init__(self) -> None:
        with under("title"):
            labels_in(self.title or "")


@dataclass(frozen=True, slots=True)
class IncidentPolicy:
    """What incident an alert becomes. `title` is a text with labels (models.rules.label_templates.fill)."""

    impact: str
    urgency: str
    category: str | None = None
    team: str | None = None
    title: str = TITLE
    opens: Opens = Opens.INCIDENT
    resolves_itself: bool = True
    """Whether it resolves when all its alerts have."""
    reopen_within: timedelta = REOPEN_WITHIN
    """The same condition within this time reopens it; later it is a new one, linked to it."""


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """What is done about an alert; None is not done. Without an incident policy none is opened."""

    threshold: Threshold | None = None
    delay: timedelta | None = None
    flapping: FlapThresholds | None = None
    auto_resolve_after: timedelta | None = None
    """Without an event of it for this long, the alert is resolved."""
    acknowledge_for: timedelta | None = None
    """An acknowledgement ends after this long, and the alert fires again."""
    corrective: tuple[Corrective, ...] = ()
    incident: IncidentPolicy | None = None


def joined(said: Iterable[IncidentRule]) -> IncidentRule:
    """What several rules say together: a later one overrides an earlier one, key by key."""
    whole = IncidentRule()
    for one in said:
        whole = replace(whole, **_said(one))
    return whole


def incident_policy(said: IncidentRule, levels: Levels) -> IncidentPolicy:
    """The policy that says everything; `levels` stand where no rule names impact or urgency."""
    return IncidentPolicy(
        impact=said.impact or levels.impact,
        urgency=said.urgency or levels.urgency,
        category=said.category,
        team=said.team,
        title=said.title or TITLE,
        opens=said.opens or Opens.INCIDENT,
        resolves_itself=said.resolves_itself is not False,
        reopen_within=REOPEN_WITHIN if said.reopen_within is None else said.reopen_within,
    )


def _said(rule: IncidentRule) -> dict[str, Any]:
    values = ((one.name, getattr(rule, one.name)) for one in fields(rule))
    return {name: value for name, value in values if value is not None}

"""One event rule as it stands in events.yaml: which events it is for, and what it says of them."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import ClassVar

from models.rules.alert_thresholds import Threshold
from models.rules.durations import Duration
from models.rules.event_binding import Bind
from models.rules.event_policies import Corrective, IncidentRule
from models.rules.event_transforms import Enrich, Transform
from models.rules.field_error import FieldError, under
from models.rules.flapping import FlapThresholds
from models.rules.matchers import Matchers, parse_all
from models.vocabulary import EventClass


class Dropped(StrEnum):
    """What a rule can take back that an earlier one says; a time is taken back with 0s, a list with []."""

    THRESHOLD = "threshold"
    FLAPPING = "flapping"


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """What the defaults and each rule can say about the alerts of an event; None is not said."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    bind: Bind | None = None
    without: tuple[Dropped, ...] = ()
    threshold: Threshold | None = None
    delay: Duration | None = None
    flapping: FlapThresholds | None = None
    auto_resolve_after: Duration | None = None
    acknowledge_for: Duration | None = None
    corrective: tuple[Corrective, ...] | None = None
    incident: IncidentRule | None = None


@dataclass(frozen=True)
class Fingerprint:
    """Labels that do not tell one condition from another; `name` may be among them."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    ignore: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EventRule(PolicyRule):
    """One rule as it stands in a file. Without matchers it applies to every event."""

    name: str
    matchers: tuple[str, ...] = ()
    event_class: EventClass | None = field(default=None, metadata={"alias": "class"})
    ignore: bool = False
    transform: Transform | None = None
    enrich: tuple[Enrich, ...] = ()
    fingerprint: Fingerprint | None = None
    stop: bool = False

    def __post_init__(self) -> None:
        _ = self.parsed
        if self.ignore and self.incident is not None:
            raise FieldError("ignore", "an event that is ignored opens nothing: leave out `incident`, or `ignore`")

    @property
    def changes_events(self) -> bool:
        """Whether what it applies to looks different to the rules after it."""
        return self.transform is not None or self.enrich != () or self.bind is not None

    @cached_property
    def parsed(self) -> Matchers:
        """The matchers. Raises FieldError."""
        with under("matchers"):
            return parse_all(self.matchers)

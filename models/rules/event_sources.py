"""Who may send us events: how each proves who it is, what it may send, and how often it should.

A source proves itself with a token, with a signature, or with either of them. What signs is HMAC-SHA256 (RFC 2104)
over the time in whole seconds since 1970, a colon and the body; the signature is sent in hexadecimal digits. A time
further from ours than the window is refused, and what was signed once counts once.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from models.rules.durations import Duration
from models.rules.field_error import FieldError
from models.vocabulary import EventFormat

WINDOW = timedelta(minutes=5)
LONGEST_WINDOW = timedelta(hours=24)
"""How long it is remembered what came in: an older request could count twice."""


@dataclass(frozen=True)
class Signature:
    """How a source signs what it sends."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    secret: str
    """The key, as `secret://name`."""
    header: str = "X-Watchbill-Signature"
    """The header that holds the signature, with or without `sha256=` before it."""
    timestamp_header: str = "X-Watchbill-Timestamp"
    """The header that holds the time."""
    window: Duration = WINDOW
    """How far the time may be from ours."""

    def __post_init__(self) -> None:
        if not timedelta(0) < self.window <= LONGEST_WINDOW:
            raise FieldError("window", "must be more than 0s and at most 24h")


@dataclass(frozen=True)
class EventSource:
    """One sender of events, or several that share what they prove themselves with."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    formats: tuple[EventFormat, ...] = ()
    """What it may send; empty: whatever we read."""
    token: str | None = None
    """A bearer token, the token of a ping URL, or PagerDuty's routing key, as `secret://name`."""
    signature: Signature | None = None
    expected_every: Duration | None = None
    """Silent for longer than this, it is an event itself; None: it may be silent."""

    def __post_init__(self) -> None:
        if self.token is None and self.signature is None:
            raise FieldError("name", "has neither a token nor a signature: anybody could send in its name")
        if self.expected_every is not None and self.expected_every <= timedelta(0):
            raise FieldError("expected_every", "must be more than 0s")

    def may_send(self, form: EventFormat) -> bool:
        """Whether this format is taken from it."""
        return not self.formats or form in self.formats

"""An answer with its reason, for rules whose answer a person will read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Verdict:
    """Yes or no, why, and until when the answer holds (None: no end is known)."""

    allowed: bool
    reason: str
    until: datetime | None = None

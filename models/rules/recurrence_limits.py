"""From what number on something recurs. Apart from the search itself, which loads numpy: every site has limits."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    """From what number on something recurs."""

    at_least: int = 5
    within: timedelta = timedelta(days=7)
    history: timedelta = timedelta(days=28)
    """How long before that span the usual number is looked for."""

"""The 3-2-1 rule: three copies of the data, in two places of storage, one of them off site.

The original is one of the three. A copy counts only while its newest good point is young enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.figure_words import age_text
from models.rules.wall_clock import require_aware

COPIES, STORAGES, OFF_SITE = 3, 2, 1


@dataclass(frozen=True)
class Copy:
    """One repository that holds points of a plan, as its own step left it."""

    repository: str
    storage: str
    """What would be lost together: a disk, a machine, an account of a cloud."""
    is_off_site: bool
    newest_good: datetime | None
    """When its newest good point was taken; None when it holds none."""


@dataclass(frozen=True)
class CopiesVerdict:
    """What is there of three, two and one, and what is missing in words."""

    copies: int
    storages: int
    off_site: int
    reasons: tuple[str, ...]
    """Why it is not met; empty when it is."""

    @property
    def is_met(self) -> bool:
        """Whether there are enough of all three."""
        return self.copies >= COPIES and self.storages >= STORAGES and self.off_site >= OFF_SITE

    def __str__(self) -> str:
        words = f"3-2-1 {'met' if self.is_met else 'not met'}"
        return f"{words}: {self.copies} copies, {self.storages} storages, {self.off_site} off site"


def three_two_one(original: str, copies: Sequence[Copy], max_age: timedelta, now: datetime) -> CopiesVerdict:
    """The verdict on a plan whose original lies in the storage of this name."""
    now = require_aware(now, "now")
    counted = [copy for copy in copies if copy.newest_good is not None and now - copy.newest_good <= max_age]
    found = CopiesVerdict(
        copies=1 + len({copy.repository for copy in counted}),
        storages=len({original, *(copy.storage for copy in counted)}),
        off_site=len({copy.repository for copy in counted if copy.is_off_site}),
        reasons=(),
    )
    if found.is_met:
        return found
    stale = [_why_not(copy, max_age, now) for copy in copies if copy not in counted]
    return CopiesVerdict(found.copies, found.storages, found.off_site, (*_missing(found), *stale))


def _missing(found: CopiesVerdict) -> list[str]:
    parts = (
        (found.copies, COPIES, "copies, the original included"),
        (found.storages, STORAGES, "places of storage"),
        (found.off_site, OFF_SITE, "copies off site"),
    )
    return [f"{there} of {wanted} {what}" for there, wanted, what in parts if there < wanted]


def _why_not(copy: Copy, max_age: timedelta, now: datetime) -> str:
    if copy.newest_good is None:
        return f"{copy.repository} holds no good point"
    age = age_text(now - copy.newest_good)
    return f"the newest good point in {copy.repository} is {age} old; at most {age_text(max_age)} counts"

"""Which part of a repository's data the next check reads, so that every pack is read in turn.

restic's `check --read-data-subset n/t` reads the n-th of t parts; a pack stays in its part. A part counts as read only
when its check succeeded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.rules.figure_words import age_text

# restic divides packs by the first byte of their names.
MOST_SLICES = 256


@dataclass(frozen=True)
class Slice:
    """Part `number` of `of` of a repository's data, from 1."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of <= MOST_SLICES:
            raise ValueError(f"{self.number}/{self.of} is no part of a repository: from 1/1 to 256/256")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class SliceRead:
    """One check that was tried."""

    slice: Slice
    started: datetime
    is_good: bool
    """It read all of its part and found nothing wrong."""


@dataclass(frozen=True)
class ReadShare:
    """How much of a repository was read well since an instant, and how old the oldest of it is."""

    read: int
    of: int
    oldest: datetime | None
    """When the part that waits longest was last read well; None when one never was."""

    @property
    def is_whole(self) -> bool:
        """Whether every part was read well."""
        return self.read == self.of

    def in_words(self, now: datetime) -> str:
        """The share as a sentence."""
        waits = f"the oldest {age_text(now - self.oldest)} ago" if self.oldest else "one or more never"
        return f"{self.read} of {self.of} parts read, {waits}"


def next_slice(history: Sequence[SliceRead], of: int) -> Slice:
    """The part that waits longest for a good read; one that failed in the last run lets another go first.

    So t good runs in a row read everything, a failed run costs at most two more, and a part that fails for ever keeps
    the others from nothing. Reads by another division do not count.
    """
    reads = sorted((read for read in history if read.slice.of == of), key=lambda read: read.started)
    last_good = _last_good(reads)
    waiting = sorted(range(1, of + 1), key=lambda number: (number in last_good, last_good.get(number, 0), number))
    failed = reads[-1].slice.number if reads and not reads[-1].is_good else None
    if failed == waiting[0] and of > 1:
        return Slice(waiting[1], of)
    return Slice(waiting[0], of)


def read_share(history: Sequence[SliceRead], of: int, since: datetime) -> ReadShare:
    """How much was read well by checks that began after an instant; all of it makes points before it read-checked."""
    newest: dict[int, datetime] = {}
    for read in sorted(history, key=lambda read: read.started):
        if read.slice.of == of and read.is_good:
            newest[read.slice.number] = read.started
    oldest = min(newest.values()) if len(newest) == of else None
    return ReadShare(sum(started >= since for started in newest.values()), of, oldest)


def _last_good(reads: Sequence[SliceRead]) -> dict[int, int]:
    """The place in the history of each part's last good read."""
    return {read.slice.number: place for place, read in enumerate(reads) if read.is_good}

"""The figures of the daily operations log, each from the rows that make it; n = 0 is "no data", never 0 or 100 %.

A slot skipped by calendar leaves the count of the expected; a missed one does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from models.vocabulary import SlotState

NO_DATA = "no data"

# Worst first: the cell of a day shows the worst of its slots.
WORST_FIRST = (
    SlotState.FAILED,
    SlotState.MISSED,
    SlotState.LATE,
    SlotState.STARTED,
    SlotState.EXPECTED,
    SlotState.CAUGHT_UP,
    SlotState.DONE,
    SlotState.SKIPPED,
)
_GOOD = (SlotState.DONE, SlotState.CAUGHT_UP)
_NOT_STARTED = (SlotState.EXPECTED, SlotState.LATE, SlotState.MISSED, SlotState.SKIPPED)


@dataclass(frozen=True)
class SlotRow:
    """One slot as the report reads it. Attempts counts the first one; minutes_saved is a person's time per good run."""

    job: str
    due: datetime
    state: SlotState
    started: datetime | None = None
    attempts: int = 0
    minutes_saved: float = 0.0
    late_after: timedelta = timedelta(minutes=5)

    @property
    def is_late(self) -> bool:
        """Whether it began too late or, still waiting, is too late already."""
        if self.started is not None:
            return self.started - self.due >= self.late_after
        return self.state is SlotState.LATE


@dataclass(frozen=True)
class DayCounts:
    """The slots of a period. Late ones are counted beside how they ended, the others exclude each other."""

    expected: int
    ran: int
    right_first_time: int
    late: int
    missed: int
    failed: int
    skipped: int
    open: int

    @property
    def good_share(self) -> str:
        """Good at the first attempt among those that should have run by now."""
        return share(self.right_first_time, self.expected - self.open)


def counts(rows: Iterable[SlotRow]) -> DayCounts:
    """The seven figures of the first line, and how many slots are still to come or at work."""
    found = list(rows)
    return DayCounts(
        expected=sum(row.state is not SlotState.SKIPPED for row in found),
        ran=sum(row.state not in _NOT_STARTED for row in found),
        right_first_time=sum(row.state in _GOOD and row.attempts <= 1 for row in found),
        late=sum(row.is_late for row in found),
        missed=_count(found, SlotState.MISSED),
        failed=_count(found, SlotState.FAILED),
        skipped=_count(found, SlotState.SKIPPED),
        open=sum(row.state in (SlotState.EXPECTED, SlotState.LATE, SlotState.STARTED) for row in found),
    )


def share(part: int, whole: int) -> str:
    """A percentage with its numbers: `96 % (24 of 25)`; no data when there is nothing to divide by."""
    if whole <= 0:
        return NO_DATA
    # Rounded down, so that 100 % means all of them.
    return f"{part * 100 // whole} % ({part} of {whole})"


def minutes_saved(rows: Iterable[SlotRow]) -> float:
    """A person's minutes that the good runs saved."""
    return sum(row.minutes_saved for row in rows if row.state in _GOOD)


def strip(
    rows: Iterable[SlotRow], last_day: date, zone: ZoneInfo, days: int = 14
) -> Mapping[str, Sequence[SlotState | None]]:
    """For each job one cell a day, oldest first, up to and with `last_day` in this zone; None is no data."""
    first = last_day - timedelta(days=days - 1)
    cells: dict[str, list[SlotState | None]] = {}
    for row in rows:
        place = (row.due.astimezone(zone).date() - first).days
        line = cells.setdefault(row.job, [None] * days)
        if 0 <= place < days:
            line[place] = worst_of(line[place], row.state)
    return dict(sorted(cells.items()))


def worst_of(one: SlotState | None, other: SlotState | None) -> SlotState | None:
    """The worse of two states; None gives way."""
    known = [state for state in (one, other) if state is not None]
    return min(known, key=WORST_FIRST.index, default=None)


def worst_first(rows: Iterable[SlotRow]) -> list[SlotRow]:
    """The rows with the most painful first: by state, late ones before punctual ones, then by time and name."""
    return sorted(rows, key=lambda row: (WORST_FIRST.index(row.state), not row.is_late, row.due, row.job))


def _count(rows: Iterable[SlotRow], state: SlotState) -> int:
    return sum(row.state is state for row in rows)

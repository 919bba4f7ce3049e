"""Jobs by days: for each unquiet job and each day the worst that happened."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from models.queries.daily_operations.content import OK_AFTER_RETRY, RETRY_WAITS, Cell, Strip, StripRow
from models.queries.daily_operations.figures import OPEN
from models.queries.daily_operations.reading import Item, JobFacts
from models.queries.daily_operations.standing import Period
from models.vocabulary import Outcome, RunState, SlotState

DAYS = 14
STARTED_LATE = "started late"
CAUGHT_UP = SlotState.CAUGHT_UP.value
STILL_OPEN = "still open"
NOTHING_DUE = "nothing due"

SIGNS = {
    Outcome.KILL_UNCONFIRMED.value: "!",
    Outcome.UNKNOWN.value: "?",
    Outcome.KILLED.value: "K",
    Outcome.PARTIAL.value: "P",
    Outcome.FAILED.value: "F",
    Outcome.TIMED_OUT.value: "T",
    Outcome.MISSED.value: "M",
    RETRY_WAITS: "W",
    OK_AFTER_RETRY: "R",
    CAUGHT_UP: "C",
    STARTED_LATE: "L",
    STILL_OPEN: "o",
    Outcome.SKIPPED.value: "s",
    Outcome.OK.value: ".",
    NOTHING_DUE: "",
}
"""A sign for each word that a cell can say, worst word first (as in `models.rules.outcomes`)."""

RANK = {word: place for place, word in enumerate(SIGNS)}
QUIET = frozenset({STILL_OPEN, Outcome.SKIPPED.value, Outcome.OK.value, NOTHING_DUE})


def strip(items: list[Item], jobs: Mapping[str, JobFacts], until_zone: tuple[Period, ZoneInfo]) -> Strip:
    """The days up to the end of the period, in the site's zone; the job with the most bad days first."""
    period, zone = until_zone
    days = last_days(period, zone)
    words: dict[str, dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        words[item.job][item.at.astimezone(zone).date()].append(word_of(item))
    rows = [
        StripRow(job, jobs[job].title if job in jobs else job, tuple(_cell(day, words[job][day]) for day in days))
        for job in sorted(words)
    ]
    unquiet = [row for row in rows if any(cell.word not in QUIET for cell in row.cells)]
    said = {cell.word for row in unquiet for cell in row.cells} - {NOTHING_DUE}
    legend = tuple((SIGNS[word], word) for word in SIGNS if word in said)
    return Strip(days, tuple(sorted(unquiet, key=_pain)), len(rows) - len(unquiet), legend)


def last_days(period: Period, zone: ZoneInfo) -> tuple[date, ...]:
    """The days of the strip: the one in which the period ends, and those before it."""
    last = (period.until - timedelta(microseconds=1)).astimezone(zone).date()
    return tuple(last - timedelta(days=back) for back in reversed(range(DAYS)))


def word_of(item: Item) -> str:
    """What happened, in one of the words of the strip."""
    run = item.run
    if item.state in (SlotState.MISSED, SlotState.SKIPPED):
        return item.state.value
    if run and run.outcome and not item.is_good:
        return run.outcome.value
    if item.state is SlotState.FAILED:
        return Outcome.FAILED.value
    if item.state in OPEN or (run and run.outcome is None):
        return RETRY_WAITS if run and run.state is RunState.RETRY_WAIT else STILL_OPEN
    return _good_word(item)


def _good_word(item: Item) -> str:
    if item.run and item.run.attempt > 1:
        return OK_AFTER_RETRY
    if item.state is SlotState.CAUGHT_UP:
        return CAUGHT_UP
    return STARTED_LATE if item.was_late else Outcome.OK.value


def _cell(day: date, words: list[str]) -> Cell:
    word = min(words, key=RANK.__getitem__, default=NOTHING_DUE)
    return Cell(day, word, SIGNS[word], words.count(word), len(words))


def _pain(row: StripRow) -> tuple[int, int, str]:
    """Most bad days first, then the worst word."""
    bad = [RANK[cell.word] for cell in row.cells if cell.word not in QUIET]
    return -len(bad), min(bad), row.job

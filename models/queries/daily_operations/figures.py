"""The figures of the daily operations log: counts with their rows, durations, time saved."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from models.queries.daily_operations.content import Count, Counts, Reconciliation, TimeSaved, Took
from models.queries.daily_operations.reading import Item, JobFacts
from models.rules.outcomes import GRAVITY
from models.vocabulary import Outcome, SlotState

ENOUGH = 10
"""Fewer things than this get no percentage and no "nine of ten"."""

WELL = (SlotState.DONE, SlotState.CAUGHT_UP)
OPEN = (SlotState.EXPECTED, SlotState.LATE, SlotState.STARTED)
DROPPED = (Outcome.OK, Outcome.MISSED, Outcome.SKIPPED)
"""Outcomes of runs that are good, or that never started: what is not among them went wrong."""


def went_wrong(item: Item) -> bool:
    """Whether a run was started and did not end ok."""
    if item.run is None:
        return item.state is SlotState.FAILED
    return item.run.outcome is not None and item.run.outcome not in DROPPED


def outcome_of(item: Item) -> Outcome:
    """How an item that went wrong ended."""
    return (item.run.outcome if item.run else None) or Outcome.FAILED


def counted(items: Iterable[Item], of: int | None = None) -> Count:
    """The items as a figure."""
    found = list(items)
    runs = tuple(item.run.id for item in found if item.run)
    slots = tuple(item.slot for item in found if item.slot is not None and not item.run)
    return Count(len(found), of, runs, slots)


def count_all(expected: list[Item], by_hand: list[Item], carried: list[Item]) -> Counts:
    """What was expected and what became of it."""

    def where(test: Callable[[Item], bool], of: int | None = None) -> Count:
        return counted((item for item in expected if test(item)), of)

    total = len(expected)
    settled = sum(1 for item in expected if item.state not in (*OPEN, SlotState.SKIPPED))
    failed = [item for item in expected if item.state is SlotState.FAILED]
    return Counts(
        expected=counted(expected),
        ran=where(lambda item: item.run is not None and item.run.started_at is not None, total),
        right_first_time=where(is_right_first_time, settled),
        ended_well=where(lambda item: item.state in WELL, settled),
        late=where(lambda item: item.was_late or item.state is SlotState.LATE, total),
        missed=where(lambda item: item.state is SlotState.MISSED, total),
        failed=counted(failed, total),
        skipped=where(lambda item: item.state is SlotState.SKIPPED, total),
        caught_up=where(lambda item: item.state is SlotState.CAUGHT_UP, total),
        still_open=where(lambda item: item.state in OPEN, total),
        by_hand=counted(by_hand),
        by_hand_bad=counted((item for item in by_hand if went_wrong(item)), len(by_hand)),
        carried=counted(carried),
        outcomes=_by_outcome(failed),
    )


def is_right_first_time(item: Item) -> bool:
    """Whether an expected run ended ok at its first attempt; one that was caught up may be."""
    return item.state in WELL and (item.run is None or item.run.attempt == 1)


def _by_outcome(failed: list[Item]) -> dict[Outcome, Count]:
    found = {outcome: [item for item in failed if outcome_of(item) is outcome] for outcome in GRAVITY}
    return {outcome: counted(items, len(failed)) for outcome, items in found.items() if items}


def reconcile(expected: Iterable[Item]) -> Reconciliation:
    """The expected runs by where they stand: counted from the rows, apart from the other figures."""
    number = dict.fromkeys(SlotState, 0)
    total = 0
    for item in expected:
        total += 1
        if item.state is not None:
            number[item.state] += 1
    return Reconciliation(
        expected=total,
        done=number[SlotState.DONE],
        caught_up=number[SlotState.CAUGHT_UP],
        failed=number[SlotState.FAILED],
        missed=number[SlotState.MISSED],
        skipped=number[SlotState.SKIPPED],
        still_open=sum(number[state] for state in OPEN),
    )


def took(name: str, items: Iterable[Item], before: Iterable[Item] = ()) -> Took | None:
    """How long these runs took, from start to end; None when none has both."""
    spans = _spans(items)
    if not spans:
        return None
    usual = _spans(before)
    return Took(
        job=name,
        number=len(spans),
        median=_median(spans),
        ninety=spans[math.ceil(0.9 * len(spans)) - 1] if len(spans) >= ENOUGH else None,
        longest=spans[-1],
        usual=_median(usual) if usual else None,
    )


def took_by_job(items: list[Item], history: list[Item], since: datetime) -> tuple[Took, ...]:
    """The same for each job, the one that took longest first; `usual` is what its runs before took."""
    ran, before = _by_job(items), _by_job(item for item in history if item.at < since)
    found = (took(job, ran[job], before.get(job, ())) for job in sorted(ran))
    return tuple(sorted((line for line in found if line), key=lambda line: (-line.longest, line.job)))


def _by_job(items: Iterable[Item]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.job, []).append(item)
    return groups


def _median(spans: list[timedelta]) -> timedelta:
    return timedelta(seconds=statistics.median(span.total_seconds() for span in spans))


def _spans(items: Iterable[Item]) -> list[timedelta]:
    runs = (item.run for item in items if item.run)
    return sorted(run.ended_at - run.started_at for run in runs if run.started_at and run.ended_at)


def time_saved(items: Iterable[Item], jobs: Mapping[str, JobFacts]) -> TimeSaved:
    """Declared minutes times good runs."""
    good = [item for item in items if item.is_good]
    minutes = {name: facts.minutes_saved for name, facts in jobs.items()}
    names = {item.job for item in good}
    return TimeSaved(
        saved=timedelta(minutes=sum(minutes.get(item.job, 0) for item in good)),
        runs=len(good),
        declared=sum(1 for name in names if minutes.get(name)),
        jobs=len(names),
    )

"""What went wrong, worst first; what started late; what was missed or skipped; which hosts gave trouble."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from models.queries.daily_operations.content import (
    OK_AFTER_RETRY,
    RETRY_WAITS,
    HostTrouble,
    LateStart,
    NotRun,
    Trouble,
)
from models.queries.daily_operations.figures import went_wrong
from models.queries.daily_operations.reading import BadStep, Item, JobFacts
from models.queries.daily_operations.strip import RANK, word_of
from models.vocabulary import Outcome, RunState, SlotState

NO_TIER = 9
BadSteps = Mapping[int, list[BadStep]]


def troubles(items: list[Item], bad: BadSteps, jobs: Mapping[str, JobFacts], since: datetime) -> tuple[Trouble, ...]:
    """One line per job and way of going wrong.

    Worst first: still bad before mended, then by the tier of the service, the gravest outcome, how often.
    """
    groups: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        word = _trouble_word(item)
        if word:
            groups[item.job, word].append(item)
    lines = [_trouble(word, group, bad, (items, jobs.get(job), since)) for (job, word), group in groups.items()]
    return tuple(sorted(lines, key=_gravity))


def _trouble_word(item: Item) -> str | None:
    if went_wrong(item) or (item.run and item.run.state is RunState.RETRY_WAIT):
        return word_of(item)
    return OK_AFTER_RETRY if item.is_good and item.run and item.run.attempt > 1 else None


def _trouble(
    word: str, group: list[Item], bad: BadSteps, known: tuple[list[Item], JobFacts | None, datetime]
) -> Trouble:
    items, facts, since = known
    group = sorted(group, key=lambda item: (item.ended_at or item.at, item.at))
    last, runs = group[-1], [item.run for item in group if item.run]
    steps = [step for run in runs for step in bad.get(run.id, [])]
    mended = last.run.id if word == OK_AFTER_RETRY and last.run else _mended_by(last, items)
    return Trouble(
        job=last.job,
        title=facts.title if facts else last.job,
        word=word,
        why=_why(steps, last),
        hosts=tuple(sorted({step.host for step in steps})),
        attempts=max((run.attempt for run in runs), default=1),
        mended_by=None if word == RETRY_WAITS else mended,
        owner=facts.owner if facts else None,
        runbook=facts.runbook if facts else None,
        service=facts.service if facts else None,
        runs=tuple(run.id for run in runs),
        last_at=last.ended_at or last.at,
        carried=sum(1 for item in group if item.slot is not None and item.at < since),
    )


def _why(steps: list[BadStep], last: Item) -> str:
    """What most hosts said first; without a host's word, how the run was summed up."""
    if steps:
        return Counter(step.why for step in steps).most_common(1)[0][0]
    return (last.run.summary if last.run else last.reason) or "no reason was recorded"


def _mended_by(last: Item, items: Iterable[Item]) -> int | None:
    """A good run of the same job that started after this one was over: a retry by hand, or simply the next one."""
    over = last.ended_at or last.at
    good = (
        item.run
        for item in items
        if item.job == last.job and item.is_good and item.run and item.run.started_at and item.run.started_at >= over
    )
    return min((run.id for run in good), default=None)


def _gravity(line: Trouble) -> tuple[bool, int, int, int, str]:
    tier = line.service.tier if line.service and line.service.tier else NO_TIER
    return line.mended_by is not None, tier, RANK[line.word], -len(line.runs), line.job


def late_starts(items: Iterable[Item], now: datetime) -> tuple[LateStart, ...]:
    """The expected runs that started late or still wait, the latest first."""
    lines = [
        LateStart(
            job=item.job,
            due_at=item.at,
            started_at=item.run.started_at if item.run else None,
            lateness=((item.run.started_at if item.run else None) or item.settled_at or now) - item.at,
            reason=item.reason if item.state is SlotState.LATE else None,
            run=item.run.id if item.run else None,
            slot=item.slot,
        )
        for item in items
        if item.slot is not None and (item.was_late or item.state is SlotState.LATE) and not _is_dropped(item)
    ]
    return tuple(sorted(lines, key=lambda line: (-line.lateness, line.job, line.due_at)))


def _is_dropped(item: Item) -> bool:
    """Missed or skipped: it is told there, not as a late start."""
    return _dropped_as(item) is not None


def _dropped_as(item: Item) -> SlotState | None:
    if item.state in (SlotState.MISSED, SlotState.SKIPPED):
        return item.state
    if item.slot is None and item.run and item.run.outcome in (Outcome.MISSED, Outcome.SKIPPED):
        return SlotState(item.run.outcome.value)
    return None


def not_run(items: list[Item]) -> tuple[NotRun, ...]:
    """Missed before skipped, by job and reason; what was not made good since comes first."""
    groups: dict[tuple[SlotState, str, str], list[Item]] = defaultdict(list)
    for item in items:
        state = _dropped_as(item)
        if state:
            reason = item.reason or (item.run.summary if item.run else None) or "no reason was recorded"
            groups[state, item.job, reason].append(item)
    lines = [_not_run(key, group, items) for key, group in groups.items()]
    return tuple(sorted(lines, key=lambda line: (line.state.value, line.made_good_by is not None, line.job)))


def _not_run(key: tuple[SlotState, str, str], group: list[Item], items: list[Item]) -> NotRun:
    state, job, reason = key
    last = max(item.at for item in group)
    good = (item.run for item in items if item.job == job and item.is_good and item.run and item.run.started_at)
    return NotRun(
        job=job,
        state=state,
        reason=reason,
        first_due=min(item.at for item in group),
        last_due=last,
        slots=tuple(item.slot for item in group if item.slot is not None),
        runs=tuple(item.run.id for item in group if item.run),
        made_good_by=min((run.id for run in good if run.started_at and run.started_at >= last), default=None),
        by_hand=sum(1 for item in group if item.slot is None),
    )


def hosts_in_trouble(bad: BadSteps, items: Iterable[Item]) -> tuple[HostTrouble, ...]:
    """The hosts with the most trouble first; each attempt on a host counts."""
    job_of = {item.run.id: item.job for item in items if item.run}
    by_host: dict[str, list[BadStep]] = defaultdict(list)
    for steps in bad.values():
        for step in steps:
            if step.outcome is not Outcome.SKIPPED:
                by_host[step.host].append(step)
    lines = []
    for host, steps in by_host.items():
        last = max(steps, key=lambda step: step.at)
        words = Counter(step.fault.value if step.fault else step.outcome.value for step in steps)
        runs = tuple(sorted({step.run for step in steps}))
        lines.append(
            HostTrouble(
                host=host,
                number=len(steps),
                words=tuple(word for word, _ in words.most_common()),
                jobs=tuple(sorted({job_of[run] for run in runs})),
                last_message=last.why,
                last_at=last.at,
                runs=runs,
            )
        )
    return tuple(sorted(lines, key=lambda line: (-line.number, line.host)))

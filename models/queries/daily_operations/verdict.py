"""How it went, in one sentence made by rule, and what needs somebody, worst first."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from models.queries.daily_operations.content import (
    BackupLine,
    Counts,
    Mood,
    NotRun,
    Reconciliation,
    Trouble,
    Verdict,
)
from models.queries.daily_operations.desk import Desk
from models.queries.daily_operations.events import Events
from models.queries.daily_operations.standing import Now, Silent
from models.vocabulary import AlarmKind, Health, SlotState


@dataclass(frozen=True)
class Told:
    """What the verdict is made of."""

    counts: Counts
    now: Now
    trouble: tuple[Trouble, ...]
    not_run: tuple[NotRun, ...]
    backups: tuple[BackupLine, ...]
    desk: Desk
    events: Events
    rounds: Reconciliation


def verdict(told: Told, zone: ZoneInfo) -> Verdict:
    """The verdict; silence is red before anything else, because then the rest cannot be trusted."""
    by_job: dict[str, list[str]] = {}
    counts, now = told.counts, told.now
    for job, words in (*_wrong(told.trouble), *_missed(told.not_run)):
        by_job.setdefault(job, []).append(words)
    for texts in by_job.values():
        texts.append("no good run since")
    for job, words in tuple(_alarms(now, tuple(by_job))):
        by_job.setdefault(job, []).append(words)
    incidents = tuple(_incidents(told.desk, by_job, zone))  # what they tell of a job is not told again
    jobs = (f"{job}: {'; '.join(words)}." for job, words in by_job.items())
    needs = [*_silence(now, zone), *incidents, *_quarantine(told.events), *_backups(told.backups), *jobs]
    headline = _headline(counts, told.rounds.expected)
    if needs:
        things = "One thing needs you." if len(needs) == 1 else f"{len(needs)} things need you."
        return Verdict(Mood.NEEDS_YOU, f"{headline} {things}", tuple(needs))
    runs = counts.expected.number or counts.by_hand.number or counts.carried.number or told.rounds.expected
    mood = Mood.WELL if runs else Mood.NO_DATA
    return Verdict(mood, headline, ())


def _headline(counts: Counts, rounds: int) -> str:
    well, opened = counts.ended_well, counts.still_open.number
    if not counts.expected.number:
        return _unexpected(counts.by_hand.number, rounds)
    if not well.of:
        if opened:
            return f"No expected run has ended yet; {opened} {_is(opened)} still open."
        return f"All {counts.skipped.number} expected runs were skipped, as planned."
    tail = f"; {opened} {_is(opened)} still open" if opened else ""
    if well.number == well.of:
        whole = f"All {well.of} expected runs" if well.of > 1 else "The one expected run"
        return f"{whole} ended well{_at_once(counts)}{tail}."
    return f"{well.number} of {well.of} expected runs ended well{_at_once(counts)}{tail}."


def _unexpected(by_hand: int, rounds: int) -> str:
    if by_hand:
        return f"No run was expected; {by_hand} {_were(by_hand)} asked for by hand."
    if rounds:
        return f"No run was expected but {rounds:,} {'rounds' if rounds > 1 else 'round'} of probes."
    return "No data: no run was expected and none was asked for."


def _at_once(counts: Counts) -> str:
    if counts.right_first_time.number == counts.ended_well.number:
        return ", at the first attempt" if counts.ended_well.number else ""
    return f", {counts.right_first_time.number} of them at the first attempt"


def _silence(now: Now, zone: ZoneInfo) -> Iterator[str]:
    if now.silent:
        parts = ", ".join(f"{part.part} {_since(part, zone)}" for part in now.silent)
        yield f"No sign of life: {parts}. What is shown may be incomplete."
    if now.undelivered:
        orders = "order was" if now.undelivered == 1 else "orders were"
        yield f"Prefect: {now.undelivered} {orders} not handed over in time, or given up: see the relay."


def _incidents(desk: Desk, by_job: dict[str, list[str]], zone: ZoneInfo) -> Iterator[str]:
    """What is grave, and what was promised and not kept; with what is wrong with their jobs, taken out of `by_job`."""
    for one in desk.incidents:
        words = [f"since {_clock(one.since, zone)}", f"owner {one.owner}" if one.owner else "nobody owns it"]
        if one.broken:
            words.append(f"broken: {_some(one.broken)}")
        if one.waits_for:
            words.append(f"waits for the {one.waits_for}")
        words += [text for job in one.jobs for text in by_job.pop(job, ())]
        yield f"{one.number} ({one.priority}) {one.title}: {', '.join(words)}."


def _quarantine(events: Events) -> Iterator[str]:
    if events.quarantined:
        requests = "request" if events.quarantined == 1 else "requests"
        yield f"{events.quarantined} {requests} with events could not be worked off: watchbill event quarantine list."


def _backups(plans: Iterable[BackupLine]) -> Iterator[str]:
    """A red plan needs somebody although each of its runs may be good: what it promises is not kept, or not proven."""
    for line in plans:
        if line.health is Health.RED:
            yield f"Backup plan {line.plan} is red: {line.why}."


def _since(part: Silent, zone: ZoneInfo) -> str:
    return f"(since {_clock(part.since, zone)})" if part.since else "(never)"


def _clock(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def _wrong(trouble: Iterable[Trouble]) -> Iterator[tuple[str, str]]:
    for line in trouble:
        if line.is_open:
            hosts = f" on {_some(line.hosts)}" if line.hosts else ""
            yield line.job, f"{line.word}{_times(len(line.runs))}{hosts}"


def _missed(not_run: Iterable[NotRun]) -> Iterator[tuple[str, str]]:
    for line in not_run:
        if line.state is SlotState.MISSED and line.made_good_by is None:
            yield line.job, f"missed{_times(len(line.slots) + line.by_hand)}"


def _alarms(now: Now, told: Collection[str]) -> Iterator[tuple[str, str]]:
    """A run that failed or was missed is told already, unless that was before the period."""
    for alarm in now.alarms:
        if alarm.job not in told or alarm.kind not in (AlarmKind.FAILED, AlarmKind.MISSED):
            yield alarm.job, f"alarm: {alarm.text}"


def _times(number: int) -> str:
    return f" {number} times" if number > 1 else ""


def _some(names: tuple[str, ...], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"

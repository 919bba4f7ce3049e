"""The slot ledger's arithmetic: which runs are expected, and what becomes of those whose time has passed.

A slot is planned before it happens, so a calendar that forbids it leaves a row with its reason. After an outage
each overdue slot gets its own answer; none starts inside a blackout, and none later than its policy allows
(the night's upgrade that a scheduler ran at noon, once it was back, is the case this exists for).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from models.rules.admission import admits, named
from models.rules.calendars import Calendar, next_working_day, working_day
from models.rules.durations import Duration, format_duration
from models.rules.field_error import FieldError
from models.rules.schedule import Schedule, due_with_walls
from models.rules.verdicts import Verdict
from models.rules.wall_clock import require_aware, stamp, to_instant, wall_time
from models.vocabulary import CatchUp, SlotState

LONGEST_MOVE = timedelta(days=31)


class OnClosed(StrEnum):
    """What happens to a slot that its calendars do not admit."""

    SKIP = "skip"
    NEXT_WORKING_DAY = "next-working-day"


class Action(StrEnum):
    """What to do with an overdue slot now."""

    RUN = "run"
    WAIT = "wait"
    MISS = "miss"


@dataclass(frozen=True)
class CalendarUse:
    """Which calendars a job keeps: allowed ones (any of them), blackouts (each wins), and what to do when closed."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    on_closed: OnClosed = OnClosed.SKIP
    working_days: str | None = None

    def __post_init__(self) -> None:
        if self.on_closed is OnClosed.NEXT_WORKING_DAY and self.working_days is None:
            raise FieldError(
                "on_closed", "next-working-day needs `working_days`: the calendar whose working days count"
            )
        if self.on_closed is OnClosed.SKIP and self.working_days is not None:
            raise FieldError("working_days", "`working_days` goes with `on_closed: next-working-day`")

    def admits(self, calendars: Mapping[str, Calendar], instant: datetime) -> Verdict:
        """Whether work may start at this instant by these calendars."""
        return admits(named(self.only, calendars), named(self.never, calendars), instant)

    def blackout(self, calendars: Mapping[str, Calendar], instant: datetime) -> Verdict:
        """Whether no blackout is in force, whatever the allowed calendars say."""
        return admits((), named(self.never, calendars), instant)


@dataclass(frozen=True)
class JobSchedule:
    """When a job is due and which calendars it keeps."""

    schedule: Schedule
    use: CalendarUse = CalendarUse()


@dataclass(frozen=True)
class PlannedSlot:
    """One expected run, or one that a calendar forbids, with the reason; `moved_from` is where it was due first."""

    due: datetime
    state: SlotState
    reason: str = ""
    moved_from: datetime | None = None


@dataclass(frozen=True)
class CatchUpPolicy:
    """Which overdue slots of a job still run, and how late at most."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    policy: CatchUp = CatchUp.LAST
    max_late: Duration = timedelta(hours=1)


@dataclass(frozen=True)
class Lateness:
    """What decides about a slot whose time has passed: catch-up, from when on it counts as late, and calendars.

    `startable_from` names, for slots that waited for another job, when they could start: they are late from then on.
    """

    catch_up: CatchUpPolicy = CatchUpPolicy()
    late_after: timedelta = timedelta(minutes=5)
    use: CalendarUse = CalendarUse()
    startable_from: Mapping[datetime, datetime] = field(default_factory=dict)

    def counted_from(self, due: datetime) -> datetime:
        """From when on the lateness of this slot counts: its due time, or when it could start if that was later."""
        return max(due, self.startable_from.get(due, due))


@dataclass(frozen=True)
class Settled:
    """What to do with one slot: run it (caught up or in time), wait until `until`, or call it missed; and why."""

    due: datetime
    action: Action
    reason: str
    caught_up: bool = False
    until: datetime | None = None


def plan_slots(
    job: JobSchedule, calendars: Mapping[str, Calendar], after: datetime, until: datetime
) -> list[PlannedSlot]:
    """The job's slots with a due time after `after`, up to and including `until`; the same for any cut of the time."""
    after, until = require_aware(after, "the start"), require_aware(until, "the end")
    moving = job.use.on_closed is OnClosed.NEXT_WORKING_DAY
    reach = LONGEST_MOVE + timedelta(days=1) if moving else timedelta(0)
    dues = dict(due_with_walls(job.schedule, after - reach, until + reach, calendars))
    if moving and not _may_hit(dues, job.schedule.zone, after, until):
        return []
    planned = _moved(job, calendars, dues) if moving else (_admitted(job.use, calendars, due) for due in dues)
    return sorted((slot for slot in planned if after < slot.due <= until), key=lambda slot: slot.due)


def settle_overdue(
    dues: Iterable[datetime], lateness: Lateness, calendars: Mapping[str, Calendar], now: datetime
) -> list[Settled]:
    """What to do now with each slot of one job that has neither run nor been skipped, oldest first.

    A slot less than `late_after` old is punctual and runs whatever the catch-up policy says. An older one runs by
    policy: never, only when it is the newest that is due, or each; not later than `max_late`. Only a blackout (and
    for a caught-up slot also a closed calendar) makes it wait, as long as it may still start afterwards.
    """
    now = require_aware(now, "now")
    ordered = sorted({require_aware(due, "a due time") for due in dues})
    newest = max((due for due in ordered if due <= now), default=None)
    return [_settle(due, newest, lateness, (calendars, now)) for due in ordered]


def _settle(
    due: datetime, newest: datetime | None, lateness: Lateness, moment: tuple[Mapping[str, Calendar], datetime]
) -> Settled:
    calendars, now = moment
    since = lateness.counted_from(due)
    late = now - since
    if late < timedelta(0):
        return Settled(due, Action.WAIT, "not due yet" if due > now else "cannot start yet", until=since)
    punctual = late < lateness.late_after
    refusal = None if punctual else _policy_refusal(due, newest, lateness.catch_up, late)
    if refusal is not None:
        return Settled(due, Action.MISS, refusal)
    use = lateness.use
    verdict = use.blackout(calendars, now) if punctual else use.admits(calendars, now)
    if not verdict.allowed:
        return _held(due, lateness, verdict)
    if punctual:
        return Settled(due, Action.RUN, "due")
    could = "was due" if since == due else "could start"
    return Settled(due, Action.RUN, f"caught up {format_duration(late)} after it {could}", caught_up=True)


def _policy_refusal(due: datetime, newest: datetime | None, rule: CatchUpPolicy, late: timedelta) -> str | None:
    if rule.policy is CatchUp.NONE:
        return f"did not start in time ({format_duration(late)} late) and its catch-up policy is none"
    if late > rule.max_late:
        return f"{format_duration(late)} late, which is more than its max_late of {format_duration(rule.max_late)}"
    if rule.policy is CatchUp.LAST and newest is not None and due < newest:
        return f"did not start in time; only the latest slot is caught up, which is {stamp(newest)}"
    return None


def _held(due: datetime, lateness: Lateness, verdict: Verdict) -> Settled:
    """Wait for the end of a closed stretch when the slot may still start then; otherwise it is missed now."""
    rule = lateness.catch_up
    # Without catch-up a slot must start while it is still punctual, that is before `late_after`.
    in_time = lateness.late_after - timedelta(microseconds=1)
    allowed_late = in_time if rule.policy is CatchUp.NONE else max(in_time, rule.max_late)
    if verdict.until is None:
        return Settled(due, Action.MISS, f"{verdict.reason}, with no end in sight")
    if verdict.until - lateness.counted_from(due) > allowed_late:
        end = f"until {stamp(verdict.until)}"
        return Settled(
            due,
            Action.MISS,
            f"{verdict.reason}, {end}: more than {format_duration(allowed_late)} after it was due",
        )
    return Settled(due, Action.WAIT, f"{verdict.reason}, until {stamp(verdict.until)}", until=verdict.until)


def _admitted(use: CalendarUse, calendars: Mapping[str, Calendar], due: datetime) -> PlannedSlot:
    verdict = use.admits(calendars, due)
    if verdict.allowed:
        return PlannedSlot(due, SlotState.EXPECTED)
    return PlannedSlot(due, SlotState.SKIPPED, f"skipped by calendar: {verdict.reason}")


def _moved(
    job: JobSchedule, calendars: Mapping[str, Calendar], dues: Mapping[datetime, datetime]
) -> Iterator[PlannedSlot]:
    """Slots with each closed one moved to the next working day, unless a run is due there already."""
    closed = {due: reason for due, wall in dues.items() if (reason := _closed_reason(job, calendars, due, wall))}
    taken = {due for due in dues if due not in closed}
    yield from (PlannedSlot(due, SlotState.EXPECTED) for due in taken)
    for due, reason in closed.items():
        target = _target(job, calendars, dues[due])
        if target is None:
            text = f"skipped by calendar: {reason}; no working day within {LONGEST_MOVE.days} days"
            yield PlannedSlot(due, SlotState.SKIPPED, text)
        elif target in taken:
            text = f"skipped by calendar: {reason}; the run of {stamp(target)} is already due on the next working day"
            yield PlannedSlot(due, SlotState.SKIPPED, text)
        else:
            taken.add(target)
            yield PlannedSlot(target, SlotState.EXPECTED, f"moved from {stamp(due)}: {reason}", moved_from=due)


def _may_hit(dues: Mapping[datetime, datetime], zone: ZoneInfo, after: datetime, until: datetime) -> bool:
    """Whether any time of day of these slots falls into the span: a move changes the day, not the time of day."""
    times = {wall.time() for wall in dues.values()}
    first, last = wall_time(after, zone).date(), wall_time(until, zone).date()
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    moments = (to_instant(datetime.combine(day, time_of_day), zone) for day in days for time_of_day in times)
    return any(after < moment <= until for moment in moments)


def _closed_reason(job: JobSchedule, calendars: Mapping[str, Calendar], due: datetime, wall: datetime) -> str | None:
    """Why the slot cannot run on its own day, if so."""
    verdict = job.use.admits(calendars, due)
    if not verdict.allowed:
        return verdict.reason
    (calendar,) = named((job.use.working_days or "",), calendars)
    day = wall.date()
    return None if working_day(calendar, day) else f"{day:%A} {day} is no working day of {calendar.name}"


def _target(job: JobSchedule, calendars: Mapping[str, Calendar], wall: datetime) -> datetime | None:
    """The same wall time on the next working day on which the calendars admit it."""
    (calendar,) = named((job.use.working_days or "",), calendars)
    day = next_working_day(calendar, wall.date())
    while day is not None and day - wall.date() <= LONGEST_MOVE:
        target = to_instant(datetime.combine(day, wall.time()), job.schedule.zone)
        if job.use.admits(calendars, target).allowed:
            return target
        day = next_working_day(calendar, day)
    return None

"""From due slots to runs: settle each slot in words, start what may start, send queued runs when it is their turn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import Refused
from models.orders.plan import RunPlan
from models.queries import closing, journal, notices, pauses, recovery, run_plans, runs, slots
from models.queries.book import Book
from models.queries.states import Because, advance
from models.queries.turns import take_turn
from models.queries.waiting import Standing, standings
from models.records import Run, Slot
from models.rules.dependencies import Ready
from models.rules.outcomes import worst
from models.rules.overlap import OverlapAction, on_overlap
from models.rules.parameters import Scalar
from models.rules.slots import Action, Settled, settle_overdue
from models.rules.wall_clock import in_zone, stamp
from models.vocabulary import Outcome, RunState, SlotState, Trigger

ACTIVE = (RunState.DISPATCHED, RunState.RUNNING, RunState.RETRY_WAIT)


@dataclass(frozen=True)
class Moment:
    """What every decision of one pass sees: the book, the time, and who decides."""

    book: Book
    now: datetime
    actor: str

    def because(self, reason: str) -> Because:
        """This pass's signature under a move."""
        return Because(self.actor, reason)


def is_anything_to_do(session: Session, now: datetime) -> bool:
    """Whether a pass would find due slots, queued runs, or retries whose time has come."""
    if slots.due(session, now):
        return True
    waiting = (Run.state == RunState.QUEUED) | ((Run.state == RunState.RETRY_WAIT) & (Run.next_attempt_at <= now))
    return session.scalar(select(func.count()).select_from(Run).where(waiting)) != 0


def start_due(session: Session, book: Book, now: datetime, actor: str) -> Iterator[str]:
    """One pass. Gives a line for people for everything it did."""
    moment = Moment(book, now, actor)
    for job, waiting in slots.due(session, now).items():
        yield from _settle_job(session, moment, job, waiting)
    yield from _send_retries(session, moment)
    yield from _send_queued(session, moment)


def _settle_job(session: Session, moment: Moment, job: str, waiting: list[Slot]) -> Iterator[str]:
    if job not in moment.book.jobs:
        for slot in waiting:
            yield _end_slot(session, moment, slot, "skip", "its job left the site")
        return
    by_due = {slot.due_at: slot for slot in waiting}
    standing = standings(session, moment.book, waiting, moment.now)
    startable = {due: found.startable for due, found in standing.items()}
    lateness = replace(moment.book.lateness_of(job), startable_from=startable)
    for settled in settle_overdue(by_due, lateness, moment.book.calendars, moment.now):
        slot = by_due[settled.due]
        late = moment.now - lateness.counted_from(slot.due_at)
        if slot.state is SlotState.EXPECTED and late >= lateness.late_after:
            advance(session, slot, "fall late", moment.because(settled.reason), reason=settled.reason, was_late=True)
        yield from _settle_slot(session, moment, slot, (settled, standing[slot.due_at]))


def _settle_slot(session: Session, moment: Moment, slot: Slot, found: tuple[Settled, Standing]) -> Iterator[str]:
    settled, ready = found[0], found[1].ready
    pause = pauses.in_force(session, slot.job, slot.due_at, moment.now)
    # A slot that waits for something else is not missed for the blackout that it waits in.
    if settled.action is Action.MISS and ready.state in (Ready.READY, Ready.NEVER):
        yield _end_slot(session, moment, slot, "miss", settled.reason)
    elif pause is not None:
        yield _end_slot(session, moment, slot, "skip", pauses.in_words(pause))
    elif ready.state is Ready.NEVER:
        yield _end_slot(session, moment, slot, "skip", ready.reason)
    elif ready.state is Ready.OVER:
        yield _end_slot(session, moment, slot, "miss", ready.reason)
    elif settled.action is Action.WAIT or ready.state is Ready.WAIT:
        reason = settled.reason if ready.state is Ready.READY else ready.reason
        if slot.reason != reason:
            slot.reason = reason
    else:
        yield from _make_run(session, moment, slot, found)


def _make_run(session: Session, moment: Moment, slot: Slot, found: tuple[Settled, Standing]) -> Iterator[str]:
    settled, ready, event = found[0], found[1].ready, found[1].event
    job = moment.book.job(slot.job)
    verdict = on_overlap(job.overlap, *active_and_queued(session, slot.job))
    if verdict.action is OverlapAction.MISS and settled.caught_up:
        slot.reason = verdict.reason  # catching up is one after the other: it waits for as long as it may be late
        return
    if verdict.action in (OverlapAction.MISS, OverlapAction.SKIP):
        yield _end_slot(session, moment, slot, verdict.action.value, verdict.reason)
        return
    try:
        plan = run_plans.make_plan(moment.book, slot.job)
    except Refused as refused:
        yield _end_slot(session, moment, slot, "miss", f"no plan can be made: {refused}")
        return
    if verdict.action is OverlapAction.CANCEL_OLD_AND_START:
        _end_active(session, moment, slot.job)
    trigger = Trigger.CATCH_UP if settled.caught_up else Trigger.SCHEDULE
    run = _queue(session, moment, plan, trigger, slot)
    reason = settled.reason if verdict.action is OverlapAction.START else verdict.reason
    changes = {"settled_at": moment.now, "caught_up": settled.caught_up, "reason": reason}
    if event is not None:
        reason = f"{reason}; {ready.reason}"
        changes |= {"event_id": event.id, "reason": reason}
    advance(session, slot, "start", moment.because(reason), **changes)
    yield f"{run.number} {slot.job}: {reason}"
    if verdict.action is OverlapAction.START:
        yield from _send_one(session, moment, run)


def _queue(session: Session, moment: Moment, plan: RunPlan, trigger: Trigger, slot: Slot) -> Run:
    job = moment.book.job(slot.job)
    # Punctual work may be held up by a worker for as long as a caught-up slot may be late; what waited for another
    # job or an event is late from now on.
    waited = bool(job.after or job.wait_for_event)
    start_by = (moment.now if waited else slot.due_at) + max(job.catch_up.max_late, job.late_after)
    run = Run(
        job=slot.job,
        slot_id=slot.id,
        trigger=trigger,
        plan=plan.model_dump(mode="json"),
        job_sha256=moment.book.sha256[slot.job],
        requested_by=moment.actor,
        queued_at=moment.now,
        start_by=start_by,
    )
    session.add(run)
    session.flush()
    fact = journal.Fact("operations:run:queue", f"run/{run.id}", moment.actor, reason=f"{trigger.value}: {slot.job}")
    journal.append(session, fact)
    return run


def _end_slot(session: Session, moment: Moment, slot: Slot, action: str, reason: str) -> str:
    advance(session, slot, action, moment.because(reason), settled_at=moment.now, reason=reason)
    if action == "miss":
        notices.about_job(session, slot.job, "missed", f"due {stamp(slot.due_at)}: {reason}", moment.now)
    return f"{slot.job} due {stamp(slot.due_at)}: {slot.state.value}: {reason}"


def active_and_queued(session: Session, job: str) -> tuple[int, int]:
    """How many runs of a job are under way, and how many wait for their turn."""
    query = select(Run.state, func.count()).where(Run.job == job, Run.state != RunState.ENDED).group_by(Run.state)
    counts = dict(session.execute(query).tuples().all())
    return sum(counts.get(state, 0) for state in ACTIVE), counts.get(RunState.QUEUED, 0)


def _end_active(session: Session, moment: Moment, job: str) -> None:
    """Make room for a newer run: what has not started ends, what runs is killed on its hosts."""
    for run in session.scalars(select(Run).where(Run.job == job, Run.state != RunState.ENDED)):
        request_kill(session, run, moment.now, moment.actor, "a newer run of the job takes its place")


def request_kill(session: Session, run: Run, now: datetime, person: str, why: str) -> str:
    """End a run: at once when nothing started, otherwise by the kill flow on its hosts. Says which.

    One that ended in doubt is asked after again. Raises Refused when nothing of a run can be left.
    """
    alive = [step for step in runs.latest_steps(session, run.id) if runs.may_live(step)]
    had_ended = run.state is RunState.ENDED
    if had_ended and not alive:
        if closing.settle(session, run, Because(person, why)):
            return "its hosts had said meanwhile how it ended"
        raise Refused(_nothing_left(run))
    if run.state in (RunState.QUEUED, RunState.RETRY_WAIT) or (run.state is RunState.DISPATCHED and not alive):
        outcome = worst([Outcome.KILLED, *(step.outcome or Outcome.UNKNOWN for step in alive)]) or Outcome.KILLED
        words = f"ended before {'its next attempt' if alive else 'it started'}: {why}"
        closing.end(session, run, outcome, words, Because(person, why), action="cancel")
        if not alive:
            return "ended before anything was sent to a host"
    # What hosts said before is older than the question, whatever the clocks of two machines say.
    run.kill_requested_at = max([now, *(step.ended_at for step in alive if step.ended_at)])
    run.kill_requested_by = person
    recovery.send_kill(session, run, now, person, why)
    return "its hosts are asked again, and told to end it" if had_ended else "its hosts are told to end it"


def _nothing_left(run: Run) -> str:
    ended = f"{run.number} has ended already: {run.outcome.value if run.outcome else ''}"
    if run.outcome is Outcome.OK:
        return f"{ended}: there is nothing to end"
    return f"{ended}, and no host is in doubt: `watchbill job retry {run.number}` runs it again where it failed"


def _send_retries(session: Session, moment: Moment) -> Iterator[str]:
    query = select(Run).where(Run.state == RunState.RETRY_WAIT, Run.next_attempt_at <= moment.now).order_by(Run.id)
    for run in session.scalars(query):
        reason = f"attempt {run.attempt} is due"
        advance(session, run, "dispatch", moment.because(reason), next_attempt_at=None)
        recovery.send(session, run, RunPlan.model_validate(run.plan), moment.now)
        yield f"{run.number} {run.job}: {reason}"


def _send_queued(session: Session, moment: Moment) -> Iterator[str]:
    """The oldest queued run of each job that has none under way."""
    busy = set(session.scalars(select(Run.job).where(Run.state.in_(ACTIVE))))
    for run in session.scalars(select(Run).where(Run.state == RunState.QUEUED).order_by(Run.id)):
        if run.job in busy:
            continue
        busy.add(run.job)
        yield from _send_one(session, moment, run)


def _send_one(session: Session, moment: Moment, run: Run) -> Iterator[str]:
    if run.start_by is not None and moment.now > run.start_by:
        reason = f"its turn came after {stamp(run.start_by)}, its last moment to start"
        closing.end(session, run, Outcome.MISSED, reason, moment.because(reason), action="drop")
        yield f"{run.number} {run.job}: missed: {reason}"
        return
    advance(session, run, "dispatch", moment.because("it is its turn"), queue_reason=None)
    recovery.send(session, run, RunPlan.model_validate(run.plan), moment.now)
    yield f"{run.number} {run.job}: sent to a worker"


@dataclass(frozen=True)
class Wish:
    """A run that a person asks for: parameters, other hosts than the job's, the reason, or the run it repeats."""

    person: str
    parameters: Mapping[str, Scalar | None] | None = None
    on: str | None = None
    retry_of: int | None = None
    only_hosts: frozenset[str] | None = None


def run_now(session: Session, book: Book, job: str, wish: Wish, now: datetime) -> Run:
    """Queue a run by hand. Raises Refused when the job's overlap policy or a pause of everything forbids it."""
    take_turn(session)
    plan = run_plans.make_plan(book, job, wish.parameters, wish.on)
    if wish.only_hosts is not None:
        plan = plan.only(set(wish.only_hosts))
    pause = pauses.of_everything(session, now)
    if pause is not None:
        raise Refused(in_zone(pauses.in_words(pause), book.timezone))
    moment = Moment(book, now, wish.person)
    verdict = on_overlap(book.job(job).overlap, *active_and_queued(session, job))
    if verdict.action in (OverlapAction.MISS, OverlapAction.SKIP):
        raise Refused(f"{job}: {verdict.reason}")
    if verdict.action is OverlapAction.CANCEL_OLD_AND_START:
        _end_active(session, moment, job)
    run = Run(
        job=job,
        trigger=Trigger.RETRY if wish.retry_of else Trigger.MANUAL,
        plan=plan.model_dump(mode="json"),
        job_sha256=book.sha256[job],
        requested_by=wish.person,
        queued_at=now,
        queue_reason=verdict.reason if verdict.action is OverlapAction.QUEUE else None,
        retry_of=wish.retry_of,
    )
    session.add(run)
    session.flush()
    if active_and_queued(session, job) == (0, 1):
        list(_send_one(session, moment, run))
    return run

"""The end of an attempt: the run ends, or waits for its next attempt; its slot and the people concerned hear of it."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.errors import MoveRefused, StaleClaim
from models.orders.plan import RunPlan
from models.queries import notices, runs, task_log
from models.queries.book import Book, read_book
from models.queries.runs import ClaimedRun
from models.queries.states import Because, advance
from models.records import Run, Slot, Step
from models.rules.outcomes import outcome_of_run, outcome_of_slot
from models.rules.retries import Attempted, Failure, next_attempt
from models.rules.wall_clock import stamp
from models.vocabulary import Outcome, Repeat, RunState, SlotState, Trigger

SLOT_ACTIONS = {
    SlotState.DONE: "finish",
    SlotState.CAUGHT_UP: "catch up",
    SlotState.FAILED: "fail",
    SlotState.MISSED: "miss",
    SlotState.SKIPPED: "skip",
}


def refuse_if_too_late(session: Session, run_id: int, now: datetime) -> str | None:
    """Call a scheduled run missed when its window is over before it could start. Returns why, or None.

    Prefect may deliver a run hours after it was asked for; the night's upgrade must not start in the morning.
    """
    run = runs.get(session, run_id)
    if run.state is not RunState.DISPATCHED or run.attempt > 1 or run.started_at or run.slot_id is None:
        return None
    reason = _why_too_late(read_book(session), run, now)
    if reason:
        end(session, run, Outcome.MISSED, reason, Because("worker", reason), action="give up")
    return reason


def _why_too_late(book: Book, run: Run, now: datetime) -> str | None:
    if run.start_by and now > run.start_by:
        return f"{run.number} reached its worker after {stamp(run.start_by)}, its last moment to start"
    if run.job not in book.jobs:
        return f"{run.number}: its job {run.job} left the site before it started"
    verdict = book.job(run.job).calendars.blackout(book.calendars, now)
    return None if verdict.allowed else f"{run.number} reached its worker {verdict.reason}"


def close(session: Session, claimed: ClaimedRun, actor: str, *, failed_with: str | None) -> Outcome | None:
    """Close an attempt. Returns the run's outcome, or None when its failed hosts are tried again later."""
    run, now = runs.get(session, claimed.run_id), runs.now_by_database(session)
    if run.state is not RunState.RUNNING or run.fence != claimed.fence:
        raise StaleClaim(f"{run.number} is in other hands: this copy of it closes nothing")
    plan = RunPlan.model_validate(run.plan)
    steps = {step.host: step for step in runs.latest_steps(session, run.id)}
    because = Because(actor, fence=claimed.fence)
    again = None if run.kill_requested_at else _next_attempt(plan, run, steps, now, failed_with)
    if again is not None:
        advance(session, run, "retry later", because, attempt=run.attempt + 1, next_attempt_at=again, lease_until=None)
        notices.about_run(session, run, "retrying", summarise(plan, steps, failed_with), now)
        return None
    outcome = _outcome(plan, steps, failed_with, killed=run.kill_requested_at is not None)
    end(session, run, outcome, summarise(plan, steps, failed_with), because)
    return outcome


def _next_attempt(
    plan: RunPlan, run: Run, steps: dict[str, Step], now: datetime, failed_with: str | None
) -> datetime | None:
    ended = {host: steps[host].outcome or Outcome.UNKNOWN for host in plan.host_names if host in steps}
    failures = [Failure(host, outcome, steps[host].fault) for host, outcome in ended.items() if outcome != Outcome.OK]
    if failures or failed_with:
        # Hosts that a stop after failures left out are not done either.
        failures += [Failure(host, Outcome.FAILED) for host in plan.host_names if host not in ended]
    if failed_with and not plan.host_names:
        failures = [Failure(plan.flow or run.job, Outcome.FAILED)]
    repeat = Repeat.SAFE if plan.command is None or plan.command.repeat else Repeat.NEVER
    return next_attempt(plan.retry, Attempted(run.attempt, failures, repeat), now).at


def _outcome(plan: RunPlan, steps: dict[str, Step], failed_with: str | None, *, killed: bool) -> Outcome:
    outcomes = [steps[host].outcome or Outcome.UNKNOWN for host in plan.host_names if host in steps]
    outcomes += [Outcome.KILLED if killed else Outcome.SKIPPED] * (len(plan.host_names) - len(outcomes))
    if failed_with:
        # A flow whose source was ended on a host fails for that: it was killed, whatever words it has for it.
        outcomes.append(Outcome.KILLED if killed and not plan.host_names else Outcome.FAILED)
    if not outcomes:
        return Outcome.KILLED if killed else Outcome.OK
    return outcome_of_run(outcomes)


def summarise(plan: RunPlan, steps: dict[str, Step], failed_with: str | None) -> str:
    """How a run ended, in one line: "not ok on 2 of 8 hosts: web2 exit code 3; web5 exit code 3"."""
    bad = [step for host in plan.host_names if (step := steps.get(host)) and step.outcome is not Outcome.OK]
    unreached = [host for host in plan.host_names if host not in steps]
    parts = [f"{step.host} {step.message or step.outcome}" for step in bad[:5]]
    if len(bad) > 5:
        parts.append(f"and {len(bad) - 5} more")
    if unreached and (bad or failed_with):
        parts.append(f"not reached: {', '.join(unreached[:5])}{' ...' if len(unreached) > 5 else ''}")
    if failed_with:
        parts.append(failed_with)
    hosts = len(plan.host_names)
    if not parts:
        return f"ok on {hosts} of {hosts} hosts" if hosts else "done"
    return (f"not ok on {len(bad)} of {hosts} hosts: " if hosts else "") + "; ".join(parts)


def end(session: Session, run: Run, outcome: Outcome, summary: str, because: Because, *, action: str = "end") -> None:
    """End a run, settle its slot, close what its tasks left open, and tell who asked to be told."""
    now = runs.now_by_database(session)
    advance(
        session,
        run,
        action,
        because,
        outcome=outcome,
        summary=summary,
        ended_at=now,
        lease_until=None,
        next_attempt_at=None,
    )
    if action != "end":
        task_log.close_orphans(session, run.id, now)
    if run.slot_id is not None:
        _settle_slot(session, run, SlotState.STARTED, Because(because.actor, summary))
    notices.about_run(session, run, outcome.value, summary, now)


def settle(session: Session, run: Run, because: Because) -> bool:
    """Say anew how a run ended that had ended in doubt, from what its hosts have proven since. False: no news.

    The hosts that it never reached stay what they were: not started, or spared by a kill.
    """
    steps = {step.host: step for step in runs.latest_steps(session, run.id)}
    if run.state is not RunState.ENDED or run.outcome not in runs.IN_DOUBT or not steps:
        return False
    was, plan = run.outcome, RunPlan.model_validate(run.plan)
    outcome = _outcome(plan, steps, None, killed=was is Outcome.KILL_UNCONFIRMED)
    summary = summarise(plan, steps, None)
    if (outcome, summary) == (was, run.summary):
        return False
    advance(session, run, "settle", because, outcome=outcome, summary=summary)
    if run.slot_id is not None:
        _settle_slot(session, run, SlotState.FAILED, Because(because.actor, summary))
    if outcome is not was:
        notices.about_run(session, run, outcome.value, summary, runs.now_by_database(session))
    return True


def _settle_slot(session: Session, run: Run, state: SlotState, because: Because) -> None:
    slot = session.get(Slot, run.slot_id)
    if slot is None or slot.state is not state:
        raise MoveRefused(f"{run.number}: its slot is {slot.state.value if slot else 'gone'}, not {state.value}")
    caught_up = run.trigger is Trigger.CATCH_UP
    action = SLOT_ACTIONS[outcome_of_slot(run.outcome or Outcome.UNKNOWN, caught_up=caught_up)]
    advance(session, slot, action, because, reason=because.reason)

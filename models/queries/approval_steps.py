"""The steps of an approval: opened stage by stage, given seats, carried, and ended."""

from collections.abc import Mapping

from models.queries.approval_matters import Matter, ballots, seats_of_steps
from models.queries.states import Because, advance
from models.records import ApprovalSeat, ApprovalStep
from models.rules.approvals.deciding import holders
from models.rules.approvals.resolving import seats_of
from models.vocabulary import ApprovalStepState

ACTOR = "approvals"
WAITING, OPEN = ApprovalStepState.WAITING, ApprovalStepState.OPEN


def write_steps(matter: Matter) -> None:
    """Write the steps of a new round; none of them is open yet."""
    stages = matter.scheme.stages
    matter.session.add_all(
        ApprovalStep(approval_id=matter.approval.id, round=matter.approval.round, place=place, stage=stages[place - 1])
        for place in range(1, len(stages) + 1)
    )
    matter.session.flush()


def open_next(matter: Matter) -> list[ApprovalStep]:
    """Open the next stage, when none is open. Gives the steps that are open now; none: every step was carried."""
    found = matter.steps(OPEN)
    waiting = matter.steps(WAITING)
    if not found and waiting:
        found = [row for row in waiting if row.stage == waiting[0].stage]
        for row in found:
            advance(matter.session, row, "open", Because(ACTOR, at=matter.now), opened_at=matter.now)
            seat(matter, row)
    return found


def seat(matter: Matter, row: ApprovalStep) -> list[ApprovalSeat]:
    """Bring the seats of a step to what the scheme means now. Gives the seats that are new or free again.

    Who left loses theirs; what an administrator gave or took away stays so; what was decided stays.
    """
    step = matter.step_of(row)
    approvers = (*step.approvers, *(step.escalate_to if row.escalated_at is not None else ()))
    wanted = seats_of(approvers, matter.involved, matter.approval.facts, matter.staff)
    spent = ballots(matter.session, matter.staff, [row])[row.id].spent
    new: list[ApprovalSeat] = []
    known = {one.identity: one for one in seats_of_steps(matter.session, [row.id])}
    for identity, one in known.items():
        if one.is_fixed or identity in spent:
            _follow(matter, one, known)
            continue
        if identity in wanted and one.ended_at is not None:
            one.ended_at, one.rule = None, wanted[identity]
            new.append(one)
        elif identity not in wanted and one.ended_at is None:
            one.ended_at = matter.now
    for identity, rule in wanted.items():
        if identity not in known:
            new.append(ApprovalSeat(step_id=row.id, identity=identity, rule=rule, added_at=matter.now))
            matter.session.add(new[-1])
    matter.session.flush()
    return new


def _follow(matter: Matter, one: ApprovalSeat, known: Mapping[str, ApprovalSeat]) -> None:
    """A free seat that an administrator gave to what is known by now as somebody's further account becomes theirs."""
    identity = matter.staff.identity(one.identity)
    if one.ended_at is None and identity not in known:
        one.identity = identity


def nobody_may(matter: Matter, row: ApprovalStep) -> bool:
    """Whether those who may still decide are too few to carry the step."""
    ballot = ballots(matter.session, matter.staff, [row])[row.id]
    able = holders(ballot, matter.involved, matter.acting)
    return len(able) + len(ballot.made) < matter.step_of(row).needed


def deciders(matter: Matter, rows: list[ApprovalStep]) -> dict[str, str | None]:
    """Who may decide in these steps now, and for whom when it is not for themselves."""
    found: dict[str, str | None] = {}
    for ballot in ballots(matter.session, matter.staff, rows).values():
        for identity, chain in holders(ballot, matter.involved, matter.acting).items():
            found.setdefault(identity, chain[0] if len(chain) > 1 else None)
    return found


def end_step(matter: Matter, row: ApprovalStep, action: str, because: Because) -> None:
    """A step is over: nobody decides in it any more."""
    advance(matter.session, row, action, because, ended_at=matter.now)
    for one in seats_of_steps(matter.session, [row.id]):
        one.ended_at = one.ended_at or matter.now
    matter.session.flush()


def end_all(matter: Matter, because: Because) -> None:
    """The steps of this round that are not over come to nothing."""
    for row in matter.steps(WAITING, OPEN):
        end_step(matter, row, "drop", because)

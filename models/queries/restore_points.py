"""Restore points, drills and checks: recorded once, moved by `advance`, read for the rules."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import journal, own_events
from models.queries.states import Because, advance
from models.records import DrillRow, JournalRow, RepositoryCheckRow, RestorePoint, Run
from models.rules.anomalies import PointFigures
from models.rules.read_slices import Slice, SliceRead, read_share
from models.rules.restore_points import Point
from models.vocabulary import Outcome, PointState

HISTORY = 30
"""Points that an anomaly is judged by."""
THERE = tuple(state for state in PointState if state is not PointState.EXPIRED)
TAKE = "operations:restore_point:take"
LET_GO, STAY = "operations:restore_point:let-go", "operations:restore_point:stay"
"""Retention is about to remove a point; it is still there all the same."""


@dataclass(frozen=True)
class NewPoint:
    """What an engine says of a point that it has written."""

    key: str
    plan: str
    repository: str
    host: str
    run_id: int
    taken_at: datetime
    size_bytes: int
    added_bytes: int
    files: int
    seconds: float
    manifest: str
    manifest_sha256: str
    warnings: list[str]
    copy_of: int | None = None
    engine: str | None = None
    """What the worker keeps the repository with, and its version: restic 0.18.0. The journal keeps it."""


def record_point(session: Session, new: NewPoint, actor: str) -> RestorePoint:
    """Write a point down once: a run that was interrupted after the engine's last word finds it again."""
    known = find(session, new.repository, new.key)
    if known is not None:
        return known
    row = asdict(new)
    engine = row.pop("engine")
    point = RestorePoint(**row)
    session.add(point)
    session.flush()
    facts = {"key": new.key, "plan": new.plan, "repository": new.repository, "run": new.run_id}
    facts |= {"size": new.size_bytes, "files": new.files, "manifest": new.manifest_sha256}
    facts |= {"engine": engine} if engine else {}
    journal.append(session, journal.Fact(TAKE, f"restore_point/{point.id}", actor, facts=facts))
    return point


def find(session: Session, repository: str, key: str) -> RestorePoint | None:
    """The point that a repository knows by this key."""
    query = select(RestorePoint).where(RestorePoint.repository == repository, RestorePoint.key == key)
    return session.scalar(query)


def get(session: Session, point_id: int) -> RestorePoint:
    """One point. Raises NotFound."""
    point = session.get(RestorePoint, point_id)
    if point is None:
        raise NotFound(f"there is no restore point {point_id}: see `watchbill backup list`")
    return point


def last_engine(session: Session, plan: str, repository: str) -> str | None:
    """What the worker that took the plan's newest point there had, such as restic 0.18.0; None when none said."""
    newest = select(func.max(RestorePoint.id)).where(RestorePoint.plan == plan, RestorePoint.repository == repository)
    subject = f"restore_point/{session.scalar(newest)}"
    facts = session.scalar(select(JournalRow.facts).where(JournalRow.subject == subject, JournalRow.tag == TAKE))
    engine: str | None = json.loads(facts).get("engine") if facts else None
    return engine


def of_plan(session: Session, plan: str, repository: str | None = None) -> list[RestorePoint]:
    """The points of a plan that were not removed, oldest first."""
    query = select(RestorePoint).where(RestorePoint.plan == plan, RestorePoint.state.in_(THERE))
    if repository is not None:
        query = query.where(RestorePoint.repository == repository)
    return list(session.scalars(query.order_by(RestorePoint.taken_at, RestorePoint.id)))


def chosen(session: Session, plan: str, repository: str, words: str) -> RestorePoint | None:
    """The point of a repository that a person means by the beginning of its key, or of its name in the plan's folder.

    None when it has none such. Raises NotFound when the words mean several.
    """
    ours = of_plan(session, plan, repository)
    found = [point for point in ours if point.key.startswith((words, f"{plan}/{words}"))]
    if len(found) > 1:
        raise NotFound(f"{words!r} means {len(found)} points of {plan}: give more of it")
    return found[0] if found else None


def reconcile(session: Session, plan: str, repository: str, listed: Collection[str], actor: str, now: datetime) -> None:
    """Compare our points with what the repository lists: seen ones are listed, vanished ones are bad.

    One that retention had let go of, and did not live to write down, is expired.
    """
    points = of_plan(session, plan, repository)
    going = _let_go(session, points)
    for point in points:
        if point.key not in listed:
            _note_gone(session, point, going.get(point.id), Because(actor, f"{repository} no longer lists it"), now)
            continue
        if point.id in going:
            journal.append(session, journal.Fact(STAY, f"restore_point/{point.id}", actor, reason="it is still listed"))
        if point.state is PointState.TAKEN:
            advance(session, point, "list", Because(actor), listed_at=now)


def _note_gone(session: Session, point: RestorePoint, let_go: str | None, because: Because, now: datetime) -> None:
    if let_go is not None:
        advance(session, point, "expire", Because(because.actor, let_go), expired_at=now, reason=let_go)
    elif point.state is not PointState.BAD:
        advance(session, point, "find bad", because, reason=because.reason)


def let_go(session: Session, point: RestorePoint, reason: str, actor: str) -> None:
    """Say that retention is about to remove a point: should we die then, its absence is no damage."""
    journal.append(session, journal.Fact(LET_GO, f"restore_point/{point.id}", actor, reason=reason))


def _let_go(session: Session, points: Sequence[RestorePoint]) -> dict[int, str]:
    """Of which points the last word is that retention removes them, and why."""
    ids = {f"restore_point/{point.id}": point.id for point in points}
    newest = select(func.max(JournalRow.seq)).where(JournalRow.subject.in_(ids)).group_by(JournalRow.subject)
    last = session.execute(
        select(JournalRow.subject, JournalRow.tag, JournalRow.reason).where(JournalRow.seq.in_(newest))
    )
    return {ids[subject]: reason or "" for subject, tag, reason in last if tag == LET_GO}


def find_bad(session: Session, point: RestorePoint, reason: str, actor: str) -> None:
    """Mark a point bad. One that is bad already keeps its first reason."""
    if point.state is not PointState.BAD:
        advance(session, point, "find bad", Because(actor, reason), reason=reason)


def prove(session: Session, point: RestorePoint, actor: str, now: datetime) -> None:
    """Mark a point as restored and compared."""
    action = "prove again" if point.state is PointState.PROVEN else "prove"
    advance(session, point, action, Because(actor, "restored and compared"), proven_at=now, reason=None)


def recorded_drill(session: Session, run_id: int, attempt: int) -> DrillRow | None:
    """The drill that an attempt of a run has recorded."""
    if not journal.is_known(session, drill_key(run_id, attempt)):
        return None
    return session.scalar(select(DrillRow).where(DrillRow.run_id == run_id).order_by(DrillRow.id.desc()).limit(1))


def drill_key(run_id: int, attempt: int) -> str:
    """What makes the drill of one attempt of a run the only one."""
    return f"run/{run_id}/{attempt}/drill"


def record_drill(session: Session, drill: DrillRow, actor: str, key: str | None = None) -> None:
    """Write a drill's result, and what it says about its point; one with the key of an earlier one is that one."""
    if key is not None and journal.is_known(session, key):
        return
    _tell_of_drill(session, drill)
    session.add(drill)
    session.flush()
    point = get(session, drill.restore_point_id)
    facts = {"point": point.key, "plan": drill.plan, "outcome": drill.outcome.value, "run": drill.run_id}
    subject = f"drill/{drill.id}"
    fact = journal.Fact("operations:drill:end", subject, actor, reason=drill.reason, facts=facts, key=key)
    journal.append(session, fact)
    if drill.outcome is Outcome.OK:
        prove(session, point, actor, drill.ended_at)
    elif drill.outcome is Outcome.FAILED:
        find_bad(session, point, f"a restore drill failed: {drill.reason}", actor)


def _tell_of_drill(session: Session, drill: DrillRow) -> None:
    """A drill that failed is an event, and so is the first good one after it."""
    job = session.get_one(Run, drill.run_id).job
    last = select(DrillRow.outcome).where(DrillRow.plan == drill.plan).order_by(DrillRow.id.desc()).limit(1)
    if drill.outcome is Outcome.FAILED:
        own_events.about_drill(session, job, drill.reason, drill.ended_at, is_over=False)
    elif drill.outcome is Outcome.OK and session.scalar(last) not in (None, Outcome.OK):
        own_events.about_drill(session, job, drill.reason, drill.ended_at, is_over=True)


def record_check(session: Session, check: RepositoryCheckRow, actor: str) -> None:
    """Write a repository check's result; when all parts are read well, the older listed points are read-checked."""
    session.add(check)
    session.flush()
    facts = {"part": check.part, "parts": check.parts, "outcome": check.outcome.value, "run": check.run_id}
    reason = "; ".join(check.faults) or None
    fact = journal.Fact(
        "operations:repository:check", f"repository/{check.repository}", actor, reason=reason, facts=facts
    )
    journal.append(session, fact)
    since = read_share(slice_history(session, check.repository), check.parts, check.started_at).oldest
    if since is None:
        return
    query = select(RestorePoint).where(
        RestorePoint.repository == check.repository,
        RestorePoint.state == PointState.LISTED,
        RestorePoint.taken_at < since,
    )
    for point in session.scalars(query):
        reason = f"all {check.parts} parts of {check.repository} were read since it was taken"
        advance(session, point, "read-check", Because(actor, reason), read_checked_at=check.ended_at)


def checks_of(session: Session, repository: str) -> list[RepositoryCheckRow]:
    """The checks of a repository, oldest first."""
    query = select(RepositoryCheckRow).where(RepositoryCheckRow.repository == repository)
    return list(session.scalars(query.order_by(RepositoryCheckRow.started_at)))


def slice_history(session: Session, repository: str) -> list[SliceRead]:
    """The checks as the rule of slices sees them."""
    return [
        SliceRead(Slice(check.part, check.parts), check.started_at, check.outcome is Outcome.OK)
        for check in checks_of(session, repository)
    ]


def drills_of(session: Session, plan: str) -> list[tuple[DrillRow, RestorePoint]]:
    """The drills of a plan with their points, oldest first."""
    query = select(DrillRow, RestorePoint).join(RestorePoint, DrillRow.restore_point_id == RestorePoint.id)
    return list(session.execute(query.where(DrillRow.plan == plan).order_by(DrillRow.started_at)).tuples())


def as_rule(points: Sequence[RestorePoint], legal_hold: str | None = None) -> tuple[Point, ...]:
    """The points as the rules see them."""
    return tuple(
        Point(
            key=point.key,
            plan=point.plan,
            taken_at=point.taken_at,
            state=point.state,
            legal_hold=legal_hold,
            unwanted_since=point.unwanted_since,
        )
        for point in points
    )


def figures_of(point: RestorePoint) -> PointFigures:
    """What was measured when the point was taken."""
    return PointFigures(point.size_bytes, point.files, timedelta(seconds=point.seconds), point.added_bytes)


def good_before(session: Session, point: RestorePoint) -> list[RestorePoint]:
    """The plan's good points in the same repository before this one, oldest first; at most the last thirty."""
    good = (PointState.TAKEN, PointState.LISTED, PointState.READ_CHECKED, PointState.PROVEN, PointState.EXPIRED)
    query = (
        select(RestorePoint)
        .where(
            RestorePoint.plan == point.plan,
            RestorePoint.repository == point.repository,
            RestorePoint.id < point.id,
            RestorePoint.state.in_(good),
        )
        .order_by(RestorePoint.id.desc())
        .limit(HISTORY)
    )
    return list(session.scalars(query))[::-1]

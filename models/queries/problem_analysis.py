"""What is found out about a problem, what is to be done, and what its review taught."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import NotFound, Refused
from models.queries import journal
from models.queries.problem_steps import change, said
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Problem, ProblemNote, ProblemTask
from models.rules.problems import Finding, NewTask, Review
from models.vocabulary import AnalysisKind


def analyse(session: Session, problem: Problem, finding: Finding, because: Because, now: datetime) -> ProblemNote:
    """Write an entry of the analysis down; the whys are numbered in the order in which they are asked.

    Raises Refused without words, for a tree of anything but causes, and for a cause above that is none of the problem.
    """
    text = said(finding.kind.value, finding.text)
    if finding.below is not None:
        _check_above(session, problem, finding)
    session.refresh(problem, with_for_update=True)  # two that ask why at once get two numbers
    number = None
    if finding.kind is AnalysisKind.WHY:
        number = session.scalar(
            select(func.count()).where(ProblemNote.problem_id == problem.id, ProblemNote.kind == AnalysisKind.WHY)
        )
        number = (number or 0) + 1
    note = ProblemNote(problem_id=problem.id, kind=finding.kind, number=number, parent_id=finding.below)
    note.at, note.person, note.text = now, because.actor, text
    session.add(note)
    session.flush()
    facts = {"note": note.id, "kind": note.kind.value, "number": number, "below": note.parent_id}
    _tell(session, problem, "analyse", because, now, **facts)
    return note


def analysis_of(session: Session, problem_id: int) -> list[ProblemNote]:
    """The entries of the analysis, in the order in which they were written."""
    query = select(ProblemNote).where(ProblemNote.problem_id == problem_id).order_by(ProblemNote.id)
    return list(session.scalars(query))


def add_task(session: Session, problem: Problem, new: NewTask, because: Because, now: datetime) -> ProblemTask:
    """Something is to be done. Raises Refused without words."""
    task = ProblemTask(problem_id=problem.id, title=said("task", new.title), owner=new.owner, due_at=new.due_at)
    task.added_at, task.added_by = now, because.actor
    session.add(task)
    session.flush()
    problem.look_at = now
    _tell(session, problem, "add-task", because, now, task=task.id, owner=new.owner)
    return task


def finish_task(session: Session, problem: Problem, task_id: int, because: Because, now: datetime) -> ProblemTask:
    """It is done. Raises NotFound for a task of another problem, Refused for one that was done before."""
    task = session.get(ProblemTask, task_id, with_for_update=True)
    if task is None or task.problem_id != problem.id:
        known = ", ".join(str(one.id) for one in tasks_of(session, problem.id)) or "it has none"
        raise NotFound(f"{problem.number} has no task {task_id}; its tasks: {known}")
    if task.done_at is not None:
        raise Refused(f"task {task_id} of {problem.number} was done by {task.done_by} already")
    task.done_at, task.done_by = now, because.actor
    _tell(session, problem, "finish-task", because, now, task=task.id)
    return task


def hand_over_tasks(session: Session, problem: Problem, to: Problem, because: Because, now: datetime) -> None:
    """What is still to be done about a problem is to be done about another."""
    for task in tasks_of(session, problem.id):
        if task.done_at is None:
            task.problem_id = to.id
            _tell(session, to, "add-task", because, now, task=task.id, owner=task.owner)
    to.look_at = now


def tasks_of(session: Session, problem_id: int) -> list[ProblemTask]:
    """What is to be done, what is due first; then what has no date; then what is done."""
    query = select(ProblemTask).where(ProblemTask.problem_id == problem_id)
    order = (ProblemTask.done_at.is_not(None), ProblemTask.due_at.is_(None), ProblemTask.due_at, ProblemTask.id)
    return list(session.scalars(query.order_by(*order)))


def review(session: Session, problem: Problem, held: Review, because: Because, now: datetime) -> bool:
    """Write down what the major problem review found. Raises Refused for a part of it that has no words."""
    changes = {
        "reviewed_at": now,
        "review_well": said("part of what went well", held.went_well),
        "review_badly": said("part of what went badly", held.went_badly),
        "review_changes": said("part of what changes", held.changes),
        "review_people": said("list of who took part", held.people),
    }
    return change(session, problem, "review", because, now, **changes)


def _check_above(session: Session, problem: Problem, finding: Finding) -> None:
    if finding.kind is not AnalysisKind.CAUSE:
        raise Refused(f"only causes stand below others: a {finding.kind.value} stands for itself")
    above = session.get(ProblemNote, finding.below)
    if above is None or above.problem_id != problem.id or above.kind is not AnalysisKind.CAUSE:
        causes = [str(one.id) for one in analysis_of(session, problem.id) if one.kind is AnalysisKind.CAUSE]
        known = f"its causes: {', '.join(causes)}" if causes else "it has none yet"
        raise Refused(f"{problem.number} has no cause {finding.below} to stand below; {known}")


def _tell(session: Session, problem: Problem, act: str, because: Because, now: datetime, **facts: object) -> None:
    fact = journal.Fact(f"problems:problem:{act}", subject_of(problem), because.actor, facts=facts, at=now)
    journal.append(session, fact)

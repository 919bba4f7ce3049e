"""How a problem's move is carried out, and the moves that make up the watch after a fix."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.errors import Refused
from models.queries import tickets
from models.queries.problem_rules import read_rules
from models.queries.states import Because, advance
from models.records import Problem
from models.rules.incidents import text_problems
from models.vocabulary import LinkVerb, ProblemOutcome, ProblemState


def change(session: Session, problem: Problem, action: str, because: Because, now: datetime, **changes: Any) -> bool:
    """One move. Raises MoveRefused as `advance` does."""
    return advance(session, problem, action, replace(because, at=now), look_at=now, **changes)


def said(name: str, text: str) -> str:
    """What a person wrote, without the white space around it. Raises Refused for what cannot be kept."""
    wrong = list(text_problems(name, text))
    if wrong:
        raise Refused("; ".join(wrong))
    return text.strip()


def watch(session: Session, problem: Problem, fix: str, because: Because, now: datetime) -> bool:
    """The fix is in: watch whether the trouble comes back. The review of a major problem is due from here on."""
    rules = read_rules(session)
    owed = problem.priority in rules.review_priorities and problem.reviewed_at is None
    changes = {
        "fix": said("fix", fix),
        "fixed_at": now,
        "target_at": None,
        "change_reference": problem.change_reference,  # for the journal, which keeps the fixes that were none
        "watch_until": now + rules.watch_for,
        "review_due_at": now + rules.review_within if owed else problem.review_due_at,
    }
    return change(session, problem, "watch", because, now, **changes)


def resolve(session: Session, problem: Problem, because: Because, now: datetime) -> bool:
    """Nothing came back: the fix is one."""
    close_at = now + read_rules(session).close_after
    return change(session, problem, "resolve", because, now, resolved_at=now, watch_until=None, close_at=close_at)


def close(session: Session, problem: Problem, because: Because, now: datetime) -> bool:
    """It is over."""
    changes = {"closed_at": now, "close_at": None, "outcome": ProblemOutcome.FIXED}
    return change(session, problem, "close", because, now, **changes)


def reopen(session: Session, problem: Problem, because: Because, now: datetime) -> bool:
    """The fix was none, the risk is not accepted any more, or it is a problem of its own. Raises Refused without words.

    It has no target date, and no change of a fix that failed; a duplicate is none any more.
    """
    said("reason", because.reason or "")
    is_fixed = problem.state in (ProblemState.WATCHING, ProblemState.RESOLVED)
    has_failed = is_fixed or problem.outcome is ProblemOutcome.FIXED
    failed = {"reopened": problem.reopened + 1, "change_reference": None} if has_failed else {}
    changes = {
        **failed,
        "target_at": None,
        "watch_until": None,
        "resolved_at": None,
        "close_at": None,
        "closed_at": None,
        "outcome": None,
        "risk_until": None,
        "risk_words": None,
        "risk_by": None,
    }
    if not change(session, problem, "reopen", because, now, **changes):
        return False
    tickets.remove_links(
        session, tickets.links_of(session, problem.id, LinkVerb.DUPLICATE_OF), Because(because.actor), now
    )
    return True

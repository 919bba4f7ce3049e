"""What is told of a problem, and to whom: its team's receivers and its owner."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.queries import notice_box
from models.queries.notice_box import Draft
from models.queries.notice_recipients import Directory
from models.queries.notices import as_json, title_of
from models.queries.states import Because
from models.queries.tickets import subject_of
from models.records import Person, Problem, Service, Team
from models.rules.durations import format_duration
from models.rules.notice_facts import ProblemFacts
from models.rules.notices import Concerned
from models.vocabulary import NoticeTag, ProblemState

_EVENTS = {
    "assign": ("assigned", NoticeTag.PROBLEM_ASSIGNED),
    "reopen": ("reopened", NoticeTag.PROBLEM_REOPENED),
    "resolve": ("resolved", NoticeTag.PROBLEM_RESOLVED),
}
"""The news of each move; what is not here is seen in the list."""


def opened(session: Session, problem: Problem, now: datetime) -> None:
    """Tell that there is a new one."""
    _tell(session, problem, _News("opened", NoticeTag.PROBLEM_OPENED, problem.description, problem.opened_by), now)


def moved(
    session: Session, problem: Problem, action: str, because: Because, now: datetime, to: str | None = None
) -> None:
    """Tell of a move; a person whom it concerns besides may be named."""
    if action in _EVENTS:
        _tell(session, problem, _News(*_EVENTS[action], because.reason or "", because.actor, to=to), now)


def due(session: Session, problem: Problem, what: str, since: datetime, now: datetime, to: str | None = None) -> None:
    """Tell, once, that something of it is due: a review; a task, to whom it is given, too."""
    late = f", for {format_duration(now - since)}" if now > since else ""
    key = f"due/{what}/{since:%Y%m%dT%H%M%S}"
    _tell(session, problem, _News("due", NoticeTag.PROBLEM_DUE, f"{what}{late}", key=key, to=to), now)


@dataclass(frozen=True)
class _News:
    """One thing that happened."""

    event: str
    tag: NoticeTag
    text: str
    by: str | None = None
    key: str | None = None
    """Tells it from others of the same event; default: the time."""
    to: str | None = None
    """A person whom it concerns besides."""


def _tell(session: Session, problem: Problem, news: _News, now: datetime) -> None:
    directory = Directory(session)
    owner = directory.person(problem.owner, Concerned.OWNER) if problem.owner != news.by else []
    recipients = [*directory.of_team(problem.team), *owner, *directory.person(news.to)]
    if recipients:
        subject = subject_of(problem)
        draft = Draft(
            key=f"{subject}/{news.event}/{news.key or now.isoformat()}",
            tag=news.tag,
            subject=subject,
            title=f"{problem.number} {news.event}: {problem.title}",
            facts=as_json(_facts(session, problem, news, now)),
            priority=problem.priority,
        )
        notice_box.put(session, draft, recipients, notice_box.around(session, directory, recipients), now)


def _facts(session: Session, problem: Problem, news: _News, now: datetime) -> ProblemFacts:
    return ProblemFacts(
        number=problem.number,
        title=problem.title,
        event=news.event,
        text=news.text,
        at=now,
        opened_at=problem.opened_at,
        state=problem.state.value,
        priority=problem.priority,
        service=title_of(session, Service, problem.service),
        team=title_of(session, Team, problem.team),
        owner=title_of(session, Person, problem.owner),
        by=title_of(session, Person, news.by),
        cause=problem.cause,
        watch_until=problem.watch_until if problem.state is ProblemState.WATCHING else None,
        is_drill=problem.is_drill,
    )

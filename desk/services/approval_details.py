"""Everything about one approval: what would change, who decides, what was decided, its timeline."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from desk.services.approvals import ApprovalLine, line_of, seen_by
from models.database import Database
from models.queries import approval_deciding, desk_runs, journal
from models.queries.approval_book import read_approval_book
from models.queries.approval_matters import Matter, decisions_of, seats_of_steps
from models.records import Approval
from models.vocabulary import ApprovalStepState, ApprovalVerdict


@dataclass(frozen=True)
class Decided:
    """What one person decided."""

    person: str
    whose: str | None
    """For whom, when it was not for themselves."""
    verdict: ApprovalVerdict
    comment: str | None
    at: datetime


@dataclass(frozen=True)
class StepView:
    """One step of the round."""

    place: int
    stage: int
    title: str
    state: ApprovalStepState
    needed: int
    seats: dict[str, str]
    """Who may decide, each with the rule that says so; what was decided is not among them."""
    decisions: tuple[Decided, ...]
    over_at: datetime | None


@dataclass(frozen=True)
class Moment:
    """One row of the timeline."""

    at: datetime
    who: str
    what: str
    why: str | None


@dataclass(frozen=True)
class ApprovalDetail:
    """Everything about one."""

    line: ApprovalLine
    timezone: str
    at: datetime
    facts: dict[str, Any]
    difference: str
    earliest_at: datetime | None
    latest_at: datetime | None
    scheme: str
    scheme_title: str
    round: int
    sha256: str
    may_decide: bool
    """Whether the reader may."""
    ruling: str
    """Why, or why not, and for whom."""
    steps: tuple[StepView, ...]
    timeline: tuple[Moment, ...]


def show(database: Database, number: str, person: str, now: datetime) -> ApprovalDetail:
    """Everything about one, for who may see it. Raises Misuse for what is no number, NotFound."""
    with database.read() as session:
        return detail_of(session, seen_by(session, number, person, now), person, now)


def detail_of(session: Session, approval: Approval, person: str, now: datetime) -> ApprovalDetail:
    """Everything about one that was read."""
    matter = Matter(session, approval, read_approval_book(session), now)
    ruling = approval_deciding.ruling_on(session, approval, person, now)
    return ApprovalDetail(
        line=line_of(session, approval, now),
        timezone=desk_runs.site_zone(session),
        at=now,
        facts=approval.facts,
        difference=approval.difference,
        earliest_at=approval.earliest_at,
        latest_at=approval.latest_at,
        scheme=approval.scheme,
        scheme_title=matter.scheme.title,
        round=approval.round,
        sha256=approval.sha256,
        may_decide=ruling.allowed,
        ruling=ruling.reason,
        steps=tuple(_steps(matter)),
        timeline=tuple(_timeline(session, approval)),
    )


def _steps(matter: Matter) -> list[StepView]:
    rows = matter.steps()
    keys = [row.id for row in rows]
    seats, made = seats_of_steps(matter.session, keys), decisions_of(matter.session, keys)
    return [
        StepView(
            place=row.place,
            stage=row.stage,
            title=matter.step_of(row).title or f"step {row.place}",
            state=row.state,
            needed=matter.step_of(row).needed,
            seats={one.identity: one.rule for one in seats if one.step_id == row.id and one.ended_at is None},
            decisions=tuple(
                Decided(one.person, one.seat if one.seat != one.identity else None, one.verdict, one.comment, one.at)
                for one in made
                if one.step_id == row.id
            ),
            over_at=matter.over_at(row) if row.state is ApprovalStepState.OPEN else None,
        )
        for row in rows
    ]


def _timeline(session: Session, approval: Approval) -> list[Moment]:
    rows = journal.rows_about(session, f"approval/{approval.id}")
    return [
        Moment(datetime.fromisoformat(row.at), row.actor, _what(row.tag, json.loads(row.facts)), row.reason)
        for row in rows
    ]


def _what(tag: str, facts: dict[str, Any]) -> str:
    action = tag.rpartition(":")[2].replace("-", " ")
    return f"{action}, round {facts['round']}" if "round" in facts else action

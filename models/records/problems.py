"""Problems: the causes of incidents, what was found out about them, and what is to be done."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words
from models.records.tickets import Ticket
from models.vocabulary import AnalysisKind, ProblemOrigin, ProblemOutcome, ProblemState, TicketKind


class Problem(Ticket):
    """Incidents belong to it by their links: incident --caused by--> problem/5, many to many."""

    __tablename__ = "problem"
    __mapper_args__ = {"polymorphic_identity": TicketKind.PROBLEM}  # noqa: RUF012 - SQLAlchemy reads it once
    __table_args__ = (
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", "over_has_time"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", "over_has_outcome"),
        CheckConstraint("(state = 'watching') = (watch_until IS NOT NULL)", "watched_until_when"),
        CheckConstraint("(state = 'resolved') = (close_at IS NOT NULL)", "resolved_is_closed_some_day"),
        CheckConstraint("(state = 'risk accepted') = (risk_until IS NOT NULL)", "risk_has_end"),
        CheckConstraint("(risk_until IS NULL) = (risk_words IS NULL)", "risk_has_words"),
        CheckConstraint("(risk_until IS NULL) = (risk_by IS NULL)", "risk_has_bearer"),
        CheckConstraint("state <> 'resolved' OR resolved_at IS NOT NULL", "resolved_has_time"),
        CheckConstraint(
            "state NOT IN ('root cause known', 'known error', 'fix in progress', 'watching', 'resolved')"
            " OR cause IS NOT NULL",
            "cause_is_said",
        ),
        CheckConstraint("state <> 'known error' OR workaround IS NOT NULL", "known_error_has_workaround"),
        CheckConstraint("state NOT IN ('watching', 'resolved') OR fix IS NOT NULL", "fixed_has_fix"),
        CheckConstraint("(fix IS NULL) = (fixed_at IS NULL)", "fix_has_time"),
        CheckConstraint("(reviewed_at IS NULL) = (review_changes IS NULL)", "review_has_words"),
        Index(None, "state", "team"),
        Index(None, "look_at", sqlite_where=text("look_at IS NOT NULL"), postgresql_where=text("look_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Integer, ForeignKey("ticket.id"), primary_key=True)
    state: Mapped[ProblemState] = mapped_column(default=ProblemState.NEW)
    origin: Mapped[ProblemOrigin]
    impact: Mapped[Name]
    urgency: Mapped[Name]
    priority: Mapped[Name]
    """By the matrix of impact and urgency."""
    team: Mapped[Name | None]
    owner: Mapped[Name | None]
    """Who works on it."""
    target_at: Mapped[datetime | None]
    """When it is to be decided what comes next."""
    change_reference: Mapped[Name | None]
    """The change that brings the fix, as its own tool calls it: CHG0031."""
    cause: Mapped[Words | None]
    workaround: Mapped[Words | None]
    workaround_at: Mapped[datetime | None]
    """When it was last told to the incidents; null: not yet."""
    fix: Mapped[Words | None]
    fixed_at: Mapped[datetime | None]
    """When the fix was in: the watch counts from here."""
    watch_until: Mapped[datetime | None]
    """When the fix is taken for one; known only while it is watched."""
    resolved_at: Mapped[datetime | None]
    close_at: Mapped[datetime | None]
    """When a resolved one is closed."""
    closed_at: Mapped[datetime | None]
    outcome: Mapped[ProblemOutcome | None]
    """How it ended."""
    reopened: Mapped[int] = mapped_column(default=0)
    """How often its fix was none."""
    risk_until: Mapped[datetime | None]
    """When an accepted risk has to be decided again."""
    risk_words: Mapped[Words | None]
    risk_by: Mapped[Name | None]
    """Who answers for it."""
    review_due_at: Mapped[datetime | None]
    """When the major problem review has to be held; null: none is owed."""
    reviewed_at: Mapped[datetime | None]
    review_well: Mapped[Words | None]
    review_badly: Mapped[Words | None]
    review_changes: Mapped[Words | None]
    review_people: Mapped[Words | None]
    """Who took part in it."""
    look_at: Mapped[datetime | None]
    """When something of it falls due; null when nothing can."""


class ProblemNote(Base):
    """An entry of the analysis; it is never changed."""

    __tablename__ = "problem_note"
    __table_args__ = (
        CheckConstraint("parent_id IS NULL OR kind = 'cause'", "only_causes_are_a_tree"),
        CheckConstraint("(kind = 'why') = (number IS NOT NULL)", "whys_are_numbered"),
        Index(
            "uq__problem_note__why",
            "problem_id",
            "number",
            unique=True,
            sqlite_where=text("kind = 'why'"),
            postgresql_where=text("kind = 'why'"),
        ),
    )

    id: Mapped[Key]
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), index=True)
    kind: Mapped[AnalysisKind]
    number: Mapped[int | None]
    """Of a why: its place, from 1."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("problem_note.id"))
    """Of a cause: the one above it in the tree."""
    at: Mapped[datetime]
    person: Mapped[Name]
    text: Mapped[Words]


class ProblemTask(Base):
    """Something that somebody is to do about a problem."""

    __tablename__ = "problem_task"
    __table_args__ = (CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", "done_has_person"),)

    id: Mapped[Key]
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"), index=True)
    title: Mapped[Words]
    owner: Mapped[Name | None]
    due_at: Mapped[datetime | None]
    added_at: Mapped[datetime]
    added_by: Mapped[Name]
    done_at: Mapped[datetime | None]
    done_by: Mapped[Name | None]


class EscalationOrder(Base):
    """That an incident is to become a problem, by a rule; asked for again until it is carried out."""

    __tablename__ = "escalation_order"
    __table_args__ = (
        Index(None, "look_at", sqlite_where=text("look_at IS NOT NULL"), postgresql_where=text("look_at IS NOT NULL")),
    )

    incident_id: Mapped[int] = mapped_column(Integer, ForeignKey("incident.id"), primary_key=True)
    ordered_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    """How often the outbox was asked."""
    look_at: Mapped[datetime | None]
    """When it is asked again; null: it was carried out."""

"""Alerts: one row for each condition that senders told us of, its history, its group, and what keeps it quiet."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words, one_of, word_of
from models.vocabulary import AlertAction, AlertState, EventClass, EventStatus, Mute, Severity, Standing

FINGERPRINT = 32
_DUE = text("look_at IS NOT NULL")
_NOT_OVER = text("standing <> 'over'")


class AlertPolicyRow(Base):
    """What a rule said is to be done about alerts: kept once, since thousands of alerts share it."""

    __tablename__ = "alert_policy"

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(FINGERPRINT), unique=True)
    spec: Mapped[dict[str, Any]]
    """`AlertPolicy` as JSON."""


class AlertGroup(Base):
    """The alerts that are told together: a route, and the labels that it groups by."""

    __tablename__ = "alert_group"
    __table_args__ = (
        Index(
            None,
            "look_at",
            sqlite_where=_DUE,
            postgresql_where=_DUE,
        ),
        Index(None, "incident_id"),
        Index(None, "topic", "id", sqlite_where=text("topic IS NOT NULL"), postgresql_where=text("topic IS NOT NULL")),
    )

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(FINGERPRINT), unique=True)
    """The digest of route and labels; also the incident's correlation key."""
    route: Mapped[Words]
    labels: Mapped[dict[str, Any]]
    """Those that the route groups by."""
    timing: Mapped[dict[str, Any]]
    """Wait, interval and repeat in seconds, the receiver, and the time intervals of the route, as it stood last."""
    topic: Mapped[str | None] = mapped_column(String(200))
    """What its alerts have in common instead of a route: `storm service:shop`, `application:shop`."""
    joined_at: Mapped[datetime]
    """When the newest of its alerts joined it."""
    has_guests: Mapped[bool] = mapped_column(default=False)
    """It is told of alerts that belong to other groups, or was."""
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("alert_policy.id"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id"))
    """The incident that it has, or had last."""
    candidate_at: Mapped[datetime | None]
    """Since when a person is asked whether it becomes an incident."""
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[Name | None]
    began_at: Mapped[datetime]
    first_look_at: Mapped[datetime | None]
    """Until then it is collected; null while none of its alerts asks."""
    looked_at: Mapped[datetime | None]
    """When it was last decided whether to tell it."""
    told_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]


class Alert(Base):
    """One condition, by its fingerprint. Only the part `events` makes rows, and gives them their numbers."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(None, "look_at", sqlite_where=_DUE, postgresql_where=_DUE),
        Index(None, "group_id", "is_for_incident", "standing", "incident_id"),
        Index(
            None,
            "incident_id",
            "standing",
            sqlite_where=text("incident_id IS NOT NULL"),
            postgresql_where=text("incident_id IS NOT NULL"),
        ),
        Index("ix__alert__not_over", "id", sqlite_where=_NOT_OVER, postgresql_where=_NOT_OVER),
        Index(None, "scope", "created_at"),
        one_of("event_class", EventClass),
        one_of("severity", Severity),
        one_of("status", EventStatus),
        one_of("state", AlertState),
        one_of("standing", Standing),
        one_of("muted_by", Mute),
        one_of("told", AlertState),
        CheckConstraint("(muted_by IS NULL) = (muted_reason IS NULL)", "muted_has_reason"),
        CheckConstraint("standing <> 'over' OR state = 'resolved'", "over_is_resolved"),
        CheckConstraint("standing <> 'open' OR (muted_by IS NULL AND state <> 'resolved')", "open_fires_unmuted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(String(FINGERPRINT), unique=True)
    source: Mapped[Name]
    name: Mapped[Name]
    event_class: Mapped[EventClass] = mapped_column(word_of(EventClass, is_checked=False))
    severity: Mapped[Severity] = mapped_column(word_of(Severity, is_checked=False))
    service: Mapped[Name | None]
    host: Mapped[Name | None]
    scope: Mapped[str] = mapped_column(String(160))
    """`service:shop` or `source:prometheus`: storms are counted and put together by it."""
    labels: Mapped[dict[str, Any]]
    details: Mapped[dict[str, Any]]
    """What else is known: text, facts, links, the rules that judged it."""
    status: Mapped[EventStatus] = mapped_column(word_of(EventStatus, is_checked=False))
    """What its sender said last."""
    state: Mapped[AlertState] = mapped_column(word_of(AlertState, is_checked=False))
    standing: Mapped[Standing] = mapped_column(word_of(Standing, is_checked=False))
    muted_by: Mapped[Mute | None] = mapped_column(word_of(Mute, is_checked=False))
    muted_reason: Mapped[Words | None]
    muted_until: Mapped[datetime | None]
    episode: Mapped[int]
    """How often it has fired anew."""
    events: Mapped[int] = mapped_column(BigInteger)
    """Events of this episode."""
    created_at: Mapped[datetime]
    """When it was seen first of all."""
    fired_at: Mapped[datetime]
    """When this episode began."""
    firing_since: Mapped[datetime]
    """When it fired last, within the episode."""
    raised_at: Mapped[datetime | None]
    """Since when it asks for somebody, unmuted."""
    seen_at: Mapped[datetime]
    as_of: Mapped[datetime]
    """The time of the newest event that was believed: what is older changes nothing."""
    changed_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    owner: Mapped[Name | None]
    acknowledged_until: Mapped[datetime | None]
    flaps: Mapped[str] = mapped_column(String(21))
    """The last states, oldest first: 1 fired, 0 did not. Empty: it is not watched for flapping."""
    is_flapping: Mapped[bool]
    counted: Mapped[Words]
    """The times that count towards its threshold, in one line."""
    is_reached: Mapped[bool]
    """The threshold is reached in this episode."""
    digest: Mapped[str] = mapped_column(String(FINGERPRINT))
    """Of what it said last."""
    repeats: Mapped[str] = mapped_column(String(FINGERPRINT))
    """An event with this digest changes no more than their number; empty: each is looked at."""
    policy_id: Mapped[int] = mapped_column(ForeignKey("alert_policy.id"))
    is_for_incident: Mapped[bool]
    """Its policy makes an incident of it; else it is only told."""
    group_id: Mapped[int | None] = mapped_column(ForeignKey("alert_group.id"))
    """The group of the first route that takes it, or what took its place: there it has its incident."""
    is_guest: Mapped[bool] = mapped_column(default=False)
    """Groups of further routes are told of it too: `alert_guest` says which."""
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id"))
    """The incident that it belongs to, or did last."""
    told: Mapped[AlertState | None] = mapped_column(word_of(AlertState, is_checked=False))
    """As what its group told it last."""
    is_drill: Mapped[bool]
    look_at: Mapped[datetime | None]


class AlertGuest(Base):
    """An alert that a further group is told of: the route before that group's says `continue`."""

    __tablename__ = "alert_guest"
    __table_args__ = (Index(None, "alert_id"),)

    group_id: Mapped[int] = mapped_column(ForeignKey("alert_group.id"), primary_key=True, autoincrement=False)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), primary_key=True, autoincrement=False)
    told: Mapped[AlertState | None] = mapped_column(word_of(AlertState, "told"))
    """As what this group told it last."""


class AlertChange(Base):
    """What happened to an alert, once. Rows are added and never changed."""

    __tablename__ = "alert_change"
    __table_args__ = (
        Index(None, "alert_id", "id"),
        Index(None, "at"),
        one_of("action", AlertAction),
        one_of("source", AlertState),
        one_of("target", AlertState),
    )

    id: Mapped[Key]
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    episode: Mapped[int]
    at: Mapped[datetime]
    action: Mapped[AlertAction] = mapped_column(word_of(AlertAction, is_checked=False))
    source: Mapped[AlertState | None] = mapped_column(word_of(AlertState, is_checked=False))
    """What it was before; null: it was not known."""
    target: Mapped[AlertState] = mapped_column(word_of(AlertState, is_checked=False))
    actor: Mapped[Name]
    reason: Mapped[Words]


class Silence(Base):
    """A person keeps some alerts from being told, for a time that ends."""

    __tablename__ = "silence"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", "ends_after_start"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", "ended_by_somebody"),
        Index(None, "look_at", sqlite_where=_DUE, postgresql_where=_DUE),
    )

    id: Mapped[Key]
    matchers: Mapped[Words]
    """As Alertmanager writes them: `{service="shop"}`."""
    author: Mapped[Name]
    comment: Mapped[Words]
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was over: at its end, or before by a person."""
    ended_by: Mapped[Name | None]
    reminded_at: Mapped[datetime | None]
    """When its author was told that it ends soon."""
    look_at: Mapped[datetime | None]

    @property
    def number(self) -> str:
        """What people say on the phone: SIL000123."""
        return silence_number(self.id)


def silence_number(silence_id: int) -> str:
    """The number of a silence: SIL000123."""
    return f"SIL{silence_id:06d}"


class CorrectiveRun(Base):
    """One attempt of a job to mend what an alert says."""

    __tablename__ = "corrective_run"
    __table_args__ = (
        UniqueConstraint("alert_id", "episode", "job", "attempt"),
        Index(None, "look_at", sqlite_where=_DUE, postgresql_where=_DUE),
    )

    id: Mapped[Key]
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    episode: Mapped[int]
    job: Mapped[Name]
    attempt: Mapped[int]
    attempts: Mapped[int]
    """How many there may be."""
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    """Null: it could not be started."""
    began_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    has_worked: Mapped[bool | None]
    """The alert cleared."""
    reason: Mapped[Words | None]
    look_at: Mapped[datetime | None]
    """Until then the alert has time to clear."""


class PartLease(Base):
    """Which process is a part of the engine of which only one may work at a time."""

    __tablename__ = "part_lease"

    part: Mapped[Name] = mapped_column(primary_key=True)
    holder: Mapped[Name]
    """host:pid."""
    until: Mapped[datetime]

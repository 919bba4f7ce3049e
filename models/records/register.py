"""The register: what the site's files say exists. `watchbill up` writes it; entries are retired, not deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Digest, Key, Name, Words


class Registered:
    """One entry of a site file: its whole specification, and since when it is or was in force."""

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(unique=True)
    title: Mapped[Words]
    spec: Mapped[dict[str, Any]]
    """The entry as the site models read and write it; secrets only as references."""
    sha256: Mapped[Digest]
    registered_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    """When it vanished from the site; null while it is in force."""


class Team(Registered, Base):
    __tablename__ = "team"


class Person(Registered, Base):
    __tablename__ = "person"


class Service(Registered, Base):
    __tablename__ = "service"


class Ci(Registered, Base):
    """A configuration item: a host today; databases, directories and applications follow."""

    __tablename__ = "ci"

    kind: Mapped[Name] = mapped_column(default="host")


class CalendarEntry(Registered, Base):
    __tablename__ = "calendar"


class Job(Registered, Base):
    __tablename__ = "job"

    planned_until: Mapped[datetime | None]
    """Up to when its slots are written."""
    planned_sha256: Mapped[str | None]
    """The job and the calendars that its slots were planned from."""


class RepositoryEntry(Registered, Base):
    """A place that keeps restore points."""

    __tablename__ = "repository"


class BackupPlanEntry(Registered, Base):
    __tablename__ = "backup_plan"


class ExemptionEntry(Registered, Base):
    """A host or service that needs no backup, and why."""

    __tablename__ = "exemption"


class MailEntry(Registered, Base):
    """The server that takes our mail. At most one row in force."""

    __tablename__ = "mail"


class ReceiverEntry(Registered, Base):
    """Those who are told together."""

    __tablename__ = "receiver"


class HandlingEntry(Registered, Base):
    """How incidents are handled. At most one row in force."""

    __tablename__ = "handling"


class PromiseEntry(Registered, Base):
    """What is promised for incidents."""

    __tablename__ = "promise"


class CategoryEntry(Registered, Base):
    __tablename__ = "category"


class EscalationEntry(Registered, Base):
    """What happens when nobody acts."""

    __tablename__ = "escalation"


class RotaEntry(Registered, Base):
    """Who is on call."""

    __tablename__ = "rota"


class EventSourceEntry(Registered, Base):
    """Who may send events."""

    __tablename__ = "event_source"


class LookupTableEntry(Registered, Base):
    """A table that event rules look labels up in, with its rows."""

    __tablename__ = "lookup_table"


class EventHandlingEntry(Registered, Base):
    """What is made of events. At most one row in force."""

    __tablename__ = "event_handling"


class ProblemHandlingEntry(Registered, Base):
    """How problems are handled. At most one row in force."""

    __tablename__ = "problem_handling"


class ItemEntry(Registered, Base):
    """What people may ask for."""

    __tablename__ = "catalogue_item"


class SchemeEntry(Registered, Base):
    """Who has to approve what."""

    __tablename__ = "approval_scheme"


class SiteEntry(Registered, Base):
    """The site itself: its title, time zone and settings. One row in force."""

    __tablename__ = "site"

    revision: Mapped[int] = mapped_column(default=0)
    """Grows with every change of the register, so that readers see at a glance whether theirs is current."""
    applied_at: Mapped[datetime]
    """When the register was last changed: a changed job's slots are planned from here."""


class Membership(Base):
    """Who belongs to which team."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person", "team"),)

    id: Mapped[Key]
    person: Mapped[Name] = mapped_column(ForeignKey("person.name"))
    team: Mapped[Name] = mapped_column(ForeignKey("team.name"))


class Relation(Base):
    """Service depends on service, service runs on host, job serves service."""

    __tablename__ = "relation"
    __table_args__ = (UniqueConstraint("source", "verb", "target"),)

    id: Mapped[Key]
    source: Mapped[Name]
    """`kind/name`, such as `service/shop`."""
    verb: Mapped[Name]
    target: Mapped[Name]


class Pause(Base):
    """A person stopped one job, or all of them (`job` null), until a time or until it is resumed."""

    __tablename__ = "pause"
    __table_args__ = (
        Index(
            "uq__pause__one_open",
            text("coalesce(job, '*')"),
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    job: Mapped[Name | None]
    paused_at: Mapped[datetime]
    until: Mapped[datetime | None]
    paused_by: Mapped[Name]
    reason: Mapped[Words]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[Name | None]

"""Probes: their entries in the register, where each stands on each host, and their last readings."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.records.base import Base, Key, Name, Words
from models.records.register import Registered
from models.vocabulary import ProbeVerdict


class ProbeEntry(Registered, Base):
    """What is looked at all the time."""

    __tablename__ = "probe"


class ProbeStanding(Base):
    """Where one probe stands on one host. What holds changes only after enough readings in a row."""

    __tablename__ = "probe_standing"
    __table_args__ = (
        UniqueConstraint("probe", "host"),
        CheckConstraint("verdict <> 'unknown'", "unknown_holds_beside"),
        CheckConstraint("is_unknown = (unknown_since IS NOT NULL)", "unknown_has_time"),
    )

    id: Mapped[Key]
    probe: Mapped[Name] = mapped_column(ForeignKey("probe.name"))
    host: Mapped[Name]
    """Where it is read: a host, or `local` for the workers' machine."""
    verdict: Mapped[ProbeVerdict] = mapped_column(default=ProbeVerdict.OK)
    """What holds, as far as it could be read."""
    since: Mapped[datetime]
    worse: Mapped[int] = mapped_column(default=0)
    """So many readings in a row were worse than what holds."""
    better: Mapped[int] = mapped_column(default=0)
    is_unknown: Mapped[bool] = mapped_column(default=False)
    """It could not be read so many times in a row that this is told."""
    unknown_since: Mapped[datetime | None]
    unread: Mapped[int] = mapped_column(default=0)
    """So many readings in a row gave no answer."""
    read: Mapped[int] = mapped_column(default=0)
    untold: Mapped[int] = mapped_column(default=0)
    """Readings since an event said how it stands."""
    levels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The level of each limit that is not kept while something bad holds: it is left at its second edge."""
    memory: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the next reading has to know: how far a log was read."""


class ProbeReading(Base):
    """One reading. Of each probe on each host the last 200 are kept."""

    __tablename__ = "probe_reading"
    __table_args__ = (Index(None, "standing_id", "id"), Index(None, "run_id"))

    id: Mapped[Key]
    standing_id: Mapped[int] = mapped_column(ForeignKey("probe_standing.id", ondelete="CASCADE"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    read_at: Mapped[datetime]
    verdict: Mapped[ProbeVerdict]
    text: Mapped[Words]
    measures: Mapped[dict[str, Any]]
    """Each value and its unit, by its name."""
    counts: Mapped[bool] = mapped_column(default=True)
    """False: a person only wanted to see it."""

"""The tables. Importing this package loads them all into one metadata."""

from models.records.base import Base
from models.records.evidence import Output, TaskLog
from models.records.ledger import Alarm, Heartbeat, JournalHead, JournalRow, OutboxRow
from models.records.register import (
    CalendarEntry,
    Ci,
    Job,
    Membership,
    Pause,
    Person,
    Registered,
    Relation,
    Service,
    SiteEntry,
    Team,
)
from models.records.work import Run, Slot, Step, run_number

__all__ = [
    "Alarm", "Base", "CalendarEntry", "Ci", "Heartbeat", "Job", "JournalHead", "JournalRow", "Membership",
    "OutboxRow", "Output", "Pause", "Person", "Registered", "Relation", "Run", "Service", "SiteEntry", "Slot",
    "Step", "TaskLog", "Team", "run_number",
]  # fmt: skip

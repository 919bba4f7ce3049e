"""The tables. Importing this package loads them all into one metadata."""

from models.records.backups import DrillRow, RepositoryCheckRow, RestorePoint
from models.records.base import Base
from models.records.events import Event
from models.records.evidence import Output, TaskLog
from models.records.ledger import Alarm, Heartbeat, JournalHead, JournalRow, OutboxRow
from models.records.register import (
    BackupPlanEntry,
    CalendarEntry,
    Ci,
    ExemptionEntry,
    Job,
    Membership,
    Pause,
    Person,
    Registered,
    Relation,
    RepositoryEntry,
    Service,
    SiteEntry,
    Team,
)
from models.records.work import Run, Slot, Step, run_number

__all__ = [
    "Alarm", "BackupPlanEntry", "Base", "CalendarEntry", "Ci", "DrillRow", "Event", "ExemptionEntry", "Heartbeat",
    "Job", "JournalHead", "JournalRow", "Membership", "OutboxRow", "Output", "Pause", "Person", "Registered",
    "Relation", "RepositoryCheckRow", "RepositoryEntry", "RestorePoint", "Run", "Service", "SiteEntry", "Slot",
    "Step", "TaskLog", "Team", "run_number",
]  # fmt: skip

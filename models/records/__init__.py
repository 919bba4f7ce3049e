"""The tables. Importing this package loads them all into one metadata."""

from models.records.alerts import (
    Alert,
    AlertChange,
    AlertGroup,
    AlertGuest,
    AlertPolicyRow,
    CorrectiveRun,
    PartLease,
    Silence,
    silence_number,
)
from models.records.approvals import Approval, ApprovalDecision, ApprovalSeat, ApprovalStep, DelegationRow
from models.records.backups import DrillRow, RepositoryCheckRow, RestorePoint
from models.records.base import Base
from models.records.clocks import AssignmentTurn, IncidentClock
from models.records.events import Event
from models.records.evidence import Output, TaskLog
from models.records.imports import ImportedTicket, ImportRun
from models.records.inbox import InboxKey, InboxRow, InboxSource, InboxSpool
from models.records.known_errors import KnownError, KnownErrorKey, KnownErrorUse
from models.records.ledger import Alarm, Heartbeat, JournalHead, JournalRow, OutboxRow
from models.records.major_incidents import MajorIncident, MajorUpdate
from models.records.notices import Notice
from models.records.probes import ProbeEntry, ProbeReading, ProbeStanding
from models.records.problem_candidates import CandidateTrouble, ProblemCandidate
from models.records.problems import EscalationOrder, Problem, ProblemNote, ProblemTask
from models.records.register import (
    BackupPlanEntry,
    CalendarEntry,
    CategoryEntry,
    Ci,
    EscalationEntry,
    EventHandlingEntry,
    EventSourceEntry,
    ExemptionEntry,
    HandlingEntry,
    ItemEntry,
    Job,
    LookupTableEntry,
    MailEntry,
    Membership,
    Pause,
    Person,
    ProblemHandlingEntry,
    PromiseEntry,
    ReceiverEntry,
    Registered,
    Relation,
    RepositoryEntry,
    RotaEntry,
    SchemeEntry,
    Service,
    SiteEntry,
    Team,
)
from models.records.requests import Request, RequestFile
from models.records.tickets import Incident, Survey, Ticket, TicketLink, WorkNote
from models.records.work import Run, Slot, Step, run_number

__all__ = [
    "Alarm", "Alert", "AlertChange", "AlertGroup", "AlertGuest", "AlertPolicyRow", "Approval", "ApprovalDecision",
    "ApprovalSeat", "ApprovalStep", "AssignmentTurn",
    "BackupPlanEntry", "Base",
    "CalendarEntry", "CandidateTrouble", "CategoryEntry", "Ci", "CorrectiveRun", "DelegationRow", "DrillRow",
    "EscalationEntry", "EscalationOrder", "Event",
    "EventHandlingEntry", "EventSourceEntry", "ExemptionEntry", "HandlingEntry", "Heartbeat", "ImportRun",
    "ImportedTicket", "InboxKey", "InboxRow",
    "InboxSource", "InboxSpool", "Incident", "IncidentClock", "ItemEntry", "Job", "JournalHead", "JournalRow",
    "KnownError", "KnownErrorKey", "KnownErrorUse", "LookupTableEntry",
    "MailEntry", "MajorIncident", "MajorUpdate", "Membership", "Notice", "OutboxRow", "Output", "PartLease", "Pause",
    "Person", "ProbeEntry", "ProbeReading", "ProbeStanding", "Problem", "ProblemCandidate",
    "ProblemHandlingEntry", "ProblemNote",
    "ProblemTask", "PromiseEntry", "ReceiverEntry", "Registered", "Relation",
    "RepositoryCheckRow", "RepositoryEntry", "Request", "RequestFile", "RestorePoint", "RotaEntry", "Run",
    "SchemeEntry", "Service", "Silence", "SiteEntry",
    "Slot", "Step", "Survey", "TaskLog", "Team", "Ticket", "TicketLink", "WorkNote", "run_number", "silence_number",
]  # fmt: skip

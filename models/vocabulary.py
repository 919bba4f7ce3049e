"""The words of the house. Each means one thing, in code, in the database and on the screen."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a run, or one host's step of it, ended."""

    OK = "ok"
    PARTIAL = "partial"  # n of m hosts; never the outcome of a single step
    FAILED = "failed"
    TIMED_OUT = "timed out"
    KILLED = "killed"
    KILL_UNCONFIRMED = "kill unconfirmed"
    MISSED = "missed"
    SKIPPED = "skipped"  # by calendar, by pause, by policy: the reason is beside it
    UNKNOWN = "unknown"  # the target could not be read back; a person or a later read decides


class HostFault(StrEnum):
    """Why a host did not give a plain answer."""

    UNREACHABLE = "unreachable"  # no route, or the handshake packets vanish
    REFUSED = "refused"  # the port answers "closed"
    HANGS = "hangs"  # connected, then silent
    WRONG_KEY = "wrong host key"  # nothing was sent
    AUTH = "not let in"
    LOST = "lost mid-command"  # the line died; the command may live
    BUSY = "busy"  # another run holds this job's lock, or the host's slots are taken
    TIMEOUT = "deadline passed"  # ended by the host itself
    REFUSED_BY_US = "refused by us"  # bad input: never sent
    UNUSABLE = "host not usable"  # no space, no tools, no shell: nothing was started
    INTERRUPTED = "interrupted"  # the host lost the command (reboot, kill from outside) without an exit code
    COMMAND = "command failed"  # a stream's: it ran to its end, and its exit code says no


class SlotState(StrEnum):
    """What became of one expected run (job, due time)."""

    EXPECTED = "expected"
    LATE = "late"
    STARTED = "started"
    DONE = "done"
    CAUGHT_UP = "caught up"  # done, but after an outage, by catch-up policy
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"


class RunState(StrEnum):
    """Where a run stands; how it ended is its outcome."""

    QUEUED = "queued"  # wanted; perhaps waiting for an earlier run of the job
    DISPATCHED = "dispatched"  # an outbox row asks Prefect for it
    RUNNING = "running"  # claimed by a worker that holds a lease
    RETRY_WAIT = "waiting to retry"
    ENDED = "ended"


class StepState(StrEnum):
    """Where one host's share of a run stands."""

    INTENDED = "intended"  # committed before anything is sent
    ENDED = "ended"


class Trigger(StrEnum):
    """Why a run exists."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch-up"
    MANUAL = "manual"
    RETRY = "retry"  # a person asked for the failed hosts again


class CatchUp(StrEnum):
    """Which overdue slots run after an outage."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


class Overlap(StrEnum):
    """What happens when a run is due while another of its job is active."""

    FORBID = "forbid"  # the new one is missed, which alarms
    QUEUE = "queue"
    CANCEL_NEW = "cancel new"  # the new one is skipped, quietly
    CANCEL_OLD = "cancel old"


class Repeat(StrEnum):
    """Whether a command whose outcome stays unknown may be started again."""

    SAFE = "safe"
    NEVER = "never"


class Upstream(StrEnum):
    """What a dependency asks of the job it waits for."""

    SUCCESS = "success"
    FAILURE = "failure"
    ALWAYS = "always"


class Join(StrEnum):
    """How several dependencies are put together."""

    ALL = "all"
    ANY = "any"


class AlarmKind(StrEnum):
    """What about a job is wrong; one alarm of a kind is open per job at a time."""

    LATE_START = "late start"
    TOO_LONG = "too long"
    TOO_SHORT = "too short"
    NO_SUCCESS = "no success"
    MISSED = "missed"
    FAILED = "failed"


class EventFormat(StrEnum):
    """What a request with events is written as; each has its address."""

    WATCHBILL = "watchbill"  # our own JSON
    ALERTMANAGER = "alertmanager"
    CLOUDEVENTS = "cloudevents"
    PAGERDUTY = "pagerduty"
    NAGIOS = "nagios"
    ICINGA2 = "icinga2"
    MONIT = "monit"
    PING = "ping"  # a plain URL, for dead man's switches


class EventStatus(StrEnum):
    """How it stands with what an event is about, in the words that every sender's are turned into."""

    FIRING = "firing"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"  # it fires, and somebody owns it
    SUPPRESSED = "suppressed"  # it fires, and the sender keeps quiet about it: downtime, inhibition
    PENDING = "pending"  # it may come to fire: the sender waits whether it lasts
    INFORMATIONAL = "informational"  # something happened that is no condition, and so cannot end


class Severity(StrEnum):
    """How bad what an event is about is, in the words that every sender's are turned into; worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    LOW = "low"
    INFO = "info"


class EventClass(StrEnum):
    """What an event asks for, in ITIL's words."""

    INFORMATIONAL = "informational"  # it is kept, and asks for nothing
    WARNING = "warning"  # an alert: something comes near its limit
    EXCEPTION = "exception"  # an alert that is an incident, unless a rule says otherwise


class ProbeKind(StrEnum):
    """What a probe looks at."""

    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"  # how long a certificate is valid yet
    DISK = "disk"
    LOAD = "load"
    PROCESS = "process"
    LOG = "log"  # how old a file is, or a line in it
    COMMAND = "command"  # a plugin by the convention of Nagios


class ProbeVerdict(StrEnum):
    """What a reading of a probe says."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"  # it could not be read, which says nothing about what it looks at


class BackupFault(StrEnum):
    """Why a backup, a check, a copy or a restore did not do what it should."""

    NO_REPOSITORY = "repository missing"
    WRONG_PASSWORD = "wrong password"  # noqa: S105  # words for people
    LOCKED = "repository locked"  # by an owner that lives, or cannot be asked
    TARGET_FULL = "target full"
    NO_POINT = "restore point missing"
    DAMAGED = "repository damaged"
    UNREACHABLE = "repository unreachable"
    SOURCE_MISSING = "source missing"
    SOURCE_EMPTY = "source empty"
    SOURCE_SHRANK = "source shrank"
    SOURCE_UNREADABLE = "source unreadable"  # all or part of it
    SOURCE_FAILED = "source failed"  # its command or its line ended badly
    WRONG_VERSION = "wrong version"  # of the dump, against its server
    NO_ENGINE = "engine missing"
    OLD_ENGINE = "engine too old"
    ENGINE_FAILED = "engine failed"  # it ended badly, and only its own words say why
    TOO_LARGE = "too large"  # a restore past its limits of size or count
    UNSAFE = "unsafe archive"  # a restore that would leave its folder
    DIFFERS = "restored and different"
    HOOK = "hook failed"
    REFUSED_BY_US = "refused by us"


class PointState(StrEnum):
    """What is known of a restore point. Each state is more than the one before; only a proof makes one count."""

    TAKEN = "taken"  # the engine said so
    LISTED = "listed"  # seen in the repository
    READ_CHECKED = "read-checked"  # all its data was read back without an error
    PROVEN = "proven"  # restored and compared
    EXPIRED = "expired"  # removed by retention
    BAD = "bad"  # lost, damaged, or different when restored


class Health(StrEnum):
    """What a plan is worth today; the reason is beside it."""

    GREEN = "green"
    AMBER = "amber"  # the promise may still hold, but something about it is not proven or not in order
    RED = "red"


class AnomalyKind(StrEnum):
    """What about a restore point is not as usual."""

    SIZE = "size"
    FILES = "files"
    DURATION = "duration"
    CHANGE = "change rate"


class IncidentState(StrEnum):
    """Where an incident stands."""

    NEW = "new"
    IN_PROGRESS = "in progress"
    ON_HOLD = "on hold"  # it waits for somebody else; the reason is beside it
    RESOLVED = "resolved"  # it has a solution; it is closed some days later unless somebody objects
    CLOSED = "closed"
    CANCELLED = "cancelled"  # it was none


class HoldReason(StrEnum):
    """Whom or what an incident waits for."""

    CALLER = "caller"
    SUPPLIER = "supplier"
    CHANGE = "change"
    PROBLEM = "problem"


class ResolutionCode(StrEnum):
    """How an incident came to its end."""

    FIXED = "fixed"
    WORKAROUND = "workaround"
    KNOWN_ERROR = "known error"
    DUPLICATE = "duplicate"
    NO_FAULT_FOUND = "no fault found"
    NOT_REPRODUCIBLE = "not reproducible"
    CLEARED_BY_ITSELF = "cleared by itself"


class MajorState(StrEnum):
    """What was decided about an incident that may be a major one."""

    CANDIDATE = "candidate"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    DEMOTED = "demoted"  # it was one, and is none any more
    REVIEWED = "reviewed"  # it is over, and what it taught is written down


class LinkVerb(StrEnum):
    """How a ticket stands to another thing."""

    PARENT_OF = "parent of"
    DUPLICATE_OF = "duplicate of"
    CAUSED_BY = "caused by"
    RELATED_TO = "related to"


class TicketKind(StrEnum):
    """What kind of work a ticket is."""

    INCIDENT = "incident"


class NoticeTag(StrEnum):
    """What a receiver can be told of: a folder of templates/notices each. (Jobs tell by their own `notify`.)"""

    INCIDENT_OPENED = "incident-opened"
    INCIDENT_ASSIGNED = "incident-assigned"
    INCIDENT_UPDATED = "incident-updated"
    INCIDENT_ESCALATED = "incident-escalated"
    INCIDENT_WARNING = "incident-warning"  # most of a promised time is used up
    INCIDENT_BREACHED = "incident-breached"
    INCIDENT_RESOLVED = "incident-resolved"
    INCIDENT_CLOSED = "incident-closed"
    INCIDENT_REOPENED = "incident-reopened"
    MAJOR_DECLARED = "major-declared"
    MAJOR_UPDATE = "major-update"
    MAJOR_UPDATE_DUE = "major-update-due"  # to the commander: the next update is wanted
    ALERT_GROUP = "alert-group"
    SILENCE_ENDING = "silence-ending"
    SOURCE_SILENT = "source-silent"
    DIGEST = "digest"  # what quiet hours held back
    TEST = "test"


class WhenQuiet(StrEnum):
    """What becomes of a notice in quiet hours."""

    DIGEST = "digest"  # kept, and told in one message at their end
    DROP = "drop"  # not told at all


class NoticeState(StrEnum):
    """Where one notice to one address stands."""

    WAITING = "waiting"  # to be sent, or to be tried again
    HELD = "held"  # by quiet hours
    SENT = "sent"  # the service at the address took it
    DIGESTED = "in a digest"
    DROPPED = "dropped"  # by quiet hours
    FAILED = "failed"  # for good


class AlertState(StrEnum):
    """How it stands with one condition that senders told us of."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"  # it fires, and somebody owns it
    RESOLVED = "resolved"


class Mute(StrEnum):
    """What keeps an alert that fires from being told; what comes first in this list is said first."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    INHIBITION = "inhibition"  # by another alert, which is the cause
    SENDER = "sender"  # it fires, and who sent it keeps quiet about it
    FLAPPING = "flapping"  # as a whole it is told, its single changes are not
    THRESHOLD = "threshold"  # too few events so far
    DELAY = "delay"  # it may heal by itself


class Standing(StrEnum):
    """What an alert asks of us."""

    OPEN = "open"  # it fires, and is told
    FLAPPING = "flapping"  # it is told as flapping, whether it fires at the moment or not
    HELD = "held"  # it fires, and something keeps it quiet
    OVER = "over"


class AlertAction(StrEnum):
    """What happened to an alert."""

    FIRE = "fire"
    FIRE_AGAIN = "fire again"  # within the time in which it continues what it was
    COUNT_UP = "count up"  # enough events now
    OUTLAST = "outlast"  # it did not heal within its delay
    ACKNOWLEDGE = "acknowledge"
    TIME_OUT = "time out"  # its acknowledgement ended, and it fires
    CHANGE = "change"  # it says something else than before
    MUTE = "mute"
    RAISE = "raise"  # what kept it quiet is over, and it fires: as if new
    START_FLAPPING = "start flapping"
    STOP_FLAPPING = "stop flapping"
    RESOLVE = "resolve"
    EXPIRE = "expire"  # nobody said for long that it fires

"""The words of events, alerts and probes."""

from enum import StrEnum


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

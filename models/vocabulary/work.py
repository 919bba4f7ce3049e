"""The words of runs, slots, steps and alarms."""

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

"""jobs.yaml: the routine jobs."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.rules.alarms import Alarms
from models.rules.batch import Batch
from models.rules.dependencies import Dependency
from models.rules.durations import Duration
from models.rules.overlap import OverlapPolicy
from models.rules.parameters import Parameter
from models.rules.retries import Retry
from models.rules.schedule import Schedule
from models.rules.slots import CalendarUse, CatchUpPolicy
from models.site.types import (
    HostPath,
    InsidePath,
    Matching,
    Name,
    Named,
    SecretReference,
    SiteModel,
    Text,
    Title,
    VariableName,
)
from models.vocabulary import Join, Repeat

LOCAL = "local"


class HostLock(StrEnum):
    """Whether a host runs a job only once at a time."""

    JOB = "job"
    NONE = "none"


class Occasion(StrEnum):
    """What somebody can ask to be told about."""

    STARTED = "started"
    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"  # every end of a run that is not good
    TIMED_OUT = "timed out"
    KILLED = "killed"
    KILL_UNCONFIRMED = "kill unconfirmed"
    UNKNOWN = "unknown"
    MISSED = "missed"
    SKIPPED = "skipped"
    RETRYING = "retrying"
    LATE = "late"
    TOO_LONG = "too long"
    TOO_SHORT = "too short"
    NO_SUCCESS = "no success"
    CLEARED = "cleared"  # an alarm is over


class FileWait(SiteModel):
    """A file that must be there before the first host starts."""

    host: Name = Field(description="The host that has the file.")
    path: HostPath = Field(description="Absolute path of the file.")
    up_to: Duration = Field(default=timedelta(minutes=30), description="How long to wait for it.")


class EventWait(SiteModel):
    """An event that must have come before a slot starts (`watchbill event send NAME`); it releases one slot."""

    name: Name = Field(description="The event's name.")
    within: Duration | None = Field(
        default=None,
        description="How long before the due time it may come; default: half the time since the last slot's wait.",
    )
    up_to: Duration = Field(
        default=timedelta(hours=2), description="How long after the due time to wait for it; then the slot is missed."
    )


class Notify(SiteModel):
    """Who is told what."""

    on: tuple[Occasion, ...] = Field(
        min_length=1, description="What to tell; failed stands for every end that is not good."
    )
    to: SecretReference = Field(description="Where: a secret that holds an Apprise URL, since such a URL has a token.")


Environment = dict[VariableName, Annotated[str, Matching(r"[^\0]{0,32768}", "must have no NUL")]]


class Routine(SiteModel):
    """What everything that runs by a schedule has: when it may run, and what happens when it does not go well."""

    calendars: CalendarUse = Field(default=CalendarUse(), description="Allowed calendars and blackouts.")
    catch_up: CatchUpPolicy = Field(
        default=CatchUpPolicy(), description="Which overdue runs start after an outage, and how late at most."
    )
    late_after: Duration = Field(
        default=timedelta(minutes=5), description="A run that has not started this long after its time is late."
    )
    deadline: Duration = Field(default=timedelta(hours=1), description="The host ends the command after this long.")
    retry: Retry = Field(default=Retry(), description="Further attempts, only on the hosts that failed.")
    overlap: OverlapPolicy = Field(
        default=OverlapPolicy(), description="What happens when a run is due while another is active."
    )
    alarms: Alarms = Field(default=Alarms(), description="What about the job's runs is worth an alarm.")
    notify: tuple[Notify, ...] = Field(default=(), description="Who is told what.")


class JobDefaults(Routine):
    """What the jobs of a site have in common; a job that has a key of these replaces it as a whole."""

    environment: Environment = Field(default_factory=dict, description="Environment variables; never secrets.")
    batch: Batch = Field(default=Batch(), description="How the job goes over its hosts; default: all at once.")
    repeat: Repeat = Field(
        default=Repeat.NEVER, description="Whether a command whose outcome stays unknown may be started again."
    )
    host_lock: HostLock = Field(
        default=HostLock.JOB, description="`job`: a host runs this job once at a time; the lock lies on the host."
    )


class Job(Named, JobDefaults):
    """A routine: what is done, where, when, and what happens when it goes wrong."""

    title: Title = Field(description="What people call the job.")
    owner: Name = Field(description="The team that answers for the job.")
    service: Name | None = Field(default=None, description="The service that the job works for.")
    runbook: Text = Field(description="What to do when it fails: text or a URL.")
    description: Text | None = Field(default=None, description="What the job is for.")
    schedule: Schedule | None = Field(
        default=None, description="When it is due; without one, by hand or after other jobs."
    )
    on: Annotated[str, Matching(r"[\s\S]{1,1000}", "must be a node filter or local")] | None = Field(
        default=None,
        description='Where it runs: a node filter like "tag=web and not host=web3", or local for this machine.',
    )
    command: tuple[str, ...] = Field(
        default=(), description="The program and its arguments; {name} stands for a parameter. No shell reads it."
    )
    script: InsidePath | None = Field(
        default=None, description="Instead of command: a script file in the site folder, sent to the host."
    )
    script_text: str | None = Field(
        default=None, description="What the script file said when the job was registered; never written in a file."
    )
    arguments: tuple[str, ...] = Field(default=(), description="Arguments of the script; {name} is a parameter.")
    flow: str | None = Field(default=None, description="Instead of command or script: another flow.")
    order: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="What the flow is asked to do; its keys are the flow's own."
    )
    parameters: dict[str, Parameter] = Field(
        default_factory=dict, description="What a person may choose when the job is run by hand."
    )
    secrets: dict[VariableName, SecretReference] = Field(
        default_factory=dict, description="Environment variables whose values are secrets."
    )
    after: tuple[Dependency, ...] = Field(default=(), description="Jobs that this one waits for.")
    join: Join = Field(default=Join.ALL, description="Whether all of `after` must be so, or any.")
    within: Duration = Field(
        default=timedelta(hours=24),
        description="Which run of the other job counts: the latest due at or before ours and not older than this.",
    )
    wait_for_file: FileWait | None = Field(default=None, description="A file to wait for before the first host starts.")
    wait_for_event: EventWait | None = Field(
        default=None, description="An event to wait for before the run starts; goes with `schedule` or `after`."
    )
    minutes_saved: float = Field(
        default=0, ge=0, le=100_000, description="Minutes of a person's work that a good run saves."
    )

"""The routine jobs that read the probes: one for all probes of a team that are read at the same times."""

from collections.abc import Mapping
from datetime import timedelta

from models.rules.alarms import Alarms
from models.rules.durations import format_duration
from models.rules.overlap import OverlapPolicy
from models.rules.parameters import Parameter, ParameterType
from models.rules.schedule import Schedule
from models.rules.slots import CalendarUse, CatchUpPolicy
from models.site.jobs import Job
from models.site.probes import Probe
from models.vocabulary import CatchUp, Overlap

FLOW = "run_probes"
"""What carries out a round; by it reports know one."""
PROBE, RECORD = "probe", "record"
"""The parameters of a round by hand."""
RUNBOOK = "`watchbill probe list` shows how each probe stands, `watchbill job show JOB` why its round did not run."
LEAST_SILENCE = timedelta(minutes=10)
SHORTEST_DEADLINE, LONGEST_DEADLINE = timedelta(seconds=20), timedelta(minutes=10)


def job_of(probe: Probe) -> str:
    """What the job that reads a probe is called: probes-operations-1m, with its calendars when it has some."""
    calendars = [f"in-{name}" for name in probe.calendars.only] + [f"not-in-{name}" for name in probe.calendars.never]
    return "-".join(["probes", probe.owner, format_duration(probe.every), *calendars])


def probe_jobs(probes: Mapping[str, Probe]) -> dict[str, Job]:
    """The jobs that read these probes, by name."""
    return {job.name: job for job in map(_job, {job_of(probe): probe for probe in probes.values()}.values())}


def round_deadline(every: timedelta) -> timedelta:
    """How long a round may take: nearly as long as until the next one."""
    return min(max(every * 0.8, SHORTEST_DEADLINE), LONGEST_DEADLINE)


def _job(probe: Probe) -> Job:
    """The job of this probe and of all that are read with it: they share what is used here."""
    words = format_duration(probe.every)
    return Job(
        name=job_of(probe),
        title=f"Read the probes of {probe.owner}, every {words}"[:120],
        owner=probe.owner,
        runbook=RUNBOOK,
        schedule=Schedule(every=probe.every),
        calendars=CalendarUse(only=probe.calendars.only, never=probe.calendars.never),
        # What was not read then cannot be read now.
        catch_up=CatchUpPolicy(CatchUp.LAST, max_late=probe.every),
        late_after=probe.every,
        overlap=OverlapPolicy(Overlap.QUEUE),
        deadline=round_deadline(probe.every),
        alarms=Alarms(no_success_for=max(probe.every * 5, LEAST_SILENCE)),
        flow=FLOW,
        parameters={
            PROBE: Parameter(default="", description="Only this probe; default: all."),
            RECORD: Parameter(type=ParameterType.BOOLEAN, default=True, description="Whether the readings count."),
        },
    )

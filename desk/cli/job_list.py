"""job list: one line a job."""

from rich.text import Text

from desk.cli import words
from desk.cli.common import LISTING, Listing
from desk.cli.screen import Screen, table
from desk.services import jobs
from desk.services.jobs import JobLine, JobList
from desk.services.opening import opened
from models import clock
from models.vocabulary import AlarmKind

SEEN_ALREADY = (AlarmKind.FAILED, AlarmKind.MISSED)
"""The last outcome says so."""
ROOM_FOR_TITLES = 130
"""Columns; on a narrower screen the names must do."""


def list_jobs(*, listing: Listing = LISTING) -> int:
    """Every job: how its last run went, its last 14 runs, when it is due next, and what is wrong with it."""
    listed = listing.listed()
    with opened(listing.settings()) as database:
        found = jobs.list_jobs(database, clock.now())
    if not listed.wrote(found, found.jobs):
        _show(listed.screen, found)
    return 0


def _show(screen: Screen, found: JobList) -> None:
    times = words.Clock(found.timezone, found.at)
    titles = screen.out.width >= ROOM_FOR_TITLES
    grid = table("job", *(["title"] if titles else []), "owner", "last", "last 14 runs", "next", "", wide=("title", ""))
    for job in found.jobs:
        grid.add_row(
            Text(job.name, "bold"),
            *([words.cut_line(job.title)] if titles else []),
            job.owner,
            _last(job, found),
            words.strip(job.strip),
            times.when(job.next_due) if job.next_due else Text("" if job.schedule else "by hand", "dim"),
            _notes(job, times),
        )
    screen.show(grid)
    legend = words.legend(past for job in found.jobs for past in job.strip)
    signs = f"; signs: {legend}, the newest at the right" if legend else ""
    screen.show(Text(f"\ntimes in {found.timezone}{signs}", "dim"))
    if found.everything_paused:
        screen.warn(words.paused(found.everything_paused, times))
    if not found.jobs:
        screen.say("This site has no jobs yet: add one to jobs.yaml, then `watchbill check` and `watchbill up`.")


def _last(job: JobLine, found: JobList) -> Text:
    if job.active:
        return Text(f"{words.STATES[job.active[0].state]}, {words.ago(job.active[0].since, found.at)}", "cyan")
    if job.last is None:
        return Text("never ran", "dim")
    return words.outcome(job.last.outcome).append(f", {words.ago(job.last.ended_at, found.at)}", "not bold default")


def _notes(job: JobLine, times: words.Clock) -> Text:
    notes = []
    if job.paused:
        until = f" until {times.when(job.paused.until)}" if job.paused.until else ""
        notes.append(Text(f"paused{until}", "yellow"))
    if job.waiting and job.waiting.reason and not job.active:
        notes.append(times.line(job.waiting.reason, "cyan"))
    notes += [Text(alarm.kind, "red") for alarm in job.alarms if alarm.kind not in SEEN_ALREADY]
    return Text(", ").join(notes)

"""job forecast: what runs next, where it meets, what does not run and why."""

from collections import Counter
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, heading, table
from desk.services import forecasting
from desk.services.errors import Misuse
from desk.services.forecasting import ComingRun, Forecast
from desk.services.opening import opened
from models import clock
from tasks.tools.wording import some

MOST_HOURS = 24 * 31
OFTEN = 12
"""More runs of one job than this are one line."""


def forecast(
    *,
    hours: Annotated[int, Parameter(help="How far to look (default 48).")] = 48,
    job: Annotated[str | None, Parameter(help="Only this job.")] = None,
    common: Common = COMMON,
) -> int:
    """What runs next by the schedules and calendars as they are now, and where runs meet on a host or a service."""
    if not 1 <= hours <= MOST_HOURS:
        raise Misuse(f"--hours is from 1 to {MOST_HOURS}")
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        found = forecasting.forecast(database, job, (now, now + timedelta(hours=hours)))
    if common.json:
        screen.json(found)
    else:
        _show(screen, found)
    return 0


def _show(screen: Screen, found: Forecast) -> None:
    times = words.Clock(found.timezone, found.since)
    for pause in found.paused:
        screen.show(Text(words.paused(pause, times), "yellow"))
    if not found.runs:
        screen.show(f"nothing is due until {times.when(found.until)}")
        return
    _show_runs(screen, found, times)
    if found.blackouts:
        grid = table("from", "to", "blackout", "jobs", wide=("blackout", "jobs"))
        for black in found.blackouts:
            title = f"{black.calendar}: {black.title}"
            grid.add_row(times.when(black.start), times.when(black.end), words.line(title), some(black.jobs, 3))
        screen.show(heading("Blackouts"), grid)
    if found.clashes:
        grid = table("from", "for", "where", "jobs", wide=("where", "jobs"))
        for clash in found.clashes:
            length = words.took(clash.end - clash.start) if clash.end > clash.start else ""
            grid.add_row(times.when(clash.start), length, some(clash.places), some(clash.jobs))
        screen.show(heading("Clashes: more than one run at a time"), grid)


def _show_runs(screen: Screen, found: Forecast, times: words.Clock) -> None:
    grid = table(f"due ({times.zone_name})", "job", "usually", "hosts", "", wide=("",))
    number = Counter(run.job for run in found.runs)
    told: set[str] = set()
    for run in found.runs:
        often = number[run.job] > OFTEN
        if often and run.job in told:
            continue
        told.add(run.job)
        grid.add_row(
            times.when(run.due_at),
            Text(run.job, "bold" if run.runs else "dim"),
            words.took(run.usual),
            some(run.hosts, 2),
            _all_of(run.job, found, times) if often else _note(run, times),
        )
    screen.show(grid)


def _note(run: ComingRun, times: words.Clock) -> Text:
    """Why it is skipped or was moved, and what it waits for."""
    wait = f"waits for {words.event_wait(run.waits_for_event)}" if run.waits_for_event else ""
    return times.line("; ".join(filter(None, (run.reason, wait))), "" if run.runs else "dim")


def _all_of(job: str, found: Forecast, times: words.Clock) -> Text:
    """All the runs of a job that is due so often that a line for each would hide the others."""
    every = [run for run in found.runs if run.job == job]
    skipped = [run for run in every if not run.runs]
    first = f", the first: {skipped[0].reason}" if skipped else ""
    skips = f"; {len(skipped):,} skipped{first}" if skipped else ""
    return times.line(f"and {len(every) - 1:,} more, the last {times.when(every[-1].due_at)}{skips}", "dim")

"""job pause and job resume."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from desk.cli import words
from desk.cli.common import COMMON, Common
from desk.services import pausing
from desk.services.errors import Misuse
from desk.services.jobs import Paused
from desk.services.opening import opened
from models import clock
from models.rules.durations import parse_duration
from models.rules.wall_clock import to_instant, zone_of

Job = Annotated[str | None, Parameter(name="JOB", help="The job; or --all.")]
All = Annotated[bool, Parameter(name="--all", help="Every job of the site.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Stop:
    """Why and for how long."""

    reason: Annotated[str, Parameter(help="Why; people see it wherever the job is shown.", metavar="TEXT")]
    until: Annotated[
        str | None, Parameter(help="When it goes on by itself: '2026-11-22 06:00' in the site's zone.", metavar="TIME")
    ] = None
    length: Annotated[str | None, Parameter(name="--for", help="For how long: 2h, 1d.", metavar="DURATION")] = None

    def end(self, now: datetime, zone: str) -> datetime | None:
        """When the pause ends. Raises Misuse for what is neither a time nor a duration, and for both at once."""
        if self.until is not None and self.length is not None:
            raise Misuse("--until and --for say the same twice: keep one")
        if self.length is not None:
            return now + _duration(self.length)
        if self.until is None:
            return None
        try:
            wall = datetime.fromisoformat(self.until.strip())
        except ValueError:
            raise Misuse(f"--until {self.until!r} is not a time: write '2026-11-22 06:00'") from None
        return wall if wall.tzinfo else to_instant(wall, zone_of(zone))


def pause(job: Job = None, /, *, stop: Stop, everything: All = False, common: Common = COMMON) -> int:
    """Stop a job, or all of them: its slots are skipped, with the reason, until it goes on. What runs, runs on."""
    _one_of(job, everything)
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        zone = pausing.site_zone(database)
        end = stop.end(now, zone)
        done = pausing.pause(database, Paused(job, common.who(), now, end, stop.reason))
    if common.json:
        screen.json(done)
        return 0
    screen.show(words.line(words.paused(done, words.Clock(zone, now))))
    screen.next(f"`watchbill job resume {job or '--all'}` lets it go on{'' if end else '; nothing else will'}")
    return 0


def resume(job: Job = None, /, *, everything: All = False, common: Common = COMMON) -> int:
    """Let a paused job, or all of them, go on."""
    _one_of(job, everything)
    screen = common.screen()
    with opened(common.settings()) as database:
        pausing.resume(database, job, common.who(), clock.now())
    if common.json:
        screen.json({"job": job, "resumed": True})
    else:
        screen.show(f"{job or 'everything'} goes on")
    return 0


def _one_of(job: str | None, everything: bool) -> None:
    if (job is None) != everything:
        raise Misuse("name a job, or say --all")


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Misuse(f"--for: {error}") from None

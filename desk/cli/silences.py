"""silence: add, list, end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from desk.cli import exit_codes, words
from desk.cli.common import COMMON, LISTING, Common, Listing
from desk.cli.screen import Screen, table
from desk.services import pausing, silences
from desk.services.errors import Misuse
from desk.services.opening import opened
from desk.services.silences import NewSilence, SilenceLine, SilenceList
from models import clock
from models.rules.durations import parse_duration
from models.rules.wall_clock import to_instant, zone_of

app = App("silence", help="Keep some alerts from being told, for a time that ends.")

Matchers = Annotated[
    str,
    Parameter(name="MATCHER", help='What an alert must be: service=shop, host=~"web[0-9]+"; all of them must hold.'),
]
Number = Annotated[str, Parameter(name="SIL", help="The silence, such as SIL000001.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Span:
    """From when to when; the end is never left out."""

    length: Annotated[str | None, Parameter(name="--for", help="For how long: 2h, 1d.", metavar="DURATION")] = None
    until: Annotated[
        str | None, Parameter(help="Until when: '2026-11-22 06:00' in the site's zone.", metavar="TIME")
    ] = None
    start: Annotated[str | None, Parameter(help="From when; default: now.", metavar="TIME")] = None

    def times(self, now: datetime, zone: str) -> tuple[datetime, datetime]:
        """Start and end. Raises Misuse for what is neither a time nor a duration, and without an end."""
        starts = now if self.start is None else _time("--start", self.start, zone)
        if (self.length is None) == (self.until is None):
            raise Misuse("say with --for or --until when the silence ends: there is none without an end")
        if self.until is not None:
            return starts, _time("--until", self.until, zone)
        return starts, starts + _duration(self.length or "")


SPAN = Span()


@app.command
def add(
    *matchers: Matchers,
    comment: Annotated[str, Parameter(help="Why; others see it beside every alert.", metavar="TEXT")],
    span: Span = SPAN,
    common: Common = COMMON,
) -> int:
    """Keep alerts quiet: they open no incident and nobody is told. What fires still at the end is raised as new."""
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        zone = pausing.site_zone(database)
        starts, ends = span.times(now, zone)
        line = silences.add(database, NewSilence(matchers, starts, ends, common.who(), comment), now)
    if common.json:
        screen.json(line)
        return exit_codes.OK
    times = words.Clock(zone, now)
    screen.show(words.line(f"{line.number}: {line.matchers} until {times.full(line.ends_at)}"))
    screen.next(f"`watchbill silence end {line.number}` ends it before")
    return exit_codes.OK


@app.command(name="list")
def list_silences(
    *,
    ended: Annotated[bool, Parameter(help="Also those that are over.")] = False,
    listing: Listing = LISTING,
) -> int:
    """The silences that are in force or come to be: whose, why, until when, and how many alerts each keeps quiet."""
    listed, now = listing.listed(), clock.now()
    with opened(listing.settings()) as database:
        found = silences.list_silences(database, now, with_ended=ended)
    if not listed.wrote(found, found.silences, name="number"):
        _show(listed.screen, found, words.Clock(found.timezone, now))
    return exit_codes.OK


@app.command
def end(number: Number, /, *, common: Common = COMMON) -> int:
    """End a silence now; what it kept quiet and fires still is raised."""
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        line = silences.end(database, number, common.who(), now)
    if common.json:
        screen.json(line)
    else:
        screen.show(words.line(f"{line.number} has ended: {line.matchers}"))
    return exit_codes.OK


def _show(screen: Screen, found: SilenceList, times: words.Clock) -> None:
    if not found.silences:
        screen.say("nothing is silenced")
        return
    grid = table("silence", "state", "alerts of", "until", "keeps quiet", "by", "", wide=("alerts of", ""))
    for line in found.silences:
        held = str(line.held) if line.state == "active" else ""
        said = (words.line(line.matchers), times.when(_end(line)), held, words.line(line.author))
        grid.add_row(Text(line.number, "bold"), line.state, *said, words.line(line.comment))
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))


def _end(line: SilenceLine) -> datetime:
    return line.ended_at or line.ends_at


def _time(option: str, text: str, zone: str) -> datetime:
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Misuse(f"{option} {text!r} is not a time: write '2026-11-22 06:00'") from None
    return wall if wall.tzinfo else to_instant(wall, zone_of(zone))


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Misuse(f"--for: {error}") from None

"""Incidents in words and colours, the same in every command."""

from datetime import datetime, timedelta
from itertools import pairwise

from rich.text import Text

from desk.cli import words
from desk.services.incidents import IncidentLine
from models.queries.desk_incidents import NextClock
from models.rules.clock_promises import Measure
from models.rules.priorities import MAJOR
from models.rules.service_clock import ClockState, Reading
from models.vocabulary import IncidentState, MajorState

STATE_COLOURS = {
    IncidentState.NEW: "yellow",
    IncidentState.IN_PROGRESS: "cyan",
    IncidentState.ON_HOLD: "magenta",
    IncidentState.RESOLVED: "green",
    IncidentState.CLOSED: "dim",
    IncidentState.CANCELLED: "dim",
}
CLOCK_COLOURS = {
    ClockState.RUNNING: "cyan",
    ClockState.HELD: "magenta",
    ClockState.MET: "green",
    ClockState.BREACHED: "bold red",
    ClockState.STOPPED: "dim",
    ClockState.NO_TARGET: "dim",
}
_MEASURES = {Measure.OWN: "own", Measure.RESOLVE: "resolve"}
_SOON = timedelta(minutes=30)


def state(line: IncidentLine) -> Text:
    """Where it stands; what it waits for stands behind it."""
    waits = f" ({line.hold_reason.value})" if line.hold_reason else ""
    return short_state(line).append(waits)


def short_state(line: IncidentLine) -> Text:
    """Where it stands."""
    return Text(line.state.value, STATE_COLOURS[line.state])


def priority(line: IncidentLine) -> Text:
    """The priority; a major incident is red, and one that may be major says so."""
    if line.priority == MAJOR:
        return Text(MAJOR, "bold red")
    asked = "?" if line.major is MajorState.CANDIDATE else ""
    return Text(f"{line.priority}{asked}", "bold" if asked else "")


def due(clock: NextClock | None, now: datetime) -> Text:
    """What is to be done until when: `own in 12 min`, `resolve 3 h ago`."""
    if clock is None:
        return Text("")
    what = _MEASURES[clock.measure]
    if clock.due_at is None:
        return Text(f"{what}, on hold", "magenta")
    if clock.breached_at is not None or clock.due_at <= now:
        return Text(f"{what} {words.ago(clock.due_at, now)}", "bold red")
    left = clock.due_at - now
    return Text(f"{what} in {span(left)}", "yellow" if left < _SOON else "")


def clock_state(reading: Reading) -> Text:
    """How a stopwatch stands."""
    return Text(reading.state.value, CLOCK_COLOURS[reading.state])


def span(length: timedelta) -> str:
    """A time span in one or two units: 40 s, 12 min, 3 h 5 min, 2 d 4 h."""
    seconds = max(0, round(length.total_seconds()))
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    for (size, unit), (below, lower) in pairwise(units):
        if seconds >= size:
            more = seconds % size // below if lower != "s" else 0
            return f"{seconds // size} {unit}{f' {more} {lower}' if more else ''}"
    return f"{seconds} s"


def who_has_it(line: IncidentLine) -> str:
    """ada of deck; deck, nobody yet; nobody."""
    if line.owner:
        return f"{line.owner} of {line.team}" if line.team else line.owner
    return f"{line.team}, nobody yet" if line.team else "nobody"

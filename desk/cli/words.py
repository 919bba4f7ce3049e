"""Words, signs and colours for people at a terminal."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.text import Text

from desk.services.jobs import Paused
from models.queries.desk_jobs import PastRun
from models.rules.durations import format_duration
from models.rules.retries import Retry
from models.rules.wall_clock import with_times, zone_of
from models.site.jobs import EventWait
from models.vocabulary import Outcome, RunState, Trigger
from tasks.tools.wording import harmless, shown, span

SIGNS = {
    Outcome.OK: ".",
    Outcome.PARTIAL: "P",
    Outcome.FAILED: "F",
    Outcome.TIMED_OUT: "T",
    Outcome.KILLED: "K",
    Outcome.KILL_UNCONFIRMED: "!",
    Outcome.MISSED: "M",
    Outcome.SKIPPED: "s",
    Outcome.UNKNOWN: "?",
}
AFTER_RETRY, CAUGHT_UP = "R", "C"
LEGEND = {
    ".": "ok",
    AFTER_RETRY: "ok after retry",
    CAUGHT_UP: "caught up",
    **{sign: outcome.value for outcome, sign in SIGNS.items() if outcome is not Outcome.OK},
}
COLOURS = {
    Outcome.OK: "green",
    Outcome.PARTIAL: "yellow",
    Outcome.FAILED: "red",
    Outcome.TIMED_OUT: "red",
    Outcome.KILLED: "yellow",
    Outcome.KILL_UNCONFIRMED: "bold red",
    Outcome.MISSED: "red",
    Outcome.SKIPPED: "dim",
    Outcome.UNKNOWN: "magenta",
}
STATES = {
    RunState.QUEUED: "queued",
    RunState.DISPATCHED: "sent to a worker",
    RunState.RUNNING: "running",
    RunState.RETRY_WAIT: "waits to retry",
    RunState.ENDED: "ended",
}


def line(text: str, style: str = "") -> Text:
    """Text from anywhere, on one line, in which nothing acts on the terminal."""
    return Text(harmless(text), style)


def cut_line(text: str) -> Text:
    """The same, cut rather than wrapped where the screen is narrow."""
    return Text(harmless(text), no_wrap=True, overflow="ellipsis")


def block(text: str, style: str = "") -> Text:
    """Text from anywhere with its line ends kept, in which nothing acts on the terminal."""
    return Text("".join(sign if sign == "\n" else _tab_or(sign) for sign in text.replace("\r\n", "\n")), style)


def _tab_or(sign: str) -> str:
    return "    " if sign == "\t" else shown(sign)


def outcome(found: Outcome) -> Text:
    """The outcome's word, in its colour."""
    return Text(found.value, COLOURS[found])


def sign_of(past: PastRun) -> str:
    """One sign for one run of a strip."""
    if past.outcome is Outcome.OK and past.attempt > 1:
        return AFTER_RETRY
    if past.outcome is Outcome.OK and past.trigger is Trigger.CATCH_UP:
        return CAUGHT_UP
    return SIGNS[past.outcome]


def strip(newest_first: Iterable[PastRun]) -> Text:
    """A job's last runs, the newest at the right."""
    text = Text()
    for past in reversed(list(newest_first)):
        text.append(sign_of(past), COLOURS[past.outcome])
    return text


def flow(name: str, order: Mapping[str, object]) -> str:
    """A flow and what it is asked to do: render_report (report=daily-operations, hours=24)."""
    asked = ", ".join(f"{key}={value}" for key, value in order.items())
    return f"{name} ({asked})" if asked else name


def event_wait(wait: EventWait) -> str:
    """Which event, and from when to when it may come."""
    before = f"from {format_duration(wait.within)} before to" if wait.within else "up to"
    return f"the event {wait.name}, {before} {format_duration(wait.up_to)} after the due time"


def attempts(retry: Retry, *, has_hosts: bool) -> str:
    """How often again, after how long, and where."""
    if not retry.attempts:
        return "one"
    growing = f", each {retry.factor:g} times longer" if retry.factor != 1 else ""
    where = ", only on the hosts that failed" if has_hosts else ""
    return f"{retry.attempts} more after {format_duration(retry.delay)}{growing}{where}"


def legend(runs: Iterable[PastRun]) -> str:
    """What the signs in these strips mean, those of them that occur."""
    found = {sign_of(past) for past in runs}
    return ", ".join(f"{sign} {word}" for sign, word in LEGEND.items() if sign in found)


def ago(since: datetime, now: datetime) -> str:
    """How long since, in one unit: 12 s ago, 3 min ago, 5 h ago, 2 d ago."""
    seconds = max(0, round((now - since).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def took(length: timedelta | None) -> str:
    """How long, or nothing."""
    return span(length) if length is not None else ""


class Clock:
    """Times in one zone, as short as they can be without a doubt."""

    def __init__(self, zone: str, now: datetime) -> None:
        self.zone_name = zone
        self._zone: ZoneInfo = zone_of(zone)
        self._now = now.astimezone(self._zone)

    def when(self, instant: datetime) -> str:
        """02:30 today; Sun 22 Nov 02:30; with the year when it is another one."""
        local = instant.astimezone(self._zone)
        if local.date() == self._now.date():
            return f"{local:%H:%M}"
        return f"{local:%a} {local.day} {local:%b}{self._year(local)} {local:%H:%M}"

    def line(self, text: str, style: str = "") -> Text:
        """Text from anywhere on one line, the instants in it said in this zone."""
        return line(with_times(text, self.when), style)

    def exact(self, instant: datetime) -> str:
        """21 Nov 02:30:15; with the year when it is another one."""
        local = instant.astimezone(self._zone)
        return f"{local.day} {local:%b}{self._year(local)} {local:%H:%M:%S}"

    def _year(self, local: datetime) -> str:
        return f" {local.year}" if local.year != self._now.year else ""

    def full(self, instant: datetime) -> str:
        """Sat 21 Nov 2026 02:30:15 CET."""
        local = instant.astimezone(self._zone)
        return f"{local:%a} {local.day} {local:%b %Y %H:%M:%S} {local.tzname()}"


def paused(pause: Paused, times: Clock) -> str:
    """Who paused what, until when, and why."""
    until = f"until {times.when(pause.until)}" if pause.until else "until it is resumed"
    return harmless(f"{pause.job or 'everything'} is paused by {pause.by} {until}: {pause.reason}")

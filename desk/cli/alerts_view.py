"""Alerts on the screen: `event list --alerts`, `event show`, `event acknowledge`, `event accept`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from rich.console import RenderableType
from rich.text import Text

from desk.cli import exit_codes, words
from desk.cli.common import COMMON, Common, Listing
from desk.cli.screen import Screen, facts, heading, table
from desk.services import alerts
from desk.services.alerts import AlertDetail, AlertLine, AlertList
from desk.services.errors import Misuse
from desk.services.opening import opened
from desk.services.small_words import several
from models import clock
from models.queries.alerts import Asked
from models.rules.durations import parse_duration
from models.vocabulary import Severity

COLOURS = {"critical": "bold red", "high": "red", "warning": "yellow", "low": "cyan", "info": "dim"}
Words = Annotated[str, Parameter(name="ALERT", help="Its number, or the beginning of its fingerprint.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which alerts are wanted."""

    resolved: Annotated[bool, Parameter(help="With --alerts: also those that are over.")] = False
    severity: Annotated[
        str | None, Parameter(help="With --alerts: not less severe than critical, high, warning or low.")
    ] = None
    service: Annotated[str | None, Parameter(help="With --alerts: of this service.")] = None

    def asked(self) -> Asked:
        """The same for the service. Raises Misuse for a severity that there is not."""
        if self.severity is not None and self.severity not in set(Severity):
            raise Misuse(f"--severity {self.severity!r}: there are {', '.join(Severity)}")
        return Asked(self.resolved, Severity(self.severity) if self.severity else None, self.service)


WHICH = Which()


def list_alerts(listing: Listing, which: Which = WHICH) -> int:
    """The alerts that fire, the gravest first, and of these the oldest."""
    listed, now = listing.listed(), clock.now()
    asked = which.asked()
    with opened(listing.settings()) as database:
        found = alerts.list_alerts(database, asked)
    if not listed.wrote(found, found.alerts, name="alert"):
        _show_list(listed.screen, found, words.Clock(found.timezone, now))
    return exit_codes.OK


def show(alert: Words, /, *, common: Common = COMMON) -> int:
    """One alert: what it says, what keeps it quiet, its incident, and all that happened to it."""
    with opened(common.settings()) as database:
        found = alerts.show_alert(database, alert)
    return _tell(common, found)


def acknowledge(
    alert: Words,
    /,
    *,
    length: Annotated[
        str | None, Parameter(name="--for", help="After this long it fires again: 1h.", metavar="DURATION")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Own an alert that fires: it fires again when it is not resolved in time."""
    span = None if length is None else _duration(length)
    with opened(common.settings()) as database:
        found = alerts.acknowledge(database, alert, common.who(), span, clock.now())
    return _tell(common, found)


def accept(alert: Words, /, *, common: Common = COMMON) -> int:
    """Make a candidate an incident: the alert and those that belong together with it."""
    with opened(common.settings()) as database:
        found = alerts.accept(database, alert, common.who(), clock.now())
    return _tell(common, found)


def _tell(common: Common, found: AlertDetail) -> int:
    screen = common.screen()
    screen.json(found) if common.json else _show(screen, found)
    return exit_codes.OK


def _show_list(screen: Screen, found: AlertList, times: words.Clock) -> None:
    if not found.alerts:
        screen.say("no alert fires")
        return
    grid = table(
        "alert", "severity", "what", "on", "since", "events", "incident", "", wide=("what", ""), right=("events",)
    )
    for line in found.alerts:
        severity = Text(line.severity, COLOURS.get(line.severity, ""))
        where = words.line(line.host or line.service or line.instance or line.source)
        grid.add_row(
            str(line.alert), severity, words.line(line.name, "bold"), where, times.when(line.fired_at),
            f"{line.events:,}", _incident(line), _standing(line, times),
        )  # fmt: skip
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))
    if found.total > len(found.alerts):
        screen.warn(f"only the first {len(found.alerts)} of {found.total:,} are shown")


def _incident(line: AlertLine) -> str:
    return line.incident or ("candidate" if line.is_candidate else "")


def _standing(line: AlertLine, times: words.Clock) -> Text:
    if line.muted_by and line.standing != "over":
        return times.line(f"{line.muted_by}: {line.muted_reason}", "dim")
    if line.state == "acknowledged":
        return words.line(f"acknowledged by {line.owner or line.source}")
    return Text(line.state if line.state == "resolved" else "", "green")


def _show(screen: Screen, found: AlertDetail) -> None:
    line, times = found.line, words.Clock(found.timezone, clock.now())
    title = Text.assemble((line.name, "bold"), "  ", (line.severity, COLOURS.get(line.severity, "")), f"  {line.state}")
    screen.show(title)
    rows: list[tuple[str, RenderableType]] = [
        ("says", words.block(line.text or "nothing more")),
        ("on", words.line(", ".join(part for part in (line.host, line.service) if part) or _unbound(line))),
        ("from", words.line(line.source)),
        ("since", times.full(line.fired_at)),
        ("seen", f"{several(line.events, 'time')}, the last {times.when(line.seen_at)}; episode {found.episode}"),
        ("incident", _incident(line) or "none"),
    ]
    if line.muted_by:
        rows.append(("quiet", times.line(f"{line.muted_by}: {line.muted_reason}")))
    if line.owner:
        until = f" until {times.when(found.acknowledged_until)}" if found.acknowledged_until else ""
        rows.append(("owner", words.line(f"{line.owner}{until}")))
    labels = " ".join(f"{name}={value}" for name, value in sorted(found.labels.items()))
    rows += [("labels", words.block(labels)), ("rules", words.line(", ".join(found.rules) or "none"))]
    rows += [("fingerprint", line.fingerprint)]
    screen.show(facts(rows))
    if found.attempts:
        screen.show(heading("What was tried"))
        for one in found.attempts:
            screen.show(
                words.line(f"{one.job} {one.attempt} of {one.attempts} {one.run or ''}: {one.reason or 'runs'}")
            )
    screen.show(heading("What happened"))
    grid = table("", "", "", "", wide=("",))
    for change in found.history:
        grid.add_row(times.when(change.at), change.action, words.line(change.actor), times.line(change.reason))
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))


def _unbound(line: AlertLine) -> str:
    return f"{line.instance}, which the site does not know" if line.instance else "no host or service"


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Misuse(f"--for: {error}") from None

"""event rules: test."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import App, Parameter
from rich.table import Table
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, Common, since_of
from desk.cli.screen import Screen, heading, table
from desk.services import event_rules, pausing
from desk.services.errors import Misuse
from desk.services.event_rules import RulesTest
from desk.services.opening import opened
from desk.services.small_words import several
from models import clock
from models.rules.event_replay import ReplayedAlert
from models.rules.replay_difference import Begun, Differing
from models.rules.replay_groups import ReplayedIncident
from tasks.tools.wording import span

app = App("rules", help="The rules of events.yaml, tried on events that came.")
MOST_SHOWN = 30
SIGNS = {"-": "red", "+": "green", "~": "yellow"}
Thing = TypeVar("Thing", bound=Begun)


@app.command
def test(
    file: Annotated[
        Path | None,
        Parameter(name="FILE", help="Events as JSON lines, packed with gzip or not; without: what was received."),
    ] = None,
    /,
    *,
    against: Annotated[
        Path | None, Parameter(help="A site folder with changed rules, to say what they would change.", metavar="DIR")
    ] = None,
    since: Annotated[
        str | None,
        Parameter(help="Without FILE: how far back, such as 8h (default 7d); or a time: '2026-11-22 06:00'."),
    ] = None,
    common: Common = COMMON,
) -> int:
    """Replay events through the site's rules: the alerts and incidents that they make, without making any."""
    screen, settings = common.screen(), common.settings()
    if file is not None and since is not None:
        raise Misuse("--since goes without FILE: all events of a file are replayed")
    if file is not None:
        history = event_rules.of_file(file)
    else:
        with opened(settings) as database:
            start = since_of(since or "7d", clock.now(), pausing.site_zone(database))
            history = event_rules.of_inbox(database, start)
    found = event_rules.try_rules(settings.site, against, history)
    if common.json:
        screen.json(found)
    else:
        _show(screen, found)
    return 0


def _show(screen: Screen, found: RulesTest) -> None:
    times = words.Clock(found.timezone, clock.now())
    span = f"from {times.when(found.first)} to {times.when(found.last)}"
    screen.show(f"{several(found.events, 'event')} {span}", _silences(found), "", _figures(found))
    if found.against is None:
        _incidents(screen, "Incidents", [("", one) for one in (*found.site.incidents, *found.site.candidates)], times)
    elif found.changed_incidents or found.changed_alerts:
        _incidents(screen, "Incidents that differ", list(_signed(found.changed_incidents)), times)
        _alerts(screen, "Alerts that differ", list(_signed(found.changed_alerts)))
    else:
        screen.show(Text("\nno difference", "green"))
    for result in (found.site, found.against):
        if result is not None and result.unused:
            screen.warn(f"rules of {result.folder} that applied to none of these: {', '.join(result.unused)}")


def _silences(found: RulesTest) -> str:
    """Which deeds of people are replayed, and which are not."""
    never = "what people decided about incidents"
    if found.silences is None:
        return f"not replayed: silences, of which a file says nothing, and {never}"
    return f"with {several(found.silences, 'silence')}; not replayed: {never}"


def _figures(found: RulesTest) -> Table:
    sides = [found.site, *([found.against] if found.against else [])]
    folders = [str(side.folder) for side in sides]
    grid = table("", *folders, right=folders)
    for name, values in (
        ("events ignored", [side.ignored for side in sides]),
        ("events that make no alert", [side.informational for side in sides]),
        ("alerts", [side.alerts for side in sides]),
        ("alerts that asked for somebody", [side.raised for side in sides]),
        ("incidents", [len(side.incidents) for side in sides]),
        ("candidates for incidents", [len(side.candidates) for side in sides]),
    ):
        grid.add_row(name, *(f"{value:,}" for value in values))
    return grid


def _signed(found: Iterable[Differing[Thing]]) -> Iterator[tuple[str, Thing]]:
    """What was, and below it what it would be."""
    for one in found:
        if one.before is not None:
            yield "-" if one.after is None else "", one.before
        if one.after is not None:
            yield "+" if one.before is None else "~", one.after


def _incidents(screen: Screen, title: str, rows: Sequence[tuple[str, ReplayedIncident]], times: words.Clock) -> None:
    if not rows:
        return
    grid = table("", "opened", "incident", "service", "team", "impact", "urgency", "alerts", "", wide=("incident",))
    for sign, one in rows[:MOST_SHOWN]:
        grid.add_row(
            Text(sign, SIGNS.get(sign, "")),
            times.when(one.opened_at),
            words.line(one.title),
            one.service or "",
            one.team or "",
            one.impact,
            one.urgency,
            f"{one.alerts:,}",
            ", ".join(_course(one)),
        )
    screen.show(heading(title), grid)
    _say_cut(screen, len(rows))


def _course(one: ReplayedIncident) -> Iterator[str]:
    if one.is_candidate:
        yield "a person decides"
    if one.reopened:
        yield f"reopened {several(one.reopened, 'time')}"
    if one.resolved_at is not None:
        yield f"resolved after {span(one.resolved_at - one.opened_at)}"


def _alerts(screen: Screen, title: str, rows: Sequence[tuple[str, ReplayedAlert]]) -> None:
    if not rows:
        return
    grid = table("", "event", "alert", "service", "host", "class", "", "rules", wide=("alert", "rules"))
    for sign, one in rows[:MOST_SHOWN]:
        grid.add_row(
            Text(sign, SIGNS.get(sign, "")),
            str(one.first),
            words.line(one.name),
            one.service or "",
            one.host or "",
            one.event_class.value,
            "" if one.was_raised else "asked for nobody",
            ", ".join(one.rules),
        )
    screen.show(heading(title), grid)
    _say_cut(screen, len(rows))


def _say_cut(screen: Screen, rows: int) -> None:
    if rows > MOST_SHOWN:
        screen.warn(f"{rows - MOST_SHOWN:,} more lines are not shown; --json has all")

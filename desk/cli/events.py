"""event: send, list, rules."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.alert_sending import NAMED, TOLD, Told, tell_taken
from desk.cli.alerts_view import WHICH, Which, list_alerts
from desk.cli.common import COMMON, LISTING, Common, Listing, named_values, since_of
from desk.cli.screen import Screen, table
from desk.services import events, pausing
from desk.services.alert_sending import send_condition
from desk.services.errors import Misuse
from desk.services.events import EventLine, EventList, Sent, Waiter
from desk.services.opening import opened
from models import clock
from models.rules.events import NewEvent

app = App("event", help="What happens, the alerts that it makes, and the rules for it.")
app.command("desk.cli.event_rules:app", name="rules", help="The rules of events.yaml, tried on events that came.")
app.command("desk.cli.quarantine:app", name="quarantine", help="Requests with events that could not be worked off.")
app.command("desk.cli.alerts_view:show", name="show", help="One alert: what it says, and what happened to it.")
app.command("desk.cli.alerts_view:acknowledge", name="acknowledge", help="Own an alert that fires.")
app.command("desk.cli.alerts_view:accept", name="accept", help="Make a candidate an incident.")
app.command("desk.cli.noise:show_noise", name="noise", help="What events become, what is loud, what nobody acts on.")
app.command("desk.cli.quarantine:sources", name="sources", help="Who sends events, and how much of it was refused.")


@Parameter(name="*")
@dataclass(frozen=True)
class Said:
    """What is said of an event."""

    source: Annotated[str | None, Parameter(help="Where it comes from, such as dwh.", metavar="TEXT")] = None
    text: Annotated[str | None, Parameter(help="What happened, in words.", metavar="TEXT")] = None
    fact: Annotated[tuple[str, ...], NAMED(help="A fact about it; once for each.")] = ()
    key: Annotated[
        str | None,
        Parameter(help="Makes sending it again harmless: the same name and key are one event.", metavar="TEXT"),
    ] = None


SAID = Said()


@app.command
def send(
    name: Annotated[str, Parameter(name="NAME", help="What happened, such as load-done.")],
    /,
    *,
    said: Said = SAID,
    told: Told = TOLD,
    common: Common = COMMON,
) -> int:
    """Say that something has happened: a slot that waits for it starts, and says which event released it.

    With --severity or --status it is a condition, such as DiskFull: it makes an alert, or ends one.
    """
    facts, screen, now = named_values("--fact", said.fact), common.screen(), clock.now()
    condition = told.condition(name, said.source or "", said.text or "", said.key or "")
    with opened(common.settings()) as database:
        if condition is not None:
            taken = send_condition(database, replace(condition, facts=facts), common.who(), now)
            return tell_taken(screen, taken, is_json=common.json)
        sent = events.send(database, NewEvent(name, said.source, said.text, facts, said.key), common.who(), now)
    if common.json:
        screen.json(sent)
    else:
        _tell(screen, sent, now)
    return 0


def _tell(screen: Screen, sent: Sent, now: datetime) -> None:
    times, event = words.Clock(sent.timezone, now), sent.event
    before = "" if sent.is_new else " before, with the same key: nothing is changed"
    screen.show(f"event {event.event}: {event.name} received {times.when(event.received_at)}{before}")
    for waiter in sent.jobs:
        screen.show(f"{waiter.job}: {_counts(waiter, times)}")
    if not sent.jobs:
        screen.warn(f"no job of the site waits for {event.name}{sent.hint}")


def _counts(waiter: Waiter, times: words.Clock) -> str:
    if waiter.due_at:
        return f"it counts for the run due {times.when(waiter.due_at)}"
    if waiter.next_due_at and waiter.next_opens_at:
        due, opens = times.when(waiter.next_due_at), times.when(waiter.next_opens_at)
        return f"it counts for no run; for the one due {due} an event counts from {opens} on"
    return "it counts for no run that is planned so far"


@app.command(name="list")
def list_events(
    *,
    name: Annotated[str | None, Parameter(help="Only events of this name.")] = None,
    since: Annotated[
        str, Parameter(help="How far back, such as 8h or 7d (default 1d); or a time: '2026-11-22 06:00'.")
    ] = "1d",
    alerts: Annotated[bool, Parameter(help="The alerts that events have made, instead of the events.")] = False,
    which: Which = WHICH,
    listing: Listing = LISTING,
) -> int:
    """The events that were received, newest first, and the runs that each released; or the alerts, gravest first."""
    if alerts and name is not None:
        raise Misuse("--name chooses events: leave out --alerts")
    if alerts:
        return list_alerts(listing, which)
    if which != WHICH:
        raise Misuse("--resolved, --severity and --service choose alerts: add --alerts")
    listed, now = listing.listed(), clock.now()
    with opened(listing.settings()) as database:
        found = events.list_events(database, name, since_of(since, now, pausing.site_zone(database)))
    if not listed.wrote(found, found.events, name="event"):
        _show(listed.screen, found, words.Clock(found.timezone, now))
    return 0


def _show(screen: Screen, found: EventList, times: words.Clock) -> None:
    if not found.events:
        screen.show(f"no event since {times.when(found.since)}")
        return
    grid = table("received", "event", "source", "by", "released", "", wide=("released", ""))
    for event in found.events:
        released = ", ".join(f"{slot.job} due {times.when(slot.due_at)}" for slot in event.released)
        grid.add_row(
            times.when(event.received_at),
            Text(event.name, "bold"),
            words.line(event.source or ""),
            words.line(event.sent_by),
            released,
            words.line(_said_of(event)),
        )
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))
    if found.is_cut:
        screen.warn(f"only the newest {len(found.events)} are shown; --name and --since choose others")


def _said_of(event: EventLine) -> str:
    facts = " ".join(f"{name}={value}" for name, value in event.facts.items())
    return "  ".join(filter(None, (event.text, facts)))

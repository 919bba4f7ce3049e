"""alarm: list."""

from cyclopts import App
from rich.text import Text

from desk.cli import words
from desk.cli.common import LISTING, Listing
from desk.cli.screen import table
from desk.services import jobs
from desk.services.opening import opened
from models import clock

app = App("alarm", help="What is wrong now.")


@app.command(name="list")
def list_alarms(*, listing: Listing = LISTING) -> int:
    """What is wrong with jobs now: late, too long, too short, no success, missed, failed; oldest first."""
    listed, now = listing.listed(), clock.now()
    with opened(listing.settings()) as database:
        found = jobs.list_alarms(database, now)
    if listed.wrote(found.alarms, found.alarms, name="job"):
        return 0
    screen = listed.screen
    if not found.alarms:
        screen.show("nothing is wrong")
        return 0
    grid, times = table("job", "alarm", "since", "", wide=("",)), words.Clock(found.timezone, now)
    for alarm in found.alarms:
        kind = Text(alarm.kind, "red")
        grid.add_row(Text(alarm.job, "bold"), kind, words.ago(alarm.since, now), times.line(alarm.text))
    screen.show(grid)
    screen.next(f"`watchbill job show {found.alarms[0].job}` tells more, with its run-book")
    return 0

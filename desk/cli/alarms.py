"""alarm: list."""

from cyclopts import App
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, Common
from desk.cli.screen import table
from desk.services import journals
from desk.services.opening import opened
from models import clock

app = App("alarm", help="What is wrong now.")


@app.command(name="list")
def list_alarms(*, common: Common = COMMON) -> int:
    """What is wrong with jobs now: late, too long, too short, no success, missed, failed; oldest first."""
    screen, now = common.screen(), clock.now()
    with opened(common.settings()) as database:
        found = journals.list_alarms(database)
    if common.json:
        screen.json(found)
        return 0
    if not found:
        screen.show("nothing is wrong")
        return 0
    grid = table("job", "alarm", "since", "", wide=("",))
    for alarm in found:
        kind = Text(alarm.kind, "red")
        grid.add_row(Text(alarm.job, "bold"), kind, words.ago(alarm.since, now), words.line(alarm.text))
    screen.show(grid)
    screen.next(f"`watchbill job show {found[0].job}` tells more, with its run-book")
    return 0

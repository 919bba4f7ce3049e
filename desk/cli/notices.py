"""notice: list, test."""

from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from desk.cli import words
from desk.cli.common import COMMON, LISTING, Common, Listing, since_of
from desk.cli.screen import Screen, table
from desk.services import notices, pausing
from desk.services.notices import NoticeLine, NoticeList
from desk.services.opening import opened
from models import clock
from models.vocabulary import NoticeState

app = App("notice", help="What was told to whom, and what became of it.")
STYLES = {
    NoticeState.SENT: "green",
    NoticeState.FAILED: "bold red",
    NoticeState.WAITING: "yellow",
    NoticeState.HELD: "dim",
    NoticeState.DIGESTED: "dim",
    NoticeState.DROPPED: "dim",
}


@app.command(name="list")
def list_notices(
    *,
    failed: Annotated[bool, Parameter(help="Only those that failed for good.")] = False,
    about: Annotated[
        str | None, Parameter(help="Only about this: INC000123, RUN000012, job/night-backup.", metavar="WHAT")
    ] = None,
    since: Annotated[
        str, Parameter(help="How far back, such as 8h or 7d (default 7d); or a time: '2026-11-22 06:00'.")
    ] = "7d",
    listing: Listing = LISTING,
) -> int:
    """What was told to whom, newest first: sent, waiting to be tried again, held by quiet hours, or failed."""
    listed, now = listing.listed(), clock.now()
    with opened(listing.settings()) as database:
        begin = since_of(since, now, pausing.site_zone(database))
        found = notices.list_notices(database, begin, about, is_failed=failed)
    if not listed.wrote(found, found.notices, name="notice"):
        _show(listed.screen, found, words.Clock(found.timezone, now))
    return 0


@app.command(name="test")
def try_receiver(
    receiver: Annotated[str, Parameter(name="RECEIVER", help="A receiver of notices.yaml.")],
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Send a trial to each address of a receiver, whatever it wishes to hear and however quiet it is."""
    screen = common.screen()
    with opened(common.settings()) as database:
        trial = notices.try_receiver(database, receiver, common.who(), clock.now())
    if common.json:
        screen.json(trial)
        return 0
    for notice in trial.notices:
        screen.show(f"notice {notice.notice} to {notice.to}: handed to the engine")
    screen.say(f"`watchbill notice list --about receiver/{receiver}` says what became of it")
    return 0


def _show(screen: Screen, found: NoticeList, times: words.Clock) -> None:
    if not found.notices:
        screen.show(f"nothing was told since {times.when(found.since)}")
        return
    grid = table("at", "state", "to", "what", "", wide=("what", ""))
    for notice in found.notices:
        grid.add_row(
            times.when(notice.at),
            Text(notice.state.value, STYLES[notice.state]),
            words.line(_who(notice)),
            words.line(notice.title),
            words.line(_why(notice, times)),
        )
    screen.show(grid, Text(f"\ntimes in {times.zone_name}", "dim"))
    if found.is_cut:
        screen.warn(f"only the newest {len(found.notices)} are shown; --about and --since choose others")


def _who(notice: NoticeLine) -> str:
    return f"{notice.receiver}: {notice.to}" if notice.receiver else notice.to


def _why(notice: NoticeLine, times: words.Clock) -> str:
    if notice.state is NoticeState.DIGESTED:
        return f"in notice {notice.digest}"
    if notice.state is NoticeState.SENT:
        return ""
    again = f"again {times.when(notice.next_try_at)}" if notice.why and notice.next_try_at else ""
    return "; ".join(filter(None, (notice.why, again if notice.state is NoticeState.WAITING else "")))

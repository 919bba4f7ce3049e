"""What is wrong: true at the moment it is asked for, and told in the site's zone."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desk.cli import words
from desk.services import pausing
from desk.services.jobs import Paused
from desk.services.runs import Ask, start_run
from models import clock
from models.database import Database
from models.queries import alarms
from models.queries.book import read_book
from models.records import Alarm, Slot
from models.vocabulary import SlotState
from tests.desk.conftest import Said
from tests.desk.small_site import BADLY, work

Call = Callable[..., Said]
BERLIN = ZoneInfo("Europe/Berlin")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ|\d UTC")


def run_badly(database: Database) -> datetime:
    """A run that just ended badly, and that no planner has looked at."""
    work(database, start_run(database, Ask("rotate-logs", "ada"), clock.now()).run, {"web1": BADLY})
    return clock.now()


def test_a_run_that_just_failed_is_wrong_at_once_and_no_more_when_it_is_good(
    watchbill: Call, harbour: Database
) -> None:
    assert watchbill("alarm", "list").out == "nothing is wrong\n"
    run_badly(harbour)
    for command in (("alarm", "list"), ("job", "show", "rotate-logs")):
        assert "the last run ended partial" in watchbill(*command).words
    with harbour.write() as session:
        assert alarms.look(session, read_book(session), clock.now(), {"rotate-logs"})
    work(harbour, start_run(harbour, Ask("rotate-logs", "ada"), clock.now()).run)
    assert watchbill("alarm", "list").out == "nothing is wrong\n", "though the alarm is still open on record"
    with harbour.read() as session:
        assert session.query(Alarm).one().cleared_at is None, "and asking has changed nothing"


@pytest.mark.parametrize("command", [("alarm", "list"), ("job", "show", "rotate-logs")], ids=" ".join)
def test_the_time_in_an_alarm_is_the_sites(watchbill: Call, harbour: Database, command: tuple[str, ...]) -> None:
    ended = run_badly(harbour)
    said = watchbill(*command)
    assert f"ended partial at {ended.astimezone(BERLIN):%H:%M}" in said.words
    assert STAMP.findall(said.words) == []


def test_programs_read_the_instant_in_an_alarm(watchbill: Call, harbour: Database) -> None:
    ended = run_badly(harbour)
    (alarm,) = watchbill("alarm", "list", "--json").json
    assert alarm["text"].endswith(f"{ended:%Y-%m-%dT%H:%MZ}")


def test_the_reason_of_a_coming_slot_is_in_the_sites_zone(watchbill: Call, harbour: Database) -> None:
    due = clock.now() + timedelta(minutes=1)
    with harbour.write() as session:
        reason = "moved from 2026-11-21T06:00Z: Saturday is no working day"
        session.add(
            Slot(job="rotate-logs", due_at=due, state=SlotState.EXPECTED, planned_at=clock.now(), reason=reason)
        )
    said = watchbill("job", "show", "rotate-logs")
    moved_from = words.Clock("Europe/Berlin", due).when(datetime.fromisoformat("2026-11-21T06:00Z"))
    assert f"moved from {moved_from}: Saturday" in said.words


def test_a_pause_that_forbids_a_run_ends_in_the_sites_zone(watchbill: Call, harbour: Database) -> None:
    until = datetime.fromisoformat("2099-07-01T10:00Z")
    pausing.pause(harbour, Paused(None, "ada", clock.now(), until, "moving"))
    for command in (("job", "run", "check-disks", "--no-wait"), ("job", "pause", "--all", "--reason", "again")):
        said = watchbill(*command)
        assert (said.code, "until 2099-07-01 12:00 CEST: moving" in said.words) == (6, True), said.words

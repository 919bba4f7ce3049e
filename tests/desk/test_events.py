"""Events at the command line: sent with what becomes of them, listed with what they released."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk.services import forecasting, jobs, sites
from models import clock
from models.database import Database
from models.queries import dispatching
from models.queries.book import read_book
from models.records import Event, Slot
from models.settings import Settings
from tests.desk.conftest import Said
from tests.desk.small_site import FILES, apply_site, write_site

Call = Callable[..., Said]
WAITING = FILES["jobs.yaml"].replace(
    "schedule: {every: 6h}", "schedule: {every: 6h}\n    wait_for_event: {name: load-done, within: 5h, up_to: 2h}"
)


@pytest.fixture
def waiting(harbour: Database, site_folder: Path) -> Database:
    """The small site, in which `check-disks` waits for `load-done`, applied seven hours ago."""
    apply_site(harbour, write_site(site_folder, jobs=WAITING), clock.now() - timedelta(hours=7))
    return harbour


def next_due(database: Database) -> datetime:
    with database.read() as session:
        due = session.scalar(select(func.min(Slot.due_at)).where(Slot.job == "check-disks", Slot.due_at > clock.now()))
        assert due is not None
        return due


def settle(database: Database, now: datetime) -> list[str]:
    """One pass of the planner over the job that waits; the others' slots are out of the way."""
    with database.write() as session:
        session.execute(Slot.__table__.delete().where(Slot.job != "check-disks"))
        return list(dispatching.start_due(session, read_book(session), now, "planner"))


def test_an_event_says_for_which_run_it_counts_and_the_list_what_it_released(
    watchbill: Call, waiting: Database
) -> None:
    words = ("--source", "dwh", "--text", "all is\nloaded", "--fact", "rows=12", "--fact", "table=sales=new")
    said = watchbill("event", "send", "load-done", *words)
    assert said.code == 0, said.err
    assert said.out.startswith("event 1: load-done received ")
    assert "check-disks: it counts for the run due " in said.out
    for moment in sorted({next_due(waiting), clock.now() + timedelta(seconds=1)}):
        settle(waiting, moment)
    sent = watchbill("event", "send", "load-done", "--json").json
    (job,) = sent["jobs"]
    assert (sent["is_new"], job["job"], sent["event"]["sent_by"]) == (True, "check-disks", "ada")

    second, first = watchbill("event", "list", "--name", "load-done", "--json").json["events"]
    assert second["event"] == 2
    assert (first["source"], first["facts"]) == ("dwh", {"rows": "12", "table": "sales=new"})
    assert [slot["job"] for slot in first["released"]] == ["check-disks"]
    listed = watchbill("event", "list")
    assert "check-disks due " in listed.words
    assert "all is loaded rows=12 table=sales=new" in listed.words


def test_an_event_that_no_job_waits_for_is_kept_and_says_so(watchbill: Call, waiting: Database) -> None:
    said = watchbill("event", "send", "load-dome")
    assert (said.code, said.out.split(" received")[0]) == (0, "event 1: load-dome")
    assert 'no job of the site waits for load-dome; did you mean "load-done"?' in said.err
    with waiting.read() as session:
        assert session.scalars(select(Event.name)).all() == ["load-dome"]


def test_an_event_that_comes_too_early_says_from_when_on_it_would_count(watchbill: Call, waiting: Database) -> None:
    due = next_due(waiting)
    with waiting.write() as session:
        session.execute(Slot.__table__.delete().where(Slot.job == "check-disks", Slot.due_at <= due))
    (job,) = watchbill("event", "send", "load-done", "--json").json["jobs"]
    later = due + timedelta(hours=6)
    assert job == {
        "job": "check-disks",
        "due_at": None,
        "next_due_at": later.isoformat(),
        "next_opens_at": (later - timedelta(hours=5)).isoformat(),
    }
    assert "check-disks: it counts for no run; for the one due " in watchbill("event", "send", "load-done").out
    with waiting.write() as session:
        session.execute(Slot.__table__.delete())
    assert "it counts for no run that is planned so far" in watchbill("event", "send", "load-done").out


def test_the_same_key_again_changes_nothing(watchbill: Call, waiting: Database) -> None:
    watchbill("event", "send", "load-done", "--key", "2026-11-21", "--text", "first")
    again = watchbill("event", "send", "load-done", "--key", "2026-11-21", "--text", "second")
    assert again.code == 0
    assert "before, with the same key: nothing is changed" in again.out
    (event,) = watchbill("event", "list", "--json").json["events"]
    assert event["text"] == "first"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("send", "Load done"), "the event's name 'Load done' must be a name: small letters, digits and hyphens"),
        (("send", "load-done", "--fact", "rows"), "--fact 'rows': write NAME=VALUE"),
        (("send", "load-done", "--fact", "rows=1", "--fact", "rows=2"), "--fact rows is given twice"),
        (("send", "load-done", "--fact", "1=2"), "'1' cannot name a fact"),
        (("send", "load-done", "--key", ""), "the key must have 1 to 128 printable characters"),
        (("send", "load-done", "--text", "\udcff"), "the text must have"),
        (("list", "--since", "yesterday"), "--since 'yesterday': write 8h or 7d, or a time"),
        (("list", "--since", "999999d"), "--since '999999d': write 8h"),
    ],
)
def test_what_cannot_be_an_event_is_refused_with_what_can(
    watchbill: Call, waiting: Database, words: tuple[str, ...], said: str
) -> None:
    found = watchbill("event", *words)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_events_are_listed_from_a_time_in_the_sites_zone(watchbill: Call, waiting: Database) -> None:
    watchbill("event", "send", "load-done")
    assert "load-done" in watchbill("event", "list", "--since", "2026-01-01 06:00").out
    assert watchbill("event", "list", "--since", "2999-01-01 06:00").out == "no event since Tue 1 Jan 2999 06:00\n"
    assert "no event since" in watchbill("event", "list", "--name", "other").out


def test_a_job_that_waits_says_so_wherever_it_is_shown(watchbill: Call, waiting: Database) -> None:
    due = next_due(waiting)
    settle(waiting, due + timedelta(minutes=1))
    told = jobs.show_job(waiting, "check-disks", None, due + timedelta(minutes=1)).waiting
    assert told is not None
    assert (told.due_at, told.reason) == (
        due,
        f"waits for the event load-done until {due + timedelta(hours=2):%Y-%m-%dT%H:%MZ}",
    )
    line = next(line for line in jobs.list_jobs(waiting, due + timedelta(minutes=1)).jobs if line.name == "check-disks")
    assert line.waiting == told

    words = "the event load-done, from 5h before to 2h after the due time"
    assert f"waits for {words}" in watchbill("job", "show", "check-disks").words
    assert f"waits for {words}" in watchbill("job", "forecast", "--job", "check-disks").words
    coming = forecasting.forecast(waiting, "check-disks", (due - timedelta(hours=1), due))
    assert [run.waits_for_event.name for run in coming.runs if run.waits_for_event] == ["load-done"]


def test_a_slot_that_waited_in_vain_is_missed_and_an_alarm(watchbill: Call, waiting: Database) -> None:
    due = next_due(waiting)
    after = due + timedelta(hours=2, seconds=1)
    (line,) = [line for line in settle(waiting, after) if f"{due:%Y-%m-%dT%H:%MZ}: missed" in line]
    assert "the event load-done did not come between" in line
    found = jobs.show_job(waiting, "check-disks", None, after)
    assert "missed" in {alarm.kind for alarm in found.alarms}
    assert any("load-done did not come" in (past.summary or "") for past in found.last_runs)


def test_the_plan_of_a_site_says_what_its_slots_wait_for(
    harbour: Database, tmp_path: Path, watchbill: Call, surroundings: dict[str, str]
) -> None:
    later = WAITING.replace("every: 6h", "every: 5h")
    folder = write_site(tmp_path / "later", jobs=later)
    found = sites.plan(
        folder, Settings(home=tmp_path, database_url=surroundings["WATCHBILL_DATABASE_URL"]), clock.now()
    )
    (change,) = [change for change in found.slots if change.job == "check-disks"]
    assert change.waits_for_event is not None
    assert change.waits_for_event.name == "load-done"
    lines = [line for line in watchbill("plan", str(folder)).out.splitlines() if "check-disks  " in line]
    assert ["(each waits for the event load-done" in line for line in lines] == [True, False], lines


def test_an_event_needs_a_site_in_force(bare_watchbill: Call) -> None:
    said = bare_watchbill("event", "send", "load-done")
    assert said.code == 1
    assert "there is no database in" in said.err

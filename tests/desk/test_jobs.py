"""The list of jobs, everything about one, hosts, pauses."""

from datetime import timedelta

import pytest

from desk.services import hosts, jobs, pausing, runs
from desk.services.errors import Misuse
from desk.services.jobs import JobLine, Paused
from desk.services.runs import Ask
from models import clock
from models.database import Database
from models.errors import NotFound, Refused
from models.queries.states import Because, advance
from models.records import Slot
from models.vocabulary import Outcome
from tests.desk.small_site import BADLY, UNREACHABLE, Ends, work


def run_once(database: Database, job: str, ends: dict[str, Ends] | None = None) -> str:
    run = runs.start_run(database, Ask(job, "ada"), clock.now()).run
    work(database, run, ends)
    return run


def line_of(database: Database, name: str) -> JobLine:
    return next(line for line in jobs.list_jobs(database, clock.now()).jobs if line.name == name)


def test_the_list_has_every_job_by_name_with_its_schedule_in_words(harbour: Database) -> None:
    found = jobs.list_jobs(harbour, clock.now())
    assert [job.name for job in found.jobs] == ["check-disks", "restore-file", "rotate-logs", "tell-everyone"]
    words = {job.name: job.schedule for job in found.jobs}
    assert words["rotate-logs"] == "at 02:30 every day (Europe/Berlin)"
    assert words["tell-everyone"] == "after rotate-logs"
    assert words["restore-file"] is None


def test_the_strip_is_newest_first_and_at_most_fourteen_long(harbour: Database) -> None:
    for _ in range(15):
        run_once(harbour, "rotate-logs")
    newest = run_once(harbour, "rotate-logs", {"web1": BADLY})
    line = line_of(harbour, "rotate-logs")
    assert len(line.strip) == 14
    assert line.last == line.strip[0]
    assert (line.strip[0].run, line.strip[0].outcome) == (newest, Outcome.PARTIAL)


def test_a_missed_slot_without_a_run_is_in_the_strip(harbour: Database) -> None:
    with harbour.write() as session:
        slot = session.query(Slot).filter(Slot.job == "rotate-logs").order_by(Slot.due_at).first()
        assert slot is not None
        advance(session, slot, "miss", Because("planner"), settled_at=clock.now(), reason="nobody was there")
    last = line_of(harbour, "rotate-logs").last
    assert last is not None
    assert (last.run, last.outcome, last.summary) == (None, Outcome.MISSED, "nobody was there")


def test_the_list_says_when_a_job_is_due_next_what_runs_and_what_is_wrong(harbour: Database) -> None:
    run_once(harbour, "rotate-logs", {"web1": BADLY})
    active = runs.start_run(harbour, Ask("rotate-logs", "ada"), clock.now())
    now = clock.now()
    line = line_of(harbour, "rotate-logs")
    assert [run.run for run in line.active] == [active.run]
    assert [alarm.kind for alarm in line.alarms] == ["failed"]
    assert line.next_due is not None
    assert now < line.next_due <= now + timedelta(hours=24)


def test_a_job_is_shown_with_hosts_waves_history_and_what_it_starts(harbour: Database) -> None:
    run_once(harbour, "rotate-logs")
    found = jobs.show_job(harbour, "rotate-logs", None, clock.now())
    assert found.waves == (("web3", "web2"), ("web1",))
    assert found.starts == ("tell-everyone",)
    assert len(found.last_runs) == 1
    assert found.next_runs
    assert found.job.runbook == "Look at the disk first."


def test_another_filter_is_tried_without_changing_anything(harbour: Database) -> None:
    found = jobs.show_job(harbour, "rotate-logs", "tag=web and not host=web3", clock.now())
    assert found.waves == (("web2", "web1"),)


@pytest.mark.parametrize(
    ("name", "on", "error"),
    [("nosuch", None, NotFound), ("rotate-logs", "tag=nothing", Refused), ("rotate-logs", "tag", Misuse)],
)
def test_what_cannot_be_shown_is_said(harbour: Database, name: str, on: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        jobs.show_job(harbour, name, on, clock.now())


def test_the_usual_duration_needs_five_good_runs(harbour: Database) -> None:
    for number in range(5):
        assert jobs.show_job(harbour, "check-disks", None, clock.now()).usual is None, number
        run_once(harbour, "check-disks")
    usual = jobs.show_job(harbour, "check-disks", None, clock.now()).usual
    assert usual is not None
    assert usual.n == 5


def test_hosts_come_with_their_jobs_and_how_their_last_command_ended(harbour: Database) -> None:
    run_once(harbour, "check-disks", {"db1": UNREACHABLE})
    found = {host.name: host for host in hosts.list_hosts(harbour, None)}
    assert found["db1"].jobs == ("check-disks", "restore-file")
    assert found["db1"].last is not None
    assert (found["db1"].last.outcome, found["db1"].last.job) == (Outcome.FAILED, "check-disks")
    assert found["web1"].last is not None
    assert found["web1"].last.outcome is Outcome.OK
    assert [host.name for host in hosts.list_hosts(harbour, "attribute.room=cellar")] == ["web3"]


def paused_now(job: str | None, length: timedelta | None = None) -> Paused:
    now = clock.now()
    return Paused(job, "ada", now, now + length if length else None, "moving house")


@pytest.mark.parametrize("job", ["rotate-logs", None], ids=["one job", "all of them"])
def test_a_pause_is_shown_until_it_is_resumed(harbour: Database, job: str | None) -> None:
    pausing.pause(harbour, paused_now(job, timedelta(hours=2)))
    found = jobs.list_jobs(harbour, clock.now())
    shown = found.everything_paused if job is None else line_of(harbour, "rotate-logs").paused
    assert shown is not None
    assert (shown.by, shown.reason) == ("ada", "moving house")
    pausing.resume(harbour, job, "bob", clock.now())
    assert jobs.list_jobs(harbour, clock.now()).everything_paused is None
    assert line_of(harbour, "rotate-logs").paused is None


def test_a_pause_ends_by_itself(harbour: Database) -> None:
    pausing.pause(harbour, paused_now("rotate-logs", timedelta(hours=2)))
    later = jobs.list_jobs(harbour, clock.now() + timedelta(hours=3))
    assert [line.paused for line in later.jobs if line.name == "rotate-logs"] == [None]


def test_a_pause_of_everything_refuses_runs_by_hand(harbour: Database) -> None:
    pausing.pause(harbour, paused_now(None))
    with pytest.raises(Refused, match="everything is paused by ada until it is resumed: moving house"):
        runs.start_run(harbour, Ask("rotate-logs", "bob"), clock.now())


def test_pausing_twice_resuming_nothing_and_unknown_jobs_are_refused(harbour: Database) -> None:
    pausing.pause(harbour, paused_now("rotate-logs"))
    with pytest.raises(Refused, match="resume it first"):
        pausing.pause(harbour, paused_now("rotate-logs"))
    with pytest.raises(Refused, match="is not paused"):
        pausing.resume(harbour, "check-disks", "ada", clock.now())
    with pytest.raises(NotFound):
        pausing.pause(harbour, paused_now("nosuch"))

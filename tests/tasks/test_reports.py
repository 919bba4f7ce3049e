"""A report that a job renders is kept whole, under its day, and is never changed afterwards."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from models.database import Database
from models.errors import NotFound
from models.orders import RenderReport
from models.queries import task_log
from models.queries.daily_operations import Period
from models.settings import CHECKOUT
from models.vocabulary import Outcome, SlotState
from tasks.reports import render_to_files
from tasks.tools.rendering import Wanted, make_report
from tests.records.night import NOW, Night, at, eventful

EVENING = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


@pytest.fixture
def order(worker_database: Database) -> RenderReport:
    """A run of a job that renders the report."""
    night = eventful(worker_database)
    night.job("morning-report")
    run = night.run("morning-report", at(29.9), None)
    return RenderReport(run=f"RUN{run:06d}", report="daily-operations", hours=24)


def test_the_files_are_kept_under_the_day_of_the_sites_zone(order: RenderReport, home: Path) -> None:
    with time_machine.travel(EVENING, tick=False):
        paths = render_to_files.fn(order)
    folder = home / "reports" / "daily-operations" / "2026-11-22"
    assert paths == [str(folder / f"report.{suffix}") for suffix in ("html", "json", "txt")]
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.json", "report.txt"}
    assert json.loads((folder / "report.json").read_text())["made_at"] == EVENING.isoformat()


def test_a_report_that_was_made_is_not_changed_by_a_later_one(order: RenderReport) -> None:
    with time_machine.travel(NOW, tick=False):
        first = [Path(path) for path in render_to_files.fn(order)]
    frozen = [path.read_bytes() for path in first]
    with time_machine.travel(NOW.replace(hour=9), tick=False):
        later = render_to_files.fn(order)
    assert [Path(path).name for path in later] == [f"report-100005.{suffix}" for suffix in ("html", "json", "txt")]
    assert [path.read_bytes() for path in first] == frozen


def test_the_task_is_logged_with_its_run(order: RenderReport, worker_database: Database) -> None:
    with time_machine.travel(NOW, tick=False):
        render_to_files.fn(order)
    with worker_database.read() as session:
        rows = [(row.task, row.outcome) for row in task_log.of_run(session, order.run_id)]
    assert rows == [("render-to-files", Outcome.OK)]


def test_a_report_leaves_out_the_run_that_makes_it_and_says_so(worker_database: Database, home: Path) -> None:
    night = Night(worker_database)
    with night.at_once():
        night.site()
        night.job("morning-report")
        night.ran("morning-report", at(6.5))
        slot = night.slot("morning-report", at(29.9), SlotState.STARTED)
        run = night.run("morning-report", at(29.9), None, slot_id=slot)
        other = night.run("morning-report", at(29.95), None)
        night.alive()
    with time_machine.travel(NOW, tick=False):
        paths = render_to_files.fn(RenderReport(run=f"RUN{run:06d}", report="daily-operations", hours=24))
    page, facts, text = (Path(path).read_text() for path in paths)
    content = json.loads(facts)["content"]
    assert [active["run"] for active in content["now"]["active"]] == [other]
    assert (content["counts"]["expected"]["number"], content["counts"]["still_open"]["number"]) == (1, 0)
    assert content["verdict"]["headline"] == "The one expected run ended well, at the first attempt."
    assert content["made_by"] == run
    assert f"CET by RUN{run:06d}, which is left out\n" in text
    assert page.count(f"RUN{run:06d}") == 1, "in the head alone"


def test_a_report_of_a_month_is_of_the_sites_month(order: RenderReport) -> None:
    with time_machine.travel(NOW, tick=False):
        paths = render_to_files.fn(order.model_copy(update={"period": "last month"}))
    period = json.loads(Path(paths[1]).read_text())["content"]["period"]
    assert period == {"since": "2026-09-30T22:00:00+00:00", "until": "2026-10-31T23:00:00+00:00"}


@pytest.mark.parametrize("words", ["2026-13", "next month", "2026-1", ""])
def test_an_order_for_what_is_no_month_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="period"):
        RenderReport(run="RUN000001", report="daily-operations", period=words)


def test_an_unknown_report_is_refused_and_logged(order: RenderReport, worker_database: Database, home: Path) -> None:
    with pytest.raises(NotFound, match="there is no report 'weekly'; known: backup-evidence, daily-operations"):
        render_to_files.fn(order.model_copy(update={"report": "weekly"}))
    with worker_database.read() as session:
        assert [row.outcome for row in task_log.of_run(session, order.run_id)] == [Outcome.FAILED]
    assert not (home / "reports").exists()


def test_the_command_line_gets_the_same_bytes_as_the_task(order: RenderReport, worker_database: Database) -> None:
    with time_machine.travel(NOW, tick=False):
        (page, *_) = render_to_files.fn(order)
        with worker_database.read() as session:
            period = Period(at(6).replace(second=5), NOW)
            made = make_report(session, Wanted("daily-operations", period, order.run_id), CHECKOUT / "templates")
    assert made.files["html"] == Path(page).read_bytes()
    assert (made.at, made.zone) == (NOW, "Europe/Berlin")


def test_a_report_of_an_empty_database_is_made_too(sqlite: Database) -> None:
    with sqlite.read() as session:
        made = make_report(session, Wanted("daily-operations", Period(at(6), at(6, 21))), CHECKOUT / "templates")
    assert "no run was expected" in made.files["txt"].decode()
    assert made.zone == "UTC"


def test_a_report_blocks_no_writer(sqlite: Database) -> None:
    night = Night(sqlite)
    with sqlite.read() as session:
        make_report(session, Wanted("daily-operations", Period(at(6), at(6, 21))), CHECKOUT / "templates")
        night.job("written-meanwhile")

"""The files of the problem and known-error report: the same bytes twice, harmless, traced to their rows, printable."""

import csv
import dataclasses
import hashlib
import io
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine

from models.database import Database
from models.orders import RenderReport
from models.queries.problem_report import ProblemReport
from models.settings import CHECKOUT
from tasks.reports import render_to_files
from tasks.tools.rendering import render_report
from tests.records.problem_year import DAY, NOW, PERIOD, TARGETS, Year, at, eventful_year
from tests.tasks.test_rendering import ATTACK, HOSTILE, Page

TEMPLATES = CHECKOUT / "templates"
NAME = "problems"
ANNEXES = ("incidents.csv", "known-errors.csv", "measures.csv", "pareto.csv", "problems.csv")


@pytest.fixture(scope="module")
def report(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> ProblemReport:
    """Values that nobody can change: read once."""
    folder = tmp_path_factory.mktemp("year")
    (folder / "watchbill.db").write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{folder}/watchbill.db")
    found = eventful_year(database, folder).report()
    database.close()
    return found


@pytest.fixture(scope="module")
def made(report: ProblemReport) -> dict[str, bytes]:
    return render_report(NAME, report, TEMPLATES)


def rows_of(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def said(words: str) -> str:
    return " ".join(words.split())


def test_the_same_rows_give_the_same_bytes(sqlite: Database, tmp_path: Path) -> None:
    year = eventful_year(sqlite, tmp_path)
    first = render_report(NAME, year.report(), TEMPLATES)
    assert first == render_report(NAME, year.report(), TEMPLATES)
    assert sorted(first) == sorted(["html", "json", "txt", *ANNEXES])


def test_page_text_and_annexes_tell_the_same_figures(made: dict[str, bytes], report: ProblemReport) -> None:
    page, text = said("".join(Page(made["html"].decode()).text)), said(made["txt"].decode())
    for words in (
        "57 % of the 158 h and EUR 14,710 lost in 90 days have a known cause.",
        "21 % (3 of 14)",
        "Roll log rotation out on app1 to app9",
        "none in 41 days",
        "24 % (24 of 100)",
        "91 % (10 of 11)",
    ):
        assert words in page
        assert words in text
    incidents, problems = rows_of(made["incidents.csv"]), rows_of(made["problems.csv"])
    assert sum(float(row["hours"]) for row in incidents) == pytest.approx(report.lost.hours)
    assert [row["problem"] for row in problems if row["standing"] == "open"] == [one.number for one in report.open]
    assert sum(float(row["hours"]) for row in rows_of(made["pareto.csv"])) == pytest.approx(report.lost.hours)
    months = [row for row in rows_of(made["measures.csv"]) if row["measure"] == "Open problems"]
    assert [row["value"] for row in months][-3:] == ["2.0", "3.0", "4"]


def test_every_incident_and_problem_on_the_page_has_its_row(made: dict[str, bytes]) -> None:
    page = made["html"].decode() + made["txt"].decode()
    problems = {row["problem"] for name in ("problems.csv", "pareto.csv") for row in rows_of(made[name])}
    assert set(re.findall(r"PRB\d{6}", page)) <= problems
    assert set(re.findall(r"INC\d{6}", page)) <= {row["incident"] for row in rows_of(made["incidents.csv"])}
    assert set(re.findall(r"KE\d{6}", page)) <= {row["known_error"] for row in rows_of(made["known-errors.csv"])}
    assert json.loads(made["json"])["content"]["measures"][0]["figure"]["rows"]


def test_the_page_names_the_hash_of_each_annex(made: dict[str, bytes]) -> None:
    for name in ("json", *ANNEXES):
        assert hashlib.sha256(made[name]).hexdigest() in made["html"].decode()
        assert hashlib.sha256(made[name]).hexdigest() in made["txt"].decode()


def test_the_page_can_be_read_without_eyes_runs_nothing_and_needs_nothing(made: dict[str, bytes]) -> None:
    page = Page(made["html"].decode())
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    assert not re.search(r"url\(|@import", made["html"].decode())
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in header for header in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {section["aria-labelledby"] for section in page.all("section")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(attributes.get("aria-label") for attributes in page.all("svg"))


def test_a_colour_only_repeats_a_word(made: dict[str, bytes]) -> None:
    page = said(made["html"].decode())
    for words in ("… </span>too early to tell", "✓ proven", "✗ did not hold", "✓ done", "✗ open"):
        assert words in page


def test_a_target_stands_beside_its_measure_and_the_result_is_a_word(sqlite: Database, tmp_path: Path) -> None:
    found = render_report(NAME, eventful_year(sqlite, tmp_path, TARGETS).report(), TEMPLATES)
    page, text = said("".join(Page(found["html"].decode()).text)), said(found["txt"].decode())
    assert "✗ missed" in page
    for words in ("at least 25 %", "−4 pt", "at most 8.0 h", "−1.0 h", "✓ met"):
        assert words in page
    assert "target at least 25 %: MISSED; too early to tell" in text
    (open_ones,) = [row for row in rows_of(found["measures.csv"]) if row["target"] == "3.0"]
    assert (open_ones["measure"], open_ones["met"]) == ("Open problems", "no")


def test_each_known_error_is_a_sheet_that_prints_on_its_own_page(made: dict[str, bytes], report: ProblemReport) -> None:
    page = Page(made["html"].decode())
    assert [sheet["id"] for sheet in page.all("article")] == [sheet.number for sheet in report.sheets]
    assert re.search(r"\.sheet \{ break-before: page;", made["html"].decode())


def test_a_workaround_of_several_lines_is_a_list_of_steps(sqlite: Database, tmp_path: Path) -> None:
    year = Year(sqlite, tmp_path)
    with year.at_once():
        year.known(at(2), workaround="Stop it.\n\nWait a minute.\nStart it.")
    page = said(render_report(NAME, year.report(), TEMPLATES)["html"].decode())
    assert "<li>Stop it.</li> <li>Wait a minute.</li> <li>Start it.</li>" in page


def test_a_workaround_that_is_a_job_says_so(report: ProblemReport) -> None:
    sheet = dataclasses.replace(report.sheets[0], steps=(), how="by the job tidy, when somebody starts it")
    page = said(render_report(NAME, dataclasses.replace(report, sheets=(sheet,)), TEMPLATES)["html"].decode())
    assert "What to do, by the job tidy, when somebody starts it" in page
    assert "Start the job, and wait for its end." in page


def test_the_text_fits_on_a_narrow_screen(made: dict[str, bytes]) -> None:
    lines = made["txt"].decode().splitlines()
    assert max(map(len, lines)) <= 76
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_month_without_anything_says_so_and_gives_no_percentage(sqlite: Database, tmp_path: Path) -> None:
    found = render_report(NAME, Year(sqlite, tmp_path).report(), TEMPLATES)
    text = found["txt"].decode()
    assert "NO DATA\n" in text
    assert "No problem is open." in text
    assert not re.search(r"\d %", text)
    assert [len(rows_of(found[name])) for name in ANNEXES if name != "measures.csv"] == [0, 0, 0, 0]


def test_two_hundred_problems_are_told_by_the_first_and_their_number(report: ProblemReport) -> None:
    many = dataclasses.replace(
        report,
        open=tuple(dataclasses.replace(report.open[0], number=f"PRB{n:06d}") for n in range(200)),
        sheets=tuple(dataclasses.replace(report.sheets[0], number=f"KE{n:06d}") for n in range(200)),
    )
    found = render_report(NAME, many, TEMPLATES)
    page = said("".join(Page(found["html"].decode()).text))
    assert "And 160 problems more, in report.json" in page
    assert "And 100 known errors more, in report.json" in page
    assert len(rows_of(found["problems.csv"])) == 200 + len(report.solved) + len(report.accepted)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_does_nothing(report: ProblemReport, text: str) -> None:
    change = dataclasses.replace
    hostile = change(
        report,
        site=text,
        open=tuple(
            change(one, title=text, owner=text, change=text, step=change(one.step, text=text)) for one in report.open
        ),
        sheets=tuple(
            change(one, title=text, symptom=text, steps=(text, text), cause=text, risk=text, recognise=text)
            for one in report.sheets
        ),
        solved=tuple(change(one, title=text, fix=text, lesson=text) for one in report.solved),
        candidates=tuple(change(one, title=text, why=text, examples=(text,)) for one in report.candidates),
        linked=tuple(change(one, title=text) for one in report.linked),
    )
    found = render_report(NAME, hostile, TEMPLATES)
    page = Page(found["html"].decode())
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert [name for _, attributes in page.tags for name in attributes if name.startswith("on")] == []
    for format_name, body in found.items():
        plain = body.decode().replace("\r\n", "\n") if format_name.endswith(".csv") else body.decode()
        assert ATTACK.findall(plain) == [], format_name
    for name in ANNEXES:
        for row in rows_of(found[name]):
            assert [cell for cell in row.values() if re.match(r"\s*[=+\-@]", cell)] == [], name


def test_a_job_renders_it_each_month_and_keeps_every_file(
    worker_database: Database, home: Path, tmp_path: Path
) -> None:
    year = Year(worker_database, tmp_path)
    with year.at_once():
        year.runs("monthly", [0], each=1)
        year.problem("one", PERIOD.until - DAY)
    with time_machine.travel(NOW, tick=False):
        paths = render_to_files.fn(RenderReport(run="RUN000001", report=NAME, period="last month"))
    assert sorted(Path(path).name for path in paths) == sorted(["report.html", "report.json", "report.txt", *ANNEXES])
    content = json.loads((home / "reports" / NAME / "2026-12-01" / "report.json").read_text())["content"]
    assert (content["name"], content["is_whole"], len(content["open"]), content["made_by"]) == ("Nov 2026", True, 1, 1)

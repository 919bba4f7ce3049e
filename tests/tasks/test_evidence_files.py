"""The files of the backup and restore evidence report: the same bytes twice, harmless, traced to their rows."""

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
from models.queries.backup_evidence import BackupEvidence
from models.queries.tables import Table
from models.settings import CHECKOUT
from models.vocabulary import Outcome
from tasks.reports import render_to_files
from tasks.tools import spreadsheets, wording
from tasks.tools.rendering import file_name, render_report
from tests.records.backup_month import BACKUPS, HOUR, NOW, PERIOD, eventful_month, quiet_month
from tests.tasks.test_rendering import ATTACK, HOSTILE, Page

TEMPLATES = CHECKOUT / "templates"
NAME = "backup-evidence"
CLOCK = wording.Clock("Europe/Berlin")
ANNEXES = ("points.csv", "restore-tests.csv", "runs.csv")


@pytest.fixture
def evidence(sqlite: Database, tmp_path: Path) -> BackupEvidence:
    return eventful_month(sqlite, tmp_path / "site").evidence()


def rows_of(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_the_same_rows_give_the_same_bytes(sqlite: Database, tmp_path: Path) -> None:
    month = eventful_month(sqlite, tmp_path / "site")
    first = render_report(NAME, month.evidence(), TEMPLATES)
    assert first == render_report(NAME, month.evidence(), TEMPLATES)
    assert sorted(first) == ["html", "json", *ANNEXES, "txt"]


def test_page_text_and_annexes_tell_the_same_figures(evidence: BackupEvidence) -> None:
    made = render_report(NAME, evidence, TEMPLATES)
    tests, runs, points = (rows_of(made[name]) for name in ("restore-tests.csv", "runs.csv", "points.csv"))
    assert sum(test["result"] == "passed" for test in tests) == evidence.found.passed.number == 8
    backups = [run for run in runs if run["kind"] == "backup"]
    assert (len(backups), sum(run["state"] == "ok" for run in backups)) == (90, 88)
    assert {point["manifest_sha256"] for point in points} == {point.manifest_sha256 for point in evidence.points}
    page, text = (
        " ".join(words.split()) for words in ("".join(Page(made["html"].decode()).text), made["txt"].decode())
    )
    for words in ("88 of 90 planned backups were taken", "80 % (8 of 10) passed", "98 % (88 of 90)", "93.9 %"):
        assert words in page
        assert words in text
    for words in ("A successful backup job is not proof of a successful restore.", "Counsel, case 2026/17"):
        assert words in page
        assert words in text


def test_every_run_and_point_on_the_page_has_its_row(evidence: BackupEvidence) -> None:
    made = render_report(NAME, evidence, TEMPLATES)
    known = {run["run"] for run in rows_of(made["runs.csv"])}
    named = set(re.findall(r"RUN\d{6}", made["txt"].decode() + made["html"].decode()))
    assert named <= known | {point["run"] for point in rows_of(made["points.csv"])}
    assert made["json"].isascii()
    assert len(json.loads(made["json"])["content"]["all_runs"]) == len(rows_of(made["runs.csv"]))


def test_the_page_names_the_hash_of_each_annex(evidence: BackupEvidence) -> None:
    made = render_report(NAME, evidence, TEMPLATES)
    for name in ("json", *ANNEXES):
        assert hashlib.sha256(made[name]).hexdigest() in made["html"].decode()
        assert hashlib.sha256(made[name]).hexdigest() in made["txt"].decode()


def test_the_page_can_be_read_without_eyes_runs_nothing_and_needs_nothing(evidence: BackupEvidence) -> None:
    page = Page(render_report(NAME, evidence, TEMPLATES)["html"].decode())
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in header for header in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {section["aria-labelledby"] for section in page.all("section")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_the_chart_tells_each_test_against_its_target(evidence: BackupEvidence) -> None:
    page = Page(render_report(NAME, evidence, TEMPLATES)["html"].decode())
    named = [attributes.get("aria-label") or "" for attributes in page.all("svg")]
    assert len(named) == 2, "one strip for each plan"
    assert re.search(r"^mail, .* RTO of 30 min: RUN\d+ 34 min passed, .*RUN\d+ 12 min failed", named[0])
    signs = {attributes["class"] for tag in ("circle", "path") for attributes in page.all(tag)}
    assert signs == {"passed", "slow", "failed"}


def test_the_text_fits_on_a_narrow_screen(evidence: BackupEvidence) -> None:
    lines = render_report(NAME, evidence, TEMPLATES)["txt"].decode().splitlines()
    assert max(map(len, lines)) <= 76
    assert [line for line in lines if line != line.rstrip()] == []


def test_without_plans_every_part_says_that_there_is_no_data(sqlite: Database, tmp_path: Path) -> None:
    month = quiet_month(sqlite, tmp_path / "site", "repositories: {}\n", hosts="  {}\n")
    made = render_report(NAME, month.evidence(), TEMPLATES)
    text = made["txt"].decode()
    assert "NO DATA\n" in text
    assert text.count("No data") >= 7
    assert not re.search(r"\d %", text), "of nothing there is no percentage"
    assert [len(rows_of(made[name])) for name in ANNEXES] == [0, 0, 0]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_does_nothing(sqlite: Database, tmp_path: Path, text: str) -> None:
    month = quiet_month(sqlite, tmp_path / "site")
    point = month.backup("mail", NOW - 9 * HOUR, anomalies=[text], warnings=[text])
    month.test("mail", point, NOW - 8 * HOUR, Outcome.FAILED, reason=text, findings=[text], checks=[text], sandbox=text)
    month.backup("lab", NOW - 7 * HOUR, Outcome.FAILED, summary=text)
    month.change(point, "expire", NOW - HOUR, text, expired_at=NOW - HOUR)
    month.check(1, NOW - 5 * HOUR, text)
    content = dataclasses.replace(month.evidence(), site=text)
    made = render_report(NAME, content, TEMPLATES)
    page = Page(made["html"].decode())
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert [name for _, attributes in page.tags for name in attributes if name.startswith("on")] == []
    for format_name, body in made.items():
        plain = body.decode().replace("\r\n", "\n") if format_name.endswith(".csv") else body.decode()
        assert ATTACK.findall(plain) == [], format_name
    for name in ANNEXES:
        for row in rows_of(made[name]):
            assert [cell for cell in row.values() if re.match(r"\s*[=+\-@]", cell)] == [], name


@pytest.mark.parametrize(
    ("text", "said", "why"),
    [
        ("=1+1", "'=1+1", "a formula"),
        ("+49 30 1234", "'+49 30 1234", "spreadsheets compute after a plus too"),
        ("-2+3", "'-2+3", "and after a minus"),
        ("@SUM(A1)", "'@SUM(A1)", "an old spreadsheet's function"),
        ("  =1+1", "'=1+1", "blanks before it change nothing"),
        ("\t=1", "'=1", "nor does a tab"),
        ("\uff1d1+1", "'\uff1d1+1", "wide signs are taken for the others"),
        ("a;=1+1", "a;'=1+1", "where a semicolon parts the cells"),
        ("a=1, b-2", "a=1, b-2", "inside a text nothing is computed"),
        ('say "hi"', 'say "hi"', "quotes are the writer's business"),
    ],
)
def test_no_cell_of_an_annex_is_a_formula(text: str, said: str, why: str) -> None:
    body = spreadsheets.csv_of(Table(("text", "number"), ((text, -3),)), CLOCK)
    assert rows_of(body) == [{"text": said, "number": "-3"}], why


def test_an_annex_says_times_with_their_offset_and_nothing_where_nothing_is() -> None:
    body = spreadsheets.csv_of(Table(("at", "none", "part"), ((NOW, None, 0.12345),)), CLOCK)
    assert body == b'"at","none","part"\r\n"2026-11-21T07:00:05+01:00","",0.123\r\n'


@pytest.mark.parametrize(
    ("key", "stem", "name"),
    [
        ("html", "report", "report.html"),
        ("runs.csv", "report", "runs.csv"),
        ("runs.csv", "report-100005", "runs-100005.csv"),
        ("json", "report-100005", "report-100005.json"),
    ],
)
def test_an_annex_carries_the_time_of_its_report(key: str, stem: str, name: str) -> None:
    assert file_name(key, stem) == name


def test_a_job_renders_it_and_keeps_every_file(worker_database: Database, home: Path, tmp_path: Path) -> None:
    month = quiet_month(worker_database, tmp_path / "site", BACKUPS)
    month.backup("mail", PERIOD.until - HOUR)
    run = month.night.run("check-vault", NOW - HOUR, None)
    order = RenderReport(run=f"RUN{run:06d}", report=NAME, hours=24 * 30)
    with time_machine.travel(NOW, tick=False):
        render_to_files.fn(order)
        later = [Path(path).name for path in render_to_files.fn(order)]
    folder = home / "reports" / NAME / "2026-11-21"
    assert later == [f"report-070005.{end}" for end in ("html", "json")] + [
        f"{name}-070005.csv" for name in ("points", "restore-tests", "runs")
    ] + ["report-070005.txt"]
    assert len(list(folder.iterdir())) == 12
    assert f"by RUN{run:06d}" in (folder / "report.txt").read_text()

"""Sites, journal, reports and the database at the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from desk.cli import sites
from models.database import Database
from tests.desk.conftest import Said
from tests.desk.small_site import write_site

Call = Callable[..., Said]


@pytest.mark.parametrize("words", [("job", "list"), ("job", "run", "rotate-logs"), ("journal", "verify")], ids=" ".join)
def test_where_nothing_was_started_the_next_step_is_told_and_nothing_is_made(
    bare_watchbill: Call, surroundings: dict[str, str], words: tuple[str, ...]
) -> None:
    said = bare_watchbill(*words)
    assert said.code == 1
    assert "watchbill up" in said.err
    assert not Path(surroundings["WATCHBILL_HOME"], "watchbill.db").exists()


def test_a_database_of_a_newer_watchbill_is_refused(watchbill: Call, harbour: Database) -> None:
    with harbour.raw() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    said = watchbill("job", "list")
    assert said.code == 1
    assert "newer than this Watchbill" in said.words


def test_a_new_site_is_written_checked_and_described(bare_watchbill: Call, tmp_path: Path) -> None:
    folder = str(tmp_path / "new-site")
    assert bare_watchbill("init", folder, "--title", "My site", "--timezone", "Europe/Berlin").code == 0
    checked = bare_watchbill("check", folder)
    assert (checked.code, checked.out.startswith("ok: 6 jobs, 1 host")) == (0, True)
    assert bare_watchbill("schema", folder).code == 0
    assert (tmp_path / "new-site" / ".watchbill" / "jobs.yaml.schema.json").is_file()
    assert bare_watchbill("init", folder).code == 6


ZONES: list[tuple[str | None, str | None, str | None, str, str]] = [
    (None, "Europe/Berlin\n", None, "Europe/Berlin", "as Debian writes it"),
    (None, None, "Asia/Tokyo", "Asia/Tokyo", "as systemd links it"),
    (None, "Etc/UTC\n", None, "UTC", "what people call it"),
    (None, None, "Zulu", "UTC", "another name of it"),
    (None, None, None, "UTC", "a machine without one"),
    (None, "nowhere\n", "Europe/Paris", "Europe/Paris", "a name that is none is passed over"),
    (":America/Lima", "Europe/Berlin\n", None, "America/Lima", "the person's own comes first"),
    ("CET-1CEST", "Europe/Berlin\n", None, "Europe/Berlin", "a rule is no name"),
]


@pytest.mark.parametrize(("own", "named", "linked", "zone", "why"), ZONES, ids=[case[4] for case in ZONES])
def test_a_new_site_has_the_zone_of_its_machine(
    bare_watchbill: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: str | None,
    named: str | None,
    linked: str | None,
    zone: str,
    why: str,
) -> None:
    monkeypatch.setattr(sites, "ZONE_NAME", tmp_path / "timezone")
    monkeypatch.setattr(sites, "ZONE_LINK", tmp_path / "localtime")
    if own is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", own)
    if named is not None:
        (tmp_path / "timezone").write_text(named)
    if linked is not None:
        (tmp_path / "localtime").symlink_to(tmp_path / "zoneinfo" / linked)
    assert bare_watchbill("init", str(tmp_path / "new")).code == 0
    assert f'\ntimezone: "{zone}"\n' in (tmp_path / "new" / "site.yaml").read_text(), why


def test_every_fault_of_a_site_is_a_line_with_its_place(bare_watchbill: Call, tmp_path: Path) -> None:
    jobs = "jobs:\n  a: {titel: A}\n  b: {title: B, owner: nobody, runbook: x, on: local, command: [x]}\n"
    folder = write_site(tmp_path / "bad", jobs=jobs)
    said = bare_watchbill("check", str(folder))
    assert said.code == 7
    lines = [line for line in said.err.splitlines() if line.startswith(str(folder))]
    assert any(line.startswith(f"{folder}/jobs.yaml:2:7: jobs.a.titel:") for line in lines)
    assert len(lines) >= 2
    assert f"{len(lines)} faults" in said.err
    assert len(bare_watchbill("check", str(folder), "--json").json["faults"]) == len(lines)


def test_a_broken_journal_names_its_first_bad_row(watchbill: Call, harbour: Database) -> None:
    with harbour.outside_transactions() as cursor:
        names = [row[0] for row in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("UPDATE journal SET actor = 'mallory' WHERE seq = 3")
    said = watchbill("journal", "verify")
    assert said.code == 1
    assert "journal row 3: was changed" in said.err
    assert watchbill("journal", "verify", "--json").json["first_bad_row"] == 3


def test_the_journal_is_exported_whole_and_in_order(watchbill: Call, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in watchbill("journal", "export").out.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    file = tmp_path / "journal.jsonl"
    assert watchbill("journal", "export", "-o", str(file)).out == ""
    assert len(file.read_text().splitlines()) == len(rows)
    assert watchbill("journal", "export", "-o", str(tmp_path / "no" / "where")).code == 1


def test_a_report_is_rendered_in_the_formats_that_are_wanted(watchbill: Call, tmp_path: Path) -> None:
    said = watchbill("report", "render", "daily-operations", "-o", str(tmp_path / "all"))
    assert said.code == 0, said.err
    assert {Path(line).suffix for line in said.out.splitlines()} == {".html", ".txt", ".json"}
    said = watchbill("report", "render", "daily-operations", "-o", str(tmp_path / "one"), "--format", "txt")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["report.txt"]
    said = watchbill("report", "render", "daily-operations", "-o", str(tmp_path / "no"), "--format", "docx")
    assert (said.code, (tmp_path / "no").exists()) == (2, False)


def test_a_report_can_be_of_a_month_of_the_site(watchbill: Call, tmp_path: Path) -> None:
    order = ("report", "render", "daily-operations", "-o", str(tmp_path / "month"), "--format", "txt")
    said = watchbill(*order, "--period", "2026-03", "--json")
    found = json.loads(said.out)
    assert (found["since"], found["until"]) == ("2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00")
    said = watchbill(*order, "--period", "2126-03")
    assert (said.code, "2126-03 has not begun" in said.words) == (2, True)
    said = watchbill(*order, "--period", "march")
    assert (said.code, "'march' is no month: write 2026-11" in said.words) == (2, True)


def test_the_evidence_report_comes_with_its_annexes(watchbill: Call, tmp_path: Path) -> None:
    said = watchbill("report", "render", "backup-evidence", "-o", str(tmp_path / "all"), "--hours", "744")
    assert said.code == 0, said.err
    names = ["points.csv", "report.html", "report.json", "report.txt", "restore-tests.csv", "runs.csv"]
    assert sorted(Path(line).name for line in said.out.splitlines()) == names
    assert "no service and no host" not in (tmp_path / "all" / "report.txt").read_text()
    said = watchbill("report", "render", "backup-evidence", "-o", str(tmp_path / "some"), "--format", "csv,txt")
    assert sorted(path.name for path in (tmp_path / "some").iterdir()) == [
        name for name in names if name.endswith((".csv", ".txt"))
    ]
    said = watchbill("report", "render", "daily-operations", "-o", str(tmp_path / "no"), "--format", "csv")
    assert (said.code, "it has: html, json, txt" in said.words) == (2, True)


def test_the_problem_report_is_of_a_month(watchbill: Call, tmp_path: Path) -> None:
    said = watchbill(
        "report", "render", "problems", "-o", str(tmp_path), "--period", "last month", "--format", "html,csv"
    )
    assert said.code == 0, said.err
    names = ["incidents.csv", "known-errors.csv", "measures.csv", "pareto.csv", "problems.csv", "report.html"]
    assert sorted(Path(line).name for line in said.out.splitlines()) == names


def test_a_schema_is_made_and_brought_up_to_date_by_hand(bare_watchbill: Call) -> None:
    assert "brought up to date" in bare_watchbill("database", "upgrade").out
    assert "was up to date" in bare_watchbill("database", "upgrade").out
    said = bare_watchbill("alarm", "list")
    assert (said.code, said.err.startswith("error: the register is empty")) == (5, True)

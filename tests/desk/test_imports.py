"""`watchbill import tickets` and `watchbill report measures`, as people call them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.import_tickets import log
from models.settings import CHECKOUT
from tests.desk.conftest import Said
from tests.ticket_lab import CHANGES, HEADER, row

MAPS = CHECKOUT / "docs" / "how-to" / "maps"
Watchbill = Callable[..., Said]
LOG = HEADER + "".join(
    [
        row("A1", "2016-02-29 09:00", "New", team="web", priority="1 - Critical"),
        row("A1", "2016-02-29 11:00", "Resolved", team="data"),
        row("A2", "2016-02-29 09:00", "New", team="web", priority="3 - Moderate"),
        row("A3", "2016-02-29 09:00", "Gone"),
    ]
)
VINST = (
    "Problem Number;Problem Change Date+Time;Problem Sub Status;Problem Status;Problem Latest Impact;"
    "Problem Involved Owner ST;Product;Problem Involved Action Owner First Name\n"
    "1-1;2006-01-11T15:49:42+01:00;Awaiting Assignment;Queued;High;J11 2nd;PROD1;Jörg\n"
    "1-1;2006-01-12T15:49:42+01:00;In Progress;Accepted;High;J12 2nd;PROD1;Jörg\n"
    "1-1;2006-01-13T15:49:42+01:00;Closed;Completed;High;J11 2nd;PROD1;Jörg\n"
    "1-1;2006-01-14T15:49:42+01:00;Awaiting Assignment;Queued;High;J11 2nd;PROD1;Jörg\n"
    "1-1;2006-01-15T15:49:42+01:00;Closed;Completed;High;J11 2nd;PROD1;Jörg\n"
    "1-2;2006-01-15T15:49:42+01:00;Cancelled;Completed;Low;J11 2nd;PROD1;Jörg\n"
)
RABOBANK = (
    "CI Name (aff);CI Type (aff);CI Subtype (aff);Service Component WBS (aff);Incident ID;Status;Impact;Urgency;"
    "Priority;Category;KM number;Alert Status;# Reassignments;Open Time;Reopen Time;Resolved Time;Close Time;"
    "Handle Time (Hours);Closure Code;;;\n"
    "SUB000508;subapplication;Web Based Application;WBS000162;IM0000004;Closed;4;4;4;incident;KM0000553;closed;26;"
    "5/2/2012  13:32:57;;4/11/2013  13:50:27;4/11/2013  13:51:17;3871,691111;Other;;;\n"
    "WBA000124;application;Web Based Application;WBS000088;IM0000005;Closed;3;3;3;incident;KM0000611;closed;33;"
    "12/3/2012  15:44:57;2/12/2013  12:31:44;2/12/2013  12:36:10;2/12/2013  12:36:40;4354,786389;Software;;;\n"
    ";;;;;;;;;;;;;;;;;;;;;\n"
    "#N/B;;;;IM0000006;Work in progress;5;5 - Very Low;5;request for information;KM1;closed;0;"
    "1/10/2013  08:00:00;;;;0;;;;\n"
    "X;;;;IM0000007;Closed;5;5;5;incident;KM1;closed;0;1/10/2013  08:00:00;;1/9/2013  08:00:00;2/10/2013  08:00:00;"
    "0;;;;\n"
)
HELP_DESK = "case:concept:name,time:timestamp,Activity,Resource,case:variant\n" + "".join(
    f"Case{number},{at}+02:00,{activity},Value {number},Variant 1\n"
    for number in (1, 2)
    for at, activity in [
        ("2010-01-13 08:40:25", "Assign seriousness"),
        ("2010-01-13 08:41:25", "Take in charge ticket"),
        ("2010-01-14 08:40:25", "Wait"),
        ("2010-01-15 08:40:25", "Resolve ticket"),
        ("2010-01-30 08:40:25", "Closed"),
    ]
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "map.yaml").write_text(CHANGES)
    return tmp_path


def test_what_came_and_what_was_refused_is_said(watchbill: Watchbill, files: Path) -> None:
    words = ("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    said = watchbill(*words)
    assert said.code == 0, said.err
    assert "2 incidents" in said.out
    assert "warning: 1 refused: an unknown state" in said.err
    assert "line 5: 'Gone' is in no line of `values.state`" in said.err
    assert "unchanged 2" in watchbill(*words).words


def test_a_trial_says_what_would_come(watchbill: Watchbill, files: Path) -> None:
    words = ("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    trial = watchbill(*words, "--dry-run", "--json").json
    assert (trial["is_trial"], trial["added"], trial["refused"]) == (True, 2, 1)
    assert trial["reasons"][0]["examples"] == ["line 5: 'Gone' is in no line of `values.state`"]
    assert [(one["line"], one["reason"]) for one in trial["refusals"]] == [(5, "an unknown state")]
    assert watchbill(*words, "--json").json["added"] == 2


def test_each_refused_row_goes_into_a_file(watchbill: Watchbill, files: Path) -> None:
    refused = files / "refused.csv"
    (files / "log.csv").write_text(LOG.replace("A3", "=A3()"))
    watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"), "--refused", str(refused))
    with refused.open(newline="") as stream:
        (found,) = csv.DictReader(stream)
    assert (found["line"], found["reason"]) == ("5", "an unknown state")


@pytest.mark.parametrize(
    ("map_", "words"),
    [
        (CHANGES.replace("id: number", "id: nmber"), 'map.yaml:7:7: columns.id: there is no column "nmber"; did you'),
        (CHANGES.replace("kind: incident", "kind: x"), "map.yaml:2:7: kind: must be incident, problem or request"),
        ("", "is empty"),
        (CHANGES.replace("file: {", 'file: {separator: ";", '), 'the whole header is one, is `file.separator` ","?'),
    ],
)
def test_a_map_that_is_wrong_is_a_misuse_with_its_place(
    watchbill: Watchbill, files: Path, map_: str, words: str
) -> None:
    (files / "map.yaml").write_text(map_)
    said = watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    assert said.code == 2
    assert words.replace("7:7", "6:7") in said.err


@pytest.mark.parametrize(
    ("data", "code", "words"), [(b"", 6, "0 bytes"), (None, 2, "cannot be read"), (b"a,b\n", 2, "no")]
)
def test_a_file_that_cannot_be_read_says_why(
    watchbill: Watchbill, files: Path, data: bytes | None, code: int, words: str
) -> None:
    (files / "log.csv").unlink()
    if data is not None:
        (files / "log.csv").write_bytes(data)
    said = watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    assert (said.code, words in said.err) == (code, True), said.err


def test_a_header_alone_is_a_file_to_wonder_about(watchbill: Watchbill, files: Path) -> None:
    (files / "log.csv").write_text(HEADER)
    said = watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    assert (said.code, "has a header and no row" in said.err) == (0, True)


def test_a_column_that_comes_twice_is_named(watchbill: Watchbill, files: Path) -> None:
    (files / "log.csv").write_text(HEADER.replace("room", "team"))
    said = watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    assert (said.code, 'the file has two columns "team"' in said.err) == (2, True)


def test_a_cell_without_end_refuses_its_row_alone(watchbill: Watchbill, files: Path) -> None:
    text = HEADER + row("A1", "2016-02-29 09:00", "New", room="x" * 2**21) + row("A2", "2016-02-29 09:00", "New")
    (files / "log.csv").write_text(text)
    found = watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"), "--json").json
    assert (found["added"], found["rows"]) == (1, 2)
    assert [(one["line"], one["reason"]) for one in found["refusals"]] == [(2, "a cell that is too long")]


def test_a_list_of_refused_rows_that_cannot_be_written_stops_the_import(watchbill: Watchbill, files: Path) -> None:
    words = ("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    said = watchbill(*words, "--refused", str(files / "nowhere" / "refused.csv"))
    assert (said.code, "cannot be written" in said.err) == (2, True)
    assert watchbill(*words, "--json").json["added"] == 2


def test_a_file_of_which_every_row_is_refused_has_failed(watchbill: Watchbill, files: Path) -> None:
    (files / "log.csv").write_text(HEADER + row("A3", "2016-02-29 09:00", "Gone"))
    assert watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml")).code == 1


def imported(watchbill: Watchbill, folder: Path, map_: str, text: str, encoding: str = "utf-8") -> dict[str, object]:
    file = folder / f"{map_}.csv"
    file.write_bytes(text.encode(encoding))
    said = watchbill("import", "tickets", str(file), "--map", str(MAPS / f"{map_}.yaml"), "--json")
    assert said.code == 0, said.err
    return said.json  # type: ignore[no-any-return]


def measured(watchbill: Watchbill, *words: str) -> dict[str, object]:
    said = watchbill("report", "measures", *words, "--json")
    assert said.code == 0, said.err
    return said.json  # type: ignore[no-any-return]


def test_problems_of_vinst(watchbill: Watchbill, tmp_path: Path) -> None:
    assert imported(watchbill, tmp_path, "vinst-problems", VINST, "latin-1")["refused"] == 0
    found = measured(watchbill, "--kind", "problem", "--by", "impact")
    figures = found["all"]
    assert (figures["opened"], figures["solved"], figures["reopened"], figures["ping_pong"]) == (2, 1, 1, 1)
    assert figures["cancelled"] == 1
    assert (figures["resolution_hours"]["median"], figures["first_resolution_hours"]["median"]) == (96.0, 48.0)
    assert {group["name"]: group["figures"]["opened"] for group in found["groups"]} == {"High": 1, "Low": 1}
    assert found["there"]["rows_by_state"]["Completed/Closed"] == 2


def test_the_log_of_a_help_desk(watchbill: Watchbill, tmp_path: Path) -> None:
    imported(watchbill, tmp_path, "help-desk-log", HELP_DESK)
    figures = measured(watchbill, "--source", "help-desk")["all"]
    assert (figures["opened"], figures["resolution_hours"]["mean"], figures["course_hours"]["mean"]) == (2, 48.0, 408.0)
    assert measured(watchbill, "--period", "2010-Q2")["all"]["opened"] == 0


def test_incidents_of_rabobank(watchbill: Watchbill, tmp_path: Path) -> None:
    found = imported(watchbill, tmp_path, "rabobank-incidents", RABOBANK)
    assert (found["added"], [one["reason"] for one in found["reasons"]]) == (3, ["an end before the beginning"])
    figures = measured(watchbill)["all"]
    assert (figures["solved"], figures["open"], figures["reassignments"]) == (2, 1, 59)
    assert figures["resolution_hours"]["max"] == pytest.approx(15312.2917, abs=0.001)


def test_the_incident_log_of_uci(watchbill: Watchbill, tmp_path: Path) -> None:
    text = "\n".join(",".join(cells) for cells in log(rows=600, tickets=100)) + "\n"
    rows = [line.split(",") for line in text.splitlines()[1:]]
    found = imported(watchbill, tmp_path, "uci-incident-log", text)
    assert (found["added"], found["refused"]) == (len({cells[0] for cells in rows}), 0)
    measures = measured(watchbill, "--by", "priority")
    last = {}
    for cells in rows:
        number, day, month_year = cells[0], *cells[13].split("/", 1)
        month, rest = month_year.split("/", 1)
        at = (rest[:4], int(month), int(day), rest[5:].zfill(5))
        last[number] = max(last.get(number, ()), (*at, int(cells[5]), cells[6], cells[1]))
    verdicts = [one[5] == "true" for one in last.values() if one[6] in ("Resolved", "Closed")]
    assert measures["all"]["sla_there"]["n"] == len(verdicts)
    assert measures["all"]["sla_there"]["kept"] == sum(verdicts)
    assert {group["name"] for group in measures["groups"]} == {"P1", "P2", "P3", "P4"}
    assert json.dumps(measures)


def test_what_the_source_says_of_its_tickets_is_measured_by_ticket(watchbill: Watchbill, tmp_path: Path) -> None:
    """Each row repeats when the ticket was solved; the first row that says so came too early."""
    cells = "INC1,{state},{given},{again},{sla},29/2/2016 01:16,{at},29/2/2016 11:16\n"
    header = "number,incident_state,reassignment_count,reopen_count,made_sla,opened_at,sys_updated_at,resolved_at\n"
    rows = [("New", "0", "0", "true", "29/2/2016 01:23"), ("Resolved", "1", "0", "true", "29/2/2016 08:53")]
    rows += [("Resolved", "3", "1", "true", "29/2/2016 11:29"), ("Closed", "3", "1", "false", "5/3/2016 12:00")]
    names = ("state", "given", "again", "sla", "at")
    text = header + "".join(cells.format(**dict(zip(names, one, strict=True))) for one in rows)
    (tmp_path / "log.csv").write_text(text)
    (tmp_path / "map.yaml").write_text(
        "source: snow\nkind: incident\nshape: one row per change\ntimes: {day_first: true}\n"
        "columns: {id: number, time: sys_updated_at, opened: opened_at, resolved: resolved_at, state: incident_state, "
        "reopened: reopen_count, reassigned: reassignment_count, made_sla: made_sla}\n"
    )
    said = watchbill("import", "tickets", str(tmp_path / "log.csv"), "--map", str(tmp_path / "map.yaml"))
    assert said.code == 0, said.err
    found = measured(watchbill, "--source", "snow")
    assert found["all"]["resolution_hours"]["mean"] == 10.0
    assert (found["all"]["sla_there"]["n"], found["all"]["sla_there"]["kept"]) == (1, 0)
    assert [found["there"][name] for name in ("reopened", "reassigned", "reassignments")] == [1, 1, 3]
    assert "1 reopened; 1 reassigned, 3 times" in watchbill("report", "measures").words


def test_a_source_that_there_is_not_is_a_misuse(watchbill: Watchbill, files: Path) -> None:
    watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    said = watchbill("report", "measures", "--source", "old-dsk")
    assert said.code == 2
    assert 'no ticket came from it; did you mean "old-desk"?; there are: old-desk' in " ".join(said.err.split())


def test_a_ticket_that_is_refused_whole_is_one_example(watchbill: Watchbill, files: Path) -> None:
    words = ("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"), "--json")
    watchbill(*words)
    (files / "log.csv").write_text(LOG.replace("A1,2016-02-29 11", "A1,2016-02-29 12"))
    (reason, _) = watchbill(*words).json["reasons"]
    assert (reason["reason"], reason["rows"], len(reason["examples"])) == ("another story than before", 2, 1)


def test_figures_are_shown_to_people(watchbill: Watchbill, files: Path) -> None:
    watchbill("import", "tickets", str(files / "log.csv"), "--map", str(files / "map.yaml"))
    said = watchbill("report", "measures", "--by", "team")
    assert said.code == 0
    assert "opened 2; 1 solved, 1 open at the end" in said.words
    assert "promise kept no data" in said.words
    assert "data 1 1 0" in said.words


def test_a_period_that_is_none_is_a_misuse(watchbill: Watchbill) -> None:
    said = watchbill("report", "measures", "--period", "november")
    assert (said.code, "is no period" in said.err) == (2, True)


def test_live_incidents_are_measured_and_drills_are_not(watchbill: Watchbill) -> None:
    watchbill("incident", "new", "Printer on fire")
    found = measured(watchbill)
    assert (found["all"]["opened"], found["there"], found["drills_left_out"]) == (1, None, 0)

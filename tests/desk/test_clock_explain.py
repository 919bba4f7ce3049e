"""`watchbill clock explain`: each line that moved a clock, from the journal alone; and the repair."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from desk.cli.entry import run
from models import clock
from models.database import Database
from models.queries import incidents
from models.records import IncidentClock
from models.rules.clock_promises import Measure
from models.rules.incident_rules import Grading
from models.vocabulary import HoldReason
from tests.desk.conftest import Said
from tests.records.incident_site import ANNA, FIXED, HOUR, MINUTE, MONDAY, apply, look, opened

Call = Callable[..., Said]
HALF_PAST_ONE = MONDAY + 4 * HOUR + 30 * MINUTE


@pytest.fixture
def told(
    sqlite: Database,
    tmp_path: Path,
    surroundings: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Call:
    """A command after an incident was taken, put on hold and made graver; it is half past one in Berlin."""
    apply(sqlite, tmp_path / "site")
    with sqlite.write() as session:
        incident = opened(session, impact="medium", urgency="high")
        incidents.take(session, incident, ANNA, MONDAY + 10 * MINUTE)
        incidents.hold(session, incident, HoldReason.CALLER, ANNA, MONDAY + HOUR)
        incidents.resume(session, incident, ANNA, MONDAY + 2 * HOUR)
        incidents.set_priority(session, incident, Grading("high", "high", "P1"), ANNA, MONDAY + 4 * HOUR)
    look(sqlite, MONDAY + 4 * HOUR)
    monkeypatch.setattr(clock, "now", lambda: HALF_PAST_ONE)

    def call(*words: str) -> Said:
        capsys.readouterr()
        code = run(words)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def test_every_line_that_moved_a_clock_is_printed_in_the_sites_zone(told: Call) -> None:
    said = told("clock", "explain", "INC000001", "--no-color")
    assert (said.code, said.err) == (0, "")
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[:2] == ["INC000001 the shop is down", "P1, in progress"]
    for wanted in (
        "SLA, time to own house 1h met 11:00 10m",
        "SLA, time to resolve house 4h running 15:00 3h30m 30m",
        "OLA, time to resolve team 2h breached 13:00 3h30m -1h30m",
        "10:00 OLA, time to resolve opened with priority P2 starts: 4h, due 14:00 0s 0s 0s",
        "10:10 SLA, time to own owned by anna stops: met 10m 0s 10m",
        "11:00 OLA, time to resolve on hold: caller is held: the due time is unknown until it goes on 1h 0s 1h",
        "12:00 OLA, time to resolve hold ended goes on: due 15:00 0s 0s 1h",
        "14:00 OLA, time to resolve priority P1 from 4h to 2h, counted from the start: due 13:00, breached 2h 0s 3h",
        "times in Europe/Berlin",
    ):
        assert wanted in lines, wanted
    assert not any("supplier" in line and "P2" in line and "due" in line for line in lines), "nothing for P2"


def test_json_has_clocks_and_lines_and_no_repair_that_nobody_asked_for(told: Call) -> None:
    found = told("clock", "explain", "1", "--json").json
    assert (found["incident"], found["priority"], found["reopened"], found["rebuilt"]) == ("INC000001", "P1", 0, None)
    ola = next(one for one in found["clocks"] if one["agreement"] == "OLA")
    assert (ola["state"], ola["target"], ola["business_seconds"], ola["remaining_seconds"]) == (
        "breached",
        "2h",
        3.5 * 3600,
        -1.5 * 3600,
    )
    assert ola["breached_at"] == "2026-11-23T13:00:00+00:00", "since the priority changed"
    used = [line["used_seconds"] for line in found["lines"] if line["agreement"] == "OLA"]
    assert used == sorted(used)


def test_the_time_of_each_clock_is_told_by_who_had_the_incident(told: Call, sqlite: Database) -> None:
    """The web team's until Anna takes it at 10:10; at 14:00 Cleo of the data team gets it; it waits from 11 to 12."""
    with sqlite.write() as session:
        incident = incidents.get(session, 1)
        incidents.assign(session, incident, ("data-team", "cleo"), ANNA, MONDAY + 4 * HOUR)
    said = told("clock", "explain", "INC000001", "--no-color")
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    begin = lines.index("Who had it")
    assert lines[begin + 1] == "clock team owner used around the clock on hold"
    assert lines[begin + 2] == "SLA, time to own web-team nobody 10m 10m"
    for wanted in (
        "OLA, time to resolve web-team nobody 10m 10m",
        "OLA, time to resolve web-team anna 2h50m 2h50m caller 1h",
        "OLA, time to resolve data-team cleo 30m 30m",
    ):
        assert wanted in lines[begin:], wanted
    clocks = told("clock", "explain", "1", "--json").json["clocks"]
    ola = next(one for one in clocks if one["agreement"] == "OLA")
    assert ola["breakdown"][1] == {
        "team": "web-team",
        "owner": "anna",
        "business_seconds": 10200,
        "actual_seconds": 10200,
        "held": {"caller_seconds": 3600},
    }
    for one in clocks:
        assert sum(part["business_seconds"] for part in one["breakdown"]) == one["business_seconds"]


def test_a_repair_says_what_differed_and_the_next_finds_nothing(told: Call, sqlite: Database) -> None:
    with sqlite.write() as session:
        own = IncidentClock.measure == Measure.OWN
        session.execute(update(IncidentClock).where(own).values(business_seconds=1.0))
    said = told("clock", "explain", "INC000001", "--rebuild")
    assert said.code == 0
    assert "INC000001, SLA, time to own: business_seconds was 1.0, and is 600.0" in said.err
    assert "INC000001  the shop is down" in said.out
    again = told("clock", "rebuild")
    assert (again.code, again.out) == (0, "")
    assert "4 clocks of 1 incidents computed anew nothing differed" in again.words


def test_a_repair_of_all_is_json_too(told: Call, sqlite: Database) -> None:
    with sqlite.write() as session:
        session.execute(delete(IncidentClock))
    assert told("clock", "rebuild", "--json").json == {
        "incidents": 1,
        "clocks": 4,
        "missing": 4,
        "differences": [],
        "failed": [],
    }


def test_an_incident_that_nothing_was_promised_has_no_clock(told: Call, sqlite: Database, tmp_path: Path) -> None:
    apply(sqlite, tmp_path / "site", "handling: {close_after: 1d}\n", MONDAY + 3 * HOUR)
    with sqlite.write() as session:
        incident = opened(session, MONDAY + 3 * HOUR)
        incidents.resolve(session, incident, FIXED, ANNA, MONDAY + 4 * HOUR)
    said = told("clock", "explain", "INC000002")
    assert said.out.splitlines()[-1] == "nothing is promised for it: it has no clock"


WRONG = [
    (("clock", "explain", "INC000009"), 5, "there is no incident INC000009; the last is INC000001"),
    (("clock", "explain", "shop"), 2, "'shop' is not the number of an incident: it looks like INC000123"),
    (("clock", "rebuild", "INC000009"), 5, "there is no incident INC000009"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG, ids=[" ".join(case[0]) for case in WRONG])
def test_what_there_is_not_is_said(told: Call, words: tuple[str, ...], code: int, message: str) -> None:
    said = told(*words)
    assert (said.code, said.out) == (code, "")
    assert message in said.words


def test_long_spans_are_rounded_for_people_only(told: Call, sqlite: Database) -> None:
    with sqlite.write() as session:
        incidents.resolve(
            session, incidents.get(session, 1), FIXED, ANNA, MONDAY + 4 * HOUR + timedelta(milliseconds=1500)
        )
    said = told("clock", "explain", "INC000001")
    assert "resolved stops: breached 2s" in said.words
    lines = told("clock", "explain", "INC000001", "--json").json["lines"]
    assert lines[-1]["counted_seconds"] == 1.5


def test_a_clock_that_cannot_be_computed_is_said_and_stops_no_repair(
    told: Call, sqlite: Database, tmp_path: Path
) -> None:
    once = "calendars:\n  office: {dates: {2026-11-23: '09:00-11:00'}}\n"
    apply(sqlite, tmp_path / "site", now=MONDAY + 4 * HOUR, calendars=once)
    with sqlite.write() as session:
        opened(session, MONDAY + 4 * HOUR, service="files", team="data-team", priority="P4")
    said = told("clock", "explain", "INC000001")
    assert said.code == 6
    assert "INC000001: its clocks cannot be computed: the calendar office is not open for 3h" in said.words
    repaired = told("clock", "rebuild")
    assert (repaired.code, "of 2 incidents" in repaired.words) == (0, True)
    assert "warning: INC000001: the calendar office is not open for 3h" in repaired.words

"""Business time at the command line: the answer, in the site's zone, with the working behind it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.desk.conftest import Said
from tests.desk.small_site import write_site

Call = Callable[..., Said]
CALENDARS = """
calendars:
  office: {hours: {mon-fri: ["08:00-12:00", "13:00-18:00"]}, dates: {2026-11-25: "closed: the fair"}}
  kathmandu: {timezone: Asia/Kathmandu, hours: {mon-fri: ["10:00-17:00"]}}
  once: {dates: {2025-01-01: "09:00-10:00"}}
"""


@pytest.fixture
def site(bare_watchbill: Call, tmp_path: Path) -> Path:
    """The small site with calendars that are open and closed."""
    return write_site(tmp_path / "site", calendars=CALENDARS)


DUES = [
    ("office", "2026-11-23 10:00", "1h", "2026-11-23T10:00:00+00:00", "local without a zone"),
    ("office", "2026-11-23T10:00:00Z", "1h", "2026-11-23T12:00:00+00:00", "over lunch; an instant is an instant"),
    ("office", "2026-11-23T10:00+01:00", "1h", "2026-11-23T10:00:00+00:00", "with an offset"),
    (
        "office",
        "2026-11-23",
        "9h",
        "2026-11-24T07:00:00+00:00",
        "a day alone begins at midnight; a closing opens again",
    ),
    ("office", "2026-11-24 17:00", "90m", "2026-11-26T07:30:00+00:00", "over a closed day"),
    ("kathmandu", "2026-11-23 10:00", "2h", "2026-11-23T11:00:00+00:00", "a calendar elsewhere, a time of the site"),
]


@pytest.mark.parametrize(("calendar", "start", "length", "due", "why"), DUES, ids=[case[4] for case in DUES])
def test_a_due_time_is_computed_by_a_calendar_of_the_site(
    bare_watchbill: Call, site: Path, calendar: str, start: str, length: str, due: str, why: str
) -> None:
    said = bare_watchbill("clock", "due", "--calendar", calendar, "--start", start, "--for", length, "--json")
    assert (said.code, said.err) == (0, "")
    found = said.json
    assert (found["calendar"], found["due"]) == (calendar, due), why
    assert sum(row["counted_seconds"] for row in found["working"]) == found["length_seconds"]


def test_people_read_the_due_time_in_the_sites_zone_with_the_working(bare_watchbill: Call, site: Path) -> None:
    said = bare_watchbill(
        "clock", "due", "--calendar", "office", "--start", "2026-11-23 16:00", "--for", "4h", "--no-color"
    )
    assert (said.code, said.err) == (0, "")
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines == [
        "due Tue 24 Nov 2026 10:00:00 CET",
        "4h of office after Mon 23 Nov 2026 16:00:00 CET",
        "from to counted in all",
        "Mon 23 Nov 2026 16:00:00 Mon 23 Nov 2026 18:00:00 2h 2h",
        "Tue 24 Nov 2026 08:00:00 Tue 24 Nov 2026 10:00:00 2h 4h",
        "",
        "times in Europe/Berlin",
    ]


def test_elapsed_time_is_counted_by_a_calendar_of_the_site(bare_watchbill: Call, site: Path) -> None:
    words = ("clock", "elapsed", "--calendar", "office", "--start", "2026-11-23 16:00", "--end", "2026-11-26 09:00")
    found = bare_watchbill(*words, "--json").json
    assert (found["elapsed_seconds"], len(found["working"])) == ((2 + 9 + 1) * 3600, 4)
    assert found["working"][-1] == {
        "since": "2026-11-26T07:00:00+00:00",
        "until": "2026-11-26T08:00:00+00:00",
        "counted_seconds": 3600.0,
        "total_seconds": 12 * 3600.0,
    }
    assert bare_watchbill(*words).out.splitlines()[0] == "elapsed 12h"


def test_a_long_working_is_cut_for_people_only(bare_watchbill: Call, site: Path) -> None:
    words = ("clock", "elapsed", "--calendar", "office", "--start", "2026-01-01", "--end", "2026-12-31")
    rows = bare_watchbill(*words, "--json").json["working"]
    said = bare_watchbill(*words)
    assert f"{len(rows) - 20:,} more" in said.out
    assert "Wed 30 Dec 2026 13:00:00" in said.out, "the last stretch is shown"
    assert len(said.out.splitlines()) == 2 + 1 + 20 + 1 + 2


@pytest.mark.parametrize(
    ("start", "end", "talk"),
    [
        ("2026-11-21", "2026-11-22", ""),
        ("2026-11-26", "2026-11-23", "warning: the end lies before the start: nothing has elapsed"),
    ],
    ids=["a weekend", "backwards"],
)
def test_where_nothing_is_open_nothing_has_elapsed(
    bare_watchbill: Call, site: Path, start: str, end: str, talk: str
) -> None:
    said = bare_watchbill("clock", "elapsed", "--calendar", "office", "--start", start, "--end", end)
    assert (said.code, said.err.strip()) == (0, talk)
    assert said.out.splitlines()[0] == "elapsed 0s"
    assert said.out.splitlines()[-1] == "nothing is open in between"


WRONG = [
    (("--calendar", "offise"), 5, 'no calendar "offise"; known: kathmandu, office, once; did you mean "office"?'),
    (("--calendar", "once"), 2, "the calendar once is not open for 4h in the hundred years after 2026-11-23T09:00Z"),
    (("--for", "4"), 2, '--for: "4" is not a duration (no unit)'),
    (("--for", "-4h"), 2, "--for"),
    (("--for", "999999w"), 2, "more than 100 years"),
    (("--start", "tomorrow"), 2, "--start 'tomorrow' is not a time: write '2026-11-22 06:00'"),
    (("--start", "0001-01-01"), 2, "0001"),
    (("--start", "9999-12-31T23:59:59-12:00"), 2, "--start '9999-12-31T23:59:59-12:00' is not a time"),
    (("--site", "nowhere"), 7, "nowhere"),
]


@pytest.mark.parametrize(("changed", "code", "message"), WRONG, ids=[" ".join(case[0]) for case in WRONG])
def test_what_cannot_be_answered_is_said_in_one_sentence(
    bare_watchbill: Call, site: Path, changed: tuple[str, str], code: int, message: str
) -> None:
    given = {"--calendar": "office", "--start": "2026-11-23 10:00", "--for": "4h", changed[0]: changed[1]}
    said = bare_watchbill("clock", "due", *(word for pair in given.items() for word in pair))
    assert (said.code, said.out) == (code, "")
    assert message in said.words

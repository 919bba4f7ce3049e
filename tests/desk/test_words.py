"""Values as JSON, and text from hosts that must not act on a terminal."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.cli import words
from desk.services.plain import plain
from models.queries.daily_operations.strip import SIGNS as REPORT_SIGNS
from models.queries.desk_jobs import PastRun
from models.rules.outcomes import exit_code
from models.site.types import SiteModel
from models.vocabulary import Outcome, Trigger

AT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


class Named(SiteModel):
    """A model of pydantic's."""

    name: str


@dataclass(frozen=True)
class Thing:
    """One of everything."""

    outcome: Outcome
    at: datetime
    usual: timedelta
    folder: Path
    parts: tuple[Named, ...]
    raw: bytes


def test_a_value_becomes_plain_json_with_units_in_its_keys() -> None:
    thing = Thing(Outcome.OK, AT, timedelta(minutes=2), Path("var"), (Named(name="a"),), b"\xff")
    assert plain(thing) == {
        "outcome": "ok",
        "at": "2026-11-21T06:00:00+00:00",
        "usual_seconds": 120.0,
        "folder": "var",
        "parts": [{"name": "a"}],
        "raw": "\ufffd",
    }
    assert plain({"on": date(2026, 12, 24), "none": None, "set": {1}}) == {"on": "2026-12-24", "none": None, "set": [1]}


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_text_acts_on_the_terminal(text: str) -> None:
    for shown in (words.line(text).plain, words.cut_line(text).plain, words.block(text).plain.replace("\n", "")):
        assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in shown)
        assert not any(sign in shown for sign in "\u202e\u2066\u200f")


def test_an_escape_sequence_is_shown_and_lines_stay_lines() -> None:
    assert words.block("red \x1b[31m\r\nnext\tcell").plain == "red \\x1b[31m\nnext    cell"


@pytest.mark.parametrize("found", Outcome)
def test_every_outcome_has_a_sign_a_colour_and_an_exit_code(found: Outcome) -> None:
    assert words.SIGNS[found] in words.LEGEND
    assert words.COLOURS[found]
    assert exit_code(found) >= 0
    assert REPORT_SIGNS[found.value] == words.SIGNS[found], "the report's strip uses the same signs"


def test_no_two_outcomes_share_a_sign() -> None:
    assert len(set(words.LEGEND)) == len(words.SIGNS) + 2


def past(outcome: Outcome, attempt: int = 1, trigger: Trigger = Trigger.SCHEDULE) -> PastRun:
    return PastRun("RUN000001", outcome, AT, AT, attempt, trigger)


@pytest.mark.parametrize(
    ("run", "sign", "why"),
    [
        (past(Outcome.OK), ".", "plainly ok"),
        (past(Outcome.OK, attempt=2), "R", "ok, but only after a retry"),
        (past(Outcome.OK, trigger=Trigger.CATCH_UP), "C", "ok, but caught up"),
        (past(Outcome.FAILED, attempt=3), "F", "a retry that failed is failed"),
    ],
)
def test_the_sign_tells_how_it_became_ok(run: PastRun, sign: str, why: str) -> None:
    assert words.sign_of(run) == sign, why


def test_the_strip_reads_from_old_to_new() -> None:
    assert words.strip([past(Outcome.FAILED), past(Outcome.OK)]).plain == ".F"


@pytest.mark.parametrize(
    ("at", "shown", "why"),
    [
        (AT + timedelta(hours=1), "08:00", "today needs no date, in the site's zone"),
        (AT + timedelta(days=1), "Sun 22 Nov 07:00", "another day is named"),
        (AT + timedelta(days=60), "Wed 20 Jan 2027 07:00", "another year too"),
        (AT - timedelta(hours=8), "Fri 20 Nov 23:00", "yesterday by the clock on the wall"),
    ],
)
def test_times_are_as_short_as_they_can_be(at: datetime, shown: str, why: str) -> None:
    assert words.Clock("Europe/Berlin", AT).when(at) == shown, why


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")]
)
def test_an_age_has_one_unit(seconds: int, shown: str) -> None:
    assert words.ago(AT - timedelta(seconds=seconds), AT) == shown


def test_an_exact_time_of_another_year_says_which() -> None:
    times = words.Clock("Europe/Berlin", AT)
    assert times.exact(AT) == "21 Nov 07:00:00"
    assert times.exact(datetime(2006, 1, 11, 14, 49, 42, tzinfo=UTC)) == "11 Jan 2006 15:49:42"

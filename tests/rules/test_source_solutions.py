"""The last solution is when its source says so, where that can be."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.source_solutions import solved_as_said
from models.rules.source_tickets import SourceEvent
from models.rules.ticket_map import TEXTS
from models.rules.ticket_practice import PRACTICES
from models.vocabulary import TicketKind

BEGIN = datetime(2016, 2, 29, tzinfo=UTC)
WORDS = {"n": "new", "w": "in progress", "r": "resolved", "c": "closed", "-": None}


def events(told: str) -> list[SourceEvent]:
    """One for each letter, an hour after the other: `nwrc`."""
    return [
        SourceEvent(line, BEGIN + timedelta(hours=line), WORDS[letter], letter, (letter,) * len(TEXTS))
        for line, letter in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "said", "expected"),
    [
        ("nwrc", 2.0, "0n 1w 2r 3c"),
        ("nwrc", 1.5, "0n 1w 1.5r 2r 3c"),
        ("nwrc", 2.5, "0n 1w 2- 2.5r 3c"),
        ("nwrrc", 3.0, "0n 1w 2- 3r 4c"),
        ("nwr-c", 3.5, "0n 1w 2- 3- 3.5r 4c"),
        ("nwrc", 0.5, "0n 1w 2r 3c"),
        ("nwrc", 3.5, "0n 1w 2r 3c"),
        ("nrwrc", 3.0, "0n 1r 2w 3r 4c"),
        ("nrwrc", 1.0, "0n 1r 2w 3r 4c"),
        ("nwr", 9.0, "0n 1w 2- 9r"),
        ("rc", -1.0, "0r 1c"),
        ("nwc", 1.5, "0n 1w 2c"),
        ("nwrcr", 2.0, "0n 1w 2r 3c 4r"),
    ],
    ids=[
        "as its row says",
        "before its row",
        "after its row",
        "its second row",
        "among rows that say nothing",
        "while it was worked on: the rows hold",
        "after the end: the rows hold",
        "the last of two",
        "the first of two: the rows hold",
        "no end yet",
        "before all: the rows hold",
        "no row tells of it",
        "said once more after the end",
    ],
)
def test_the_last_solution_is_when_the_source_says(told: str, said: float, expected: str) -> None:
    at = BEGIN + timedelta(hours=said)
    found = solved_as_said(PRACTICES[TicketKind.INCIDENT], events(told), at, BEGIN)
    letters = {word: letter for letter, word in WORDS.items()}
    shown = [f"{(one.at - BEGIN) / timedelta(hours=1):g}{letters[one.state]}" for one in found]
    assert " ".join(shown) == expected
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_a_solution_that_is_put_in_says_nothing_else_anew() -> None:
    found = solved_as_said(PRACTICES[TicketKind.INCIDENT], events("nwr-c"), BEGIN + timedelta(hours=3.5), BEGIN)
    assert (found[4].values[0], found[4].told) == ("-", "r")

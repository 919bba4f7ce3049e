"""What is said of what comes too late."""

from datetime import timedelta

import pytest

from models.rules.late_words import late_words
from tests.rules.moments import utc

NOW = utc("2026-11-23 09:00")
CASES = [
    (timedelta(0), "", "in time"),
    (timedelta(minutes=2), "", "as soon as looks come"),
    (timedelta(hours=3), "; noticed 3h late: nobody looked in between", "late"),
]


@pytest.mark.parametrize(("late", "words", "why"), CASES, ids=[case[2] for case in CASES])
def test_a_late_message_says_how_late_it_is(late, words, why):
    assert late_words(NOW - late, NOW) == words, why


def test_what_was_never_to_be_looked_at_is_not_late():
    assert late_words(None, NOW) == ""

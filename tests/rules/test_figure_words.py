"""Sizes and ages as people say them."""

from datetime import timedelta

import pytest

from models.rules.figure_words import age_text, bytes_band, bytes_text, hours_text, money_text


@pytest.mark.parametrize(
    ("count", "text", "reason"),
    [
        (0, "0 B", "nothing"),
        (1023, "1023 B", "below a unit"),
        (1024, "1.0 KiB", "a unit"),
        (1024**2 - 1, "1.0 MiB", "never 1024.0 KiB"),
        (3.1 * 1024**3, "3.1 GiB", "one decimal"),
        (5000 * 1024**5, "5000.0 PiB", "past the last unit"),
    ],
)
def test_a_size_is_said_in_the_unit_that_it_fills(count, text, reason):
    assert bytes_text(count) == text, reason


def test_a_band_has_one_unit():
    gib = 1024**3
    assert bytes_band(11.8 * gib, 12.4 * gib) == "11.8-12.4 GiB"
    assert bytes_band(0.5 * gib, 12.4 * gib) == "0.5-12.4 GiB"
    assert bytes_band(gib, gib) == "1.0 GiB"


@pytest.mark.parametrize(
    ("span", "text", "reason"),
    [
        (timedelta(0), "0s", "none"),
        (timedelta(seconds=59.9), "59s", "rounded down"),
        (timedelta(minutes=45), "45m", "one unit"),
        (timedelta(hours=26, minutes=59), "1d 2h", "two units are enough"),
        (timedelta(days=1, minutes=5), "1d", "the next smaller unit only"),
        (-timedelta(hours=3), "3h", "an age has no sign"),
    ],
)
def test_an_age_is_said_by_its_two_largest_units(span, text, reason):
    assert age_text(span) == text, reason


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, "0 h"),
        (0.01, "under 0.1 h"),
        (0.1, "0.1 h"),
        (9.94, "9.9 h"),
        (9.95, "10 h"),
        (41.4, "41 h"),
        (1204, "1,204 h"),
    ],
)
def test_hours_lost_are_said_as_exactly_as_they_matter(hours: float, said: str) -> None:
    assert hours_text(hours) == said


@pytest.mark.parametrize(
    ("cost", "said"),
    [({}, ""), ({"EUR": 6150.4}, "EUR 6,150"), ({"USD": 12.0, "EUR": 40.0}, "EUR 40 and USD 12")],
)
def test_currencies_are_never_added_up(cost: dict[str, float], said: str) -> None:
    assert money_text(cost) == said

"""The 3-2-1 rule."""

import pytest

from models.rules.copies import Copy, three_two_one
from tests.rules.backup_points import DAY, HOUR, NOW

HERE = Copy("local", "disk of nas1", False, NOW - HOUR)
AWAY = Copy("away", "cloud", True, NOW - HOUR)


@pytest.mark.parametrize(
    ("copies", "met", "words", "reason"),
    [
        ([HERE, AWAY], True, "", "three, two, one"),
        ([], False, "1 of 3 copies", "only the original"),
        ([HERE], False, "0 of 1 copies off site", "nothing off site"),
        ([AWAY], False, "2 of 3 copies", "off site, but two"),
        ([HERE, Copy("away", "cloud", True, None)], False, "away holds no good point", "an empty repository"),
        (
            [HERE, Copy("away", "cloud", True, NOW - 3 * DAY)],
            False,
            "the newest good point in away is 3d old; at most 2d counts",
            "a copy that is behind",
        ),
        ([HERE, Copy("away", "cloud", True, NOW - 2 * DAY)], True, "", "just young enough"),
        (
            [Copy("a", "disk of web1", True, NOW), Copy("b", "disk of web1", True, NOW)],
            False,
            "1 of 2 places of storage",
            "beside the original on one disk",
        ),
        ([AWAY, AWAY], False, "2 of 3 copies", "one repository named twice is one copy"),
    ],
)
def test_three_copies_in_two_places_one_of_them_away(copies, met, words, reason):
    found = three_two_one("disk of web1", copies, 2 * DAY, NOW)
    assert found.is_met is met, reason
    assert words in "; ".join(found.reasons)
    assert bool(found.reasons) is not met


def test_the_verdict_is_said_in_words():
    assert str(three_two_one("disk", [HERE, AWAY], DAY, NOW)) == "3-2-1 met: 3 copies, 3 storages, 1 off site"

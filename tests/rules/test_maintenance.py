"""Maintenance windows: whose alerts they keep quiet, and until when."""

from datetime import timedelta

import pytest

from models.rules.calendars import Calendar
from models.rules.field_error import FieldError
from models.rules.maintenance import Maintenance, maintenance_of
from models.rules.windows import Window
from tests.rules.moments import utc, wall

SUNDAY = Calendar(
    name="sunday",
    timezone="Europe/Berlin",
    windows=(Window(day="sun", at=wall("2026-01-01 02:00").time(), lasts=timedelta(hours=2), reason="patches"),),
)
MOVE = Calendar(
    name="move", timezone="UTC", windows=(Window(starts=wall("2026-11-22 01:00"), ends=wall("2026-11-22 06:00")),)
)
ALWAYS = Calendar(name="always", timezone="UTC", always=True)
CALENDARS = {"sunday": SUNDAY, "move": MOVE, "always": ALWAYS}
PATCHES = {"patches": Maintenance("sunday", services=("shop",), hosts=("web1",))}
INSIDE = utc("2026-11-22 01:30")


@pytest.mark.parametrize(
    ("plans", "about", "now", "name", "until", "reason"),
    [
        (PATCHES, ("shop", None), INSIDE, "patches", utc("2026-11-22 03:00"), "its service"),
        (PATCHES, (None, "web1"), INSIDE, "patches", utc("2026-11-22 03:00"), "its host"),
        (PATCHES, ("files", "web1"), INSIDE, "patches", utc("2026-11-22 03:00"), "either is enough"),
        (PATCHES, ("files", "nas"), INSIDE, None, None, "neither"),
        (PATCHES, (None, None), INSIDE, None, None, "bound to nothing"),
        (PATCHES, ("shop", None), utc("2026-11-22 01:00"), "patches", utc("2026-11-22 03:00"), "the start belongs"),
        (PATCHES, ("shop", None), utc("2026-11-22 03:00"), None, None, "the end does not"),
        (PATCHES, ("shop", None), utc("2026-11-29 01:30"), "patches", utc("2026-11-29 03:00"), "each week"),
        (
            PATCHES | {"move": Maintenance("move", hosts=("web1",))},
            ("shop", "web1"),
            INSIDE,
            "move",
            utc("2026-11-22 06:00"),
            "the one that lasts longest",
        ),
        (
            {"old": Maintenance("always", services=("shop",))} | PATCHES,
            ("shop", None),
            INSIDE,
            "old",
            None,
            "one without an end lasts longest",
        ),
    ],
)
def test_a_window_keeps_the_alerts_of_its_services_and_hosts_quiet(plans, about, now, name, until, reason):
    found = maintenance_of(plans, CALENDARS, about, now)
    assert (found and found.name, found and found.until) == (name, until), reason


def test_the_reason_says_which_window_and_why():
    found = maintenance_of(PATCHES, CALENDARS, ("shop", None), INSIDE)
    assert found
    assert found.reason == "maintenance patches: patches"


def test_a_window_for_nobody_is_refused():
    with pytest.raises(FieldError):
        Maintenance("sunday")

"""Alerts on the screen: told apart when the site does not know their hosts, with times as people say them."""

from collections.abc import Callable

import pytest

from models import clock
from models.database import Database
from models.queries import inbox
from models.queries.event_processing import working_off
from models.queries.event_processing.event_book import read_event_book
from models.queries.event_processing.memory import remember
from models.queries.inbox import Delivery
from models.rules.incoming_bytes import to_bytes
from models.vocabulary import EventFormat
from tests.desk.conftest import Said
from tests.records.events_lab import event

Call = Callable[..., Said]


@pytest.fixture
def alerts(harbour: Database, watchbill: Call) -> Call:
    """`watchbill event` when two machines that the site does not know say that their disks are full."""
    now, said = clock.now(), [event(f"+DiskFull {label}") for label in ("host=web8", "instance=web9:9100")]
    with harbour.write() as session:
        inbox.put(session, [Delivery("prometheus", EventFormat.ALERTMANAGER, len(said), to_bytes(said), now)])
    with harbour.write() as session:
        working_off.work_off(
            session, inbox.take(session, 10, now), remember(session, read_event_book(session), now), now
        )
    return lambda *words: watchbill("event", *words)


def test_alerts_of_machines_that_the_site_does_not_know_are_told_apart(alerts: Call) -> None:
    lines = alerts("list", "--alerts").out.splitlines()
    assert [line.split()[3] for line in lines[1:3]] == ["web8", "web9:9100"]
    assert [line["instance"] for line in alerts("list", "--alerts", "--json").json["alerts"]] == ["web8", "web9:9100"]
    assert "on           web8, which the site does not know\n" in alerts("show", "1").out


def test_one_alert_tells_its_times_in_the_zone_of_the_site(alerts: Call) -> None:
    said = alerts("show", "1").out
    assert "seen         1 time, the last " in said
    assert "T" not in said.split("fires since ")[1].split("\n")[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--alerts", "--name", "x"), "--name chooses events: leave out --alerts"),
        (("--resolved",), "--resolved, --severity and --service choose alerts: add --alerts"),
        (("--service", "shop"), "--resolved, --severity and --service choose alerts: add --alerts"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(watchbill: Call, words: tuple[str, ...], says: str) -> None:
    said = watchbill("event", "list", *words)
    assert (said.code, said.err) == (2, f"error: {says}\n")

"""A condition told at the command line: it makes an alert and ends it, as one from any sender."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from deployments.engine.event_worker import EventWorker
from models import clock
from models.database import Database
from models.queries import heartbeats
from models.records import Alert, InboxRow, JournalRow
from models.vocabulary import AlertState, Severity
from tests.desk.conftest import Said
from tests.desk.small_site import apply_site, write_site

Call = Callable[..., Said]
FULL = ("event", "send", "DiskFull", "--severity", "critical", "--label", "path=/var", "--text", "1 % left")


@pytest.fixture
def site(harbour: Database, site_folder: Path) -> Database:
    apply_site(harbour, write_site(site_folder), clock.now())
    return harbour


def alerts(database: Database) -> list[Alert]:
    """What the part `events` makes of what waits."""
    worker = EventWorker(database)
    while worker.tick(clock.now()):
        pass
    worker.stop(clock.now())
    with database.read() as session:
        found = list(session.scalars(select(Alert)))
        session.expunge_all()
        return found


def test_a_condition_makes_an_alert_and_ends_it(watchbill: Call, site: Database) -> None:
    said = watchbill(*FULL, "--fact", "free=1")
    assert said.code == 0, said.err
    assert "DiskFull: firing, critical, taken as request 1" in said.out
    (alert,) = alerts(site)
    assert (alert.name, alert.severity, alert.state) == ("DiskFull", Severity.CRITICAL, AlertState.FIRING)
    assert alert.labels["path"] == "/var"
    assert alert.details["text"] == "1 % left"
    assert alert.details["facts"] == {"free": "1"}

    ended = watchbill("event", "send", "DiskFull", "--status", "resolved", "--label", "path=/var", "--json").json
    assert (ended["request"], ended["status"]) == (2, "resolved")
    (alert,) = alerts(site)
    assert alert.state is AlertState.RESOLVED


def test_who_told_it_stands_in_the_journal(watchbill: Call, site: Database) -> None:
    watchbill(*FULL)
    with site.read() as session:
        row = session.scalars(select(JournalRow).where(JournalRow.tag == "events:inbox:send")).one()
        assert (row.actor, row.subject) == ("ada", "inbox/1")
        assert json.loads(row.facts or "{}")["name"] == "DiskFull"


def test_it_is_said_when_nobody_works_the_inbox_off(watchbill: Call, site: Database) -> None:
    assert "the part `events` is silent" in watchbill(*FULL).err
    with site.write() as session:
        heartbeats.beat(session, "events", clock.now())
    assert "silent" not in watchbill(*FULL).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--severity", "bad"), "--severity 'bad': there are critical, high, warning, low, info"),
        (("--status", "on"), "--status 'on': there are firing, resolved"),
        (("--label", "a=b"), "say --severity or --status, too"),
        (("--severity", "info", "--host", "db1"), "say --severity or --status, too"),
        (("--severity", "high", "--label", "=b"), "--label"),
    ],
    ids=["severity", "status", "label of what is no condition", "host of what is no condition", "label"],
)
def test_what_cannot_be_told_is_refused_and_nothing_is_taken(
    watchbill: Call, site: Database, words: tuple[str, ...], said: str
) -> None:
    refused = watchbill("event", "send", "DiskFull", *words)
    assert refused.code == 2
    assert said in refused.err
    with site.read() as session:
        assert session.scalars(select(InboxRow)).all() == []

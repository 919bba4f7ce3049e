"""A notice as the engine sends it: from its row, in a flow run; what fails for good fails the run at once."""

from pathlib import Path

import pytest

from flows.send_notice import send_notice
from models import clock
from models.database import Database
from models.errors import WatchbillError
from models.orders import SendNotice
from models.queries import incidents, notice_box, notices
from models.queries.states import Because
from models.records import Notice
from models.rules.incidents import NewIncident
from models.vocabulary import NoticeState
from tests.sites import apply_site, job, write_site
from tests.tasks.sinks import SmtpSink, serving

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("prefect_server")]


def told(database: Database, home: Path, place: str, port: int) -> Notice:
    """A new incident, and the notice of it to one address."""
    folder = write_site(home / "site", job("check"))
    mail = f"mail: {{host: 127.0.0.1, port: {port}, security: none, sender: watch@example.org}}\n"
    (folder / "notices.yaml").write_text(f"{mail}receivers: {{desk: {{catch_all: true, tell: [{place}]}}}}\n")
    apply_site(database, folder)
    with database.write() as session:
        incident = incidents.open_incident(session, NewIncident("Checkout is down"), Because("ann"), clock.now())
        (row,) = notices.about_incident(session, incident, "opened", "It says 502.", clock.now())
        return row


def state_of(database: Database, row: Notice) -> NoticeState:
    with database.read() as session:
        return notice_box.get(session, row.id).standing


def test_a_flow_run_sends_the_notice_of_its_order(worker_database: Database, home: Path) -> None:
    with serving(SmtpSink()) as sink:
        row = told(worker_database, home, "{mail: desk@example.org}", sink.port)
        send_notice(SendNotice(notice=row.id))
        assert len(sink.mails) == 1
        assert "It says 502." in sink.mails[0]
    assert state_of(worker_database, row) is NoticeState.SENT


def test_what_can_never_be_sent_fails_the_flow_run_without_trying_again(worker_database: Database, home: Path) -> None:
    row = told(worker_database, home, '{chat: "secret://not-there"}', 9)
    with pytest.raises(WatchbillError, match="secret://not-there: no such file"):
        send_notice(SendNotice(notice=row.id))
    assert state_of(worker_database, row) is NoticeState.FAILED

"""A notice reaches the service at its address, or fails loudly; the address itself is said nowhere."""

import email
import email.policy
import logging
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from models import clock
from models.database import Database
from models.errors import NotFound
from models.orders import SendNotice
from models.queries import journal, notice_box
from models.queries.daily_operations.reading import read_site
from models.queries.notice_box import Around, Draft
from models.queries.notice_recipients import Recipient
from models.records import Notice, TaskLog
from models.secrets import SecretMissing
from models.vocabulary import HostFault, NoticeState, Outcome
from tasks.notices import NoticeFacts, facts_of, send
from tasks.tools.sending import AddressUnusable, NotDelivered, without_address
from tests.records.night import NOW, Night, at
from tests.tasks.sinks import HttpSink, SmtpSink, serving

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""Apprise imports it when it loads its mail service."""

PASSWORD = "correct-horse-battery"
TOKEN = "T0KENxyz987"
FACTS = {
    "job": "import-orders",
    "title": "Import the orders",
    "owner": "shop-team",
    "runbook": "Call Anna.",
    "run": "RUN000001",
    "attempt": 2,
    "event": "partial",
    "text": "1 of 8 hosts: app3 unreachable",
    "at": NOW.isoformat(),
}


@pytest.fixture
def night(worker_database: Database) -> Night:
    made = Night(worker_database)
    with made.at_once():
        made.site()
        made.job("import-orders")
        run = made.run("import-orders", at(20), Outcome.PARTIAL, attempt=2)
        made.step(run, "app1", Outcome.OK)
        made.step(run, "app3", Outcome.FAILED, fault=HostFault.UNREACHABLE, first_error_line="no route to host")
    assert run == 1
    return made


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with serving(HttpSink()) as server:
        yield server


def secret(home: Path, address: str) -> str:
    """The reference of an address that is kept as a secret."""
    folder = home / "secrets"
    folder.mkdir(exist_ok=True)
    (folder / "ops-chat").write_text(f"{address}\n")
    (folder / "ops-chat").chmod(0o600)
    return "secret://ops-chat"


def put(night: Night, to: str, tag: str = "run-failed", **facts: Any) -> SendNotice:
    """A notice to this address, as a job's wish puts it; gives the order to send it."""
    draft = Draft(f"test/{to}/{tag}", tag, "run/1", "import-orders partial", {**FACTS, **facts})
    with night.database.write() as session:
        (row,) = notice_box.put(session, draft, [Recipient(to)], Around("lab", "example.org"), NOW)
        return SendNotice(notice=row.id)


def row_of(night: Night, order: SendNotice) -> Notice:
    with night.database.write() as session:
        return notice_box.get(session, order.notice)


def test_a_notice_reaches_the_service_at_a_secret_address(night: Night, home: Path, sink: HttpSink) -> None:
    order = put(night, secret(home, f"json://bot:{PASSWORD}@127.0.0.1:{sink.port}/{TOKEN}"))
    send.fn(order)
    (taken,) = sink.taken
    assert taken["title"] == "Harbour Lab: import-orders partial (RUN000001)"
    assert taken["type"] == "failure"
    for words in ("app3", "no route to host", "Call Anna.", "Sat 21 Nov 2026, 07:00 CET"):
        assert words in taken["message"], "what the shared database knows of the run is in it"
    assert "app1" not in taken["message"], "only hosts that did not go right"
    assert sink.paths == [f"/{TOKEN}"]
    assert row_of(night, order).standing is NoticeState.SENT


def test_what_was_sent_is_not_sent_again(night: Night, home: Path, sink: HttpSink) -> None:
    order = put(night, secret(home, f"json://127.0.0.1:{sink.port}"))
    send.fn(order)
    send.fn(order)
    assert len(sink.taken) == 1


def test_mail_through_apprise_gets_the_page_and_the_text(night: Night, home: Path) -> None:
    with serving(SmtpSink()) as sink:
        to = secret(home, f"mailto://127.0.0.1:{sink.port}?from=watch@example.org&to=ops@example.org&mode=insecure")
        send.fn(put(night, to, "run-succeeded", event="ok"))
    (mail,) = (email.message_from_string(body, policy=email.policy.default) for body in sink.mails)
    assert mail["Subject"] == "Harbour Lab: import-orders ended well (RUN000001)"
    assert "ops@example.org" in mail["To"]
    bodies = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    assert set(bodies) == {"text/plain", "text/html"}
    assert "Import the orders ended well." in bodies["text/html"]
    assert "Import the orders ended well." in bodies["text/plain"]


@pytest.mark.parametrize("status", [401, 500])
def test_a_service_that_refuses_is_tried_again_soon_and_later(
    night: Night, home: Path, sink: HttpSink, status: int
) -> None:
    sink.status = status
    order = put(night, secret(home, f"json://bot:{PASSWORD}@127.0.0.1:{sink.port}/{TOKEN}"))
    words = f"secret://ops-chat did not take the notice:.*error={status}"
    with pytest.raises(NotDelivered, match=words) as caught:
        send.fn(order)
    assert caught.value.permanent is False
    assert send.retries == 2
    row = row_of(night, order)
    assert row.standing is NoticeState.WAITING
    assert re.search(words, row.error or "")
    assert row.look_at is not None
    assert row.look_at > clock.now() + timedelta(minutes=4), "when the quick tries are over"


def test_the_address_is_in_no_log_no_error_and_no_row(
    night: Night, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    order = put(night, secret(home, f"json://bot:{PASSWORD}@localhost:{port}/{TOKEN}?to=colour"))
    with caplog.at_level(logging.DEBUG), pytest.raises(NotDelivered) as caught:
        send.fn(order)
    assert caught.value.__cause__ is None
    with night.database.read() as session:
        rows = " ".join(f"{row.message}" for row in session.query(TaskLog))
    said = caplog.text + str(caught.value) + rows + str(row_of(night, order).error)
    assert "did not take the notice: " in rows
    for piece in (PASSWORD, TOKEN, "localhost", str(port), "colour"):
        assert piece not in said


@pytest.mark.parametrize("address", [f"nonsense://{TOKEN}", TOKEN, f"slack://{TOKEN}"])
def test_an_address_that_is_none_is_not_tried_again_and_not_said(night: Night, home: Path, address: str) -> None:
    order = put(night, secret(home, address))
    with pytest.raises(AddressUnusable, match="secret://ops-chat holds no address") as caught:
        send.fn(order)
    assert caught.value.permanent
    assert TOKEN not in str(caught.value)
    assert row_of(night, order).standing is NoticeState.FAILED


def test_a_notice_that_can_never_be_sent_is_in_the_journal_of_what_it_is_about(night: Night, home: Path) -> None:
    with pytest.raises(AddressUnusable):
        send.fn(put(night, secret(home, f"nonsense://{TOKEN}")))
    with night.database.read() as session:
        (row,) = journal.rows_about(session, "run/1")
        session.expunge(row)
    assert row.tag == "notices:run:not-told"
    assert (row.reason or "").startswith(
        "secret://ops-chat was not told: import-orders partial: secret://ops-chat holds"
    )


def test_a_secret_that_is_not_there_says_where_it_was_looked_for(night: Night) -> None:
    with pytest.raises(SecretMissing, match=r"secret://ops-chat: no such file in .*/secrets"):
        send.fn(put(night, "secret://ops-chat"))


def test_an_unknown_notice_is_refused_before_anything_is_sent(night: Night, home: Path, sink: HttpSink) -> None:
    order = put(night, secret(home, f"json://127.0.0.1:{sink.port}"), "birthday")
    with pytest.raises(NotFound, match="there is no notice 'birthday'; known: alarm-cleared, alert-group"):
        send.fn(order)
    assert sink.taken == []


def test_a_mail_address_needs_a_mail_server(night: Night) -> None:
    order = put(night, "ops@example.org")
    with pytest.raises(NotDelivered, match=r"ops@example.org reads mail, and the site names no mail server"):
        send.fn(order)
    assert row_of(night, order).standing is NoticeState.WAITING, "somebody may write it into the site yet"


def test_a_notice_about_a_job_without_a_run_needs_no_run(night: Night) -> None:
    order = put(night, "secret://ops-chat", "run-late", run=None, attempt=None)
    with night.database.read() as session:
        facts = facts_of(session, notice_box.get(session, order.notice), read_site(session))
    assert isinstance(facts, NoticeFacts)
    assert (facts.run, facts.hosts, facts.first_error_line, facts.zone) == (None, (), None, "Europe/Berlin")


def test_a_notice_that_knows_little_still_says_what_it_is_about(night: Night, home: Path, sink: HttpSink) -> None:
    nothing = dict.fromkeys(set(FACTS) - {"job"})
    send.fn(put(night, secret(home, f"json://127.0.0.1:{sink.port}"), **nothing))
    assert "import-orders" in sink.taken[0]["title"]


@pytest.mark.parametrize(
    ("text", "address", "said", "why"),
    [
        ("to host.example.org failed", "json://host.example.org/a", "to [address] failed", "a host"),
        ("GET /T0/B0/XYZ12", "slack://T0/B0/XYZ12", "GET /[address]", "the whole path"),
        ("user p@ss word", "json://bot:p%40ss%20word@h", "user [address]", "as it is decoded, too"),
        ("HOST.example.org", "json://host.example.org", "[address]", "in any case"),
        ("error to json", "json://to:abc@h", "error to json", "short pieces are ordinary words"),
    ],
)
def test_every_piece_of_an_address_is_taken_out(text: str, address: str, said: str, why: str) -> None:
    assert without_address(text, address) == said, why

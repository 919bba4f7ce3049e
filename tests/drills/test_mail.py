"""Mail to a real server, over a private line: what arrives, what is refused, and what waits until it is back."""

import email
import email.policy
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select, update

from models.database import Database
from models.orders import SendNotice
from models.queries import incidents, journal, notice_box, notices
from models.queries.states import Because
from models.records import Incident, Notice, OutboxRow
from models.rules.incidents import NewIncident
from models.settings import CHECKOUT
from models.vocabulary import NoticeState
from tasks.notices import send
from tasks.tools.mail import MailRefused
from tasks.tools.sending import AddressUnusable, NotDelivered
from tests.drills.mail_server import GREYLISTED, PASSWORD, UNKNOWN, USER
from tests.sites import apply_site, job, write_site

pytestmark = pytest.mark.drill
NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)
SHOP = "shop@example.org"


class Post:
    """A mail server on a port of its own, and what it took."""

    def __init__(self, folder: Path, pair: tuple[Path, Path] | None) -> None:
        self.folder, self._pair = folder, pair
        self._process: subprocess.Popen[str] | None = None
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def start(self) -> None:
        words = [str(self.folder), str(self.port), *map(str, self._pair or ())]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.mail_server", *words], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.kill()
            self._process.wait(10)
            self._process.stdout.close()
            self._process = None

    @property
    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_string(one["mail"], policy=email.policy.default) for one in self.taken]


@contextmanager
def serving(post: Post) -> Iterator[Post]:
    post.start()
    try:
        yield post
    finally:
        post.stop()


class Authority:
    """A certificate authority of our own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        own = self._signed(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def pair_for(self, address: str) -> tuple[Path, Path]:
        """A key and a certificate for a server at this address."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server")])
        names = x509.SubjectAlternativeName([x509.DNSName(address)])
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        files = self._folder / f"{self.file.stem}-key.pem", self._folder / f"{self.file.stem}-certificate.pem"
        files[0].write_bytes(plain)
        files[1].write_bytes(self._signed(name, key, names).public_bytes(serialization.Encoding.PEM))
        return files

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: Any) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        builder = builder.not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        return builder.add_extension(extension, critical=False).sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture
def post(tmp_path: Path, authority: Authority) -> Iterator[Post]:
    with serving(Post(tmp_path / "post", authority.pair_for("localhost"))) as server:
        yield server


class Desk:
    """A site that tells by mail, and its database."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self._home = database, home

    def site(self, port: int, authority: Authority, to: str = SHOP, **server: str) -> None:
        """Put a site into the register whose one receiver has this address."""
        keys = {
            "host": "localhost",
            "port": str(port),
            "user": USER,
            "password": "secret://smtp",
            "certificates": str(authority.file),
            "sender": "'Wache Süd <watch@example.org>'",
            "reply_to": "desk@example.org",
            **server,
        }
        mail = ", ".join(f"{key}: {value}" for key, value in keys.items() if value)
        folder = write_site(self._home / "site", job("check"))
        text = f"mail: {{{mail}}}\nreceivers:\n  shop-desk: {{catch_all: true, tell: [{{mail: {to}}}]}}\n"
        (folder / "notices.yaml").write_text(text)
        apply_site(self.database, folder, NOW)
        self.secret(PASSWORD)

    def secret(self, password: str) -> None:
        (self._home / "secrets").mkdir(exist_ok=True)
        (self._home / "secrets" / "smtp").write_text(password)
        (self._home / "secrets" / "smtp").chmod(0o600)

    def incident(self, title: str = "Checkout is down") -> int:
        new = NewIncident(title=title, impact="high", urgency="high")
        with self.database.write() as session:
            return incidents.open_incident(session, new, Because("bob"), NOW).id

    def told(self, incident: int, event: str, text: str = "", after: timedelta = timedelta(0)) -> SendNotice:
        """Put the notice of an event; the order to send it."""
        with self.database.write() as session:
            (row,) = notices.about_incident(session, session.get_one(Incident, incident), event, text, NOW + after)
            return SendNotice(notice=row.id)

    def row(self, order: SendNotice) -> Notice:
        with self.database.write() as session:
            return notice_box.get(session, order.notice)

    def look(self) -> int:
        """What the engine does when the next try is due."""
        with self.database.write() as session:
            session.execute(update(OutboxRow).values(sent_at=NOW))
            due = session.scalars(select(Notice.look_at).where(Notice.look_at.is_not(None))).one()
            assert due is not None
            return notice_box.look(session, due)


@pytest.fixture
def desk(worker_database: Database, home: Path) -> Desk:
    return Desk(worker_database, home)


def test_one_incident_is_one_thread_over_a_private_line(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority)
    incident = desk.incident("Kasse 3 geht nicht: Zahlungen schlagen fehl, in allen Filialen und im Netz seit früh")
    for minutes, event in enumerate(("opened", "updated", "resolved")):
        send.fn(desk.told(incident, event, "Zahlungen schlagen fehl", timedelta(minutes=minutes)))
    assert [(one["user"], one["is_private"], one["to"]) for one in post.taken] == [(USER, True, [SHOP])] * 3
    first, second, third = post.mails
    assert first["In-Reply-To"] is None
    assert [mail["In-Reply-To"] for mail in (second, third)] == [first["Message-ID"]] * 2
    assert [mail["References"] for mail in (second, third)] == [first["Message-ID"]] * 2
    assert len({mail["Message-ID"] for mail in post.mails}) == 3
    assert {mail["Subject"] for mail in post.mails} == {
        "[INC000001] Kasse 3 geht nicht: Zahlungen schlagen fehl, in allen Filialen und im Netz seit früh"
    }
    assert third["Date"].datetime == NOW + timedelta(minutes=2)
    headers = ("From", "To", "Reply-To", "Auto-Submitted", "X-Watchbill-Notice", "X-Watchbill-About", "List-Id")
    assert [first[name] for name in headers] == [
        "Wache Süd <watch@example.org>",
        SHOP,
        "desk@example.org",
        "auto-generated",
        "incident-opened",
        "incident/1",
        "<shop-desk.test.example.org>",
    ]
    assert all(ord(sign) < 128 for one in post.taken for sign in one["mail"]), "any server can take it"
    assert all(len(line) <= 998 for one in post.taken for line in one["mail"].splitlines())


def test_a_mail_has_its_words_as_text_and_as_a_page(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority)
    send.fn(desk.told(desk.incident("Größe <b>falsch</b>"), "opened", "ein langer Text " * 30))
    (mail,) = post.mails
    assert mail.get_content_type() == "multipart/alternative"
    text, page = (part.get_content() for part in mail.iter_parts())
    assert text.startswith("P1 opened: Größe <b>falsch</b>. Since 20 Nov 12:00.")
    assert max(map(len, text.splitlines())) <= 72
    assert "Größe &lt;b&gt;falsch&lt;/b&gt;" in page


def test_no_title_can_write_a_header(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority)
    send.fn(desk.told(desk.incident("x\r\nBcc: eve@example.org\n\nhello"), "opened"))
    (mail,), (taken,) = post.mails, post.taken
    assert mail["Bcc"] is None
    assert taken["to"] == [SHOP]
    assert "Bcc: eve@example.org" in mail["Subject"], "shown, not obeyed"


def test_an_address_that_the_server_refuses_has_failed_and_the_timeline_says_so(
    desk: Desk, post: Post, authority: Authority
) -> None:
    desk.site(post.port, authority, to=UNKNOWN)
    order = desk.told(desk.incident(), "opened")
    with pytest.raises(AddressUnusable, match=r"localhost refused nobody@example.org: 550 5.1.1 no such mailbox here"):
        send.fn(order)
    assert desk.row(order).standing is NoticeState.FAILED
    with desk.database.write() as session:
        tags = {line.tag: line.reason for line in journal.rows_about(session, "incident/1")}
    assert "550 5.1.1 no such mailbox here" in (tags["notices:incident:not-told"] or "")


def test_a_mail_that_the_server_will_never_take_has_failed(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority)
    order = desk.told(desk.incident("EICAR"), "opened")
    with pytest.raises(MailRefused, match=r"localhost refused the mail: 554 5.7.1"):
        send.fn(order)
    assert desk.row(order).standing is NoticeState.FAILED


def test_a_server_that_says_later_is_asked_later(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority, to=GREYLISTED)
    order = desk.told(desk.incident(), "opened")
    with pytest.raises(NotDelivered, match=r"451 4.7.1 greylisted"):
        send.fn(order)
    assert desk.row(order).standing is NoticeState.WAITING
    assert desk.look() == 1
    send.fn(order)
    assert desk.row(order).standing is NoticeState.SENT
    assert [one["to"] for one in post.taken] == [[GREYLISTED]]


def test_nothing_is_lost_while_the_server_is_down(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority)
    incident = desk.incident()
    orders = [desk.told(incident, event) for event in ("opened", "updated")]
    send.fn(orders[0])
    post.stop()
    with pytest.raises(NotDelivered, match=rf"localhost port {post.port}: .*refused"):
        send.fn(orders[1])
    assert desk.look() == 1
    post.start()
    for order in (*orders, *orders):
        send.fn(order)
    first, second = post.mails
    assert second["References"] == first["Message-ID"]


def test_a_repeat_after_a_crash_is_recognised_by_its_message_id(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority)
    order = desk.told(desk.incident(), "opened")
    send.fn(order)
    with desk.database.write() as session:  # as if the worker had died between the server's answer and its own word
        session.execute(update(Notice).values(sent_at=None))
    send.fn(order)
    first, second = post.taken
    assert first["mail"] == second["mail"], "to the last byte, with the same Message-ID"


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ({"certificates": ""}, "its certificate is not trusted"),
        ({"host": "127.0.0.1"}, "its certificate is not trusted"),  # it is one for localhost
        ({"security": "none", "user": "", "password": ""}, "530"),
    ],
    ids=["an unknown authority", "another server's certificate", "without TLS"],
)
def test_nothing_is_said_to_a_server_that_is_not_the_right_one(
    desk: Desk, post: Post, authority: Authority, server: dict[str, str], words: str
) -> None:
    desk.site(post.port, authority, **server)
    order = desk.told(desk.incident(), "opened")
    with pytest.raises(NotDelivered, match=words):
        send.fn(order)
    assert post.taken == []
    assert desk.row(order).standing is NoticeState.WAITING, "somebody may mend it yet"


def test_no_password_goes_over_a_line_that_is_not_private(desk: Desk, tmp_path: Path, authority: Authority) -> None:
    with serving(Post(tmp_path / "plain", None)) as plain:
        desk.site(plain.port, authority)
        with pytest.raises(NotDelivered, match="STARTTLS"):
            send.fn(desk.told(desk.incident(), "opened"))
        assert plain.taken == []


def test_a_wrong_password_is_said_without_the_password(desk: Desk, post: Post, authority: Authority) -> None:
    desk.site(post.port, authority)
    desk.secret("wrong-horse")
    with pytest.raises(NotDelivered, match="refused the log-in of watchbill: 535") as caught:
        send.fn(desk.told(desk.incident(), "opened"))
    assert "wrong-horse" not in str(caught.value)


def test_a_server_on_this_machine_needs_no_tls(desk: Desk, tmp_path: Path, authority: Authority) -> None:
    with serving(Post(tmp_path / "plain", None)) as plain:
        desk.site(plain.port, authority, security="none", user="", password="")
        send.fn(desk.told(desk.incident(), "opened"))
        assert [one["is_private"] for one in plain.taken] == [False]

"""Probes against real servers: bad after three readings with one event, good after the recovery with another."""

import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deployments.lab import Lab
from models import clock
from models.database import Database
from models.queries import closing, dispatching, probes, runs
from models.queries.book import read_book
from models.queries.dispatching import Wish
from models.records import InboxRow, ProbeReading
from models.rules.incoming import Incoming
from models.vocabulary import EventStatus, ProbeVerdict, Severity
from tasks.probes import record_readings, take_readings
from tests.servers import need, need_root
from tests.sites import apply_site, write_site

pytestmark = pytest.mark.drill
FIRING, RESOLVED = EventStatus.FIRING, EventStatus.RESOLVED
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


class Rounds:
    """Rounds of one site's probes, each as a run would read them."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home

    def watch(self, kind: str, what: dict[str, Any], *, hosts: str = "  {}\n", **keys: Any) -> None:
        """The site has this probe, named `it`."""
        folder = write_site(self.home / "site", "{}", hosts=hosts)
        (folder / "jobs.yaml").unlink()
        probe = {"title": "It", "owner": "ops", "runbook": "Look.", "timeout": "3s", kind: what, **keys}
        (folder / "probes.yaml").write_text(json.dumps({"probes": {"it": probe}}))
        apply_site(self.database, folder)

    def read(self, times: int = 1) -> list[Incoming]:
        """The events of so many rounds."""
        return [event for _ in range(times) for event in self._once()]

    def _once(self) -> list[Incoming]:
        with self.database.write() as session:
            book = read_book(session)
            (job,) = book.jobs
            run_id = dispatching.run_now(session, book, job, Wish("ann"), clock.now()).id
            run = runs.claim(session, run_id, 1, "worker:1")
        before = self._events()
        record_readings.fn(run, take_readings.fn(run))
        with self.database.write() as session:
            closing.close(session, run, "worker:1", failed_with=None)
        return self._events()[len(before) :]

    def _events(self) -> list[Incoming]:
        with self.database.read() as session:
            rows = session.query(InboxRow).order_by(InboxRow.id)
            return [event for row in rows for event in row.events()]

    def last(self) -> tuple[ProbeVerdict, str]:
        """What the newest reading said."""
        with self.database.read() as session:
            reading = session.query(ProbeReading).order_by(ProbeReading.id.desc()).limit(1).one()
            return reading.verdict, reading.text

    def course(self, bad: Callable[[], object], good: Callable[[], object]) -> tuple[Incoming, Incoming]:
        """Well, then bad, then well again: the two events of it."""
        assert self.read(2) == [], self.last()
        bad()
        assert self.read(2) == [], "twice is not yet bad"
        (fired,) = self.read()
        assert self.read() == [], "said once"
        good()
        (ended,) = self.read()
        assert (fired.status, ended.status, ended.key) == (FIRING, RESOLVED, fired.key)
        assert self.read() == []
        return fired, ended


@pytest.fixture
def rounds(worker_database: Database, home: Path) -> Rounds:
    return Rounds(worker_database, home)


class Site(BaseHTTPRequestHandler):
    """A web site whose behaviour a test chooses."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b"all is fine"
    location: ClassVar[str] = ""
    trickles: ClassVar[threading.Event] = threading.Event()
    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Site.paths.append(self.path)
        moved = self.location if self.path == "/moved" else ""
        self.send_response(302 if moved else self.status)
        if moved:
            self.send_header("Location", moved)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        if self.trickles.is_set():
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                if not self.trickles.wait(0) or self.connection.fileno() < 0:
                    return
                self.server.pause.wait(0.1)  # type: ignore[attr-defined]
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """A web server on this machine; `Site` says what it answers."""
    for name in ("status", "body", "location"):
        monkeypatch.setattr(Site, name, getattr(Site, name))
    with served(ThreadingHTTPServer(("127.0.0.1", 0), Site)) as server:
        yield server


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    server.daemon_threads = True
    server.pause = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    Site.trickles.clear()
    server.pause.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_web_site_that_fails_and_recovers(rounds: Rounds, site: ThreadingHTTPServer) -> None:
    rounds.watch("http", {"url": f"http://127.0.0.1:{site.server_port}/", "contains": "fine"}, service=None)
    fired, _ = rounds.course(lambda: setattr(Site, "status", 503), lambda: setattr(Site, "status", 200))
    assert (fired.severity, fired.key, fired.name) == (CRITICAL, "it/local", "it")
    assert fired.text.startswith("It: 503 Service Unavailable in ")
    fired, ended = rounds.course(lambda: setattr(Site, "body", b"oops"), lambda: setattr(Site, "body", b"fine"))
    assert "without the text 'fine'" in fired.text
    assert ended.text.startswith("It: 200 OK in ")


def test_a_web_site_that_is_gone_or_says_little_at_a_time_is_critical(
    rounds: Rounds, site: ThreadingHTTPServer
) -> None:
    address = f"http://127.0.0.1:{site.server_port}/"
    rounds.watch("http", {"url": address}, timeout="1s")
    Site.trickles.set()
    rounds.read()
    assert rounds.last() == (ProbeVerdict.CRITICAL, "no answer within 1 s"), (
        "each piece came in time, the whole did not"
    )
    Site.trickles.clear()
    rounds.watch("http", {"url": f"http://127.0.0.1:{unused_port()}/"})
    rounds.read()
    assert rounds.last()[0] is ProbeVerdict.CRITICAL
    assert "cannot be reached" in rounds.last()[1]


def test_redirects_are_followed_as_often_as_the_site_says(rounds: Rounds, site: ThreadingHTTPServer) -> None:
    address = f"http://127.0.0.1:{site.server_port}/moved"
    Site.location = "/"
    rounds.watch("http", {"url": address})
    rounds.read()
    assert "302 Found" in rounds.last()[1]
    assert rounds.last()[0] is ProbeVerdict.CRITICAL
    rounds.watch("http", {"url": address, "redirects": 1})
    rounds.read()
    assert rounds.last()[0] is ProbeVerdict.OK
    Site.location = "/moved"
    rounds.read()
    assert rounds.last() == (ProbeVerdict.CRITICAL, "is redirected more than 1 times")


def unused_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


class Port:
    """A port that greets, or is closed."""

    def __init__(self) -> None:
        self.number, self.greeting = unused_port(), b"220 mail ready\r\n"
        self._server: socket.socket | None = None

    def open(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.number))
        threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line:
                line.sendall(self.greeting)

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()


@pytest.fixture
def port() -> Iterator[Port]:
    made = Port()
    made.open()
    yield made
    made.close()


def test_a_port_that_is_closed_and_one_that_says_something_else(rounds: Rounds, port: Port) -> None:
    rounds.watch("tcp", {"address": "127.0.0.1", "port": port.number, "banner": "^220 "}, host=None)
    fired, ended = rounds.course(port.close, port.open)
    assert fired.text == f"It: port {port.number} refuses connections"
    assert "and says '220 mail ready'" in ended.text
    port.greeting = b"554 no\r\n"
    (fired,) = rounds.read(3)
    assert "but it says '554 no'" in fired.text


class Certificates:
    """A TLS server with certificates of its own making."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
        server.socket = self.context.wrap_socket(server.socket, server_side=True)
        self.server = server

    def use(self, days: float, *names: str) -> None:
        """From now on the server shows one that is valid for so long."""
        key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "made here")])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=100))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .sign(key, SHA256())
        )
        file = self.folder / "certificate.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + made.public_bytes(Encoding.PEM))
        self.context.load_cert_chain(file)


@pytest.fixture
def certificates(tmp_path: Path) -> Iterator[Certificates]:
    made = Certificates(tmp_path)
    with served(made.server):
        yield made


def test_a_certificate_that_ends_soon_and_is_renewed(rounds: Rounds, certificates: Certificates) -> None:
    certificates.use(90, "shop.example")
    where = {"address": "127.0.0.1", "port": certificates.server.server_port, "server_name": "shop.example"}
    rounds.watch("tls", {**where, "days": {"warning": 21, "critical": 7, "margin": 30}})
    fired, ended = rounds.course(
        lambda: certificates.use(14.5, "shop.example"), lambda: certificates.use(90, "shop.example")
    )
    assert fired.severity is WARNING
    assert "left 14 days is below 21 days (warning)" in fired.text
    assert "valid until" in ended.text


@pytest.mark.parametrize(
    ("days", "names", "words"),
    [
        (-1, ("www.shop.example",), "expired on "),
        (
            90,
            ("other.example", "*.sub.example"),
            "but it is for other.example, *.sub.example and not for www.shop.example",
        ),
        (90, (), "but it is for no name and not for www.shop.example"),
        (5, ("*.shop.example",), "left 5 days is below 7 days (critical)"),
    ],
    ids=["expired", "of another", "of nobody", "soon, with a star"],
)
def test_a_wrong_certificate_is_said_to_be(
    rounds: Rounds, certificates: Certificates, days: float, names: tuple[str, ...], words: str
) -> None:
    certificates.use(days + 0.001, *names)
    where = {"address": "127.0.0.1", "port": certificates.server.server_port, "server_name": "www.shop.example"}
    rounds.watch("tls", where)
    (fired,) = rounds.read(3)
    assert fired.severity is CRITICAL
    assert words in fired.text


def test_what_speaks_no_tls_has_no_certificate(rounds: Rounds, port: Port) -> None:
    rounds.watch("tls", {"address": "127.0.0.1", "port": port.number}, bad_after=1)
    (fired,) = rounds.read()
    assert "cannot be reached" in fired.text


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A real host."""
    need("sshd")
    with Lab(tmp_path_factory.mktemp("lab"), hosts=["web1"]) as lab:
        yield lab


@pytest.fixture
def hosts(lab: Lab, home: Path) -> str:
    """It, as the site knows it."""
    host = lab.hosts[0]
    (home / "site").mkdir()
    shutil.copy(host.key_file, home / "site" / "key")
    reached = f"address: {host.address}, port: {host.port}, user: {host.user}, key: key"
    return f"  web1: {{{reached}, run_directory: {host.run_directory}, host_keys: ['{host.host_key}']}}\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    need_root()
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("this machine lets nobody mount")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_disk_of_a_host_that_fills_and_is_cleared(rounds: Rounds, hosts: str, disk: Path) -> None:
    rounds.watch("disk", {"mount": str(disk)}, hosts=hosts, on="host=web1")
    file = disk / "grows"
    fired, ended = rounds.course(lambda: file.write_bytes(b"x" * 1_000_000), file.unlink)
    assert (fired.key, fired.labels["host"], fired.labels["mount"]) == ("it/web1", "web1", str(disk))
    assert (fired.severity, fired.facts["measures"]["free"]["unit"]) == (CRITICAL, "%")
    assert "is below 10 % (critical)" in fired.text
    assert "100 % free" in ended.text


def test_a_process_of_a_host_that_is_killed_and_started_again(rounds: Rounds, hosts: str) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        running.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "the watched daemon"]))

    def kill() -> None:
        for process in running:
            process.kill()
            process.wait()

    start()
    rounds.watch("process", {"pattern": "the watched daemon$"}, hosts=hosts, on="host=web1")
    try:
        fired, ended = rounds.course(kill, start)
    finally:
        kill()
    assert fired.text == "It: 0 processes; processes 0 is below 1 (critical)"
    assert ended.text == "It: 1 process"


def test_a_host_that_is_down_has_no_bad_disk(rounds: Rounds, hosts: str, lab: Lab) -> None:
    rounds.watch("disk", {"mount": "/", "free_percent": {"critical": 0}}, hosts=hosts, on="host=web1")
    fired, _ = rounds.course(lambda: lab.stop_host("web1"), lambda: lab.start_host("web1"))
    assert (fired.name, fired.key, fired.severity) == ("probe-unread", "it/web1/unread", WARNING)
    with rounds.database.read() as session:
        (standing,) = probes.standings_of(session, ["it"])
        assert standing.verdict is ProbeVerdict.OK, "what was never seen to be bad is not"


def test_many_probes_of_a_host_are_one_command(rounds: Rounds, hosts: str, lab: Lab) -> None:
    site = write_site(rounds.home / "site", "{}", hosts=hosts)
    (site / "jobs.yaml").unlink()
    common = {"title": "It", "owner": "ops", "runbook": "Look.", "on": "host=web1"}
    many = {f"load-{number}": {**common, "load": {}} for number in range(40)}
    (site / "probes.yaml").write_text(json.dumps({"probes": many}))
    apply_site(rounds.database, site)
    folder = Path(lab.hosts[0].folder)
    before = len(list(folder.rglob("*.state")))
    assert rounds.read() == []
    assert len(list(folder.rglob("*.state"))) == before + 1
    with rounds.database.read() as session:
        assert session.query(ProbeReading).count() == 40

"""The relay: carries the outbox to Prefect, at least once, each row under its own idempotency key.

Nothing is lost while Prefect is down: the rows wait, and drain once when it is back.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from deployments.engine.stopping import Stop
from models import clock
from models.database import Database
from models.errors import NotFound, WatchbillError
from models.queries import heartbeats, outbox, recovery, register
from models.queries.book import Book, read_book
from models.records import OutboxRow
from models.settings import Settings

POLL_SECONDS = 0.15
BEAT_EVERY = timedelta(seconds=10)
CHECK_EVERY = timedelta(seconds=30)
UNCLAIMED_AFTER = timedelta(seconds=60)
MOST_TRIES_UNKNOWN = 5
"""So often a deployment may be unknown to Prefect, with its registration in between, before it never will be."""
GONE = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
log = logging.getLogger("watchbill.relay")


class Prefect(Protocol):
    """What the relay asks of Prefect."""

    def register(self, book: Book) -> None:
        """Make the deployments what the register asks for. Raises EngineError."""
        ...

    def create_run(self, deployment: str, parameters: Mapping[str, object], idempotency_key: str) -> str:
        """Create a flow run, or find the one with this key; its id. Raises EngineError or NotFound."""
        ...

    def cancel_run(self, flow_run_id: str) -> None:
        """Ask for the end of a flow run."""
        ...

    def state_of(self, flow_run_id: str) -> str | None:
        """The state type of a flow run, in capitals; None when Prefect does not know it."""
        ...

    def strangers(self) -> Sequence[str]:
        """The workers online that know nothing of our database. Raises EngineError."""
        ...


class Relay:
    """One relay; a second one sends nothing twice, since Prefect knows the keys."""

    def __init__(self, database: Database, prefect: Prefect, wake_worker: Callable[[], object]) -> None:
        self._database = database
        self._prefect = prefect
        self._wake_worker = wake_worker
        self._revision: int | None = None
        self._unknown: Counter[int] = Counter()
        """How often the deployment of a row was not there; tries while Prefect was away do not count."""
        self._last_check: datetime | None = None
        self._last_beat: datetime | None = None

    def pass_once(self, now: datetime) -> int:
        """Bring Prefect's deployments up to date, then send what is due. Returns how many rows were sent."""
        self._register_changes()
        with self._database.read() as session:
            rows = outbox.waiting(session, now)
            session.expunge_all()
        sent = sum(self._send(row, now) for row in rows)
        if sent:
            self._wake_worker()
        if self._last_check is None or now - self._last_check >= CHECK_EVERY:
            self._send_lost_again(now)
            self._vouch(now)
            self._last_check = now
        if self._last_beat is None or now - self._last_beat >= BEAT_EVERY:
            with self._database.write() as session:
                heartbeats.beat(session, "relay", now)
            self._last_beat = now
        return sent

    def _register_changes(self) -> None:
        """Have Prefect's deployments be what the register asks for, whenever the register changed."""
        with self._database.read() as session:
            revision = register.revision(session)
            if revision in (0, self._revision):
                return
            book = read_book(session)
        self._prefect.register(book)
        self._revision = revision

    def _send(self, row: OutboxRow, now: datetime) -> bool:
        try:
            result = self._deliver(row)
        except NotFound as lost:
            # Prefect lost the deployment, perhaps with its database: it is registered again, then asked again.
            self._revision = None
            self._unknown[row.id] += 1
            self._put_off(row, now, lost, permanent=self._unknown[row.id] > MOST_TRIES_UNKNOWN)
            return False
        except WatchbillError as error:
            log.warning("%s: %s", row.key, error)
            self._put_off(row, now, error, permanent=error.permanent)
            return False
        with self._database.write() as session:
            outbox.mark_sent(session, row, now, result)
        self._unknown.pop(row.id, None)
        return True

    def _put_off(self, row: OutboxRow, now: datetime, error: WatchbillError, *, permanent: bool) -> None:
        with self._database.write() as session:
            outbox.mark_failed(session, row, now, str(error), permanent=permanent)
            if permanent:
                recovery.end_undeliverable(session, row, str(error), "relay")

    def _deliver(self, row: OutboxRow) -> str:
        if row.topic == "cancel":
            self._prefect.cancel_run(row.parameters["flow_run_id"])
            return str(row.parameters["flow_run_id"])
        return self._prefect.create_run(row.deployment or "", row.parameters, row.key)

    def _send_lost_again(self, now: datetime) -> None:
        """Ask anew for runs that nobody claimed and that Prefect no longer has, or ended without starting them."""
        with self._database.read() as session:
            unclaimed = recovery.unclaimed(session, now - UNCLAIMED_AFTER)
        for run_id, flow_run_id in unclaimed:
            try:
                state = self._prefect.state_of(flow_run_id)
            except WatchbillError as error:
                log.warning("%s", error)
                return
            if state is None or state in GONE:
                why = f"Prefect {'no longer knows' if state is None else 'ended'} its flow run before it started"
                with self._database.write() as session:
                    recovery.send_again(session, run_id, now, why)

    def _vouch(self, now: datetime) -> None:
        """Give the sign of life of Prefect's own workers, who cannot give it themselves."""
        try:
            seen = self._prefect.strangers()
        except WatchbillError as error:
            log.warning("%s", error)
            return
        if seen:
            with self._database.write() as session:
                heartbeats.vouch(session, "worker", seen[0], now)


def run_relay(settings: Settings, prefect: Prefect, wake_worker: Callable[[], object], stop: Stop) -> None:
    """Pass after pass until told to stop. A pass that fails is said and tried again."""
    database = Database(settings.url())
    relay = Relay(database, prefect, wake_worker)
    while not stop.is_set():
        try:
            relay.pass_once(clock.now())
        except WatchbillError as error:
            log.error("%s", error)  # noqa: TRY400 - a sentence for people; the trace says nothing more
            stop.wait(2)
        stop.wait(POLL_SECONDS)
    database.close()

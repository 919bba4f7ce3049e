"""The desk as a process: where it listens, and how it ends. Nothing is acknowledged that could be lost by its end."""

import gc
import logging
import socket
from collections.abc import Iterable
from pathlib import Path

import uvicorn

from desk.ingest.app import make_app
from desk.ingest.connections import Door, raise_limit
from desk.services.desk_address import address_note, noted_address
from models.database import Database
from models.errors import EngineError
from models.queries.event_sources import event_sources
from models.rules.event_sources import EventSource
from models.secrets import SecretStore
from models.settings import Settings

USUAL_PORT = 4280
BACKLOG = 2_048
ENDING_SECONDS = 10
"""How long requests that are being answered may take to end."""
KEEP_ALIVE_SECONDS = 75
"""Longer than senders keep a connection that rests: one that we close may be just in use."""
log = logging.getLogger("watchbill.desk")


def run_desk(settings: Settings) -> None:
    """Answer until SIGTERM or Ctrl-C. Raises EngineError when nothing can listen at the address."""
    raise_limit()
    database = Database(settings.url())

    def read_sources() -> Iterable[EventSource]:
        with database.read() as session:
            return event_sources(session)

    listener = listen(settings)
    app = make_app(database, read_sources, SecretStore(settings.secrets_folder).resolve)
    config = uvicorn.Config(
        app,
        http=Door,
        log_config=None,
        access_log=False,  # the token of a ping stands in its path
        server_header=False,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=ENDING_SECONDS,
    )
    # What is there now stays: to look through it again and again took half the time of a large batch.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])
    database.close()


def listen(settings: Settings) -> socket.socket:
    """A socket at the chosen address, which is noted in the home. Raises EngineError when it cannot be had.

    Without a chosen port it is the one of last time, or the usual one, or one that nobody has.
    """
    note = address_note(settings.home)
    ports = (
        [settings.desk_port] if settings.desk_port is not None else [*_port_of_last_time(settings.home), USUAL_PORT, 0]
    )
    for port in ports:
        try:
            listener = _listen_at(settings.desk_host, port)
        except OSError as error:
            problem = f"{settings.desk_host} port {port}: {error.strerror or error}"
            continue
        address = _url(settings.desk_host, listener.getsockname()[1])
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{address}\n", encoding="utf-8")
        log.info("listening at %s", address)
        return listener
    raise EngineError(f"the desk cannot listen at {problem}: set WATCHBILL_DESK_HOST and WATCHBILL_DESK_PORT")


def _port_of_last_time(home: Path) -> list[int]:
    port = (noted_address(home) or "").rpartition(":")[2]
    return [int(port)] if port.isdigit() else []


def _listen_at(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, or asyncio does not see that it is TCP: then each answer waits 40 ms for the sender's
    # acknowledgement of its first half.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

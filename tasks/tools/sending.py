"""Send a message to an address through Apprise; the address itself appears in no log and no error."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from apprise import Apprise, NotifyFormat, NotifyType
from apprise.plugins import NotifyBase

from models.errors import WatchbillError
from tasks.tools.rendering import Notice

SHORTEST = 4
"""Shorter pieces of an address are words like `to` or a port's digits."""
ONE_AT_A_TIME = threading.Lock()
"""Loggers are the whole process's: what one sending says must not be taken for another's."""
TALKERS = ("apprise", "urllib3", "requests", "smtplib")


class AddressUnusable(WatchbillError):
    """An address is not one that a notice can be sent to; trying again cannot help."""


class NotDelivered(WatchbillError):
    """The service at the address did not take the message; trying again may help."""

    permanent = False


def deliver(address: str, name: str, message: Notice, kind: NotifyType = NotifyType.INFO) -> None:
    """Send a message. `name` stands for the address in errors: `secret://ops-chat`.

    Raises AddressUnusable and NotDelivered, with what the library said about it, less every piece of the address.
    """
    with ONE_AT_A_TIME, _listening() as said:
        service = Apprise.instantiate(address)
        if not isinstance(service, NotifyBase):
            raise AddressUnusable(
                f"{name} holds no address that Apprise knows: it looks like mailto://... or slack://..."
            )
        is_html = service.notify_format == NotifyFormat.HTML
        taken = service.notify(
            body=message.html if is_html else message.text,
            title=message.subject,
            notify_type=kind,
            body_format=NotifyFormat.HTML if is_html else NotifyFormat.TEXT,
        )
    if not taken:
        why = without_address(" ".join(said), address) or "it gave no reason"
        raise NotDelivered(f"the service at {name} did not take the notice: {why}")


def without_address(text: str, address: str) -> str:
    """The text with `[address]` wherever the address or a piece of it stood."""
    _, _, rest = address.partition("://")
    raw = re.split(r"[/:@?&=,+#\s]+", rest)
    pieces = {address, rest, unquote(rest), *raw, *(unquote(piece) for piece in raw)}
    for piece in sorted((piece for piece in pieces if len(piece) >= SHORTEST), key=len, reverse=True):
        text = re.sub(re.escape(piece), "[address]", text, flags=re.IGNORECASE)
    return text


class _Listener(logging.Handler):
    """Keeps the warnings of a library."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What the libraries warn of; while listening, none of their words reaches a log of ours."""
    said: list[str] = []
    handler = _Listener(said)
    loggers = [logging.getLogger(name) for name in TALKERS]
    before = [(logger, logger.level, logger.propagate, logger.handlers) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        logger.handlers = [handler]
    try:
        yield said
    finally:
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate = propagate
            logger.handlers = handlers

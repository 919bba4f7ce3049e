"""Mail by the standard library: a message with its thread, and the server that takes it.

A message is the same however often it is sent, with the same Message-ID, so that a repeat is recognised. No line of
it can be forged by a text: what has a line break is refused by the header, and texts are made harmless before.
"""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from models.errors import WatchbillError
from models.site.notices import MailServer, Security
from tasks.tools.rendering import Notice
from tasks.tools.sending import AddressUnusable, NotDelivered

TIMEOUT_SECONDS = 30
"""For each answer of the server."""
PERMANENT = range(500, 600)
HEADERS = HeaderRegistry()
for name in ("in-reply-to", "references"):
    # As plain text a long id would be folded into pieces that no reader puts together. The stubs ask for a base class.
    HEADERS.map_to_type(name, MessageIDHeader)  # type: ignore[arg-type]
POLICY = SMTP.clone(header_factory=HEADERS)


class MailRefused(WatchbillError):
    """The server will never take this message."""


@dataclass(frozen=True)
class Envelope:
    """What a mail has beside its words."""

    to: str
    message_id: str
    at: datetime
    thread: str | None = None
    """The message id of the first mail of its thread."""
    headers: tuple[tuple[str, str], ...] = ()
    list_id: str | None = None


def compose(server: MailServer, envelope: Envelope, notice: Notice) -> EmailMessage:
    """The mail: text and page, and the headers that make one thread of one subject. Raises AddressUnusable."""
    mail = EmailMessage(policy=POLICY)
    try:
        mail["From"] = Address(display_name=server.sender_name, addr_spec=server.sender_address)
        mail["To"] = Address(addr_spec=envelope.to)
        mail["Subject"] = notice.subject
        if server.reply_to is not None:
            mail["Reply-To"] = Address(addr_spec=server.reply_to)
    except (ValueError, IndexError, MessageError) as error:  # what the parser of addresses raises for strange ones
        raise AddressUnusable(f"{envelope.to!r}: a mail with these addresses cannot be written: {error}") from None
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = envelope.message_id
    if envelope.thread is not None:
        mail["In-Reply-To"] = envelope.thread
        mail["References"] = envelope.thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if envelope.list_id is not None:
        mail["List-Id"] = envelope.list_id
    for header, value in envelope.headers:
        mail[header] = value
    mail.set_content(notice.text, cte="quoted-printable")
    mail.add_alternative(notice.html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=={hashlib.sha256(envelope.message_id.encode()).hexdigest()[:32]}==")
    return mail


def post(server: MailServer, password: str | None, mail: EmailMessage) -> None:
    """Hand a mail over; returns when the server has taken it.

    Raises AddressUnusable when it will never take mail for the address, MailRefused when it will never take this mail,
    and NotDelivered for everything that may pass or be mended: no answer, "later", a wrong password, no STARTTLS.
    """
    try:
        with _line(server) as line:
            if server.user is not None:
                line.login(server.user, password or "")
            line.send_message(mail)
            with suppress(smtplib.SMTPException, OSError):  # it is taken: what goes wrong now concerns nobody
                line.quit()
    except smtplib.SMTPRecipientsRefused as error:
        (to, (code, said)), *_ = error.recipients.items()
        words = f"{server.host} refused {to}: {_answer(code, said)}"
        raise (AddressUnusable(words) if code in PERMANENT else NotDelivered(words)) from None
    except smtplib.SMTPDataError as error:
        words = f"{server.host} refused the mail: {_answer(error.smtp_code, error.smtp_error)}"
        raise (MailRefused(words) if error.smtp_code in PERMANENT else NotDelivered(words)) from None
    except smtplib.SMTPSenderRefused as error:
        words = f"{server.host} refused the sender {error.sender}: {_answer(error.smtp_code, error.smtp_error)}"
        raise NotDelivered(words) from None
    except smtplib.SMTPAuthenticationError as error:
        words = f"{server.host} refused the log-in of {server.user}: {_answer(error.smtp_code, error.smtp_error)}"
        raise NotDelivered(words) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(f"{server.host} port {server.port_used}: {_why(error)}") from None


@contextmanager
def _line(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A line to the server that nobody else can read, unless the site says `none`."""
    trust = ssl.create_default_context(cafile=server.certificates)
    if server.security is Security.TLS:
        line: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port_used, timeout=TIMEOUT_SECONDS, context=trust)
    else:
        line = smtplib.SMTP(server.host, server.port_used, timeout=TIMEOUT_SECONDS)
    try:
        if server.security is Security.STARTTLS:
            line.starttls(context=trust)
        yield line
    finally:
        line.close()


def _answer(code: int, said: bytes | str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(words.split())}"[:500]


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS} s"
    return str(error) or type(error).__name__

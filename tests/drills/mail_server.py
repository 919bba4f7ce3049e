"""A mail server for drills, a process of its own: `python -m tests.drills.mail_server FOLDER PORT [KEY CERTIFICATE]`.

With a certificate it offers STARTTLS and takes mail only from who logged in over it. What it took lies in FOLDER, one
JSON file each: who logged in, whether the line was private, the envelope, the mail as it came.
"""

import json
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "watchbill", "correct-horse-battery"
UNKNOWN = "nobody@example.org"
GREYLISTED = "grey@example.org"


class Keeper:
    """Says no to some, and keeps the rest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[str] = set()

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == UNKNOWN:
            return "550 5.1.1 no such mailbox here"
        if address == GREYLISTED and address not in self._seen:
            self._seen.add(address)
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        body = bytes(envelope.content or b"")
        if b"EICAR" in body:
            return "554 5.7.1 this is no mail but an attack"
        taken = {
            "user": session.auth_data.decode() if session.auth_data else None,
            "is_private": session.ssl is not None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "mail": body.decode(),
        }
        number = len(list(self._folder.glob("*.json")))
        (self._folder / f"{number:03d}.json").write_text(json.dumps(taken))
        return "250 taken"


def _login(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    if isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == (USER, PASSWORD):
        return AuthResult(success=True, auth_data=data.login)
    return AuthResult(success=False, handled=False)


def main() -> None:
    folder, port, *pair = sys.argv[1:]
    options: dict[str, Any] = {}
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair[1], pair[0])
        options = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": _login}
    Controller(Keeper(Path(folder)), "127.0.0.1", int(port), **options).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()

"""Who a request comes from: one of the site's sources, by its token or its signature, or nobody."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from desk.ingest.errors import BadInput
from desk.ingest.reading import header
from models.errors import WatchbillError
from models.rules.event_sources import EventSource, Signature
from models.vocabulary import EventFormat

Resolve = Callable[[str], str]
"""The value of a `secret://name`. Raises WatchbillError."""
_LONGEST_TIME = 12


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed a request, and with what."""

    source: str
    signature: str


@dataclass(frozen=True, slots=True)
class _Signer:
    source: EventSource
    how: Signature
    secret: bytes


class Credentials:
    """What the sources of a site prove themselves with; replaced as a whole when the site or a secret changes."""

    def __init__(self, sources: Iterable[EventSource], resolve: Resolve) -> None:
        # Tokens are looked up by a digest under a key that nobody knows: how long that takes tells nothing of them.
        self._salt = secrets.token_bytes(32)
        self._by_token: dict[bytes, EventSource] = {}
        self._signers: list[_Signer] = []
        self.problems: dict[str, str] = {}
        """Why sources that could not be taken up were not, by name."""
        for source in sources:
            try:
                self._add(source, resolve)
            except WatchbillError as error:
                self.problems[source.name] = str(error)

    def __len__(self) -> int:
        return len({source.name for source in (*self._by_token.values(), *(one.source for one in self._signers))})

    def by_token(self, token: str, place: str, form: EventFormat) -> str:
        """The source that has this token. Raises BadInput: 401 for nobody's, 403 for a format that it may not send."""
        source = self._by_token.get(self._digest(token))
        if source is None:
            raise BadInput(401, place, "is no source's", "send the token of a source of events.yaml")
        return _checked(source, form)

    def has_signers(self, headers: Mapping[str, str]) -> bool:
        """Whether the request is signed the way that a source signs."""
        return any(header(headers, signer.how.header.lower()) for signer in self._signers)

    def by_signature(self, headers: Mapping[str, str], body: bytes, form: EventFormat, now: datetime) -> Signed:
        """The source that signed the body as it was sent. Raises BadInput: 401, or 403 as `by_token`."""
        for signer in self._signers:
            said = header(headers, signer.how.header.lower()).removeprefix("sha256=").lower()
            if not said:
                continue
            time = header(headers, signer.how.timestamp_header.lower())
            expected = hmac.digest(signer.secret, time.encode() + b":" + body, "sha256").hex()
            if hmac.compare_digest(expected.encode(), said.encode()):
                _check_time(time, signer.how, now)
                return Signed(_checked(signer.source, form), said)
        raise BadInput(401, "the signature", "is no source's", "sign the time, a colon and the body with its secret")

    def _add(self, source: EventSource, resolve: Resolve) -> None:
        if source.token is not None:
            digest = self._digest(_value(source.token, resolve))
            other = self._by_token.setdefault(digest, source)
            if other is not source:
                raise WatchbillError(f"{source.token} has the value of the token of {other.name}: give it its own")
        if source.signature is not None:
            secret = _value(source.signature.secret, resolve).encode()
            self._signers.append(_Signer(source, source.signature, secret))

    def _digest(self, token: str) -> bytes:
        return hashlib.blake2b(token.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=32).digest()


def token_of(headers: Mapping[str, str]) -> str:
    """The token of the Authorization header: a bearer's (RFC 6750), or the password of the basic scheme (RFC 7617),
    which is all that some senders can be given. Empty when there is none.
    """
    scheme, _, said = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(said, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _value(reference: str, resolve: Resolve) -> str:
    value = resolve(reference)
    if not value.strip():
        raise WatchbillError(f"{reference} is empty: put a token there")
    return value


def _checked(source: EventSource, form: EventFormat) -> str:
    if not source.may_send(form):
        may = ", ".join(source.formats)
        raise BadInput(403, "the request", f"is of the format {form}", f"{source.name} may send {may}: see events.yaml")
    return source.name


def _check_time(said: str, how: Signature, now: datetime) -> None:
    place = f"header {how.timestamp_header}"
    if not (said.isascii() and said.isdigit() and len(said) <= _LONGEST_TIME):
        raise BadInput(401, place, "is no time", "send whole seconds since 1970, and sign them")
    if abs(now.timestamp() - int(said)) > how.window.total_seconds():
        raise BadInput(401, place, "is too far from our time", "sign it now, and check the sender's clock")

"""The addresses that events are sent to: for each, what is read, what proves the sender, and what it hears."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from desk.ingest.answers import TEXT, Answer, as_json, refusal
from desk.ingest.errors import BadInput
from desk.ingest.formats import pagerduty, ping
from desk.ingest.reading import Limits
from desk.ingest.taking import check_clock, take
from models.rules.incoming import Incoming
from models.vocabulary import EventFormat


@dataclass(frozen=True, slots=True)
class Request:
    """A request, its body unpacked."""

    path: str
    """What follows the address, percent-decoded."""
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Read:
    """What was read."""

    events: list[Incoming]
    token: str = ""
    """What proves the sender, when it is in the body."""
    said: str = ""
    """What the sender hears of it: PagerDuty's dedup key."""


Reader = Callable[[Request, datetime, Limits], Read]


@dataclass(frozen=True, slots=True)
class Address:
    """Where one format is taken."""

    path: str
    """`{rest:path}` at its end stands for whatever follows."""
    form: EventFormat
    read: Reader
    """Raises BadInput."""
    accepted: Callable[[Read], Answer]
    refused: Callable[[BadInput], Answer] = refusal
    methods: frozenset[str] = frozenset(("POST",))
    token_in_path: bool = False
    token_in_body: bool = False


def split_token(path: str) -> tuple[str, str]:
    """The token at the beginning of a path, and the rest."""
    token, _, rest = path.strip("/").partition("/")
    return token, rest


def _read(form: EventFormat, request: Request, now: datetime, limits: Limits) -> Read:
    return Read(take(form, request.body, request.headers, now, limits))


def _read_pagerduty(request: Request, now: datetime, limits: Limits) -> Read:
    found = pagerduty.enqueued(request.body, request.headers, limits)
    check_clock([found.event], now)
    return Read([found.event], found.routing_key, found.dedup_key)


def _read_ping(request: Request, _now: datetime, limits: Limits) -> Read:
    return Read(ping.parse(request.path, request.body, request.headers, limits))


def _accepted(read: Read) -> Answer:
    return as_json(202, {"accepted": len(read.events)})


def _accepted_by_pagerduty(read: Read) -> Answer:
    return as_json(202, pagerduty.accepted(read.said))


def _refused_by_pagerduty(error: BadInput) -> Answer:
    # Its clients know no other status than 400 for "never again".
    return as_json(400 if error.status in (400, 413, 415, 422) else error.status, pagerduty.refused(error))


def _pong(_read: Read) -> Answer:
    return Answer(200, b"OK\n", TEXT)


def _plain(path: str, form: EventFormat) -> Address:
    return Address(path, form, partial(_read, form), _accepted)


def _like_pagerduty(path: str) -> Address:
    return Address(
        path,
        EventFormat.PAGERDUTY,
        _read_pagerduty,
        _accepted_by_pagerduty,
        _refused_by_pagerduty,
        token_in_body=True,
    )


ADDRESSES = (
    _plain("/events", EventFormat.WATCHBILL),
    _plain("/events/alertmanager", EventFormat.ALERTMANAGER),
    _plain("/events/cloudevents", EventFormat.CLOUDEVENTS),
    _plain("/events/nagios", EventFormat.NAGIOS),
    _plain("/events/icinga2", EventFormat.ICINGA2),
    _plain("/events/monit", EventFormat.MONIT),
    _like_pagerduty("/v2/enqueue"),
    _like_pagerduty("/events/pagerduty/v2/enqueue"),
    Address(
        "/ping/{rest:path}",
        EventFormat.PING,
        _read_ping,
        _pong,
        methods=frozenset(("GET", "HEAD", "POST")),
        token_in_path=True,
    ),
)

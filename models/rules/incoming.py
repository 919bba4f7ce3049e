"""What a sender says, in our words: one form for every format, and how much of it is kept.

| field | kept | what is too long |
|---|---|---|
| name | 128 characters on one line; control characters are blanks | cut, with the digest of the whole; none at all \
is refused |
| source, key | 128 characters | cut, with the digest of the whole: two long keys stay two |
| text | 8,000 characters | cut, with a mark that says how long it was |
| labels | 64, names of 128 and values of 1,024 characters | more labels or a longer name are refused: without one of \
them two conditions could become one; a longer value is cut, with its digest |
| facts | 16 KiB of JSON | a member that has no room is replaced by a mark that says its size |
| links | 10, of 2,048 characters, http or https | left out: a cut link leads nowhere, and no other is safe to show |
| started_at, ended_at | 1970 to 2099, with a time zone | refused |
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from models.rules.events import LONGEST_TEXT, LONGEST_WORD, MOST_FACTS_BYTES
from models.rules.field_error import FieldError
from models.vocabulary import EventStatus, Severity

MOST_LABELS, LONGEST_LABEL_NAME, LONGEST_LABEL = 64, 128, 1_024
MOST_LINKS, LONGEST_LINK = 10, 2_048
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(days=1)
"""How far a sender's clock, or its idea of its time zone, may be ahead of ours."""
MARK = "…"
NOTHING: Mapping[str, Any] = {}
"""No labels, and no facts."""
_CONTROLS = frozenset(("Cc", "Cf", "Zl", "Zp"))
_WEB = ("http://", "https://")
_DIGEST_LENGTH = 16
_ROOM_FOR_THE_REST = 64


@dataclass(frozen=True, slots=True)
class Link:
    """Where a person can read more."""

    text: str
    url: str


class Incoming(NamedTuple):
    """One event as a sender told it, in our words. A tuple, for a hundred of them are made in a request at once, and
    a frozen dataclass takes three times as long to make."""

    format: str
    """What it came as: `alertmanager`, `nagios`."""
    name: str
    """What it is, short: `DiskFull`."""
    status: EventStatus
    severity: Severity
    """Of what has ended, as far as the sender says it: else `info`."""
    source: str = ""
    """Who says so, in the sender's own words; empty when it does not say: then it is the token that let it in."""
    key: str = ""
    """The same for the same condition of the same source; empty: the labels tell."""
    text: str = ""
    labels: Mapping[str, str] = NOTHING
    """What tells this condition from others, and is matched on."""
    facts: Mapping[str, object] = NOTHING
    """What else the sender says, as JSON."""
    links: tuple[Link, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    via: str = "http"
    """How it came in: http, command line, mail."""


def capped(event: Incoming) -> Incoming:
    """The event with what is kept of it (the table above); itself, when all of it is.

    Raises FieldError, which names the field, for what cannot be cut.
    """
    if _fits(event):
        return event
    name = _on_one_line(event.name)
    if not name.strip():
        raise FieldError("name", "is empty: say in a few words what the event is")
    _check_labels(event.labels)
    _check_time("started_at", event.started_at)
    _check_time("ended_at", event.ended_at)
    return event._replace(
        name=_distinct(name, LONGEST_WORD),
        source=_distinct(event.source, LONGEST_WORD),
        key=_distinct(event.key, LONGEST_WORD),
        text=_cut(event.text),
        labels={name: _distinct(value, LONGEST_LABEL) for name, value in event.labels.items()},
        facts=_fitting(event.facts),
        links=tuple(link for link in event.links if leads_somewhere(link.url))[:MOST_LINKS],
    )


def is_ahead(event: Incoming, now: datetime) -> bool:
    """Whether the event's times lie so far in the future that the sender's clock cannot be believed."""
    latest = now + MOST_AHEAD
    return any(at is not None and at > latest for at in (event.started_at, event.ended_at))


def leads_somewhere(url: str) -> bool:
    """Whether an address can be shown as a link: http or https, printable, without blanks, and not too long."""
    return len(url) <= LONGEST_LINK and url.startswith(("http://", "https://")) and url.isprintable() and " " not in url


def _fits(event: Incoming) -> bool:
    """Whether all of the event is kept as it is: the quick way, for this is asked of tens of thousands a second."""
    return (
        len(event.name) <= LONGEST_WORD
        and event.name.isprintable()
        and event.name.strip() != ""
        and len(event.source) <= LONGEST_WORD
        and len(event.key) <= LONGEST_WORD
        and len(event.text) <= LONGEST_TEXT
        and (not event.labels or _labels_fit(event.labels))
        and (event.started_at is None or _is_in_time(event.started_at))
        and (event.ended_at is None or _is_in_time(event.ended_at))
        and (not event.links or (len(event.links) <= MOST_LINKS and _all_lead_somewhere(event.links)))
        and (not event.facts or len(orjson.dumps(event.facts)) <= MOST_FACTS_BYTES)
    )


def _labels_fit(labels: Mapping[str, str]) -> bool:
    names, values = "".join(labels), "".join(labels.values())
    return (
        len(labels) <= MOST_LABELS
        and "" not in labels
        and names.isprintable()
        and (len(names) <= LONGEST_LABEL_NAME or max(map(len, labels)) <= LONGEST_LABEL_NAME)
        and (len(values) <= LONGEST_LABEL or max(map(len, labels.values())) <= LONGEST_LABEL)
    )


def _is_in_time(at: datetime) -> bool:
    return at.tzinfo is not None and EARLIEST <= at < LATEST


def _all_lead_somewhere(links: tuple[Link, ...]) -> bool:
    for link in links:  # noqa: SIM110 - twice as fast as all()
        if not leads_somewhere(link.url):
            return False
    return True


def _check_labels(labels: Mapping[str, str]) -> None:
    if len(labels) > MOST_LABELS:
        raise FieldError("labels", f"has {len(labels)} labels, at most {MOST_LABELS} are kept: send fewer")
    if "" in labels or _has_controls("".join(labels)) or any(len(name) > LONGEST_LABEL_NAME for name in labels):
        problem = f"has a name of none, of more than {LONGEST_LABEL_NAME} or of control characters"
        raise FieldError("labels", f"{problem}: name each label in letters")


def _check_time(name: str, at: datetime | None) -> None:
    if at is None or _is_in_time(at):
        return
    if at.tzinfo is None:
        raise FieldError(name, f"{at.isoformat()} has no time zone: end it with Z or an offset such as +01:00")
    raise FieldError(name, f"{at.isoformat()} is outside the years 1970 to 2099: check the sender's clock")


def _on_one_line(text: str) -> str:
    """The text; when it has control characters, or such as turn a line around, with blanks for them."""
    if not _has_controls(text):
        return text
    return " ".join("".join(" " if unicodedata.category(sign) in _CONTROLS else sign for sign in text).split())


def _has_controls(text: str) -> bool:
    # What is younger than this Python's Unicode tables is not printable either.
    return not text.isprintable() and any(unicodedata.category(sign) in _CONTROLS for sign in text)


def _distinct(text: str, longest: int) -> str:
    """A text that is compared, cut so that two which were different stay different."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{text[: longest - _DIGEST_LENGTH - len(MARK)]}{MARK}{digest}"


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    mark = f"{MARK} (cut: it had {len(text)} characters)"
    return text[: LONGEST_TEXT - len(mark)] + mark


def _fitting(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts, in order, as far as there is room for them."""
    room, kept = MOST_FACTS_BYTES - _ROOM_FOR_THE_REST, dict[str, object]()
    if len(orjson.dumps(facts)) <= MOST_FACTS_BYTES:
        return dict(facts)
    for name, value in facts.items():
        size = len(orjson.dumps({name: value}))
        if size > room:
            value = f"{MARK} ({size} bytes left out)"  # noqa: PLW2901 - the mark takes its place
            size = len(orjson.dumps({name: value}))
        if size > room:
            kept[MARK] = f"{len(facts) - len(kept)} more facts left out"
            break
        kept[name], room = value, room - size
    return kept

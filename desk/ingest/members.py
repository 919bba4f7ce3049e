"""The members of a JSON object, each as what it has to be; whatever it is instead is said with its place."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from desk.ingest.errors import BadInput, pointer, shown
from models.rules.field_error import FieldError
from models.rules.incoming import EARLIEST, LATEST, Incoming, capped

Word = TypeVar("Word", bound=StrEnum)


def record(value: object, place: str = "") -> dict[str, Any]:
    """The value, which has to be an object. Raises BadInput (422)."""
    if type(value) is dict:
        return value
    raise BadInput(422, place, f"is {shown(value)}", "send an object")


def part(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under this name; an empty one when it is absent or null. Raises BadInput (422)."""
    value = holder.get(name)
    if type(value) is dict:  # nearly always: the pointer to it costs more than all else
        return value
    return {} if value is None else record(value, pointer(name))


def text(holder: Mapping[str, Any], name: str) -> str:
    """The text under this name; empty when it is absent or null. Raises BadInput (422)."""
    value = holder.get(name)
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise BadInput(422, pointer(name), f"is {shown(value)}", "send a text")


def needed(holder: Mapping[str, Any], name: str) -> str:
    """The text under this name. Raises BadInput (422) when there is none."""
    found = text(holder, name)
    if not found or found.isspace():
        raise BadInput(422, pointer(name), "is missing or empty", "send a text")
    return found


def texts(holder: Mapping[str, Any], name: str) -> dict[str, str]:
    """The object under this name, all members of which are texts. Raises BadInput (422)."""
    return only_texts(part(holder, name), name)


def only_texts(found: dict[str, Any], *place: str) -> dict[str, str]:
    """The object at this place, all members of which are texts. Raises BadInput (422)."""
    for value in found.values():
        if type(value) is not str:
            key = next(key for key in found if found[key] is value)
            raise BadInput(422, pointer(*place, key), f"is {shown(value)}", "send a text")
    return found


def word(value: str, words: Mapping[str, Word], place: str) -> Word:
    """What a sender's word means, whatever its case. Raises BadInput (422) for one that has no meaning."""
    found = words.get(value) or words.get(value.strip().lower())
    if found is None:
        raise BadInput(422, place, f"is {shown(value)}", f"send one of {', '.join(words)}")
    return found


def instant(holder: Mapping[str, Any], name: str) -> datetime | None:
    """The time under this name, in UTC; None when it is absent, null or empty. Raises BadInput (422)."""
    value = text(holder, name)
    return instant_of(value, f"/{name}") if value else None


def instant_of(value: str, place: str) -> datetime:
    """The time that a text says as RFC 3339 does, in UTC. Raises BadInput (422) for any other text.

    A zone is an offset: its name (Europe/Berlin, CET) is not read, for an hour of a year has two meanings in it.
    """
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = _in_capitals(value, place)
    if at.tzinfo is None:
        raise BadInput(
            422, place, f"is {shown(value)}, without a time zone", "end it with Z or an offset such as +01:00"
        )
    return _believable(at, value, place)


def instant_of_epoch(value: str, place: str) -> datetime | None:
    """The time that a number of seconds since 1970 says; None for 0, which means never. Raises BadInput (422)."""
    if not value or value == "0":
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise BadInput(422, place, f"is {shown(value)}", "send whole seconds since 1970, in UTC")
    seconds = int(value)
    if seconds >= LATEST.timestamp():
        raise BadInput(422, place, f"is {shown(value)}, after the year 2099", "check the sender's clock")
    return datetime.fromtimestamp(seconds, UTC)


def each(values: Sequence[object], place: str, most: int, read: Callable[[object], Incoming]) -> list[Incoming]:
    """The event of each value of the array at this place. Raises BadInput for the first that cannot be read.

    All or none: a sender that is told "no" sends all of them again, or none, and cannot tell which were taken.
    """
    if len(values) > most:
        raise BadInput(413, place, f"has {len(values):,} events, at most {most:,} are read", "send it in several parts")
    events: list[Incoming] = []
    try:
        for value in values:
            events.append(read(value))
    except BadInput as error:
        raise error.under(place + pointer(len(events))) from None
    return events


def kept(event: Incoming, places: Mapping[str, str]) -> Incoming:
    """What is kept of the event. Raises BadInput (422) with the place that a field was read from."""
    try:
        return capped(event)
    except FieldError as error:
        problem, _, mend = str(error).partition(": ")
        raise BadInput(422, places.get(error.key, ""), problem, mend) from None


def _in_capitals(value: str, place: str) -> datetime:
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        mend = "write it as 2026-11-21T20:43:35Z or with an offset such as +01:00"
        raise BadInput(422, place, f"is {shown(value)}, which is no time with an offset", mend) from None


def _believable(at: datetime, value: str, place: str) -> datetime:
    if not EARLIEST <= at < LATEST:
        raise BadInput(422, place, f"is {shown(value)}, outside the years 1970 to 2099", "check the sender's clock")
    return at if at.tzinfo is UTC else at.astimezone(UTC)

"""JSON from strangers: what is malformed, too large or too deep ends as one error, never as another exception.

orjson reads it: strictly UTF-8, no NaN, no lone surrogate, no recursion past a bound. What it lets pass is looked
for afterwards, without a look at each member by our own code: `_seems_whole`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from desk.ingest.errors import BadInput, shown
from desk.ingest.faults import first_fault

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SCALARS = frozenset((str, int, bool, type(None)))
_JSON_TYPES = frozenset(("", "application/json", "text/json", "application/x-www-form-urlencoded"))
"""The last is what curl and Python's urllib say of anything, unless they are told otherwise."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may hold."""

    size_bytes: int = 1_048_576
    events: int = 5_000
    depth: int = 32
    parts: int = 50_000
    """Arrays and objects. Python takes so long to make and to forget them that a mebibyte of `[` costs a second."""


LIMITS = Limits()


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of a header, whatever its case; empty when it was not sent."""
    found = headers.get(name)
    if found is None:
        found = next((value for key, value in headers.items() if key.lower() == name), "")
    return found.strip()


def media_type(headers: Mapping[str, str]) -> str:
    """The media type of the body in small letters, without its parameters; empty when it was not said."""
    return header(headers, "content-type").partition(";")[0].strip().lower()


def check_body(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> None:
    """Raises BadInput for a body that is too large (413) or packed (415)."""
    encoding = header(headers, "content-encoding").lower()
    if encoding not in ("", "identity"):
        raise BadInput(
            415, "header Content-Encoding", f"is {shown(encoding)}", "send the body as it is, or packed with gzip"
        )
    if len(body) > limits.size_bytes:
        raise _too_large(f"has {len(body):,} bytes, at most {limits.size_bytes:,} are read")


def read_json(body: bytes, headers: Mapping[str, str], limits: Limits = LIMITS) -> object:
    """The JSON document that a request holds.

    Raises BadInput: 413 too large, 415 packed or no JSON, 400 for what `parse_json` refuses.
    """
    check_body(body, headers, limits)
    kind = media_type(headers)
    if kind not in _JSON_TYPES and not kind.endswith("+json"):
        raise BadInput(415, "header Content-Type", f"is {shown(kind)}", "send JSON, as application/json")
    return parse_json(body, limits)


def parse_json(body: bytes, limits: Limits = LIMITS) -> object:
    """The JSON document in these bytes. A document of one array is 1 deep, and has 1 part.

    Raises BadInput (400) for bytes that are no JSON, and for JSON that two readers could understand differently or
    that no database keeps: a member twice, an integer of more than 64 bits, NUL in a text, half a surrogate pair.
    Raises BadInput (413) for too many parts; a bracket in a text counts as one.
    """
    text = body.removeprefix(_BYTE_ORDER_MARK)
    if text.count(b"[") + text.count(b"{") > limits.parts:
        raise _too_large(f"has more than {limits.parts:,} arrays and objects")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _malformed(text, error, limits) from None
    if not _seems_whole(document, text, limits.depth) and (fault := first_fault(text)):
        raise fault
    return document


def check_text(text: str, place: str) -> str:
    """The text, which came by another way than JSON. Raises BadInput (400) for one that no database keeps."""
    if "\0" in text:
        raise BadInput(400, place, "holds a NUL", "leave it out")
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadInput(400, place, "holds half of a surrogate pair", "send UTF-8")
    return text


def _too_large(problem: str) -> BadInput:
    return BadInput(413, "", problem, "send it in several parts")


def _malformed(text: bytes, error: orjson.JSONDecodeError, limits: Limits) -> BadInput:
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return BadInput(400, "", f"is not UTF-8 at byte {wrong.start + 1}", "send JSON in UTF-8")
    if "depth" in error.msg or "ecursion" in error.msg:
        return _too_deep(limits.depth)
    where = f"line {error.lineno} column {error.colno}"
    return BadInput(400, "", f"is not JSON at {where} ({error.msg})", "send one JSON document")


def _too_deep(deepest: int) -> BadInput:
    return BadInput(400, "", f"is nested deeper than {deepest}", "send it flatter")


def _seems_whole(document: object, text: bytes, deepest: int) -> bool:
    """Whether all that was sent is in the document, exactly; on False it may still be. Raises BadInput when too deep.

    Written again, a document has fewer quotes when a member stood there twice, for the reader kept one; when it has
    as many as before, nothing is missing. Other spellings of a backslash may make it fewer, too.
    """
    exact = _check_depth(document, deepest)
    written = orjson.dumps(document)
    if b"\\" not in text:  # nearly always: then no quote and no NUL stands for another sign
        return exact and written.count(b'"') == text.count(b'"')
    return exact and b"\\u0000" not in written and _quotes(written) == _quotes(text)


def _check_depth(document: object, deepest: int) -> bool:
    """Whether each number is surely as it was sent. orjson makes a float of an integer that has more than 64 bits."""
    exact = True
    level: list[Any] = [document]
    for _ in range(deepest + 1):
        exact = exact and not [value for value in level if type(value) is float and abs(value) >= 2**63]
        inner = [value.values() if type(value) is dict else value for value in level if type(value) in (dict, list)]
        if not inner:
            return exact
        level = [value for values in inner for value in values if type(value) not in _SCALARS]
    raise _too_deep(deepest)


def _quotes(text: bytes) -> int:
    """The quotes, but for those after a backslash. Each text counts for 2, or for 1 when a backslash ends it."""
    return text.count(b'"') - text.count(b'\\"')

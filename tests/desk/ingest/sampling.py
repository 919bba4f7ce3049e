"""The captured requests, and the formats by name."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.ingest.errors import BadInput
from desk.ingest.reading import LIMITS
from desk.ingest.taking import FORMATS
from models.rules.incoming import Incoming

SAMPLES = Path(__file__).parent / "samples"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Sample:
    """One captured request."""

    form: str
    name: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON, to change."""
        return json.loads(self.body)


def samples() -> Iterator[Sample]:
    """All of them."""
    for path in sorted(SAMPLES.glob("*/*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        yield Sample(path.parent.name, path.stem, found["headers"], found["body"].encode())


def sample(form: str, name: str) -> Sample:
    """One of them."""
    return next(found for found in samples() if (found.form, found.name) == (form, name))


def parse(form: str, document: Any, headers: dict[str, str] | None = None) -> list[Incoming]:
    """The events of a document, sent as JSON."""
    return FORMATS[form](json.dumps(document).encode(), JSON if headers is None else headers, LIMITS)


def refusal(form: str, document: Any, headers: dict[str, str] | None = None) -> BadInput:
    """Why a document is refused."""
    try:
        events = parse(form, document, headers)
    except BadInput as error:
        return error
    raise AssertionError(f"taken: {events}")

"""What one look found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, and the mend when it is not well."""

    what: str
    state: State
    text: str
    mend: str | None = None


def well(what: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(what, State.OK, text)


def warn(what: str, text: str, mend: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(what, State.WARN, text, mend)


def fail(what: str, text: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(what, State.FAIL, text, mend)

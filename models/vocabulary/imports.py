"""The words of tickets that come from another tool."""

from enum import StrEnum


class FileShape(StrEnum):
    """What a row of a file of tickets is."""

    TICKETS = "one row per ticket"
    CHANGES = "one row per change"


class Duplicates(StrEnum):
    """What becomes of a ticket that a file has twice."""

    REFUSE = "refuse"
    FIRST = "keep first"
    LAST = "keep last"


class SourceVerdict(StrEnum):
    """What the tool that a ticket came from said of its promise."""

    MET = "met"
    MISSED = "missed"

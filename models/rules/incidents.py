"""Incidents: what a new one says, what a solution is, and the numbers that people say."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.durations import format_duration
from models.rules.verdicts import Verdict
from models.vocabulary import LinkVerb, ResolutionCode, TicketKind

PREFIXES = {TicketKind.INCIDENT: "INC", TicketKind.PROBLEM: "PRB", TicketKind.REQUEST: "REQ"}
SUBJECT_PREFIXES = {kind.value: prefix for kind, prefix in PREFIXES.items()} | {
    "approval": "APR",
    "candidate": "CAN",
    "known-error": "KE",
    "run": "RUN",
}
LONGEST_TITLE, LONGEST_TEXT = 200, 20_000
_NUMBER = re.compile(r"([a-z]*)0*(\d{1,15})", re.ASCII | re.IGNORECASE)
_MARK = " ..."


@dataclass(frozen=True)
class NewIncident:
    """An incident before it has its number. Without a priority it gets that of impact and urgency."""

    title: str
    description: str = ""
    service: str | None = None
    host: str | None = None
    impact: str | None = None
    urgency: str | None = None
    priority: str | None = None
    category: str | None = None
    team: str | None = None
    owner: str | None = None
    caller: str | None = None
    source: str = "command line"
    correlation_key: str | None = None
    is_drill: bool = False
    links: tuple[tuple[LinkVerb, str], ...] = ()
    """What it comes from: `(caused by, run/12)`."""
    promises: tuple[str, ...] = ()
    """The names of the agreements that hold for it, for the journal."""
    major_for: str | None = None
    """Why it may be a major incident; None: nothing says so."""


@dataclass(frozen=True)
class Solution:
    """How an incident came to its end, for those who meet the next one like it."""

    code: ResolutionCode
    text: str


def ticket_number(kind: TicketKind, ticket_id: int) -> str:
    """What people say on the phone: INC000123."""
    return f"{PREFIXES[kind]}{ticket_id:06d}"


def subject_number(subject: str) -> str:
    """What people say for `incident/12`, `problem/5` and `run/7`: INC000012, PRB000005, RUN000007; else as it is."""
    kind, _, name = subject.partition("/")
    prefix = SUBJECT_PREFIXES.get(kind)
    return f"{prefix}{int(name):06d}" if prefix else subject


def incident_id_of(number: str) -> int:
    """The key of INC000123; also of inc123 and 123. Raises ValueError for anything else."""
    return ticket_id_of(TicketKind.INCIDENT, number)


def ticket_id_of(kind: TicketKind, number: str) -> int:
    """The key of a ticket of this kind, with or without its prefix. Raises ValueError for anything else."""
    found = _NUMBER.fullmatch(number.strip())
    if found is None or found[1].upper() not in ("", PREFIXES[kind]) or not int(found[2]):
        noun = f"{'an' if kind is TicketKind.INCIDENT else 'a'} {kind.value}"
        raise ValueError(f"{number!r} is not the number of {noun}: it looks like {PREFIXES[kind]}000123")
    return int(found[2])


def text_problems(name: str, text: str, longest: int = LONGEST_TEXT) -> Iterator[str]:
    """What keeps a text of a person from being kept, in words."""
    if not text.strip():
        yield f"the {name} is empty: say it in words"
    if len(text) > longest:
        yield f"the {name} has {len(text):,} characters, at most {longest:,} are kept"
    if "\0" in text:
        yield f"the {name} holds a NUL"
    if any(unicodedata.category(sign) == "Cs" for sign in text):
        yield f"the {name} is not valid Unicode"


def fitting_title(text: str) -> str:
    """A title from anywhere, on one line and cut to its length."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()) or "without a title"
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - len(_MARK)] + _MARK


def fitting_text(text: str) -> str:
    """A text from anywhere that both databases keep, cut to its length."""
    kept = "".join(" " if sign == "\0" or unicodedata.category(sign) == "Cs" else sign for sign in text)
    return kept if len(kept) <= LONGEST_TEXT else kept[: LONGEST_TEXT - len(_MARK)] + _MARK


def solution_problems(solution: Solution) -> Iterator[str]:
    """What is wrong with a solution, in words."""
    if solution.code is ResolutionCode.DUPLICATE:
        yield "the solution of a duplicate is its original's: merge it into that one"
    yield from text_problems("solution", solution.text)


@dataclass(frozen=True)
class Reopening:
    """How often a solution may be refused, and for how long."""

    most: int
    within: timedelta


def may_reopen(limits: Reopening, reopened: int, over_since: datetime, now: datetime) -> Verdict:
    """Whether an incident that is over since then may be reopened once more."""
    if reopened >= limits.most:
        return Verdict(False, f"it was reopened {reopened} times, and {limits.most} is the limit: open a new one")
    end = over_since + limits.within
    if now > end:
        return Verdict(False, f"its solution is older than {format_duration(limits.within)}: open a new one")
    return Verdict(True, "its solution is young enough to be refused", until=end)

"""What a row of the journal about an incident says, in a few words for its timeline."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from models.rules.incidents import subject_number

Facts = Mapping[str, Any]


def in_words(action: str, facts: Facts) -> str:
    """The act of a tag (`set-priority`, `hold`) with what matters of its facts; the reason stands beside it."""
    words = _WORDS.get(action)
    return words(facts) if words else action.replace("-", " ")


def _opened(facts: Facts) -> str:
    where = facts.get("team") and f", for {facts['team']}"
    return f"opened with priority {facts['priority']}{where or ''}"


def _graded(facts: Facts) -> str:
    judged = [f"{name} {facts[name]}" for name in ("impact", "urgency") if facts.get(name)]
    because = f" ({', '.join(judged)})" if judged else ""
    return f"priority {facts['priority']}{because}"


def _assigned(facts: Facts) -> str:
    to = " in ".join(part for part in (facts.get("owner"), facts.get("team")) if part)
    return f"given to {to}" if to else "given to nobody"


def _appointed(facts: Facts) -> str:
    parts = [f"{name} {facts[name]}" for name in ("commander", "scribe", "liaison") if facts.get(name)]
    return f"major incident: {', '.join(parts)}"


def _edited(facts: Facts) -> str:
    was = facts["was"]
    return "; ".join(f"{name} is {_short(facts[name])} now, not {_short(was[name])}" for name in sorted(was))


def _short(value: str | None) -> str:
    line = " ".join((value or "").split())
    return f'"{textwrap.shorten(line, 80, placeholder=" ...")}"' if line else "empty"


def _promised(facts: Facts) -> str:
    return f"promised: {', '.join(facts.get('promises') or ()) or 'nothing'}"


_WORDS: dict[str, Callable[[Facts], str]] = {
    "open": _opened,
    "take": lambda facts: f"taken by {facts['owner'] or 'somebody'}",
    "assign": _assigned,
    "set-priority": _graded,
    "edit": _edited,
    "hold": lambda facts: f"on hold, waits for: {facts['hold_reason']}",
    "resume": lambda _: "goes on",
    "resolve": lambda facts: f"resolved ({facts['resolution_code']}): {facts['resolution']}",
    "reopen": lambda facts: f"reopened ({facts['reopened']} so far)",
    "close": lambda _: "closed",
    "cancel": lambda _: "cancelled",
    "merge": lambda _: "closed as a duplicate",
    "share-solution": lambda facts: f"got its original's solution: {facts['resolution']}",
    "escalate": lambda _: "escalated",
    "link": lambda facts: f"{facts['verb']} {subject_number(facts['target'])}",
    "unlink": lambda facts: f"no more {facts['verb']} {subject_number(facts['target'])}",
    "promises": _promised,
    "warn": lambda _: "three quarters of the time are used",
    "breach": lambda _: "the time is used up",
    "remind": lambda _: "its owner is reminded",
    "no-clock": lambda _: "its clocks stand still",
    "propose": lambda _: "proposed as a major incident",
    "accept": lambda _: "declared a major incident",
    "decline": lambda _: "declined as a major incident",
    "demote": lambda _: "no major incident any more",
    "appoint": _appointed,
    "review-due": lambda _: "its review is due",
    "review": lambda _: "reviewed",
}

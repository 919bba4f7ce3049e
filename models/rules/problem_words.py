"""What a row of the journal about a problem says, in a few words for its timeline."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.rules.incidents import subject_number
from models.rules.wall_clock import stamp

Facts = Mapping[str, Any]
FEW = 10
LONGEST = 90


def few_of(numbers: Sequence[str], most: int = FEW) -> str:
    """INC000001, INC000002 ... and 4,990 more."""
    more = f" and {len(numbers) - most:,} more" if len(numbers) > most else ""
    return ", ".join(numbers[:most]) + more


def in_words(action: str, facts: Facts) -> str:
    """The act of a tag (`find-cause`, `watch`) with what matters of its facts; the reason stands beside it.

    Of links there may be many at once: `targets`. `text` is what an entry of the analysis, or a task, says.
    """
    words = _WORDS.get(action)
    return words(facts) if words else action.replace("-", " ")


def _assigned(facts: Facts) -> str:
    to = " in ".join(part for part in (facts.get("owner"), facts.get("team")) if part)
    return f"given to {to}" if to else "given to nobody"


def _graded(facts: Facts) -> str:
    return f"priority {facts['priority']} (impact {facts['impact']}, urgency {facts['urgency']})"


def _planned(facts: Facts) -> str:
    change, target = facts.get("change_reference"), facts.get("target_at")
    return ", ".join(
        [*([f"change {change}"] if change else []), *([f"to be decided by {_at(target)}"] if target else [])]
    )


def _at(text: str) -> str:
    return stamp(datetime.fromisoformat(text))


def _entered(facts: Facts) -> str:
    number = f" {facts['number'] or facts['note']}" if facts["kind"] in ("why", "cause") else ""
    return f"{facts['kind']}{number}{_text(facts)}"


def _task(facts: Facts) -> str:
    return f"task {facts['task']}{' for ' + facts['owner'] if facts.get('owner') else ''}{_text(facts)}"


def _text(facts: Facts) -> str:
    """The first line of it."""
    line = next(iter(str(facts.get("text") or "").strip().splitlines()), "")
    return f": {line if len(line) <= LONGEST else line[: LONGEST - 3].rstrip() + '...'}" if line else ""


def _targets(facts: Facts) -> str:
    return few_of([subject_number(target) for target in facts.get("targets") or (facts["target"],)])


def _begun(facts: Facts) -> str:
    change = facts.get("change_reference")
    return f"the fix is begun with change {change}" if change else "the fix is begun"


_WORDS: dict[str, Callable[[Facts], str]] = {
    "open": lambda facts: f"opened ({facts['origin']}) with priority {facts['priority']}",
    "assess": lambda facts: f"assessed: {_graded(facts)}",
    "take-over-solution": lambda _: "its solution is taken over from there",
    "investigate": lambda facts: f"{facts['owner'] or 'nobody'} looks for its cause",
    "find-cause": lambda facts: f"its cause: {facts['cause']}",
    "accept-known-error": lambda facts: f"a known error; what helps: {facts['workaround']}",
    "begin-fix": _begun,
    "publish-workaround": lambda facts: f"told to its incidents: {facts['workaround']}",
    "watch": lambda facts: f"fixed: {facts['fix']}; watched until {_at(facts['watch_until'])}",
    "recur": lambda facts: f"it came back: {subject_number(facts['incident'])}",
    "resolve": lambda _: "resolved",
    "close": lambda _: "closed",
    "cancel": lambda _: "closed: it was none",
    "merge": lambda _: "closed as a duplicate",
    "reopen": lambda facts: f"reopened ({facts['reopened']} so far)" if facts.get("reopened") else "open again",
    "re-analyse": lambda _: "its cause was none: it is analysed anew",
    "accept-risk": lambda facts: (
        f"risk accepted by {facts['risk_by']} until {_at(facts['risk_until'])}: {facts['risk_words']}"
    ),
    "assign": _assigned,
    "set-priority": _graded,
    "plan": _planned,
    "review": lambda _: "reviewed",
    "analyse": _entered,
    "add-task": _task,
    "finish-task": lambda facts: f"task {facts['task']} done{_text(facts)}",
    "link": lambda facts: f"{facts['verb']} {_targets(facts)}",
    "unlink": lambda facts: f"no more {facts['verb']} {_targets(facts)}",
}

"""Whole incidents of another service desk: its steps told to our clocks, its expected times asked of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from models.rules.business_time import elapsed
from models.rules.calendars import Calendar
from models.rules.clock_facts import Closed, Fact, HoldBegan, HoldEnded, Opened, Owned, Reopened, Resolved
from models.rules.clock_promises import Agreement, Measure, Promise, Target
from models.rules.reply_clock import Message, ReplyPromise, ReplyReading, read_replies
from models.rules.service_clock import Reading, read_clock
from tests.conformance.cases import Case, VectorError, fields
from tests.conformance.sla_values import instant, number, read_calendar

_NEEDED = {"name", "calendar", "created", "sla", "customer_message", "steps", "expected"}
_NOTES = {"note", "initial_dues_agree_with_ref"}
_ANSWERS = ("due", "in_min", "diff_min")
_CLOCKS = ("first_response", "update", "solution", "close")
_EXPECTED = {"next", *(f"{clock}_{answer}" for clock in _CLOCKS for answer in _ANSWERS)}
_PENDING, _MINUTE = "pending", timedelta(minutes=1)


def case(value: Any, where: str) -> Case:
    """One scenario: every expected value is compared."""
    scenario = fields(value, where, _NEEDED, _NOTES)
    expected = fields(scenario["expected"], f"{where}.expected", (), _EXPECTED)
    if not expected:
        raise VectorError(f"{where}.expected: at least one value is expected")
    found = _found(scenario, where)
    wrong = [
        f"{name}: expected {wanted}, found {found.get(name)}"
        for name, wanted in expected.items()
        if found.get(name) != (instant(wanted, where) if isinstance(wanted, str) else wanted)
    ]
    return Case(f"{where} {scenario['name']}", "; ".join(wrong) or None)


def _found(scenario: Mapping[str, Any], where: str) -> dict[str, Any]:
    calendar = read_calendar(scenario["calendar"], f"{where}.calendar")
    lengths = fields(scenario["sla"], f"{where}.sla", {"first_response", "update", "solution"})
    targets = {name: timedelta(minutes=number(length, where)) for name, length in lengths.items() if length is not None}
    facts, messages = _facts(scenario, where), _messages(scenario, where)
    promise = Promise(
        Agreement.SLA,
        calendar,
        own={"": Target(targets["first_response"])} if "first_response" in targets else {},
        resolve={"": Target(targets["solution"])} if "solution" in targets else {},
        stops_for=frozenset({_PENDING}),
    )
    # Read when the last step is done: whether a due instant has passed by then does not matter here.
    now = max(fact.at for fact in facts)
    clock = read_clock(facts, (promise,), now)
    own, resolve = (clock.reading(Agreement.SLA, measure) for measure in (Measure.OWN, Measure.RESOLVE))
    ended = next((fact.at for fact in reversed(facts) if isinstance(fact, Resolved | Closed)), None)
    replies = None
    if "update" in targets:
        replies = read_replies(messages, ReplyPromise(calendar, targets["update"]), ended)
    dues = [*(one.next_at for one in (own, resolve) if one), replies.due_at if replies else None]
    return {
        **_stopwatch("first_response", own),
        **_stopwatch("solution", resolve),
        **_stopwatch("close", resolve),
        **_exchange(replies, targets.get("update", timedelta(0))),
        "next": _to_minute(min((due for due in dues if due is not None), default=None)),
    }


def _stopwatch(name: str, reading: Reading | None) -> dict[str, Any]:
    if reading is None:
        return {}
    found: dict[str, Any] = {f"{name}_due": _to_minute(reading.next_at)}
    if reading.stopped_at is not None and reading.remaining is not None:
        used = reading.business_elapsed // _MINUTE
        found[f"{name}_in_min"] = used
        found[f"{name}_diff_min"] = (reading.remaining + reading.business_elapsed) // _MINUTE - used
    return found


def _exchange(replies: ReplyReading | None, length: timedelta) -> dict[str, Any]:
    if replies is None:
        return {}
    found: dict[str, Any] = {"update_due": _to_minute(replies.due_at)}
    if replies.worst is not None:
        found["update_in_min"] = replies.worst // _MINUTE
        found["update_diff_min"] = length // _MINUTE - replies.worst // _MINUTE
    return found


def _to_minute(at: datetime | None) -> datetime | None:
    """That desk drops the seconds of its due times."""
    return at.replace(second=0, microsecond=0) if at is not None else None


def _facts(scenario: Mapping[str, Any], where: str) -> list[Fact]:
    created = instant(scenario["created"], where)
    facts: list[Fact] = [Opened(created, "")]
    for name, value in _steps(scenario, where):
        if name == "initial":
            facts += _of_state(value, created, where)
        elif name == "first_response":
            facts.append(Owned(instant(value, where)))
        elif name == "close":
            facts.append(Resolved(instant(value, where)))
        elif name in ("pending", "open"):
            facts += _of_state(name, instant(value, where), where)
    return sorted(facts, key=lambda fact: fact.at)


def _of_state(state: Any, at: datetime, where: str) -> list[Fact]:
    """Pending holds; open lets go on, whether it was pending or closed before."""
    if state in ("pending", "pending reminder", "pending close"):
        return [HoldBegan(at, _PENDING)]
    if state == "open":
        return [HoldEnded(at), Reopened(at)]
    if state == "new":
        return []
    raise VectorError(f"{where}: unknown state {state!r}")


def _messages(scenario: Mapping[str, Any], where: str) -> list[Message]:
    first = scenario["customer_message"]
    messages = [Message(instant(first, where), from_desk=False)] if first is not None else []
    for name, value in _steps(scenario, where):
        if name in ("customer_message", "agent_message"):
            messages.append(Message(instant(value, where), from_desk=name == "agent_message"))
    return sorted(messages, key=lambda message: message.at)


def _steps(scenario: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    known = {"initial", "first_response", "close", "pending", "open", "customer_message", "agent_message"}
    for step in scenario["steps"]:
        if not isinstance(step, list) or len(step) != 2 or step[0] not in known:
            raise VectorError(f"{where}.steps: unknown step {step!r}; known: {', '.join(sorted(known))}")
        yield step[0], step[1]


def break_fault(value: Any, where: str) -> str | None:
    """A stretch in which a clock is suspended is as breaks of the calendar on the two days that it touches."""
    given = fields(value, where, {"suspended", "breaks"})
    days = fields(given["breaks"], f"{where}.breaks", {"day1", "day2"})
    dates = {"2026-11-02": days["day1"], "2026-11-03": days["day2"]}
    week = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed")}
    plain = {"tz": "Europe/Berlin", "hours": week}
    broken = read_calendar({**plain, "breaks": dates}, where)
    begin, end = (text.split()[0] for text in given["suspended"])
    zone = broken.zone
    held = [datetime.fromisoformat(f"2026-11-0{day}T{at}").replace(tzinfo=zone) for day, at in ((2, begin), (3, end))]
    opened, seen = datetime(2026, 11, 2, 8, tzinfo=zone), datetime(2026, 11, 3, 20, tzinfo=zone)
    facts = [Opened(opened, ""), HoldBegan(held[0], _PENDING), HoldEnded(held[1])]
    found = _counted(facts, read_calendar(plain, where), seen)
    expected = elapsed(broken, opened, seen)
    return None if found == expected else f"expected {expected} counted, found {found}"


def _counted(facts: list[Fact], calendar: Calendar, now: datetime) -> timedelta:
    promise = Promise(Agreement.SLA, calendar, resolve={"": Target(timedelta(days=9))}, stops_for=frozenset({_PENDING}))
    (reading,) = read_clock(facts, (promise,), now).readings
    return reading.business_elapsed

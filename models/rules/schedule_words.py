"""A schedule in words, for job pages, plans and notices."""

import re
from datetime import datetime

from cronsim import CronSim

from models.rules.durations import format_duration
from models.rules.recurrence import parts_of
from models.rules.schedule import EPOCH, Schedule

_DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_UNITS = {
    "YEARLY": "year",
    "MONTHLY": "month",
    "WEEKLY": "week",
    "DAILY": "day",
    "HOURLY": "hour",
    "MINUTELY": "minute",
}
_IN_WORDS = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "WKST"}


def explain(schedule: Schedule) -> str:
    """When the schedule is due, as a person would say it."""
    if schedule.cron is not None:
        words = CronSim(schedule.cron, EPOCH).explain()
        words = words[:1].lower() + words[1:]
    elif schedule.every is not None:
        begin = f" counted from {schedule.anchor:%Y-%m-%d %H:%M}" if schedule.anchor else ""
        words = f"every {format_duration(schedule.every)}{begin}"
    elif schedule.rrule is not None:
        words = _rule_in_words(schedule.rrule, schedule.start or EPOCH)
    else:
        number = schedule.business_day or 0
        which = _ordinal(number)
        words = f"at {schedule.at:%H:%M} on the {which} working day of the month (calendar {schedule.calendar})"
    return f"{words}{_offset_in_words(schedule)} ({schedule.timezone or 'UTC'})"


def _offset_in_words(schedule: Schedule) -> str:
    texts = []
    for count, unit in ((schedule.offset_days, "day"), (schedule.offset_working_days, "working day")):
        if count:
            side = "later" if count > 0 else "earlier"
            texts.append(f"{abs(count)} {unit}{'s' if abs(count) > 1 else ''} {side}")
    return f", then {' and '.join(texts)}" if texts else ""


def _rule_in_words(rule: str, start: datetime) -> str:
    """Common rules in words; the text of the rule itself where words would leave something out."""
    parts = parts_of(rule)
    if parts.get("COUNT") == "1" and set(parts) <= {"FREQ", "INTERVAL", "COUNT"}:
        return f"once, on {start:%Y-%m-%d} at {start:%H:%M}"
    if set(parts) - _IN_WORDS:
        return f"by the rule {rule} from {start:%Y-%m-%d %H:%M}"
    unit, interval = _UNITS[parts["FREQ"]], int(parts.get("INTERVAL", "1"))
    words = f"every {unit}" if interval == 1 else f"every {interval} {unit}s"
    if "BYDAY" in parts:
        words += f" on {_listed([_day(text) for text in parts['BYDAY'].split(',')])}"
    if "BYMONTHDAY" in parts:
        days = [_ordinal(int(text)) for text in parts["BYMONTHDAY"].split(",")]
        words += f" on the {_listed([day + ' day' if day.endswith('last') else day for day in days])}"
    if parts["FREQ"] in ("HOURLY", "MINUTELY"):
        return f"{words} counted from {start:%Y-%m-%d %H:%M}"
    since = "" if start == EPOCH and interval == 1 else f", counted from {start:%Y-%m-%d}"
    return f"{words} at {start:%H:%M}{since}"


def _day(text: str) -> str:
    match = re.match(r"^([+-]?\d+)?(\w\w)$", text)
    if match is None or match[2] not in _DAYS:
        return text
    return f"the {_ordinal(int(match[1]))} {_DAYS[match[2]]}" if match[1] else _DAYS[match[2]]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _ordinal(number: int) -> str:
    """1st, 22nd, last, 2nd to last."""
    if number == -1:
        return "last"
    tail = {1: "st", 2: "nd", 3: "rd"}.get(abs(number) % 10, "th")
    if abs(number) % 100 in (11, 12, 13):
        tail = "th"
    return f"{abs(number)}{tail}" + (" to last" if number < 0 else "")

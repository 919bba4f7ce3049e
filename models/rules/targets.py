"""A target as people write it: `4h` of open time, `2 working days`, or `2 working days, to the end of the day`."""

import re
from datetime import timedelta
from typing import Annotated, Any

from models.rules.business_time import MOST_DAYS
from models.rules.clock_promises import Target
from models.rules.durations import parse_duration

_DAYS = re.compile(r"(\d{1,4}) working days?(, to the end of the day)?", re.ASCII)
_PATTERN = r"^(?:(?:\d{1,6}[wdhms])+|\d{1,4} working days?(?:, to the end of the day)?)$"
_WORDS = "write it as open time, 90m or 4h, or as `2 working days`, or `2 working days, to the end of the day`"


def parse_target(value: object) -> Target:
    """The target that a text names; a day of open time has 24 hours. Raises ValueError when it names none."""
    if isinstance(value, Target):
        return value
    text = " ".join(str(value).split())
    days = _DAYS.fullmatch(text)
    try:
        target = (
            Target(working_days=int(days[1]), end_of_day=bool(days[2]))
            if days
            else Target(open_time=parse_duration(text))
        )
    except ValueError:
        raise ValueError(f'"{text}" is not a target; {_WORDS}') from None
    if not target.open_time and not target.working_days:
        raise ValueError(f'"{text}" leaves no time at all; {_WORDS}')
    if (target.working_days or 0) > MOST_DAYS or (target.open_time or timedelta(0)) > timedelta(days=MOST_DAYS):
        raise ValueError(f'"{text}" is more than {MOST_DAYS} days')
    return target


class _TargetText:
    """Lets pydantic read a target from text, without importing pydantic here: a core schema is a dict."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> dict[str, Any]:
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": parse_target},
            "serialization": {"type": "function-plain", "function": str, "when_used": "json"},
        }

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": _PATTERN, "examples": ["4h", "2 working days"]}


TargetText = Annotated[Target, _TargetText()]

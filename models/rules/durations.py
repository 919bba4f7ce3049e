"""How long something takes, written as people write it: `90s`, `15m`, `2h`, `1d`, `1h30m`."""

import re
from datetime import timedelta
from typing import Annotated, Any

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN = r"^(?:\d{1,6}w)?(?:\d{1,6}d)?(?:\d{1,6}h)?(?:\d{1,6}m)?(?:\d{1,8}s)?$"
_PART = re.compile(r"(\d+)([wdhms])")
_ALLOWED = "write it as 90s, 15m, 2h, 1d or 1h30m"


def parse_duration(value: object) -> timedelta:
    """The time span that a text such as `1h30m` names. Raises ValueError when it names none."""
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise ValueError(f"a duration cannot be negative; {_ALLOWED}")
        return value
    text = str(value).strip()
    if not text or not re.match(_PATTERN, text, re.ASCII):
        raise ValueError(f'"{text}" is not a duration{" (no unit)" if text.isdecimal() else ""}; {_ALLOWED}')
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text)))


def format_duration(span: timedelta) -> str:
    """The span in the same short words, without parts that are zero: `1h30m`; below a second: `0.4s`."""
    if span < timedelta(0):
        return f"-{format_duration(-span)}"
    if span < timedelta(seconds=1):
        return f"{span.total_seconds():.1f}s" if span else "0s"
    rest = round(span.total_seconds())
    words = []
    for unit, seconds in list(_UNITS.items())[1:]:
        count, rest = divmod(rest, seconds)
        if count:
            words.append(f"{count}{unit}")
    return "".join(words)


class _DurationText:
    """Lets pydantic read a duration from text, without importing pydantic here: a core schema is a dict."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> dict[str, Any]:
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": parse_duration},
            "serialization": {"type": "function-plain", "function": format_duration, "when_used": "json"},
        }

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": _PATTERN, "examples": ["90s", "15m", "1h30m"]}


Duration = Annotated[timedelta, _DurationText()]

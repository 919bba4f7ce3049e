"""Maintenance: while a calendar is open, the alerts of some services and hosts are kept from being told.

What resolves meanwhile resolves. What still fires when the window is over is raised then, as if it had fired anew:
nobody was told of it, and its condition is no longer meant to be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from models.rules.calendars import Calendar, is_open, open_until, why
from models.rules.field_error import FieldError


@dataclass(frozen=True)
class Maintenance:
    """Whose alerts are kept quiet while a calendar is open. An alert of either is: its service, or its host."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    calendar: str
    services: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.services or self.hosts):
            raise FieldError("calendar", "names neither services nor hosts: say whose alerts are to be quiet")


@dataclass(frozen=True)
class UnderMaintenance:
    """By which entry an alert is kept quiet, why, and until when (None: no end is in sight)."""

    name: str
    reason: str
    until: datetime | None


def maintenance_of(
    plans: Mapping[str, Maintenance],
    calendars: Mapping[str, Calendar],
    about: tuple[str | None, str | None],
    now: datetime,
) -> UnderMaintenance | None:
    """What keeps the alerts of this service and host (`about`, None: bound to none) quiet now, the longest first."""
    service, host = about
    found = [
        UnderMaintenance(
            name, f"maintenance {name}: {why(calendars[plan.calendar], now)}", open_until(calendars[plan.calendar], now)
        )
        for name, plan in plans.items()
        if (service in plan.services or host in plan.hosts) and is_open(calendars[plan.calendar], now)
    ]
    return _lasting_longest(found)


def _lasting_longest(found: Iterable[UnderMaintenance]) -> UnderMaintenance | None:
    longest = None
    for one in found:
        if longest is None or one.until is None or (longest.until is not None and one.until > longest.until):
            longest = one
    return longest

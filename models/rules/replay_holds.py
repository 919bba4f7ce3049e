"""What keeps alerts quiet in a replay: silences of people, maintenance, and alerts that are the cause of others."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from models.rules.alert_facts import Hold
from models.rules.calendars import Calendar, closed_until, open_until
from models.rules.event_rules import Judged
from models.rules.inhibition import Inhibitor, InhibitRule
from models.rules.maintenance import Maintenance, maintenance_of
from models.rules.silences import Silence, silenced_by
from models.vocabulary import Mute

TIMED = (Mute.SILENCE, Mute.MAINTENANCE)
"""What keeps an alert quiet until a time that is known."""


class ReplayedPlan:
    """A maintenance plan, and when it begins next."""

    __slots__ = ("_calendar", "look")

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.look: datetime | None = None

    def next_begin(self, now: datetime) -> datetime | None:
        """When it begins next; not the time that now belongs to."""
        end = open_until(self._calendar, now)
        return None if end is None else closed_until(self._calendar, end)


class ReplayedHolds:
    """All that keeps alerts quiet from outside."""

    def __init__(
        self, maintenance: Mapping[str, Maintenance], calendars: Mapping[str, Calendar], rules: tuple[InhibitRule, ...]
    ) -> None:
        self._maintenance, self._calendars = maintenance, calendars
        self.silences: list[Silence] = []
        self.inhibitor = Inhibitor[str](rules)

    def plans(self) -> Iterator[ReplayedPlan]:
        """The maintenance plans."""
        return (ReplayedPlan(self._calendars[plan.calendar]) for plan in self._maintenance.values())

    def hold_of(self, judged: Judged, at: datetime) -> Hold | None:
        """What keeps an alert quiet now."""
        silence = silenced_by(self.silences, judged.labels, at) if self.silences else None
        if silence is not None:
            return Hold(Mute.SILENCE, silence.comment, silence.ends)
        about = (judged.service, judged.host)
        under = maintenance_of(self._maintenance, self._calendars, about, at) if self._maintenance else None
        if under is not None:
            return Hold(Mute.MAINTENANCE, under.reason, under.until)
        inhibition = self.inhibitor.inhibition_of(judged.labels)
        return None if inhibition is None else Hold(Mute.INHIBITION, inhibition.rule.name or "another alert")

"""What keeps alerts quiet at the moment: silences, maintenance, and alerts that are the cause of others."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import silences
from models.queries.event_processing.event_book import EventBook
from models.records import Alert
from models.rules.alert_facts import Hold
from models.rules.calendars import Calendar
from models.rules.inhibition import Inhibitor
from models.rules.maintenance import maintenance_of
from models.rules.matchers import Labels, matching
from models.rules.silences import Silence, silenced_by
from models.vocabulary import AlertState, Mute

About = tuple[str | None, str | None]
"""The service and the host of an alert."""
Signature = tuple[object, ...]


class Mutes:
    """Knows what keeps alerts quiet. `signature` differs from before when that has changed."""

    def __init__(self, session: Session, book: EventBook) -> None:
        self._book = book
        self._silences: list[Silence] = []
        self._inhibitor = Inhibitor[str](book.inhibitions)
        self._causes: dict[str, Labels] = {}
        self._changes = 0
        self._maintained: dict[About, Hold | None] = {}
        self._now: datetime | None = None
        if book.inhibitions:
            query = select(Alert.fingerprint, Alert.labels).where(Alert.state != AlertState.RESOLVED)
            for fingerprint, labels in session.execute(query).yield_per(1_000):
                self.fires(fingerprint, labels)

    def at(self, session: Session, now: datetime) -> None:
        """Look at silences and calendars as they are now."""
        self._silences = silences.not_over(session, now)
        self._maintained = {}
        self._now = now

    @property
    def signature(self) -> Signature:
        """Differs when something began or ended that keeps alerts quiet."""
        now = self._now
        holding = [one.number for one in self._silences if now is not None and one.holds(now)]
        plans = [name for name, plan in self._book.maintenance.items() if self._under(plan.services, plan.hosts)]
        return (self._book.revision, self._changes, *holding, "", *plans)

    def hold_of(self, labels: Labels, about: About, now: datetime) -> Hold | None:
        """What keeps an alert with these labels quiet from outside."""
        silence = silenced_by(self._silences, labels, now) if self._silences else None
        if silence is not None:
            return Hold(Mute.SILENCE, f"{silence.number} of {silence.author}: {silence.comment}", silence.ends)
        return self._maintenance(about) or self._inhibition(labels)

    def fires(self, fingerprint: str, labels: Labels) -> None:
        """An alert fires, and may be the cause of others."""
        if fingerprint in self._causes:
            return
        if any(matching(rule.sources, labels) for rule in self._book.inhibitions):
            self._causes[fingerprint] = labels
            self._inhibitor.add(fingerprint, labels)
            self._changes += 1

    def is_over(self, fingerprint: str) -> None:
        """An alert fires no more."""
        labels = self._causes.pop(fingerprint, None)
        if labels is not None:
            self._inhibitor.discard(fingerprint, labels)
            self._changes += 1

    def _maintenance(self, about: About) -> Hold | None:
        if not self._book.maintenance or self._now is None:
            return None
        if about not in self._maintained:
            calendars: Mapping[str, Calendar] = self._book.book.calendars if self._book.book else {}
            found = maintenance_of(self._book.maintenance, calendars, about, self._now)
            self._maintained[about] = Hold(Mute.MAINTENANCE, found.reason, found.until) if found else None
        return self._maintained[about]

    def _under(self, services: tuple[str, ...], hosts: tuple[str, ...]) -> bool:
        about = [*((name, None) for name in services[:1]), *((None, name) for name in hosts[:1])]
        return any(self._maintenance(one) is not None for one in about)

    def _inhibition(self, labels: Labels) -> Hold | None:
        found = self._inhibitor.inhibition_of(labels) if self._causes else None
        if found is None:
            return None
        cause = self._causes[next(iter(found.sources))]
        where = cause.get("host") or cause.get("service")
        words = f"{cause.get('name', 'another alert')}{f' on {where}' if where else ''}"
        return Hold(Mute.INHIBITION, f"{words} is the cause{f' ({found.rule.name})' if found.rule.name else ''}")

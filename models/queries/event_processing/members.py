"""The alerts that a group tells: those that belong to it, and its guests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.queries.event_processing.alert_rows import ALERTS
from models.queries.event_processing.group_counts import count, gravest, gravity, of_group
from models.records import Alert, AlertGroup, AlertGuest
from models.vocabulary import AlertState, Standing

ToldAs = InstrumentedAttribute[AlertState | None]
MOST_ASKED = 1_000
"""Of each kind; whether anything is new does not depend on more."""


@dataclass(frozen=True)
class Members:
    """Those of them that stand so."""

    group: AlertGroup
    standings: tuple[Standing, ...]
    was_told: bool | None = None
    """Only those that it told as firing last (True), or only the others (False)."""

    def fingerprints(self, session: Session) -> frozenset[str]:
        """Their fingerprints; not more than could matter."""
        queries = (select(Alert.fingerprint).where(one).limit(MOST_ASKED) for one in self._conditions())
        return frozenset(found for query in queries for found in session.scalars(query))

    def count(self, session: Session) -> int:
        """How many there are; not more than could matter."""
        return sum(count(session, one) for one in self._conditions())

    def gravest(self, session: Session, most: int) -> list[Alert]:
        """The first few, the gravest and oldest first."""
        found = [alert for one in self._conditions() for alert in gravest(session, one, most)]
        return sorted(found, key=gravity)[:most]

    def firing_since(self, session: Session) -> datetime | None:
        """Since when the oldest of them fires."""
        times = [session.scalar(select(func.min(Alert.firing_since)).where(one)) for one in self._conditions()]
        return min((at for at in times if at is not None), default=None)

    def note(self, session: Session, state: AlertState | None) -> None:
        """Write down as what they were told."""
        session.execute(update(ALERTS).where(self._own(), _differs(Alert.told, state)).values(told=state))
        if self.group.has_guests:
            mine = (
                AlertGuest.group_id == self.group.id,
                AlertGuest.alert_id.in_(select(Alert.id).where(self._guests())),
            )
            session.execute(update(AlertGuest).where(*mine, _differs(AlertGuest.told, state)).values(told=state))

    def _conditions(self) -> Iterator[ColumnElement[bool]]:
        yield self._own()
        if self.group.has_guests:
            yield self._guests()

    def _own(self) -> ColumnElement[bool]:
        return and_(of_group(self.group, self.standings), *self._told(Alert.told))

    def _guests(self) -> ColumnElement[bool]:
        mine = select(AlertGuest.alert_id).where(AlertGuest.group_id == self.group.id, *self._told(AlertGuest.told))
        return and_(Alert.id.in_(mine), Alert.standing.in_(self.standings))

    def _told(self, told: ToldAs) -> Iterator[ColumnElement[bool]]:
        if self.was_told is not None:
            yield told == AlertState.FIRING if self.was_told else _differs(told, AlertState.FIRING)


def _differs(told: ToldAs, state: AlertState | None) -> ColumnElement[bool]:
    return told.is_not(None) if state is None else or_(told.is_(None), told != state)

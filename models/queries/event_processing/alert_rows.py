"""Alerts as rows: read in numbers, and written in one statement for many."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, case, func, insert, select, update
from sqlalchemy.orm import Session

from models.queries.bulk import Bulk
from models.records import Alert, AlertChange
from models.rules.alert_facts import Change, Course
from models.rules.event_policies import AlertPolicy
from models.vocabulary import AlertAction, Standing

ASKING = (Standing.OPEN, Standing.FLAPPING)
ANEW = (AlertAction.FIRE, AlertAction.FIRE_AGAIN, AlertAction.RAISE, AlertAction.TIME_OUT)
"""What makes an alert ask as if it were new: it joins its incident again, and is told again."""
IN_ONE_SELECT = 500
ALERTS = Alert.metadata.tables["alert"]
_CHANGES = AlertChange.metadata.tables["alert_change"]
_COURSE = tuple(name for name in Course._fields if name != "counted")
_CHANGED = tuple(column.name for column in ALERTS.c if column.name not in ("fingerprint", "created_at", "id"))
_INSERT = Bulk(insert(ALERTS), [column.name for column in ALERTS.c])
_UPDATE = Bulk(
    update(ALERTS)
    .where(ALERTS.c.id == bindparam("new_id"))
    .values({name: bindparam(f"new_{name}", type_=ALERTS.c[name].type) for name in _CHANGED}),
    [f"new_{name}" for name in (*_CHANGED, "id")],
)
_INSERT_CHANGES = Bulk(insert(_CHANGES), [column.name for column in _CHANGES.c if column.name != "id"])


class Happened(NamedTuple):
    """One change of an alert: when, in which episode, and by which request."""

    at: datetime
    episode: int
    change: Change
    inbox_id: int | None = None


@dataclass(slots=True)
class Draft:
    """One alert while a transaction works on it: as it was, as it is, and what happened to it."""

    values: dict[str, Any]
    """All columns but those of the course."""
    policy: AlertPolicy
    course: Course
    was: Course | None = None
    """As it stood before this transaction; None: it is new."""
    happened: list[Happened] = field(default_factory=list)
    guest_of: frozenset[int] = frozenset()
    """The groups of further routes that are told of it."""
    was_guest_of: frozenset[int] = frozenset()
    """As it stood before this transaction."""
    actor: str = "events"

    @property
    def is_new(self) -> bool:
        """Whether it has no row yet."""
        return self.was is None

    @property
    def asks(self) -> bool:
        """Whether it asks for somebody now."""
        return self.course.standing in ASKING

    @property
    def groups(self) -> tuple[int, ...]:
        """The groups that are told of it; its own comes first."""
        own = self.values["group_id"]
        return (*(() if own is None else (own,)), *sorted(self.guest_of))

    @property
    def has_moved(self) -> bool:
        """Whether its group is to be looked at."""
        was = self.was.standing if self.was else Standing.OVER
        return bool(self.happened) or self.course.standing is not was


def repeats_of(session: Session, fingerprints: Collection[str]) -> dict[str, tuple[int, str]]:
    """Of the alerts that are known by these fingerprints: the number, and which event only counts."""
    found: dict[str, tuple[int, str]] = {}
    query = select(ALERTS.c.fingerprint, ALERTS.c.id, ALERTS.c.repeats)
    for some in parts(list(fingerprints)):
        for fingerprint, number, repeats in session.execute(query.where(ALERTS.c.fingerprint.in_(some))):
            found[fingerprint] = (number, repeats)
    return found


def count_up(session: Session, events: Mapping[int, int], now: datetime) -> None:
    """Count events of alerts that change in nothing else."""
    by_count: dict[int, list[int]] = {}
    for number, count in events.items():
        by_count.setdefault(count, []).append(number)
    for count, numbers in by_count.items():
        for some in parts(numbers):
            # A request that was set aside for hours comes late: an alert was not seen last then.
            last = case((ALERTS.c.seen_at < now, now), else_=ALERTS.c.seen_at)
            changed = {"events": ALERTS.c.events + count, "seen_at": last}
            session.execute(update(ALERTS).where(ALERTS.c.id.in_(some)).values(changed))


def read_rows(session: Session, numbers: Collection[int]) -> list[Row[Any]]:
    """The alerts of these numbers, whole; nobody else changes them until the transaction ends."""
    rows: list[Row[Any]] = []
    for some in parts(sorted(numbers)):
        rows += session.execute(select(ALERTS).where(ALERTS.c.id.in_(some)).with_for_update())
    return rows


def draft_of(row: Row[Any], policy: AlertPolicy) -> Draft:
    """The alert of a row."""
    values = dict(row._mapping)
    counted = tuple(datetime.fromisoformat(text) for text in values.pop("counted").split())
    course = Course(**{name: values.pop(name) for name in _COURSE}, counted=counted)
    return Draft(values, policy, course, was=course)


def write(session: Session, drafts: Sequence[Draft]) -> None:
    """Write all of them, and what happened to them."""
    connection = session.connection()
    _INSERT.run(connection, [_row(draft) for draft in drafts if draft.is_new])
    old = [_row(draft) for draft in drafts if not draft.is_new]
    _UPDATE.run(connection, [{f"new_{name}": row[name] for name in (*_CHANGED, "id")} for row in old])
    _INSERT_CHANGES.run(connection, [row for draft in drafts for row in _change_rows(draft)])


def next_number(session: Session) -> int:
    """The number of the next new alert; nobody else makes any while we do."""
    return int(session.scalar(select(func.max(ALERTS.c.id))) or 0) + 1


def parts(values: list[Any]) -> Iterable[list[Any]]:
    """The same values, no more at once than one statement takes."""
    return (values[first : first + IN_ONE_SELECT] for first in range(0, len(values), IN_ONE_SELECT))


def _row(draft: Draft) -> dict[str, Any]:
    row = {**draft.values, **draft.course._asdict()}
    row["counted"] = " ".join(at.isoformat() for at in draft.course.counted)
    return row


def _change_rows(draft: Draft) -> Iterable[dict[str, Any]]:
    for one in draft.happened:
        yield {
            "alert_id": draft.values["id"],
            "episode": one.episode,
            "at": one.at,
            "action": one.change.action,
            "source": one.change.source,
            "target": one.change.target,
            "actor": draft.actor,
            "reason": one.change.reason,
        }

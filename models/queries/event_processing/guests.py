"""Alerts of which groups of further routes are told, too: the routes before them say `continue`."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from models.queries.event_processing.alert_rows import ANEW, Draft, parts
from models.records import AlertGuest


def read(session: Session, drafts: Sequence[Draft]) -> None:
    """Say in each draft which further groups are told of it."""
    found: dict[int, set[int]] = {}
    numbers = [draft.values["id"] for draft in drafts if draft.values["is_guest"]]
    for some in parts(numbers):
        query = select(AlertGuest.alert_id, AlertGuest.group_id).where(AlertGuest.alert_id.in_(some))
        for alert_id, group_id in session.execute(query):
            found.setdefault(alert_id, set()).add(group_id)
    for draft in drafts:
        draft.guest_of = draft.was_guest_of = frozenset(found.get(draft.values["id"], ()))


def write(session: Session, drafts: Sequence[Draft]) -> None:
    """Write the further groups of these alerts as their drafts say; what asks anew is told anew."""
    mine = [draft for draft in drafts if draft.guest_of or draft.was_guest_of]
    left = [(one, draft.values["id"]) for draft in mine for one in draft.was_guest_of - draft.guest_of]
    for some in parts(left):
        session.execute(delete(AlertGuest).where(tuple_(AlertGuest.group_id, AlertGuest.alert_id).in_(some)))
    anew = [draft.values["id"] for draft in mine if any(one.change.action in ANEW for one in draft.happened)]
    for some in parts(anew):
        session.execute(update(AlertGuest).where(AlertGuest.alert_id.in_(some)).values(told=None))
    joined = [
        {"group_id": one, "alert_id": draft.values["id"]}
        for draft in mine
        for one in sorted(draft.guest_of - draft.was_guest_of)
    ]
    if joined:
        session.execute(insert(AlertGuest), joined)

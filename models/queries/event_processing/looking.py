"""What is due: alerts and groups whose time has come, what keeps alerts quiet, silences, sources that are silent."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from models import records
from models.queries import inbox, journal, notices, silences
from models.queries.apart import attempt
from models.queries.event_processing import alert_rows, guests, mending, placing, settling
from models.queries.event_processing.alert_rows import Draft
from models.queries.event_processing.memory import Memory
from models.queries.event_processing.working_off import note_cause, note_changes
from models.queries.inbox import Delivery
from models.records import Alert, AlertGroup
from models.rules.alert_course import after_time
from models.rules.event_rules import judge
from models.rules.incoming import Incoming
from models.rules.incoming_bytes import to_bytes
from models.rules.notice_facts import SilenceFacts, SourceFacts
from models.rules.source_silence import SourceVerdict, source_verdict
from models.vocabulary import AlertState, EventFormat, EventStatus, Mute, Severity, Standing

AT_ONCE = 2_000
LATER = timedelta(minutes=1)
"""When a group is looked at again that could not be settled."""
OUR_SOURCE = "watchbill"
"""Who says that another source is silent."""
SILENT = "event source {} is silent"


@dataclass(slots=True)
class Looked:
    """What a look changed."""

    alerts: int = 0
    groups: int = 0
    silences: int = 0
    sources: int = 0
    attempts: int = 0
    is_more: bool = False
    """There is more to look at right now."""


def look(session: Session, memory: Memory, now: datetime) -> Looked:
    """Look once at everything that is due. A second look at the same moment changes nothing. The caller commits."""
    looked = Looked()
    looked.silences = _silences(session, now)
    memory.mutes.at(session, now)
    due = _due(session, now)
    reviewed = _review(session, memory)
    rows = {row.id: row for row in (*due, *reviewed)}
    drafts = [draft for row in rows.values() if (draft := _after_time(session, row, memory, now)) is not None]
    looked.alerts = len(drafts)
    groups = placing.place(session, drafts, memory, now) if drafts else {}
    if drafts:
        alert_rows.write(session, drafts)
        guests.write(session, drafts)
        mending.cleared(session, drafts, now)
    query = select(AlertGroup).where(AlertGroup.look_at <= now).order_by(AlertGroup.look_at).limit(AT_ONCE)
    groups |= {group.id: group for group in session.scalars(query)}
    by_group: dict[int, list[Draft]] = {}
    for draft in drafts:
        for number in draft.groups:
            by_group.setdefault(number, []).append(draft)
    for number, group in groups.items():
        _settle(session, group, by_group.get(number, []), memory, now)
    mending.begin(session, drafts, memory, now)
    looked.groups = len(groups)
    looked.attempts = mending.look(session, memory, now)
    looked.sources = _sources(session, memory, now)
    looked.is_more = len(due) == AT_ONCE or memory.review_from is not None
    return looked


def _settle(session: Session, group: AlertGroup, drafts: Sequence[Draft], memory: Memory, now: datetime) -> None:
    """Settle one group. One that cannot be settled is said, and looked at later: the others do not wait for it."""
    settle = partial(settling.settle, session, {group.id: group}, drafts, memory, now)
    if attempt(session, f"alert group {group.id}", settle) is not None:
        group.look_at = now + LATER


def _due(session: Session, now: datetime) -> Sequence[Row[Any]]:
    return _rows(session, select(Alert.id).where(Alert.look_at <= now).order_by(Alert.look_at).limit(AT_ONCE))


def _rows(session: Session, query: Select[Any]) -> Sequence[Row[Any]]:
    return alert_rows.read_rows(session, list(session.scalars(query)))


def _review(session: Session, memory: Memory) -> Sequence[Row[Any]]:
    """When something begins or ends that keeps alerts quiet, all that are not over are looked at, some at a time."""
    signature = memory.mutes.signature
    if signature != memory.reviewed:
        memory.reviewed, memory.review_from = signature, 0
    if memory.review_from is None:
        return ()
    query = select(Alert.id).where(Alert.standing != Standing.OVER, Alert.id > memory.review_from)
    rows = _rows(session, query.order_by(Alert.id).limit(AT_ONCE))
    memory.review_from = max(row.id for row in rows) if len(rows) == AT_ONCE else None
    return rows


def _after_time(session: Session, row: Row[Any], memory: Memory, now: datetime) -> Draft | None:
    """The alert as time has changed it; None: it has not."""
    draft = alert_rows.draft_of(row, memory.policies.policy(session, row.policy_id))
    hold = memory.mutes.hold_of(row.labels, (row.service, row.host), now)
    step = after_time(draft.course, draft.policy, hold, now)
    if step.course == draft.course:
        return None
    draft.course = step.course
    note_changes(draft, step.changes, now)
    note_cause(draft, memory)
    return draft


def _silences(session: Session, now: datetime) -> int:
    """Remind the authors of what ends soon, and write down what has ended."""
    due = silences.due(session, now)
    for row in due:
        if now >= row.ends_at:
            row.ended_at, row.ended_by, row.look_at = row.ends_at, "clock", None
            fact = journal.Fact("events:silence:end", f"silence/{row.id}", "clock", reason="its time is over")
            journal.append(session, fact)
        else:
            row.reminded_at, row.look_at = now, row.ends_at
            notices.about_silence(session, row.id, _silence_facts(session, row, now), row.author, now)
    return len(due)


def _silence_facts(session: Session, row: records.Silence, now: datetime) -> SilenceFacts:
    held = select(func.count()).where(
        Alert.standing == Standing.HELD,
        Alert.muted_by == Mute.SILENCE,
        Alert.muted_reason.startswith(f"{row.number} of "),
    )
    return SilenceFacts(
        number=row.number,
        title=row.matchers,
        author=row.author,
        comment=row.comment,
        ends_at=row.ends_at,
        at=now,
        held_back=session.scalar(held),
    )


def _sources(session: Session, memory: Memory, now: datetime) -> int:
    """Say it as an event when a source falls silent, and when it is heard again."""
    expected = {name: one for name, one in memory.book.sources.items() if one.expected_every is not None}
    if not expected:
        return 0
    heard, said = inbox.sources(session), 0
    for name, source in expected.items():
        last = heard[name].last_received_at if name in heard else None
        verdict = source_verdict(source.expected_every, last, memory.book.known_since.get(name, now), now)
        event = _source_event(name, verdict, now)
        fingerprint = judge(memory.book.rules, event, OUR_SOURCE).fingerprint
        state = session.scalar(select(Alert.state).where(Alert.fingerprint == fingerprint))
        is_told = state is not None and state is not AlertState.RESOLVED
        if is_told is (verdict.silent_since is not None):
            continue
        _put_once(session, event, name, last, now)
        said += 1
        if verdict.silent_since is not None:
            team = memory.book.owners.get(name)
            facts = SourceFacts(f"{name} is silent", verdict.reason, now, last, team)
            notices.about_source(session, name, facts, team, now)
    return said


def _source_event(name: str, verdict: SourceVerdict, now: datetime) -> Incoming:
    is_silent = verdict.silent_since is not None
    return Incoming(
        format=EventFormat.WATCHBILL,
        name=SILENT.format(name),
        status=EventStatus.FIRING if is_silent else EventStatus.RESOLVED,
        severity=Severity.HIGH,
        source=OUR_SOURCE,
        key=f"source/{name}",
        text=verdict.reason,
        labels={"event_source": name},
        started_at=verdict.silent_since,
        ended_at=None if is_silent else now,
        via="engine",
    )


def _put_once(session: Session, event: Incoming, name: str, last: datetime | None, now: datetime) -> None:
    """Put it into the inbox; once for each time that the source was heard, however often one looks until it is read."""
    words = f"source/{name}/{event.status.value}/{last.isoformat() if last else 'never'}"
    key = hashlib.sha256(words.encode()).hexdigest()
    inbox.put(session, [Delivery(OUR_SOURCE, EventFormat.WATCHBILL, 1, to_bytes([event]), now, key, key)])

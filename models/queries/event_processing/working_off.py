"""Work requests off in one transaction: judge their events, follow the course of each alert, settle its group.

What repeats itself costs least: it is told by its digest, and only counted. Alerts are read and written in one
statement for all of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy.orm import Session

from models.queries import events, inbox, journal
from models.queries.event_processing import alert_rows, guests, mending, placing, settling
from models.queries.event_processing.alert_rows import ANEW, Draft, Happened
from models.queries.event_processing.memory import Memory
from models.records import InboxRow
from models.rules.alert_course import after_event
from models.rules.alert_facts import Change, Seen
from models.rules.event_policies import Opens
from models.rules.event_rules import Judged, judge
from models.rules.events import LONGEST_WORD
from models.rules.incoming_bytes import event_of, values_of
from models.rules.named_events import named_event
from models.vocabulary import AlertAction, AlertState, EventStatus

ACTOR = "events"
DRILL = "drill"
"""The label by which a sender says that nothing is really wrong."""
_YES = ("1", "true", "yes")
_DIGEST_BYTES, _LONGEST_KEY = 16, 64


@dataclass(slots=True)
class Arrived:
    """One event that is for an alert, and who brought it."""

    values: list[Any]
    """Its fields, as the inbox keeps them."""
    row: InboxRow
    digest: str
    """Of all that it says, and of the rules that judge it."""
    fingerprint: str
    known: Judged | None = None
    """None: the same was judged before, and perhaps nobody needs to know how."""

    def judged(self, memory: Memory) -> Judged:
        """What the rules make of it."""
        if self.known is None:
            event = event_of(self.values, self.row.source)
            self.known = judge(memory.book.rules, event, self.row.source)
        return self.known

    def seen(self, memory: Memory) -> Seen:
        """The event as the course of its alert sees it."""
        event = self.judged(memory).event
        is_owned = event.status is EventStatus.ACKNOWLEDGED
        return Seen(
            event.status,
            event.severity,
            self.row.received_at,
            event.started_at,
            event.ended_at,
            self.digest,
            event.source if is_owned else "",
        )


@dataclass(slots=True)
class WorkedOff:
    """What became of some requests."""

    events: int = 0
    received: int = 0
    """Named events for jobs that wait for them."""
    ignored: int = 0
    repeated: int = 0
    alerts: list[Draft] = field(default_factory=list)


def work_off(session: Session, rows: Sequence[InboxRow], memory: Memory, now: datetime) -> WorkedOff:
    """Work these requests off, in their order. The caller commits."""
    result = WorkedOff()
    arrived = list(_arrived(session, rows, memory, result, now))
    by_alert: dict[str, list[Arrived]] = {}
    for one in arrived:
        by_alert.setdefault(one.fingerprint, []).append(one)
    changing = _count_repeats(session, by_alert, result, max((row.received_at for row in rows), default=now))
    result.alerts = drafts = _follow(session, changing, memory)
    if drafts:
        placed = placing.place(session, drafts, memory, now)
        alert_rows.write(session, drafts)
        guests.write(session, drafts)
        mending.cleared(session, drafts, now)
        settling.settle(session, placed, drafts, memory, now)
        mending.begin(session, drafts, memory, now)
    _tell_journal(session, result)
    inbox.done(session, rows, now)
    return result


def _arrived(
    session: Session, rows: Iterable[InboxRow], memory: Memory, result: WorkedOff, now: datetime
) -> Iterator[Arrived]:
    """The events that are for alerts; the others are received, or left out, on the way."""
    rules, known = memory.book.rules, memory.fingerprints
    for row in rows:
        salt = f"{memory.book.revision} {row.source}".encode()
        for values in values_of(row.body):
            result.events += 1
            digest = blake2b(orjson.dumps(values), digest_size=_DIGEST_BYTES, key=salt[:_LONGEST_KEY]).hexdigest()
            fingerprint = known.get(digest)
            if fingerprint is not None:
                yield Arrived(values, row, digest, fingerprint)
                continue
            judged = judge(rules, event_of(values, row.source), row.source)
            if judged.is_for_alerts:
                memory.learn(digest, judged.fingerprint)
                yield Arrived(values, row, digest, judged.fingerprint, judged)
                continue
            named = None if judged.ignored_by else named_event(judged.event)
            if named is not None:
                events.receive(session, named, row.source, now)
                result.received += 1
            else:
                result.ignored += 1


def _count_repeats(
    session: Session, by_alert: dict[str, list[Arrived]], result: WorkedOff, seen_at: datetime
) -> dict[str, tuple[int | None, list[Arrived]]]:
    """Count what only repeats; the rest, with the number of the alert where it is known."""
    counts: dict[int, int] = {}
    changing: dict[str, tuple[int | None, list[Arrived]]] = {}
    known = alert_rows.repeats_of(session, by_alert)
    for fingerprint, arrived in by_alert.items():
        number, repeats = known.get(fingerprint, (None, ""))
        if number is not None and repeats and all(one.digest == repeats for one in arrived):
            counts[number] = len(arrived)
            result.repeated += len(arrived)
        else:
            changing[fingerprint] = (number, arrived)
    if counts:
        alert_rows.count_up(session, counts, seen_at)
    return changing


def _follow(session: Session, changing: dict[str, tuple[int | None, list[Arrived]]], memory: Memory) -> list[Draft]:
    """The course of each alert through its events."""
    for _, arrived in changing.values():
        last = arrived[-1].judged(memory)
        if last.event.status is not EventStatus.RESOLVED:
            # A cause that comes with what it causes keeps it quiet from the start.
            memory.mutes.fires(last.fingerprint, last.labels)
    numbers = [number for number, _ in changing.values() if number is not None]
    rows = {row.fingerprint: row for row in alert_rows.read_rows(session, numbers)}
    next_number = alert_rows.next_number(session) if len(numbers) < len(changing) else 0
    drafts = []
    for fingerprint, (_, arrived) in changing.items():
        draft = None
        if fingerprint in rows:
            row = rows[fingerprint]
            draft = alert_rows.draft_of(row, memory.policies.policy(session, row.policy_id))
        for one in arrived:
            draft = _step(session, draft, one, memory, next_number)
        if draft is not None:
            next_number += draft.is_new
            drafts.append(draft)
            note_cause(draft, memory)
    return drafts


def note_cause(draft: Draft, memory: Memory) -> None:
    """Keep in mind whether the alert is the cause of others now."""
    if draft.course.state is AlertState.RESOLVED:
        memory.mutes.is_over(draft.values["fingerprint"])
    else:
        memory.mutes.fires(draft.values["fingerprint"], draft.values["labels"])


def _step(session: Session, draft: Draft | None, one: Arrived, memory: Memory, number: int) -> Draft:
    judged, seen = one.judged(memory), one.seen(memory)
    hold = memory.mutes.hold_of(judged.labels, (judged.service, judged.host), seen.at)
    if draft is None:
        step = after_event(None, seen, judged.policy, hold)
        draft = Draft(_new_values(session, one, memory, number), judged.policy, step.course)
    else:
        # The end of something says less than its beginning did, and is no reason to forget that.
        is_told = seen.status is not EventStatus.RESOLVED and seen.as_of >= draft.course.as_of
        policy = judged.policy if is_told else draft.policy
        step = after_event(draft.course, seen, policy, hold)
        if is_told and one.digest != draft.course.digest:
            draft.policy = policy
            draft.values.update(_said(session, one, memory))
        draft.course = step.course
    note_changes(draft, step.changes, seen.at, one.row.id)
    return draft


def note_changes(draft: Draft, changes: Iterable[Change], at: datetime, inbox_id: int | None = None) -> None:
    """Add what happened to an alert; what makes it ask anew takes it out of what it was told as."""
    for change in changes:
        draft.happened.append(Happened(at, draft.course.episode, change, inbox_id))
        if change.action in ANEW:
            draft.values["told"] = None
            if change.action is not AlertAction.TIME_OUT:
                draft.values["incident_id"] = None


def _new_values(session: Session, one: Arrived, memory: Memory, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "fingerprint": one.fingerprint,
        "created_at": one.row.received_at,
        "group_id": None,
        "is_guest": False,
        "incident_id": None,
        "told": None,
        **_said(session, one, memory),
    }


def _said(session: Session, one: Arrived, memory: Memory) -> dict[str, Any]:
    judged = one.judged(memory)
    event = judged.event
    return {
        "source": one.row.source,
        "name": event.name[:LONGEST_WORD],
        "event_class": judged.event_class,
        "service": judged.service,
        "host": judged.host,
        "scope": f"service {judged.service}" if judged.service else f"source {one.row.source}",
        "labels": dict(judged.labels),
        "details": {
            "text": event.text,
            "facts": dict(event.facts),
            "links": [{"text": link.text, "url": link.url} for link in event.links],
            "rules": list(judged.rules),
            "notes": list(judged.notes),
        },
        "policy_id": memory.policies.number_of(session, judged.policy),
        "is_for_incident": judged.policy.incident is not None and judged.policy.incident.opens is not Opens.NEVER,
        "is_drill": event.labels.get(DRILL, "").lower() in _YES,
    }


def _tell_journal(session: Session, result: WorkedOff) -> None:
    """One line for each request that changed something."""
    changed: dict[int, Counter[str]] = {}
    for draft in result.alerts:
        for one in draft.happened:
            if one.inbox_id is not None:
                changed.setdefault(one.inbox_id, Counter())[one.change.action.value] += 1
    for number, counts in sorted(changed.items()):
        journal.append(session, journal.Fact("events:inbox:process", f"inbox/{number}", ACTOR, facts=dict(counts)))

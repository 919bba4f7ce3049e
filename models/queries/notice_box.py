"""Notices on their way: put once by key, held, sent through the outbox, tried again, given up, kept as evidence."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.orders.send_notice import SendNotice
from models.queries import journal, outbox
from models.queries.notice_recipients import NO_DOMAIN, Directory, Recipient, priorities, site_name, times
from models.queries.outbox import Wanted
from models.records import Notice, OutboxRow
from models.rules.notices import News, Telling, Times, When, next_try, quiet_by, soonest, telling, wants
from models.vocabulary import NoticeState, NoticeTag

DEPLOYMENT = "send-notice"
ANSWER_WITHIN = timedelta(minutes=15)
"""So long after the outbox was asked, somebody has sent the notice or said why not; else it is asked again."""

MOST_AT_ONCE = 500
MOST_LISTED = 20
"""So many things stand in a digest; the others are counted."""
LOOK_AGAIN = timedelta(minutes=1)
"""So often it is asked whether quiet hours are over."""


@dataclass(frozen=True)
class Draft:
    """A notice before it has its addresses. The `key` tells this news from all others."""

    key: str
    tag: str
    subject: str
    """`kind/id`; the notices to one address about one subject are one thread."""
    title: str
    facts: Mapping[str, Any]
    priority: str | None = None
    audience: str | None = None


@dataclass(frozen=True)
class Around:
    """What is read once for all the addresses of a draft."""

    site: str
    domain: str
    priorities: tuple[str, ...] = ()
    times: Times = field(default=Times())


def around(session: Session, directory: Directory, recipients: Iterable[Recipient]) -> Around:
    """What telling these recipients needs; calendars and priorities are read only where somebody names them."""
    wishes = [recipient.wish for recipient in recipients]
    return Around(
        site=site_name(session),
        domain=directory.server.domain if directory.server else NO_DOMAIN,
        priorities=priorities(session) if any(wish.least_priority for wish in wishes) else (),
        times=times(session) if any(wish.quiet for wish in wishes) else Times(),
    )


def put(session: Session, draft: Draft, recipients: Iterable[Recipient], known: Around, now: datetime) -> list[Notice]:
    """Tell each address that wants to hear of it, once: now, or when its quiet hours are over.

    Gives the rows that are new; the same draft a second time gives none.
    """
    chosen = _chosen(draft, recipients, known, now)
    keys = {to: _sha256(draft.key, to) for to in chosen}
    there = set(session.scalars(select(Notice.key).where(Notice.key.in_(keys.values()))))
    rows = []
    for to, (recipient, told) in chosen.items():
        if keys[to] not in there:
            row = _row(session, draft, recipient, known, now)
            _begin(session, row, told, now)
            rows.append(row)
    return rows


def _chosen(
    draft: Draft, recipients: Iterable[Recipient], known: Around, now: datetime
) -> dict[str, tuple[Recipient, Telling]]:
    """Who is told, by address: of several reasons to tell one address, the one that tells first."""
    news = News(draft.tag, draft.priority, draft.audience)
    found: dict[str, list[tuple[Recipient, Telling]]] = {}
    for recipient in recipients:
        if wants(recipient.wish, news, known.priorities).allowed:
            told = telling(recipient.wish, news, quiet_by(recipient.wish.quiet, known.times, now))
            found.setdefault(recipient.to, []).append((recipient, told))
    return {to: pairs[soonest(told for _, told in pairs)] for to, pairs in found.items()}


def _row(session: Session, draft: Draft, recipient: Recipient, known: Around, now: datetime) -> Notice:
    """The row, with the message id that its mail will have however often it is sent."""
    first = select(func.coalesce(Notice.thread, Notice.message_id))  # the first one may be forgotten by now
    before = first.where(Notice.subject == draft.subject, Notice.to == recipient.to)
    unique = _sha256(draft.key, recipient.to, now.isoformat())[:32]
    return Notice(
        key=_sha256(draft.key, recipient.to),
        tag=draft.tag,
        subject=draft.subject,
        receiver=recipient.receiver,
        to=recipient.to,
        title=draft.title,
        priority=draft.priority,
        facts={**draft.facts, **({"you": recipient.you} if recipient.you else {})},
        created_at=now,
        message_id=f"<{unique}.{known.site}@{known.domain}>",
        thread=session.scalar(before.order_by(Notice.id).limit(1)),
        tries=0,
    )


def _begin(session: Session, row: Notice, told: Telling, now: datetime) -> None:
    if told.when is not When.NOW:
        row.held_by = told.reason
        row.look_at = now + LOOK_AGAIN
    if told.when is When.NEVER:
        row.dropped_at, row.look_at = now, None
    session.add(row)
    session.flush()
    if told.when is When.NOW:
        ask(session, row, now)


def ask(session: Session, row: Notice, now: datetime) -> None:
    """Have the outbox send it."""
    row.tries += 1
    row.look_at = now + ANSWER_WITHIN
    parameters = {"order": SendNotice(notice=row.id).model_dump(mode="json")}
    outbox.put(session, Wanted(_outbox_key(row), "run", parameters, DEPLOYMENT), now)


def get(session: Session, notice_id: int) -> Notice:
    """One notice. Raises NotFound."""
    row = session.get(Notice, notice_id)
    if row is None:
        raise NotFound(f"there is no notice {notice_id}: see `watchbill notice list`")
    return row


def sent(row: Notice, now: datetime) -> None:
    """The service at the address took it."""
    row.sent_at, row.look_at, row.error = now, None, None


def not_sent(session: Session, row: Notice, error: str, now: datetime, *, permanent: bool) -> None:
    """It was not taken: try again later, or never when that cannot help or was done for days. The journal says so."""
    row.error = error[:2000]
    row.look_at = None if permanent else next_try(row.tries, row.created_at, now)
    if row.look_at is not None:
        return
    row.failed_at = now
    told = session.scalars(select(Notice).where(Notice.digest_id == row.id)).all() or [row]
    for notice in told:
        journal.append(session, _not_told(notice, row))


def _not_told(notice: Notice, sending: Notice) -> journal.Fact:
    """For the timeline of what it is about: somebody does not know of it."""
    kind, _, _ = notice.subject.partition("/")
    who = f"{notice.receiver} ({notice.to})" if notice.receiver else notice.to
    reason = f"{who} was not told: {notice.title}: {sending.error}"
    facts = {"notice": notice.id}
    return journal.Fact(f"notices:{kind}:not-told", notice.subject, "notices", reason=reason, facts=facts)


def look(session: Session, now: datetime) -> int:
    """What is due is sent again, or told after its quiet hours. Gives how many notices the outbox was asked to send.

    A notice is sent again when its next try is due, and when nobody said what became of the last one.
    """
    query = select(Notice).where(Notice.look_at <= now).order_by(Notice.look_at, Notice.id).limit(MOST_AT_ONCE)
    due = session.scalars(query).all()
    if not due:
        return 0
    held = [row for row in due if row.standing is NoticeState.HELD]
    return len(_released(session, held, now)) + sum(_again(session, row, now) for row in due if row not in held)


def _again(session: Session, row: Notice, now: datetime) -> bool:
    row.look_at = now + ANSWER_WITHIN
    if _still_in_outbox(session, row):
        return False
    if next_try(row.tries, row.created_at, now) is None:
        not_sent(session, row, row.error or "nobody said whether it was sent", now, permanent=True)
        return False
    ask(session, row, now)
    return True


def _released(session: Session, due: list[Notice], now: datetime) -> list[Notice]:
    """The notices that tell what was held, where it is no longer quiet."""
    told = []
    directory, clock = Directory(session), times(session)
    for receiver, to in dict.fromkeys((row.receiver, row.to) for row in due):
        rows = _held(session, receiver, to)
        if _is_quiet(directory, receiver, to, clock, now):
            for row in rows:
                row.look_at = now + LOOK_AGAIN
        else:
            told.append(rows[0] if len(rows) == 1 else _digest(session, directory, rows, now))
            ask(session, told[-1], now)
    return told


def _held(session: Session, receiver: str | None, to: str) -> list[Notice]:
    ends = (Notice.sent_at, Notice.failed_at, Notice.dropped_at, Notice.digest_id)
    query = select(Notice).where(
        Notice.receiver == receiver, Notice.to == to, Notice.held_by.is_not(None), Notice.tries == 0
    )
    return list(session.scalars(query.where(*(end.is_(None) for end in ends)).order_by(Notice.id)))


def _is_quiet(directory: Directory, receiver: str | None, to: str, clock: Times, now: datetime) -> bool:
    """Whether each wish of the address is quiet; one that left the site is not."""
    wishes = [one.wish for one in directory.receiver(receiver or "") if one.to == to]
    return bool(wishes) and all(quiet_by(wish.quiet, clock, now) for wish in wishes)


def _digest(session: Session, directory: Directory, rows: list[Notice], now: datetime) -> Notice:
    """One notice for all of them."""
    first, last = rows[0], rows[-1]
    facts = {
        "title": f"{len(rows)} things happened",
        "why": first.held_by,
        "at": now.isoformat(),
        "since": first.created_at.isoformat(),
        "things": [
            {"at": row.created_at.isoformat(), "title": row.title, "subject": row.subject} for row in rows[:MOST_LISTED]
        ],
        "more": max(0, len(rows) - MOST_LISTED),
    }
    draft = Draft(f"digest/{first.id}/{last.id}", NoticeTag.DIGEST, f"digest/{first.id}", str(facts["title"]), facts)
    recipient = Recipient(first.to, first.receiver)
    digest = _row(session, draft, recipient, around(session, directory, [recipient]), now)
    session.add(digest)
    session.flush()
    for row in rows:
        row.digest_id, row.look_at = digest.id, None
    return digest


def _still_in_outbox(session: Session, row: Notice) -> bool:
    """Whether the relay has not yet handed it over: asking again would only tell it twice."""
    query = select(OutboxRow.id).where(OutboxRow.key == _outbox_key(row))
    return session.scalar(query.where(OutboxRow.sent_at.is_(None), OutboxRow.given_up_at.is_(None))) is not None


def _outbox_key(row: Notice) -> str:
    return f"notice/{row.id}/{row.tries}"


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def recent(
    session: Session, since: datetime, *, subject: str | None = None, is_failed: bool = False, most: int
) -> list[Notice]:
    """The notices of a time, newest first; about one thing, or those alone that have failed."""
    query = select(Notice).where(Notice.created_at >= since)
    if subject is not None:
        query = query.where(Notice.subject == subject)
    if is_failed:
        query = query.where(Notice.failed_at.is_not(None))
    return list(session.scalars(query.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(most)))


def failed_since(session: Session, since: datetime) -> list[Notice]:
    """The notices that failed for good since then, newest first."""
    query = select(Notice).where(Notice.failed_at >= since).order_by(Notice.failed_at.desc(), Notice.id.desc())
    return list(session.scalars(query))


def put_off(session: Session) -> list[Notice]:
    """The notices that were not taken and wait to be tried again, the next first."""
    query = select(Notice).where(Notice.look_at.is_not(None), Notice.error.is_not(None))
    return list(session.scalars(query.order_by(Notice.look_at, Notice.id)))

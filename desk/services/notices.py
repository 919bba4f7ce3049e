"""Notices: what was told to whom and what became of it; and a trial of a receiver."""

from dataclasses import dataclass
from datetime import datetime

from desk.services.errors import Misuse
from desk.services.small_words import hint
from models.database import Database
from models.errors import NotFound
from models.orders.run_job import run_id_of
from models.queries import desk_runs, notice_box, notices
from models.queries.notice_recipients import Directory
from models.records import Notice
from models.rules.incidents import incident_id_of
from models.vocabulary import NoticeState

MOST_SHOWN = 500


@dataclass(frozen=True)
class NoticeLine:
    """One notice to one address."""

    notice: int
    at: datetime
    state: NoticeState
    tag: str
    receiver: str | None
    """None: a person who is concerned, or a job's own wish."""
    to: str
    about: str
    """`kind/id`."""
    title: str
    tries: int
    why: str | None
    """Why it failed, or waits, or was held."""
    sent_at: datetime | None
    next_try_at: datetime | None
    digest: int | None
    """The notice that told it together with others."""


@dataclass(frozen=True)
class NoticeList:
    """Notices, newest first."""

    timezone: str
    since: datetime
    notices: tuple[NoticeLine, ...]
    is_cut: bool
    """There are more than are listed."""


@dataclass(frozen=True)
class Trial:
    """A trial of a receiver: a notice to each of its addresses, which the engine sends."""

    receiver: str
    notices: tuple[NoticeLine, ...]


def list_notices(
    database: Database, since: datetime, about: str | None = None, *, is_failed: bool = False
) -> NoticeList:
    """What was told since then. Raises Misuse for a thing that nothing is told of."""
    subject = None if about is None else subject_of(about)
    with database.read() as session:
        rows = notice_box.recent(session, since, subject=subject, is_failed=is_failed, most=MOST_SHOWN + 1)
        lines = tuple(_line(row) for row in rows[:MOST_SHOWN])
        return NoticeList(desk_runs.site_zone(session), since, lines, len(rows) > MOST_SHOWN)


def subject_of(text: str) -> str:
    """What a notice is about, as its row has it: of INC000123, RUN000012 or `job/night-backup`. Raises Misuse."""
    word = text.strip()
    try:
        if word[:3].upper() == "INC":
            return f"incident/{incident_id_of(word)}"
        if word[:3].upper() == "RUN":
            return f"run/{run_id_of(word.upper())}"
    except ValueError as error:
        raise Misuse(f"--about {text!r}: {error}") from None
    if "/" not in word:
        raise Misuse(f"--about {text!r}: write INC000123, RUN000012, or a kind and a name such as job/night-backup")
    return word


def try_receiver(database: Database, receiver: str, person: str, now: datetime) -> Trial:
    """Send a trial to each address of a receiver. Raises NotFound when the site has none of this name."""
    with database.write() as session:
        known = Directory(session).receivers
        if receiver not in known:
            listed = f"; there are: {', '.join(known) or 'none; they stand in notices.yaml'}"
            raise NotFound(f"there is no receiver {receiver!r}{hint(receiver, known) or listed}")
        rows = notices.trial(session, receiver, person, now)
        if not rows:
            raise NotFound(f"no address of {receiver} can be told: its teams and people have no mail any more")
        return Trial(receiver, tuple(_line(row) for row in rows))


def _line(row: Notice) -> NoticeLine:
    return NoticeLine(
        notice=row.id,
        at=row.created_at,
        state=row.standing,
        tag=row.tag,
        receiver=row.receiver,
        to=row.to,
        about=row.subject,
        title=row.title,
        tries=row.tries,
        why=row.error or row.held_by,
        sent_at=row.sent_at,
        next_try_at=row.look_at,
        digest=row.digest_id,
    )

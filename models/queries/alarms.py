"""Look at every job: raise what is wrong, clear what is over. One alarm of a kind is open per job at a time.

A look reads first, and most looks find nothing new. Only the jobs with news are looked at again in a turn to write,
so that what is written is true in that turn, and so that many jobs keep nobody from writing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.queries import notices, own_events
from models.queries.alarm_facts import facts_of
from models.queries.book import Book
from models.records import Alarm
from models.rules import alarms as rule
from models.vocabulary import AlarmKind

RENEW_EVERY = timedelta(minutes=1)
OF_A_RUN = (AlarmKind.FAILED, AlarmKind.MISSED)
"""Told when the run or slot ended; the alarm only remembers them."""


@dataclass(frozen=True)
class Standing:
    """Something about a job is wrong at this moment, recorded already or not."""

    job: str
    kind: AlarmKind
    since: datetime
    text: str
    count: int


@dataclass(frozen=True)
class _News:
    """What a look at one job would change: alarms to raise, open ones with a new text, open ones that are over."""

    raised: list[rule.Alarm]
    renewed: list[tuple[Alarm, str]]
    over: list[Alarm]

    def __bool__(self) -> bool:
        return bool(self.raised or self.renewed or self.over)


def jobs_with_news(session: Session, book: Book, now: datetime) -> set[str]:
    """The jobs about which a look would write something. It only reads."""
    opened = _opened(session)
    return {job for job, news in _all_news(session, book, {*book.jobs, *opened}, now).items() if news}


def look(session: Session, book: Book, now: datetime, jobs: Collection[str]) -> list[str]:
    """Look at these jobs and write the news. Returns a line for people for each alarm raised or cleared."""
    lines: list[str] = []
    for job, news in _all_news(session, book, jobs, now).items():
        for opened, text in news.renewed:
            opened.text, opened.last_seen_at, opened.count = text, now, opened.count + 1
        lines += [_raise(session, job, alarm, now) for alarm in news.raised]
        lines += [_clear(session, opened, now) for opened in news.over]
    return lines


def standing(session: Session, book: Book, now: datetime) -> list[Standing]:
    """What is wrong at this very moment, oldest first: also what no look has recorded yet. It only reads."""
    held, opened = _held(session, book, book.jobs, now), _opened(session)
    found = [
        Standing(job, alarm.kind, row.raised_at if row else alarm.since, alarm.text, row.count if row else 1)
        for job, alarms in held.items()
        for alarm in alarms
        for row in (opened.get(job, {}).get(alarm.kind),)
    ]
    return sorted(found, key=lambda alarm: (alarm.since, alarm.job))


def _opened(session: Session) -> dict[str, dict[AlarmKind, Alarm]]:
    """The open alarms of each job that has any."""
    found: dict[str, dict[AlarmKind, Alarm]] = {}
    for row in session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at, Alarm.id)):
        found.setdefault(row.job, {})[row.kind] = row
    return found


def _held(session: Session, book: Book, jobs: Collection[str], now: datetime) -> dict[str, list[rule.Alarm]]:
    """What the rule says of each of these jobs; of one that left the site it says nothing."""
    facts = facts_of(session, book, [job for job in jobs if job in book.jobs], now)
    return {job: rule.alarms_for(book.job(job).alarms, known, now) for job, known in facts.items()}


def _all_news(session: Session, book: Book, jobs: Collection[str], now: datetime) -> dict[str, _News]:
    opened, held = _opened(session), _held(session, book, jobs, now)
    return {job: _news(opened.get(job, {}), held.get(job, []), now) for job in sorted(jobs)}


def _news(opened: dict[AlarmKind, Alarm], held: list[rule.Alarm], now: datetime) -> _News:
    raised, over = rule.changes(opened, held)
    texts = [(opened[alarm.kind], alarm.text) for alarm in held if alarm.kind in opened]
    renewed = [(row, text) for row, text in texts if row.text != text and _may_renew(row, now)]
    return _News(raised, renewed, [opened[kind] for kind in over])


def _may_renew(opened: Alarm, now: datetime) -> bool:
    """At most once a minute: "runs for 3 m 5 s" is new at every look."""
    return now - opened.last_seen_at >= RENEW_EVERY


def _raise(session: Session, job: str, alarm: rule.Alarm, now: datetime) -> str:
    session.add(Alarm(job=job, kind=alarm.kind, raised_at=now, last_seen_at=now, text=alarm.text))
    if alarm.kind not in OF_A_RUN:
        event = "late" if alarm.kind is AlarmKind.LATE_START else alarm.kind.value
        notices.about_job(session, job, event, alarm.text, now)
    own_events.about_alarm(session, job, alarm.kind, alarm.text, now, is_over=False)
    return f"{job}: {alarm.kind.value}: {alarm.text}"


def _clear(session: Session, opened: Alarm, now: datetime) -> str:
    opened.cleared_at = now
    text = f"{opened.kind.value} is over: {opened.text}"
    notices.about_job(session, opened.job, "cleared", text, now)
    own_events.about_alarm(session, opened.job, opened.kind, text, now, is_over=True)
    return f"{opened.job}: {text}"

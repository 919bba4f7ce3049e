"""The daily operations log: what was expected, what became of it, and what needs somebody."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.queries.daily_operations import figures, moment, reading, trouble
from models.queries.daily_operations.backups import backups
from models.queries.daily_operations.content import DailyOperations
from models.queries.daily_operations.desk import read_desk
from models.queries.daily_operations.events import read_events
from models.queries.daily_operations.reading import Item
from models.queries.daily_operations.standing import Period
from models.queries.daily_operations.strip import QUIET, last_days, strip, word_of
from models.queries.daily_operations.verdict import Told, verdict
from models.rules.wall_clock import to_instant, zone_of

__all__ = ["DailyOperations", "Period", "daily_operations"]


@dataclass(frozen=True)
class _Found:
    """The runs of the period; the rounds of probes apart from those of all other jobs."""

    history: list[Item]
    expected: list[Item]
    by_hand: list[Item]
    carried: list[Item]
    rounds: list[Item]
    carried_rounds: list[Item]

    @property
    def of_jobs(self) -> list[Item]:
        """All but the rounds."""
        return [*self.carried, *self.expected, *self.by_hand]

    @property
    def everything(self) -> list[Item]:
        """What may have gone wrong."""
        return [*self.of_jobs, *self.rounds, *self.carried_rounds]


def daily_operations(session: Session, period: Period, now: datetime, own_run: int | None = None) -> DailyOperations:
    """Everything the log shows of a period, as known at `now`; the same rows give the same answer.

    `own_run` is the run that makes the log: it cannot have ended yet, and is left out.
    """
    site, jobs = reading.read_site(session), reading.read_jobs(session)
    zone = zone_of(site.zone)
    probing = frozenset(name for name, facts in jobs.items() if facts.is_round)
    found = _read(session, (period, zone), probing, own_run)
    items, everything = found.of_jobs, found.everything
    bad = reading.read_bad_steps(session, everything)
    counts = figures.count_all(found.expected, found.by_hand, found.carried)
    standing = moment.read_now(session, now, own_run)
    wrong = trouble.troubles(everything, bad, jobs, period.since)
    dropped, plans = trouble.not_run(everything), backups(session, period, now)
    desk, events = read_desk(session, now), read_events(session, period)
    probed = figures.reconcile(found.rounds)
    return DailyOperations(
        site=site.title,
        zone=zone.key,
        period=period,
        made_at=now,
        made_by=own_run,
        complete_to=moment.complete_to(period, standing, now),
        verdict=verdict(Told(counts, standing, wrong, dropped, plans, desk, events, probed), zone),
        now=standing,
        counts=counts,
        reconciliation=figures.reconcile(found.expected),
        rounds=probed,
        took_all=figures.took("all jobs", items),
        took=figures.took_by_job(items, found.history, period.since),
        trouble=wrong,
        late=trouble.late_starts([*found.carried, *found.expected], now),
        not_run=dropped,
        strip=strip(found.history, jobs, (period, zone)),
        hosts=trouble.hosts_in_trouble(bad, everything),
        backups=plans,
        desk=desk,
        events=events,
        right_jobs=_right_jobs(items),
        saved=figures.time_saved(items, jobs),
        ahead=moment.read_ahead(session, jobs, now, but=probing),
    )


def _read(session: Session, when: tuple[Period, ZoneInfo], probing: frozenset[str], own_run: int | None) -> _Found:
    period, zone = when
    history = _without(own_run, _history(session, period, zone, probing))
    ended_here = reading.read_carried(session, period)
    return _Found(
        history=history,
        expected=[item for item in history if item.slot is not None and period.holds(item.at)],
        by_hand=_without(own_run, reading.read_by_hand(session, period.since, period.until, but=probing)),
        carried=[item for item in ended_here if item.job not in probing],
        rounds=reading.read_expected(session, period.since, period.until, probing) if probing else [],
        carried_rounds=[item for item in ended_here if item.job in probing],
    )


def _without(own_run: int | None, items: list[Item]) -> list[Item]:
    return [item for item in items if item.run is None or item.run.id != own_run]


def _history(session: Session, period: Period, zone: ZoneInfo, but: Collection[str]) -> list[Item]:
    """What the strip and "usual" look at: whole days of the site's zone, up to the end of the period."""
    first = to_instant(datetime.combine(last_days(period, zone)[0], time(0)), zone)
    since = min(first, period.since).astimezone(UTC)
    expected = reading.read_expected(session, since, period.until, but=but)
    asked = reading.read_by_hand(session, since, period.until, but=but)
    return [*expected, *(item for item in asked if since <= item.at < period.until)]


def _right_jobs(items: list[Item]) -> tuple[str, ...]:
    """The jobs with at least one good run in the period and nothing that was not right at once."""
    words: dict[str, set[str]] = {}
    for item in items:
        words.setdefault(item.job, set()).add(word_of(item))
    return tuple(sorted(job for job, said in words.items() if "ok" in said and said <= QUIET))

"""Probes as people see them: how each stands, its last readings, and a reading at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from desk.services.runs import Ask, RunLine, run_key, start_run
from desk.services.small_words import hint
from models.database import Database
from models.errors import NotFound
from models.queries import probes
from models.queries.book import Book, read_book
from models.records import ProbeReading, ProbeStanding
from models.rules.probes import Limit, in_unit
from models.site.probe_jobs import PROBE, RECORD, job_of
from models.site.probes import Probe
from models.vocabulary import ProbeKind, ProbeVerdict

SHOWN = 60
"""Readings of the strip."""
OVERDUE_AFTER = 3
"""So many readings may fail to come before the probe counts as not read."""


@dataclass(frozen=True)
class ReadingLine:
    """One reading."""

    probe: str
    host: str
    read_at: datetime
    verdict: ProbeVerdict
    text: str
    measures: Mapping[str, Mapping[str, float | str]]
    counts: bool
    """False: a person only wanted to see it."""


@dataclass(frozen=True)
class ProbeLine:
    """How one probe stands on one host."""

    name: str
    title: str
    kind: ProbeKind
    host: str
    """Where it is read."""
    service: str | None
    owner: str
    job: str
    every: timedelta
    verdict: ProbeVerdict | None
    """What holds; `unknown` while it cannot be read; None: it was never read."""
    since: datetime | None
    against: str
    """What speaks against what holds: 2 of 3 readings were worse."""
    last: ReadingLine | None
    is_overdue: bool
    """It should have been read since: nobody knows how it stands."""


@dataclass(frozen=True)
class ProbeList:
    """Every probe on every host, the worst first."""

    timezone: str
    at: datetime
    probes: tuple[ProbeLine, ...]


@dataclass(frozen=True)
class ProbeDetail:
    """One probe: what it is, and on each host how it stands and what it said last."""

    timezone: str
    at: datetime
    probe: Probe
    job: str
    limits: tuple[str, ...]
    lines: tuple[ProbeLine, ...]
    readings: Mapping[str, tuple[ReadingLine, ...]]
    """By host, newest first."""


def list_probes(database: Database, now: datetime) -> ProbeList:
    """Every probe. Raises NotFound when no site was ever applied."""
    with database.read() as session:
        book, known = read_book(session), probes.in_force(session)
        found = [line for lines, _ in _lines(session, book, known.values(), now, 1) for line in lines]
        return ProbeList(book.timezone, now, tuple(sorted(found, key=_worst_first)))


def show_probe(database: Database, name: str, now: datetime) -> ProbeDetail:
    """One probe. Raises NotFound."""
    with database.read() as session:
        book, probe = read_book(session), known_probe(session, name)
        ((lines, readings),) = _lines(session, book, [probe], now, SHOWN)
        newest = next((found[0] for found in readings.values() if found), None)
        return ProbeDetail(
            timezone=book.timezone,
            at=now,
            probe=probe,
            job=job_of(probe),
            limits=limits_of(probe, newest),
            lines=tuple(sorted(lines, key=_worst_first)),
            readings=readings,
        )


def read_now(database: Database, name: str, person: str, now: datetime, *, record: bool) -> RunLine:
    """Have a worker read a probe at once, as a run by hand. Raises NotFound, Refused."""
    with database.read() as session:
        job = job_of(known_probe(session, name))
    given = {PROBE: name, RECORD: "true" if record else "false"}
    return start_run(database, Ask(job, person, given), now)


def readings_of_run(database: Database, run: str) -> tuple[ReadingLine, ...]:
    """What a run read, in the order of the hosts."""
    with database.read() as session:
        found = probes.readings_of_run(session, run_key(run))
        return tuple(_reading(standing, reading) for standing, reading in found)


def known_probe(session: Session, name: str) -> Probe:
    """One probe in force. Raises NotFound, which names what was probably meant."""
    known = probes.in_force(session)
    if name not in known:
        there = f"{len(known)} are there" if known else "there is none: add one to probes.yaml"
        raise NotFound(f"there is no probe {name!r}{hint(name, known)}; {there}: see `watchbill probe list`")
    return known[name]


def limits_of(probe: Probe, newest: ReadingLine | None) -> tuple[str, ...]:
    """The limits in words, in the units of the newest reading."""
    units = {name: str(measure["unit"]) for name, measure in newest.measures.items()} if newest else {}
    found = [_limit_words(limit, units.get(limit.measure, "")) for limit in probe.what.limits()]
    return tuple(words for words in found if words)


def _limit_words(limit: Limit, unit: str) -> str:
    beyond = "below" if limit.is_low else "above"
    edges = {"warning": limit.warning, "critical": limit.critical}
    words = [f"{level} {beyond} {in_unit(edge, unit)}" for level, edge in edges.items() if edge is not None]
    if words and limit.margin:
        words.append(f"left {in_unit(limit.margin, unit)} {'above' if limit.is_low else 'below'} that")
    return f"{limit.measure}: {', '.join(words)}" if words else ""


def _lines(
    session: Session, book: Book, chosen: Iterable[Probe], now: datetime, most: int
) -> list[tuple[list[ProbeLine], dict[str, tuple[ReadingLine, ...]]]]:
    """Of each probe its line on each host, and its last readings by host."""
    wanted = list(chosen)
    standings = {(one.probe, one.host): one for one in probes.standings_of(session, [probe.name for probe in wanted])}
    kept = probes.readings_of(session, [standing.id for standing in standings.values()], most)
    found = []
    for probe in wanted:
        lines, readings = [], {}
        for host in probes.places_of(book, probe):
            standing = standings.get((probe.name, host))
            said = kept.get(standing.id, []) if standing else []
            readings[host] = tuple(_reading(standing, one) for one in said) if standing else ()
            lines.append(_line(probe, host, standing, readings[host], now))
        found.append((lines, readings))
    return found


def _line(
    probe: Probe, host: str, standing: ProbeStanding | None, said: tuple[ReadingLine, ...], now: datetime
) -> ProbeLine:
    last = said[0] if said else None
    return ProbeLine(
        name=probe.name,
        title=probe.title,
        kind=probe.kind,
        host=host,
        service=probe.service,
        owner=probe.owner,
        job=job_of(probe),
        every=probe.every,
        verdict=_verdict(standing) if last else None,
        since=(standing.unknown_since or standing.since) if standing and last else None,
        against=_against(probe, standing) if standing else "",
        last=last,
        is_overdue=_is_overdue(probe, last, now),
    )


def _verdict(standing: ProbeStanding | None) -> ProbeVerdict | None:
    if standing is None:
        return None
    return ProbeVerdict.UNKNOWN if standing.is_unknown else standing.verdict


def _against(probe: Probe, standing: ProbeStanding) -> str:
    if standing.unread and not standing.is_unknown:
        return f"not read {standing.unread} of {probe.bad_after} times"
    if standing.worse:
        return f"worse {standing.worse} of {probe.bad_after} times"
    return f"better {standing.better} of {probe.good_after} times" if standing.better else ""


def _is_overdue(probe: Probe, last: ReadingLine | None, now: datetime) -> bool:
    """Whether readings should have come. A probe with calendars may rightly be silent."""
    if last is None or probe.calendars.only or probe.calendars.never:
        return False
    return now - last.read_at > probe.every * OVERDUE_AFTER


def _reading(standing: ProbeStanding, reading: ProbeReading) -> ReadingLine:
    return ReadingLine(
        probe=standing.probe,
        host=standing.host,
        read_at=reading.read_at,
        verdict=reading.verdict,
        text=reading.text,
        measures=reading.measures,
        counts=reading.counts,
    )


def _worst_first(line: ProbeLine) -> tuple[int, str, str]:
    if line.verdict is ProbeVerdict.CRITICAL:
        place = 0
    elif line.verdict is ProbeVerdict.UNKNOWN or line.is_overdue:
        place = 1
    elif line.verdict is ProbeVerdict.WARNING:
        place = 2
    elif line.against:
        place = 3
    else:
        place = 4 if line.verdict is None else 5
    return place, line.name, line.host

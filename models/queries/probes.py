"""Probes: which are read by a job and where, what their readings make of their standing, and who hears of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Subquery, delete, func, select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import inbox, register
from models.queries.book import Book
from models.queries.inbox import Delivery, Tally
from models.queries.probe_events import SOURCE, Told, events_of, farewell
from models.records import ProbeReading, ProbeStanding
from models.rules.incoming import Incoming, capped
from models.rules.incoming_bytes import to_bytes
from models.rules.nodes import matching
from models.rules.probes import Course, Judged, Observed, follow, judge
from models.site.jobs import LOCAL
from models.site.probe_jobs import job_of
from models.site.probes import Probe
from models.site.site import from_spec
from models.vocabulary import EventFormat, ProbeVerdict

MOST_READINGS = 200
"""Kept of each probe on each host."""


@dataclass(frozen=True)
class Asked:
    """One probe to be read at one place, with what its last reading there had to remember."""

    probe: Probe
    host: str
    memory: Mapping[str, int]


@dataclass(frozen=True)
class Taken:
    """What one reading found."""

    probe: Probe
    host: str
    at: datetime
    observed: Observed


def in_force(session: Session) -> dict[str, Probe]:
    """The probes of the site, by name."""
    return {row.name: from_spec("probe", row.spec) for row in register.in_force(session, "probe")}


def places_of(book: Book, probe: Probe) -> list[str]:
    """Where a probe is read; nowhere, when the hosts that its filter chose have left the site."""
    return [LOCAL] if probe.on == LOCAL else matching(probe.on, book.nodes)


def asked_of(session: Session, book: Book, job: str, only: str = "") -> list[Asked]:
    """What a job reads, or only one probe of it. Raises NotFound when it reads no such probe."""
    probes = [probe for probe in in_force(session).values() if job_of(probe) == job]
    if only:
        probes = [probe for probe in probes if probe.name == only]
    if only and not probes:
        raise NotFound(f"{job} reads no probe {only!r}: see `watchbill probe list`")
    known = {(one.probe, one.host): one.memory for one in _standings(session, [probe.name for probe in probes])}
    return [
        Asked(probe, host, known.get((probe.name, host), {})) for probe in probes for host in places_of(book, probe)
    ]


def record(session: Session, book: Book, run_id: int, taken: Sequence[Taken], now: datetime) -> list[Incoming]:
    """Keep readings that count, move the standings on, and put what is to be told into the inbox. Gives that."""
    events: list[Incoming] = []
    standings = _locked(session, taken)
    for one in taken:
        standing = standings[one.probe.name, one.host]
        judged = judge(one.observed, one.probe.what.limits(), _levels(standing))
        followed = follow(_course(standing), judged.verdict, one.probe.patience)
        _move(standing, followed.course, judged, one)
        session.add(_reading(standing, run_id, one, judged, counts=True))
        told = Told(judged.text, judged.verdict, one.observed.measures)
        events += events_of(one.probe, standing, followed, told, one.at)
    session.flush()
    _forget_old(session, [standing.id for standing in standings.values()])
    events += _say_farewell(session, book, now)
    _tell(session, events, now)
    return events


def keep_uncounted(session: Session, run_id: int, taken: Sequence[Taken]) -> None:
    """Keep readings that a person only wants to see: the standings stay as they are, and nobody is told."""
    standings = _locked(session, taken)
    for one in taken:
        standing = standings[one.probe.name, one.host]
        judged = judge(one.observed, one.probe.what.limits(), _levels(standing))
        session.add(_reading(standing, run_id, one, judged, counts=False))
    session.flush()
    _forget_old(session, [standing.id for standing in standings.values()])


def readings_of(session: Session, standing_ids: Iterable[int], most: int) -> dict[int, list[ProbeReading]]:
    """The last readings of each standing, newest first."""
    newest = _numbered(list(standing_ids))
    query = (select(ProbeReading).join(newest, newest.c.id == ProbeReading.id).where(newest.c.place <= most)).order_by(
        ProbeReading.id.desc()
    )
    found: dict[int, list[ProbeReading]] = {}
    for reading in session.scalars(query):
        found.setdefault(reading.standing_id, []).append(reading)
    return found


def readings_of_run(session: Session, run_id: int) -> list[tuple[ProbeStanding, ProbeReading]]:
    """What a run read, with where each probe stands."""
    query = (
        select(ProbeStanding, ProbeReading)
        .join(ProbeReading, ProbeReading.standing_id == ProbeStanding.id)
        .where(ProbeReading.run_id == run_id)
        .order_by(ProbeReading.id)
    )
    return [(standing, reading) for standing, reading in session.execute(query)]


def standings_of(session: Session, names: Iterable[str]) -> list[ProbeStanding]:
    """Where these probes stand, on each host."""
    return _standings(session, list(names))


def _standings(session: Session, names: list[str]) -> list[ProbeStanding]:
    query = select(ProbeStanding).where(ProbeStanding.probe.in_(names))
    return list(session.scalars(query.order_by(ProbeStanding.probe, ProbeStanding.host)))


def _locked(session: Session, taken: Sequence[Taken]) -> dict[tuple[str, str], ProbeStanding]:
    """The standings of what was read, made where there is none, and ours until the end of the transaction."""
    names = {one.probe.name for one in taken}
    query = select(ProbeStanding).where(ProbeStanding.probe.in_(names)).order_by(ProbeStanding.id).with_for_update()
    found = {(standing.probe, standing.host): standing for standing in session.scalars(query)}
    for one in taken:
        if (one.probe.name, one.host) not in found:
            first = ProbeStanding(probe=one.probe.name, host=one.host, since=one.at)
            session.add(first)
            found[one.probe.name, one.host] = first
    session.flush()
    return found


def _levels(standing: ProbeStanding) -> dict[str, ProbeVerdict]:
    return {key: ProbeVerdict(level) for key, level in standing.levels.items()}


def _course(standing: ProbeStanding) -> Course:
    return Course(
        verdict=standing.verdict,
        worse=standing.worse,
        better=standing.better,
        is_unknown=standing.is_unknown,
        unread=standing.unread,
        read=standing.read,
        untold=standing.untold,
    )


def _move(standing: ProbeStanding, course: Course, judged: Judged, one: Taken) -> None:
    """Write down where the probe stands now."""
    if course.verdict is not standing.verdict:
        standing.since = one.at
    if course.is_unknown is not standing.is_unknown:
        standing.unknown_since = one.at if course.is_unknown else None
    for name, value in asdict(course).items():
        setattr(standing, name, value)
    if judged.verdict is not ProbeVerdict.UNKNOWN:
        # The second edges are of levels that hold: an alarm that was not raised has nothing to leave.
        holds = course.verdict is not ProbeVerdict.OK
        standing.levels = {key: level.value for key, level in judged.levels.items()} if holds else {}
        standing.memory = dict(one.observed.memory)


def _reading(standing: ProbeStanding, run_id: int, one: Taken, judged: Judged, *, counts: bool) -> ProbeReading:
    measures = {measure.name: {"value": measure.value, "unit": measure.unit} for measure in one.observed.measures}
    return ProbeReading(
        standing_id=standing.id,
        run_id=run_id,
        read_at=one.at,
        verdict=judged.verdict,
        text=judged.text,
        measures=measures,
        counts=counts,
    )


def _numbered(standing_ids: list[int]) -> Subquery:
    """The readings of these standings, each with its place from the newest on."""
    place = func.row_number().over(partition_by=ProbeReading.standing_id, order_by=ProbeReading.id.desc())
    mine = ProbeReading.standing_id.in_(standing_ids)
    return select(ProbeReading.id, place.label("place")).where(mine).subquery()


def _forget_old(session: Session, standing_ids: list[int]) -> None:
    numbered = _numbered(standing_ids)
    old = select(numbered.c.id).where(numbered.c.place > MOST_READINGS)
    session.execute(delete(ProbeReading).where(ProbeReading.id.in_(old)))


def _say_farewell(session: Session, book: Book, now: datetime) -> list[Incoming]:
    """Forget the standings of probes and hosts that have left the site; what was bad of them is over."""
    wanted = {(name, host) for name, probe in in_force(session).items() for host in places_of(book, probe)}
    gone = [one for one in session.scalars(select(ProbeStanding)) if (one.probe, one.host) not in wanted]
    if not gone:
        return []
    events = [event for one in gone for event in farewell(_last_known(session, one.probe), one, now)]
    ids = [one.id for one in gone]
    session.execute(delete(ProbeReading).where(ProbeReading.standing_id.in_(ids)))
    session.execute(delete(ProbeStanding).where(ProbeStanding.id.in_(ids)))
    return events


def _last_known(session: Session, name: str) -> Probe:
    probe: Probe = from_spec("probe", register.any_version(session, "probe", name))
    return probe


def _tell(session: Session, events: Sequence[Incoming], now: datetime) -> None:
    if not events:
        return
    body = to_bytes([capped(event) for event in events])
    inbox.put(session, [Delivery(SOURCE, EventFormat.WATCHBILL, len(events), body, now)])
    inbox.tally(session, {SOURCE: Tally(requests=1, events=len(events), last_received_at=now)})

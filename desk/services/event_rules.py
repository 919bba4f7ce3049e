"""Event rules tried on events that came: what a site makes of them, and what changed rules would change."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from desk.services.errors import Misuse
from desk.services.event_history import read_arrivals
from models.database import Database
from models.errors import NotFound
from models.queries import inbox_history
from models.rules.event_replay import Arrival, Handled, Replay, ReplayedAlert, replay
from models.rules.replay_difference import Differing, differences
from models.rules.replay_groups import Grouping, ReplayedIncident
from models.rules.silences import Silence
from models.rules.topology import applications
from models.rules.wall_clock import stamp
from models.site.loading import load_site
from models.site.site import Site


@dataclass(frozen=True)
class RulesResult:
    """What the rules of one site folder make of the events."""

    folder: Path
    ignored: int
    informational: int
    alerts: int
    raised: int
    """Alerts that asked for somebody: not kept quiet all the time."""
    incidents: tuple[ReplayedIncident, ...]
    candidates: tuple[ReplayedIncident, ...]
    unused: tuple[str, ...]
    """Rules that applied to none of the events."""


@dataclass(frozen=True)
class RulesTest:
    """What becomes of events by a site's rules, and what another folder's rules would change."""

    source: str
    """The file, or in words where they come from."""
    timezone: str
    events: int
    silences: int | None
    """Of people, that were replayed; None: a file of events says nothing of them."""
    first: datetime
    last: datetime
    site: RulesResult
    against: RulesResult | None
    changed_incidents: tuple[Differing[ReplayedIncident], ...]
    """Candidates too."""
    changed_alerts: tuple[Differing[ReplayedAlert], ...]


@dataclass(frozen=True)
class History:
    """Events that came, and in words where they come from."""

    source: str
    arrivals: tuple[Arrival, ...]
    silences: tuple[Silence, ...] | None = None
    """Of people; None: it is not known which."""


def of_file(file: Path) -> History:
    """The events of a file. Raises Misuse for one that holds none."""
    arrivals = tuple(read_arrivals(file))
    if not arrivals:
        raise Misuse(f"{file}: there is no event in it")
    return History(str(file), arrivals)


def of_inbox(database: Database, since: datetime) -> History:
    """What senders sent and people silenced since then, as far as it is kept. Raises NotFound when nothing was sent."""
    with database.read() as session:
        arrivals = tuple(inbox_history.arrivals(session, since))
        silences = tuple(inbox_history.silences_since(session, since))
    if not arrivals:
        raise NotFound(f"no event was received since {stamp(since)}: choose another --since, or name a file of events")
    return History(f"received since {stamp(since)}", arrivals, silences)


def try_rules(folder: Path, against: Path | None, history: History) -> RulesTest:
    """Replay events through the rules of a site folder, and of another. Raises SiteError for a wrong one."""
    site = load_site(folder)
    other = None if against is None else load_site(against)
    arrivals = history.arrivals
    silences = history.silences or ()
    ours = replay(_handled(site), arrivals, silences)
    theirs = None if other is None else replay(_handled(other), arrivals, silences)
    times = [one.at for one in arrivals]
    return RulesTest(
        source=history.source,
        timezone=site.timezone,
        events=ours.events,
        silences=None if history.silences is None else len(history.silences),
        first=min(times),
        last=max(times),
        site=_result(folder, ours),
        against=None if against is None or theirs is None else _result(against, theirs),
        changed_incidents=() if theirs is None else differences(ours.incidents, theirs.incidents),
        changed_alerts=() if theirs is None else differences(ours.alerts, theirs.alerts),
    )


def _handled(site: Site) -> Handled:
    handling = site.event_handling
    depends_on = {name: service.depends_on for name, service in site.services.items()}
    return Handled(
        rules=site.event_rules,
        grouping=Grouping(site.routing, handling.topology, applications(depends_on), site.time_intervals),
        inhibitions=site.inhibitions,
        maintenance=handling.maintenance,
        calendars=site.calendars,
    )


def _result(folder: Path, found: Replay) -> RulesResult:
    return RulesResult(
        folder=folder,
        ignored=found.ignored,
        informational=found.informational,
        alerts=len(found.alerts),
        raised=sum(alert.was_raised for alert in found.alerts),
        incidents=tuple(one for one in found.incidents if not one.is_candidate),
        candidates=tuple(one for one in found.incidents if one.is_candidate),
        unused=tuple(name for name, times in found.applied.items() if not times),
    )

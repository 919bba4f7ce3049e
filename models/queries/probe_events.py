"""What is told of a probe: that another verdict holds, that it cannot be read, and now and then how it stands.

| key | is about |
|---|---|
| `probe/host` | what the probe looks at: it fires while warning or critical holds |
| `probe/host/unread` | that nobody can look, which says nothing about the thing itself |

How it stands is told again after `heartbeat_every` readings without news: who missed an event hears of it then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.records import ProbeStanding
from models.rules.incoming import Incoming, Link, leads_somewhere
from models.rules.probes import Followed, Limit, Measure
from models.site.probes import Probe
from models.vocabulary import EventFormat, EventStatus, ProbeVerdict, Severity

SOURCE = "probes"
UNREAD = "unread"
SEVERITIES = {ProbeVerdict.CRITICAL: Severity.CRITICAL, ProbeVerdict.WARNING: Severity.WARNING}


@dataclass(frozen=True)
class Told:
    """One reading in words, and its figures."""

    text: str
    verdict: ProbeVerdict
    measures: Sequence[Measure] = ()


def events_of(
    probe: Probe, standing: ProbeStanding, followed: Followed, told: Told, at: datetime
) -> Iterator[Incoming]:
    """The events of one reading, after which the probe stands like this."""
    base = _base(probe, standing, told, is_heartbeat=followed.is_heartbeat)
    if followed.is_changed or (followed.is_heartbeat and not standing.is_unknown):
        severity = SEVERITIES.get(standing.verdict)
        yield _firing(base, severity, standing.since) if severity else _ended(base, standing.since)
    if followed.is_unknown_changed or (followed.is_heartbeat and standing.is_unknown):
        since = standing.unknown_since
        yield _firing(_unread(base), Severity.WARNING, since) if since else _ended(_unread(base), at)


def farewell(probe: Probe, standing: ProbeStanding, at: datetime) -> Iterator[Incoming]:
    """The ends of what was told of a probe that is not read there any more."""
    told = Told(f"{probe.name} is not read on {standing.host} any more", ProbeVerdict.UNKNOWN)
    base = _base(probe, standing, told, is_heartbeat=False)
    if standing.verdict is not ProbeVerdict.OK:
        yield _ended(base, at)
    if standing.is_unknown:
        yield _ended(_unread(base), at)


def _firing(base: Incoming, severity: Severity, since: datetime) -> Incoming:
    return base._replace(status=EventStatus.FIRING, severity=severity, started_at=since)


def _ended(base: Incoming, at: datetime) -> Incoming:
    return base._replace(status=EventStatus.RESOLVED, severity=Severity.INFO, ended_at=at)


def _unread(base: Incoming) -> Incoming:
    """The same about the looking instead of the thing."""
    labels = {**base.labels, "condition": UNREAD}
    return base._replace(name="probe-unread", key=f"{base.key}/{UNREAD}", labels=labels)


def _base(probe: Probe, standing: ProbeStanding, told: Told, *, is_heartbeat: bool) -> Incoming:
    host = probe.host or standing.host
    named = {"service": probe.service, "mount": probe.disk.mount if probe.disk else None, "team": probe.owner}
    facts = {
        "title": probe.title,
        "reading": told.verdict.value,
        "measures": {measure.name: {"value": measure.value, "unit": measure.unit} for measure in told.measures},
        "limits": [_limit(limit) for limit in probe.what.limits()],
        "bad_after": probe.bad_after,
        "good_after": probe.good_after,
        "heartbeat": is_heartbeat,
        "runbook": probe.runbook.strip(),
    }
    runbook = probe.runbook.strip()
    return Incoming(
        format=EventFormat.WATCHBILL.value,
        name=probe.name,
        status=EventStatus.RESOLVED,
        severity=Severity.INFO,
        source=SOURCE,
        key=f"{probe.name}/{host}",
        text=f"{probe.title}: {told.text}",
        labels={"probe": probe.name, "kind": probe.kind.value, "host": host} | {k: v for k, v in named.items() if v},
        facts=facts,
        links=(Link("Run-book", runbook),) if leads_somewhere(runbook) else (),
        via=SOURCE,
    )


def _limit(limit: Limit) -> Mapping[str, object]:
    return {
        "measure": limit.measure,
        "bad": "below" if limit.is_low else "above",
        "warning": limit.warning,
        "critical": limit.critical,
        "margin": limit.margin,
    }

"""What must be true of probes beyond the form of their keys."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from models.rules.durations import format_duration
from models.rules.names import NAME_LENGTH
from models.rules.probes import Limit
from models.site.jobs import LOCAL
from models.site.probe_jobs import job_of, round_deadline
from models.site.probes import FROM_THE_WORKER, Probe
from models.site.references import Kind, ReferenceFault
from models.site.tree import Path
from models.vocabulary import ProbeKind

Said = Iterator[tuple[Path, str]]
SHORTEST_EVERY = timedelta(seconds=10)


def probe_faults(probes: Mapping[str, Probe], jobs: Collection[str]) -> Iterator[ReferenceFault]:
    """Everything wrong in the probes whose keys have the right form; `jobs` are the names that others have."""
    for probe in probes.values():
        for path, message in (*_what(probe), *_times(probe), *_job(probe, jobs)):
            yield ReferenceFault(Kind.PROBE, probe.name, path, message)


def _what(probe: Probe) -> Said:
    if not probe.given:
        yield (), f"says nothing to look at; give it one of {', '.join(ProbeKind)}"
        return
    for extra in probe.given[1:]:
        yield (extra.value,), f"stands beside {probe.kind.value}; a probe has one of {', '.join(ProbeKind)}"
    if probe.kind in FROM_THE_WORKER and probe.on != LOCAL:
        yield ("on",), f"{probe.kind.value} is asked from the worker; what it tells about is `host`"
    if probe.kind not in FROM_THE_WORKER and probe.host is not None:
        yield ("host",), "goes with http, tcp and tls; a host that is read is named by `on`"
    yield from _process(probe)
    yield from _banner(probe)
    yield from _limits(probe)


def _process(probe: Probe) -> Said:
    if probe.process is None:
        return
    if (probe.process.name is None) is (probe.process.pattern is None):
        yield ("process",), "must have one of name, pattern"
    if probe.process.at_most is not None and probe.process.at_most < probe.process.at_least:
        yield ("process", "at_most"), "is below at_least: no number of processes is good"


def _banner(probe: Probe) -> Said:
    try:
        re.compile((probe.tcp and probe.tcp.banner) or "")
    except re.error as error:
        yield ("tcp", "banner"), f"is no regular expression: {error}"


def _limits(probe: Probe) -> Said:
    limits = probe.what.limits()
    for limit in limits:
        warning, critical = limit.warning, limit.critical
        if warning is not None and critical is not None and _is_late(limit, warning, critical):
            side = "above" if limit.is_low else "below"
            words = f"the warning at {warning:g} must come before the critical level at {critical:g}: choose one {side}"
            yield (probe.kind.value,), f"{limit.measure}: {words}"
    if probe.log is not None and limits[0].warning is None and limits[0].critical is None:
        yield ("log", "age"), "limits nothing; say how old is too old: critical: 1h"


def _is_late(limit: Limit, warning: float, critical: float) -> bool:
    return warning < critical if limit.is_low else warning > critical


def _times(probe: Probe) -> Said:
    if probe.every < SHORTEST_EVERY:
        yield ("every",), f"is at least {format_duration(SHORTEST_EVERY)}: a round is a run of its own"
    if probe.timeout < timedelta(seconds=1):
        yield ("timeout",), "is at least 1s"
    elif probe.timeout > round_deadline(probe.every):
        longest = format_duration(round_deadline(probe.every))
        yield ("timeout",), f"is longer than the round of all probes may take, {longest}; read it less often"


def _job(probe: Probe, jobs: Collection[str]) -> Said:
    name = job_of(probe)
    if len(name) > NAME_LENGTH:
        yield (), f"gives a job the name {name}, longer than {NAME_LENGTH} characters; choose shorter calendars' names"
    if name in jobs:
        yield (), f"is read by a job named {name}, which another entry of the site has already; rename that one"

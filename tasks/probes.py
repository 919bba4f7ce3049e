"""Read the probes of a round, all at once, and record what they found."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from models import clock
from models.errors import StaleClaim
from models.orders.plan import RunPlan
from models.queries import probes, runs
from models.queries.book import read_book
from models.queries.probes import Asked, Taken
from models.queries.run_plans import planned_hosts
from models.queries.runs import ClaimedRun
from models.rules.durations import format_duration
from models.rules.probes import Observed
from models.site.probe_jobs import PROBE, RECORD, round_deadline
from models.site.probes import FROM_THE_WORKER, Probe
from models.vocabulary import ProbeVerdict
from tasks.commands import target_of
from tasks.ledger import task
from tasks.tools.probes import on_host
from tasks.tools.probes.on_host import HostReading
from tasks.tools.probes.ports import read_tcp, read_tls
from tasks.tools.probes.web import read_http
from tasks.tools.ssh import OwnedCommand, Target
from tasks.workplace import database, host_pool

THREADS = 32
"""Hosts, and probes over the network, at a time."""
HOST_SECONDS = 5
"""What a host may take beside the readings themselves."""
log = logging.getLogger("watchbill.probes")


@dataclass(frozen=True)
class Act:
    """What one thread does: it reads these probes, and gives what each found, in their order."""

    asked: tuple[Asked, ...]
    read: Callable[[], Sequence[Observed]]


@task()
def take_readings(run: ClaimedRun) -> list[Taken]:
    """Read the round's probes, all hosts at once. What has no answer when the round's time is over is unknown."""
    with database().read() as session:
        book = read_book(session)
        asked = probes.asked_of(session, book, run.job, run.plan.parameters.get(PROBE, ""))
    reached = RunPlan(job=run.job, hosts=planned_hosts(book, [one.host for one in asked]))
    acts = [
        *(Act((one,), partial(_over_the_network, one.probe)) for one in asked if one.probe.kind in FROM_THE_WORKER),
        *_on_hosts(run, reached, [one for one in asked if one.probe.kind not in FROM_THE_WORKER]),
    ]
    limit = round_deadline(min((one.probe.every for one in asked), default=timedelta(0)))
    return _all_at_once(acts, limit)


@task(retries=3, retry_delay_seconds=[1, 5, 20])
def record_readings(run: ClaimedRun, taken: list[Taken]) -> None:
    """Keep the readings, move the standings on, and put what is new into the inbox: all of it or nothing.

    Of a run by hand that only wants to see, the readings are kept and nothing else.
    """
    with database().write() as session:
        if not runs.extend_lease(session, run):
            raise StaleClaim(f"{run.number} is in other hands: its {len(taken)} readings are not recorded")
        if run.plan.parameters.get(RECORD) == "false":
            probes.keep_uncounted(session, run.run_id, taken)
            return
        events = probes.record(session, read_book(session), run.run_id, taken, clock.now())
    for event in events:
        log.warning("%s: %s: %s", event.key, event.status.value, event.text)


def _all_at_once(acts: Sequence[Act], limit: timedelta) -> list[Taken]:
    """Carry out the acts in threads. One that goes on past the limit is left alone: each ends by a limit of its own."""
    if not acts:
        return []
    executor = ThreadPoolExecutor(min(THREADS, len(acts)), thread_name_prefix="probes")
    futures = {executor.submit(_timed, act): act for act in acts}
    done, late = wait(futures, timeout=limit.total_seconds())
    executor.shutdown(wait=False, cancel_futures=True)
    found = [taken for future in done for taken in future.result()]
    return found + [taken for future in late for taken in _too_late(futures[future], limit)]


def _timed(act: Act) -> list[Taken]:
    observed = act.read()
    at = clock.now()
    return [Taken(one.probe, one.host, at, found) for one, found in zip(act.asked, observed, strict=True)]


def _too_late(act: Act, limit: timedelta) -> Iterator[Taken]:
    text = f"was not read within {format_duration(limit)}, the time of the whole round"
    for one in act.asked:
        yield Taken(one.probe, one.host, clock.now(), Observed(text, verdict=ProbeVerdict.UNKNOWN))


def _over_the_network(probe: Probe) -> tuple[Observed]:
    seconds = probe.timeout.total_seconds()
    if probe.http:
        return (read_http(probe.http, seconds),)
    if probe.tcp:
        return (read_tcp(probe.tcp, seconds),)
    if probe.tls:
        return (read_tls(probe.tls, seconds, clock.now()),)
    raise ValueError(f"{probe.name}: {probe.kind.value} is not read over the network")


def _on_hosts(run: ClaimedRun, reached: RunPlan, asked: Sequence[Asked]) -> Iterator[Act]:
    """One command for each host; more only where it has more probes than fit into what is kept of an output."""
    by_host: dict[str, list[Asked]] = {}
    for one in asked:
        by_host.setdefault(one.host, []).append(one)
    for host, of_host in by_host.items():
        target = target_of(reached, host)
        for part, start in enumerate(range(0, len(of_host), on_host.MOST_AT_ONCE)):
            chosen = tuple(of_host[start : start + on_host.MOST_AT_ONCE])
            key = f"{run.step_key(host)}-probes-{run.fence}-{part}"
            yield Act(chosen, partial(_on_host, target, key, chosen))


def _on_host(target: Target, key: str, asked: tuple[Asked, ...]) -> list[Observed]:
    readings = [HostReading(one.probe, one.memory) for one in asked]
    tag, longest = on_host.new_tag(), max(one.probe.timeout.total_seconds() for one in asked)
    command = OwnedCommand(key, on_host.command_for(readings, tag), deadline_seconds=int(longest) + HOST_SECONDS)
    return on_host.readings_of(readings, host_pool().run(target, command), tag)

"""Make the plan of a run from the book: hosts chosen, waves laid out, command rendered. A dry run shows the same."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from models.errors import Refused
from models.orders.plan import PlannedCommand, PlannedFile, PlannedHost, RunPlan
from models.queries.book import Book
from models.rules.batch import waves
from models.rules.node_words import FilterError
from models.rules.nodes import matching
from models.rules.parameters import Scalar, bind, render_argv
from models.site.backups import BackupPlan, Repository
from models.site.jobs import LOCAL, HostLock, Job
from models.site.site import key_of, to_spec
from models.vocabulary import Overlap, Repeat


def make_plan(
    book: Book, name: str, given: Mapping[str, Scalar | None] | None = None, on: str | None = None
) -> RunPlan:
    """The plan of one run of a job. `on` narrows or replaces its hosts by a node filter.

    Raises NotFound for an unknown job, ParametersRefused for bad parameters, Refused when no host matches.
    """
    job = book.job(name)
    values = bind(job.parameters, given or {})
    if job.flow is not None:
        return _of_flow(book, name, values)
    hosts = hosts_of(book, job, on)
    # A file may be waited for on a host that the job does not run on.
    reached = [*hosts, *([job.wait_for_file.host] if job.wait_for_file else [])]
    return RunPlan(
        job=name,
        command=_command(name, job, values),
        waves=tuple(tuple(wave) for wave in waves([book.node(host) for host in hosts], job.batch)),
        hosts=planned_hosts(book, reached),
        batch=job.batch,
        retry=job.retry,
        wait_for_file=_file(job),
        parameters=values,
    )


def _of_flow(book: Book, name: str, values: dict[str, str]) -> RunPlan:
    job = book.job(name)
    entries = entries_for(book, job.order)
    reached = [entry.source.on for entry in entries if isinstance(entry, BackupPlan)]
    reached += [entry.host for entry in entries if isinstance(entry, Repository) and entry.host]
    return RunPlan(
        job=name,
        flow=job.flow,
        order=dict(job.order),
        hosts=planned_hosts(book, reached),
        specs={key_of(entry): to_spec(entry) for entry in entries},
        parameters=values,
        retry=job.retry,
    )


def entries_for(book: Book, order: Mapping[str, Any]) -> list[BackupPlan | Repository]:
    """The site's entries that a flow works by, as its order names them. Raises Refused for one that is not there."""
    try:
        plans = [book.backups[order["plan"]]] if "plan" in order else []
        names = [order["repository"]] if "repository" in order else []
        names += [name for plan in plans for name in (plan.to, plan.copy_to and plan.copy_to.repository) if name]
        return [*plans, *(book.repositories[name] for name in names)]
    except KeyError as missing:
        raise Refused(f"the site has no {missing} any more: see `watchbill backup list`") from None


def hosts_of(book: Book, job: Job, on: str | None = None) -> list[str]:
    """The hosts that a job runs on. Raises Refused for a filter that cannot be read, and when it matches none."""
    wanted = on or job.on or LOCAL
    if wanted == LOCAL:
        return [LOCAL]
    try:
        hosts = matching(wanted, book.nodes)
    except FilterError as error:
        raise Refused(f"{wanted!r} cannot be read: {error}") from error
    if not hosts:
        raise Refused(f"no host matches {wanted!r}: see `watchbill host list`")
    return hosts


def planned_hosts(book: Book, hosts: Iterable[str]) -> dict[str, PlannedHost]:
    """How to reach these hosts, and those that one must go through. Raises Refused for one that the site has not."""
    return {host: _host(book, host) for host in _with_jumps(book, list(dict.fromkeys(hosts)))}


def _with_jumps(book: Book, hosts: list[str]) -> list[str]:
    """The hosts, and the hosts that one must go through to reach them."""
    found = list(hosts)
    for host in found:
        jump = book.hosts[host].jump if host in book.hosts else None
        if jump and jump not in found:
            found.append(jump)
    if wait := [host for host in found if host != LOCAL and host not in book.hosts]:
        raise Refused(f"no such host: {', '.join(wait)}")
    return found


def _host(book: Book, name: str) -> PlannedHost:
    if name not in book.hosts:
        return PlannedHost(name=LOCAL, connection="local", run_directory=".watchbill")
    host = book.hosts[name]
    return PlannedHost(
        name=name,
        address=host.address or "127.0.0.1",
        port=host.port,
        user=host.user,
        key=host.key,
        host_keys=host.host_keys,
        jump=host.jump,
        run_directory=host.run_directory,
        connection=host.connection.value,
        transport=host.transport.value,
        slots=host.slots,
    )


def _command(name: str, job: Job, values: dict[str, str]) -> PlannedCommand:
    template = job.command
    if job.script is not None:
        template = (job.script.rsplit("/", 1)[-1], *job.arguments)
    return PlannedCommand(
        argv=render_argv(template, values, job.parameters),
        script=job.script_text,
        environment=dict(job.environment),
        secrets=dict(job.secrets),
        deadline_seconds=_seconds(job.deadline),
        lock=f"job-{name}" if job.host_lock is HostLock.JOB else None,
        lock_wait_seconds=_seconds(job.deadline) if job.overlap.policy is Overlap.QUEUE else 0,
        repeat=job.repeat is Repeat.SAFE,
    )


def _file(job: Job) -> PlannedFile | None:
    wanted = job.wait_for_file
    if wanted is None:
        return None
    return PlannedFile(host=wanted.host, path=wanted.path, up_to_seconds=_seconds(wanted.up_to))


def _seconds(duration: timedelta) -> int:
    return max(1, int(duration.total_seconds()))

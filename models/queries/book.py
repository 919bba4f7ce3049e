"""The book: jobs, hosts and calendars in force, as typed values, read from the register."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from graphlib import TopologicalSorter

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import register
from models.records import SiteEntry
from models.rules.calendars import Calendar
from models.rules.nodes import Node
from models.rules.slots import JobSchedule, Lateness
from models.site.backups import BackupPlan, Exemption, Repository
from models.site.jobs import Job
from models.site.services import Host
from models.site.site import fingerprint_of, from_spec
from models.site.site_file import Keep
from models.site.tree import Plain


@dataclass(frozen=True)
class Book:
    """What the site says now."""

    site: str
    timezone: str
    applied_at: datetime
    """When the register was last changed."""
    keep: Keep
    """How long the evidence of tasks is kept."""
    jobs: Mapping[str, Job]
    """Each after the ones it depends on."""
    hosts: Mapping[str, Host]
    calendars: Mapping[str, Calendar]
    backups: Mapping[str, BackupPlan]
    repositories: Mapping[str, Repository]
    exemptions: Mapping[str, Exemption]
    sha256: Mapping[str, str]
    """Each job's fingerprint, with the calendars' and its upstreams': a change of any changes its slots."""

    def job(self, name: str) -> Job:
        """One job. Raises NotFound."""
        if name not in self.jobs:
            raise NotFound(f"there is no job {name!r} in force: see `watchbill job list`")
        return self.jobs[name]

    def schedule_of(self, name: str) -> JobSchedule | None:
        """When a job is due, in its own or the site's time zone; None for a job without a schedule."""
        job = self.job(name)
        if job.schedule is None:
            return None
        schedule = replace(job.schedule, timezone=job.schedule.timezone or self.timezone)
        return JobSchedule(schedule, job.calendars)

    def lateness_of(self, name: str) -> Lateness:
        """What decides about the job's overdue slots."""
        job = self.job(name)
        return Lateness(job.catch_up, job.late_after, job.calendars)

    @property
    def nodes(self) -> list[Node]:
        """The hosts as node filters see them."""
        return [self.node(name) for name in self.hosts]

    def node(self, name: str) -> Node:
        """One host as node filters see it; `local` has nothing but its name."""
        if name not in self.hosts:
            return Node(name)
        host = self.hosts[name]
        return Node(name, frozenset(host.tags), dict(host.attributes), host.service, host.rank)


class StoredCalendars(Mapping[str, Calendar]):
    """The register's calendars, each understood when it is first asked for: that loads all countries' holidays."""

    def __init__(self, specs: Mapping[str, Mapping[str, Plain]]) -> None:
        self._specs = specs
        self._understood: dict[str, Calendar] = {}

    def __getitem__(self, name: str) -> Calendar:
        if name not in self._understood:
            self._understood[name] = from_spec("calendar", self._specs[name])
        return self._understood[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)


def read_book(session: Session) -> Book:
    """Read the register. Raises NotFound when no site was ever applied."""
    sites = register.in_force(session, "site")
    if not sites:
        raise NotFound("the register is empty: run `watchbill up SITE` first")
    kinds = ("host", "calendar", "job", "backup", "repository", "exemption")
    rows = {kind: register.in_force(session, kind) for kind in kinds}
    jobs = upstream_first({row.name: from_spec("job", row.spec) for row in rows["job"]})
    timezone = sites[0].spec["timezone"]
    calendars = {row.name: row.sha256 for row in rows["calendar"]}
    return Book(
        site=sites[0].name,
        timezone=timezone,
        applied_at=session.scalars(select(SiteEntry.applied_at).where(SiteEntry.retired_at.is_(None))).one(),
        keep=from_spec("site", sites[0].spec).keep,
        jobs=jobs,
        hosts={row.name: from_spec("host", row.spec) for row in rows["host"]},
        calendars=StoredCalendars({row.name: row.spec for row in rows["calendar"]}),
        backups={row.name: from_spec("backup", row.spec) for row in rows["backup"]},
        repositories={row.name: from_spec("repository", row.spec) for row in rows["repository"]},
        exemptions={row.name: from_spec("exemption", row.spec) for row in rows["exemption"]},
        sha256=fingerprints(jobs, {row.name: row.sha256 for row in rows["job"]}, {**calendars, "": timezone}),
    )


def fingerprints(jobs: Mapping[str, Job], own: Mapping[str, str], shared: Mapping[str, str]) -> dict[str, str]:
    """Each job's fingerprint from its own entry, what all share, and the jobs before it (`jobs` upstream first)."""
    found: dict[str, str] = {}
    for name, job in jobs.items():
        upstream = {dependency.job: found[dependency.job] for dependency in job.after}
        found[name] = fingerprint_of({"job": own[name], "shared": dict(shared), **upstream})
    return found


def upstream_first(jobs: Mapping[str, Job]) -> dict[str, Job]:
    """The jobs in an order in which each comes after those it depends on; the site check keeps circles out."""
    upstream = {name: {dependency.job for dependency in job.after} for name, job in jobs.items()}
    return {name: jobs[name] for name in TopologicalSorter(upstream).static_order()}

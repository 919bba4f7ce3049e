"""A site as one value: everything its files say, checked, and each entry as the register stores it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from models.errors import NotFound
from models.rules.calendars import Calendar
from models.rules.event_rules import EventRules
from models.rules.event_sources import EventSource
from models.rules.inhibition import InhibitRule
from models.rules.rota import Rota
from models.rules.routing import Branch
from models.rules.time_intervals import Intervals
from models.site.approvals import Scheme
from models.site.backups import BackupPlan, Exemption, Repository
from models.site.catalogue import Item
from models.site.derived import derived_jobs
from models.site.detection import detection_jobs
from models.site.events import EventHandling, Sender, Table, event_rules, event_sources
from models.site.incidents import Category, Escalation, Handling, Promise
from models.site.jobs import Job
from models.site.notices import MailServer, Receiver
from models.site.people import Person, Team
from models.site.probe_jobs import probe_jobs
from models.site.probes import Probe
from models.site.problems import ProblemHandling
from models.site.references import Kind, unknown_name
from models.site.services import Host, Service
from models.site.site_file import SiteSettings
from models.site.tree import Plain
from models.site.validation import Shape, adapter

SHAPES: dict[Kind, Shape] = {
    Kind.SITE: Shape(SiteSettings, key_field=""),
    Kind.TEAM: Shape(Team),
    Kind.PERSON: Shape(Person, key_field="id"),
    Kind.SERVICE: Shape(Service),
    Kind.HOST: Shape(Host),
    Kind.CALENDAR: Shape(Calendar),
    Kind.JOB: Shape(Job, filled=("script_text",)),
    Kind.REPOSITORY: Shape(Repository),
    Kind.BACKUP: Shape(BackupPlan),
    Kind.EXEMPTION: Shape(Exemption),
    Kind.PROBE: Shape(Probe),
    Kind.HANDLING: Shape(Handling, key_field=""),
    Kind.PROMISE: Shape(Promise),
    Kind.CATEGORY: Shape(Category),
    Kind.ESCALATION: Shape(Escalation),
    Kind.ROTA: Shape(Rota),
    Kind.MAIL: Shape(MailServer, key_field=""),
    Kind.RECEIVER: Shape(Receiver),
    Kind.SOURCE: Shape(Sender),
    Kind.TABLE: Shape(Table),
    Kind.EVENTS: Shape(EventHandling, key_field=""),
    Kind.PROBLEMS: Shape(ProblemHandling, key_field=""),
    Kind.ITEM: Shape(Item),
    Kind.SCHEME: Shape(Scheme),
}
"""The type of each kind of entry."""


@dataclass(frozen=True)
class Entry:
    """One entry as the register stores it."""

    kind: Kind
    name: str
    spec: dict[str, Plain]
    sha256: str


@dataclass(frozen=True)
class Site:
    """Everything that a site folder says. Made by `load_site`."""

    folder: FilePath
    settings: SiteSettings
    teams: Mapping[str, Team] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    hosts: Mapping[str, Host] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    own_jobs: Mapping[str, Job] = field(default_factory=dict)
    """The jobs of jobs.yaml."""
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    backups: Mapping[str, BackupPlan] = field(default_factory=dict)
    exemptions: Mapping[str, Exemption] = field(default_factory=dict)
    probes: Mapping[str, Probe] = field(default_factory=dict)
    handlings: Mapping[str, Handling] = field(default_factory=dict)
    """How incidents are handled: one entry, or none when the file says nothing of it."""
    promises: Mapping[str, Promise] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    escalations: Mapping[str, Escalation] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    mail: Mapping[str, MailServer] = field(default_factory=dict)
    """The mail server: one entry, or none when the site sends no mail of its own."""
    receivers: Mapping[str, Receiver] = field(default_factory=dict)
    sources: Mapping[str, Sender] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    event_handlings: Mapping[str, EventHandling] = field(default_factory=dict)
    """What is made of events: one entry, or none when the file says nothing of it."""
    problem_handlings: Mapping[str, ProblemHandling] = field(default_factory=dict)
    """How problems are handled: one entry, or none when there is no such file."""
    items: Mapping[str, Item] = field(default_factory=dict)
    """What people may ask for."""
    schemes: Mapping[str, Scheme] = field(default_factory=dict)
    """Who has to approve what."""

    @cached_property
    def jobs(self) -> Mapping[str, Job]:
        """Every job: the site's own, and those that its backups, its probes and the search for problems need."""
        return {
            **self.own_jobs,
            **derived_jobs(self.backups, self.repositories),
            **probe_jobs(self.probes),
            **detection_jobs(self.problem_handling.detection, self.timezone),
        }

    @cached_property
    def handling(self) -> Handling:
        """How incidents are handled; the usual way when the site does not say."""
        return next(iter(self.handlings.values()), Handling())

    @cached_property
    def event_handling(self) -> EventHandling:
        """What is made of events; the usual when the site does not say."""
        return next(iter(self.event_handlings.values()), EventHandling())

    @cached_property
    def problem_handling(self) -> ProblemHandling:
        """How problems are handled; the usual way when the site does not say."""
        return next(iter(self.problem_handlings.values()), ProblemHandling())

    @cached_property
    def event_rules(self) -> EventRules:
        """All that is needed to judge an event."""
        return event_rules(self.event_handling, self.tables, self.services, self.hosts, self.handling.levels)

    @cached_property
    def event_sources(self) -> Mapping[str, EventSource]:
        """Who may send events."""
        return event_sources(self.sources)

    @cached_property
    def routing(self) -> Branch:
        """Whom alerts go to and how they are grouped."""
        return self.event_handling.tree()

    @property
    def inhibitions(self) -> tuple[InhibitRule, ...]:
        """Which alerts keep which from being told."""
        return self.event_handling.inhibit

    @property
    def time_intervals(self) -> Intervals:
        """Times by name, for routes that are muted or active."""
        return self.event_handling.time_intervals

    @property
    def name(self) -> str:
        """The site's short name."""
        return self.settings.name

    @property
    def timezone(self) -> str:
        """The time zone of everything that names no own one."""
        return self.settings.timezone

    def entries(self) -> list[Entry]:
        """Every entry, with its JSON-able spec and fingerprint, by kind and then in the order of the files."""
        return [entry for entries in self._entries.values() for entry in entries.values()]

    def entry(self, kind: Kind | str, name: str) -> Entry:
        """One entry. Raises NotFound when the site has no such thing."""
        known = self._entries[Kind(kind)]
        if name not in known:
            raise NotFound(unknown_name(Kind(kind), name, list(known)))
        return known[name]

    def fingerprint(self, kind: Kind | str, name: str) -> str:
        """The sha256 of the entry's canonical JSON. Raises NotFound when the site has no such thing."""
        return self.entry(kind, name).sha256

    @cached_property
    def _entries(self) -> dict[Kind, dict[str, Entry]]:
        values: dict[Kind, Mapping[str, Any]] = {
            Kind.SITE: {self.settings.name: self.settings},
            Kind.TEAM: self.teams,
            Kind.PERSON: self.people,
            Kind.SERVICE: self.services,
            Kind.HOST: self.hosts,
            Kind.CALENDAR: self.calendars,
            Kind.JOB: self.jobs,
            Kind.REPOSITORY: self.repositories,
            Kind.BACKUP: self.backups,
            Kind.EXEMPTION: self.exemptions,
            Kind.PROBE: self.probes,
            Kind.HANDLING: self.handlings,
            Kind.PROMISE: self.promises,
            Kind.CATEGORY: self.categories,
            Kind.ESCALATION: self.escalations,
            Kind.ROTA: self.rotas,
            Kind.MAIL: self.mail,
            Kind.RECEIVER: self.receivers,
            Kind.SOURCE: self.sources,
            Kind.TABLE: self.tables,
            Kind.EVENTS: self.event_handlings,
            Kind.PROBLEMS: self.problem_handlings,
            Kind.ITEM: self.items,
            Kind.SCHEME: self.schemes,
        }
        return {
            kind: {name: _entry(kind, name, value) for name, value in named.items()} for kind, named in values.items()
        }


def from_spec(kind: Kind | str, spec: Mapping[str, Plain]) -> Any:
    """The Job, Host, Calendar ... that a stored spec describes. Raises pydantic's ValidationError when it fits none."""
    return adapter(SHAPES[Kind(kind)].model).validate_python(spec)


def to_spec(entry: Any) -> dict[str, Plain]:
    """The JSON-able form of an entry, which `from_spec` reads."""
    model: type = type(entry)
    spec: dict[str, Plain] = adapter(model).dump_python(entry, mode="json", by_alias=True)
    return spec


def key_of(entry: Any) -> str:
    """`kind/name` of an entry, as the register's changes and a run's specs name it."""
    kind = next(kind for kind, shape in SHAPES.items() if shape.model is type(entry))
    return f"{kind}/{entry.name}"


def fingerprint_of(spec: Mapping[str, Plain]) -> str:
    """The sha256 of the canonical JSON of a spec."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(kind: Kind, name: str, value: Any) -> Entry:
    spec = to_spec(value)
    return Entry(kind, name, spec, fingerprint_of(spec))

"""events.yaml: who may send events, what is made of them, and who hears of their alerts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from models.rules.correlation import STORM_LIMIT
from models.rules.durations import Duration
from models.rules.event_binding import Inventory, KnownHost
from models.rules.event_priorities import Scales
from models.rules.event_rule import EventRule, PolicyRule
from models.rules.event_rules import EventRules
from models.rules.event_sources import WINDOW, EventSource, Signature
from models.rules.event_transforms import LookupTable
from models.rules.inhibition import InhibitRule
from models.rules.maintenance import Maintenance
from models.rules.priorities import PriorityMatrix
from models.rules.routing import Branch, Route, routing_tree
from models.rules.time_intervals import TimeInterval
from models.rules.topology import Topology
from models.site.services import Host, Service
from models.site.types import InsidePath, Matching, Name, Named, SecretReference, SiteModel, Title
from models.vocabulary import EventFormat

GROUP_BY = ("service", "name")
"""How a site that does not say groups: one incident for the same matter of one service."""
TOP = Route(group_by=GROUP_BY)
Header = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", "must be the name of an HTTP header")]
Column = Annotated[str, Matching(r"[^\0-\x1f]{1,128}", "must be one line of 1 to 128 characters")]
Cell = Annotated[str, Field(max_length=1024)]


class Signing(SiteModel):
    """How a source signs what it sends: HMAC-SHA256 over the time, a colon and the body."""

    secret: SecretReference = Field(description="The key that both sides know.")
    header: Header = Field(default=Signature.header, description="The header that holds the signature.")
    timestamp_header: Header = Field(
        default=Signature.timestamp_header, description="The header that holds the time, in seconds since 1970."
    )
    window: Duration = Field(default=WINDOW, description="How far that time may be from ours; at most 24h.")

    def signature(self) -> Signature:
        """The same as a rule knows it. Raises FieldError for a window that lets nothing or a replay in."""
        return Signature(self.secret, self.header, self.timestamp_header, self.window)


class Sender(Named):
    """A sender of events, or several that share what they prove themselves with."""

    title: Title | None = Field(default=None, description="What people call it.")
    owner: Name | None = Field(default=None, description="The team that answers for it: it hears of its silence.")
    formats: tuple[EventFormat, ...] = Field(default=(), description="What it may send; empty: every format.")
    token: SecretReference | None = Field(
        default=None, description="Its bearer token, the token of its ping URLs, or PagerDuty's routing key."
    )
    signature: Signing | None = Field(default=None, description="How it signs what it sends; with or without a token.")
    expected_every: Duration | None = Field(
        default=None, description="Silent for longer than this, it is an event itself; without: it may be silent."
    )

    def event_source(self) -> EventSource:
        """The same as the ingest knows it. Raises FieldError for a source that proves nothing."""
        signature = None if self.signature is None else self.signature.signature()
        return EventSource(self.name, self.formats, self.token, signature, self.expected_every)


class Table(Named):
    """A table that rules look labels up in."""

    title: Title | None = Field(default=None, description="What people call it.")
    key: Column = Field(description="The column that is compared, such as host.")
    file: InsidePath | None = Field(
        default=None, description="A CSV file in the site folder, its first line the columns; instead of rows."
    )
    rows: dict[Cell, dict[Column, Cell]] = Field(
        default_factory=dict, description="By the value of the key column, the row's other columns."
    )

    def lookup_table(self) -> LookupTable:
        """The same as rules know it."""
        return LookupTable(self.key, self.rows)


class EventHandling(SiteModel):
    """What is made of events, and who hears of their alerts."""

    defaults: PolicyRule = Field(default=PolicyRule(), description="What holds for every alert, unless a rule says so.")
    rules: tuple[EventRule, ...] = Field(
        default=(), description="In order; each that matches applies, and a later one overrides."
    )
    route: Route = Field(
        default=TOP, description="Whom alerts go to and how they are grouped: a tree, as Alertmanager's."
    )
    inhibit: tuple[InhibitRule, ...] = Field(default=(), description="Alerts that keep others from being told.")
    time_intervals: dict[Name, tuple[TimeInterval, ...]] = Field(
        default_factory=dict, description="Times by name, for routes that are muted or active."
    )
    maintenance: dict[Name, Maintenance] = Field(
        default_factory=dict, description="Calendars whose open times keep alerts quiet, by name."
    )
    topology: Topology | None = Field(
        default=None, description="Put alerts of one service or application together; without: by groups alone."
    )
    storm_above: int = Field(
        default=STORM_LIMIT,
        ge=10,
        le=100_000,
        description="More new alerts of one service or source in a minute than this are one storm: one incident.",
    )

    def tree(self) -> Branch:
        """The routing tree. A top without a receiver leaves it to the incident's team. Raises FieldError."""
        top = self.route
        return routing_tree(
            replace(top, receiver=top.receiver or "", group_by=GROUP_BY if top.group_by is None else top.group_by)
        )


def event_rules(
    handling: EventHandling,
    tables: Mapping[str, Table],
    services: Mapping[str, Service],
    hosts: Mapping[str, Host],
    levels: PriorityMatrix,
) -> EventRules:
    """All that is needed to judge an event; `levels` give the composite priority its words."""
    return EventRules(
        rules=handling.rules,
        defaults=handling.defaults,
        tables={name: table.lookup_table() for name, table in tables.items()},
        inventory=Inventory(
            services={name: service.tier for name, service in services.items()},
            hosts={name: KnownHost(host.service, host.address) for name, host in hosts.items()},
        ),
        scales=Scales(levels.impacts, levels.urgencies),
    )


def event_sources(sources: Mapping[str, Sender]) -> dict[str, EventSource]:
    """The sources as the ingest knows them, by name."""
    return {name: source.event_source() for name, source in sources.items()}

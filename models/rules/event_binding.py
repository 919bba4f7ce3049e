"""Which service and which host of the site an event is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from models.rules.field_error import under
from models.rules.label_templates import fill, labels_in
from models.rules.matchers import Labels


@dataclass(frozen=True)
class Bind:
    """Texts with labels that name the service and the host; what is None is as an earlier rule says."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    service: str | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        for key in ("service", "host"):
            with under(key):
                labels_in(getattr(self, key) or "")


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host of the site: its service and its address, where it has them."""

    service: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Inventory:
    """The services of the site with their tiers, and its hosts."""

    services: Mapping[str, int] = field(default_factory=dict)
    hosts: Mapping[str, KnownHost] = field(default_factory=dict)

    @cached_property
    def _addresses(self) -> Mapping[str, str]:
        """The host of each address that one host alone has."""
        found: dict[str, str] = {}
        shared: set[str] = set()
        for name, host in self.hosts.items():
            if host.address is not None and found.setdefault(host.address, name) != name:
                shared.add(host.address)
        return {address: name for address, name in found.items() if address not in shared}

    def host_named(self, text: str) -> str | None:
        """The host that a text means: its name or its address, also with a port or a domain behind it."""
        without_port = text.rsplit(":", 1)[0] if text.count(":") == 1 else text
        for one in (text, without_port):
            found = one if one in self.hosts else self._addresses.get(one)
            if found is not None:
                return found
        first = without_port.split(".", 1)[0]
        return first if first in self.hosts else None


@dataclass(frozen=True, slots=True)
class Bound:
    """The service and the host of an event, and what was named and is not known."""

    service: str | None
    host: str | None
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """What is bound, as labels that rules and routes ask for."""
        named = (("service", self.service), ("host", self.host))
        return {name: value for name, value in named if value is not None}


def joined_binds(earlier: Bind, later: Bind | None) -> Bind:
    """What both say; the later one overrides."""
    if later is None:
        return earlier
    return Bind(
        earlier.service if later.service is None else later.service, earlier.host if later.host is None else later.host
    )


def bound(bind: Bind, labels: Labels, inventory: Inventory) -> Bound:
    """What an event with these labels is about: a host binds its own service where no other is named."""
    notes = []
    host_text, service_text = fill(bind.host or "", labels), fill(bind.service or "", labels)
    host = inventory.host_named(host_text) if host_text else None
    if host_text and host is None:
        notes.append(f"no host {host_text[:80]!r} in the site: bound to none")
    service = service_text if service_text in inventory.services else None
    if service_text and service is None:
        notes.append(f"no service {service_text[:80]!r} in the site: bound to none")
    if service is None and host is not None:
        service = inventory.hosts[host].service
    return Bound(service, host, tuple(notes))

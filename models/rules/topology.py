"""Correlation by what depends on what: alerts of one service, or of one application, become one incident.

An application is all services that depend on each other, directly or through others. It is off unless a site asks
for it, since a service that many depend on makes one application of them all.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from models.rules.durations import Duration
from models.rules.field_error import FieldError

LOOK_BACK = timedelta(minutes=15)


class TopologyBy(StrEnum):
    """What is one incident."""

    SERVICE = "service"
    APPLICATION = "application"


@dataclass(frozen=True)
class Topology:
    """How alerts are put together, and how long after the newest of them another still belongs to them."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    by: TopologyBy
    look_back: Duration = LOOK_BACK

    def __post_init__(self) -> None:
        if self.look_back <= timedelta(0):
            raise FieldError("look_back", "look_back must be more than 0s")


def applications(depends_on: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The application of each service, by the name of its first service in order of name."""
    found: dict[str, str] = {}
    linked: dict[str, set[str]] = {service: set(others) for service, others in depends_on.items()}
    for service, others in depends_on.items():
        for other in others:
            linked.setdefault(other, set()).add(service)
    for first in sorted(linked):
        waiting = [first]
        while waiting:
            service = waiting.pop()
            if service not in found:
                found[service] = first
                waiting += linked[service]
    return found


def topology_key(topology: Topology, service: str | None, application_of: Mapping[str, str]) -> str | None:
    """What tells the alerts of a service or an application from all others; None: it is bound to no service."""
    if service is None:
        return None
    if topology.by is TopologyBy.SERVICE:
        return f"service:{service}"
    return f"application:{application_of.get(service, service)}"

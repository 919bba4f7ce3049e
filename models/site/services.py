"""services.yaml: the services a team runs and the hosts they run on."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, WithJsonSchema

from models.rules.nodes import Node
from models.site.types import (
    REFERENCE_PATTERN,
    Matching,
    Name,
    Named,
    SiteModel,
    Tag,
    Text,
    TimeZone,
    Title,
)


class Stage(StrEnum):
    """Where a service stands in its life."""

    PLANNED = "planned"
    PILOT = "pilot"
    LIVE = "live"
    RETIRING = "retiring"
    RETIRED = "retired"


class Connection(StrEnum):
    """How commands reach a host."""

    SSH = "ssh"
    LOCAL = "local"  # this machine, without SSH


class Transport(StrEnum):
    """What carries a host's files and streams."""

    PARAMIKO = "paramiko"
    SSH = "ssh"  # the system's own, where it is installed: faster, with the same key and the same pinned host keys


class Money(SiteModel):
    """An amount of money."""

    amount: Annotated[
        Decimal,
        Field(ge=0, max_digits=12, decimal_places=2),
        WithJsonSchema({"type": "number", "minimum": 0}),
    ] = Field(description="Money per hour.")
    currency: Annotated[str, Matching(r"[A-Z]{3}", "must be a currency's three capital letters, like EUR")] = Field(
        description="ISO 4217 code."
    )


class Service(Named):
    """Something that people use and a team keeps running."""

    title: Title = Field(description="What people call the service.")
    owner: Name = Field(description="The team that answers for the service.")
    description: Text | None = Field(default=None, description="What the service does and for whom.")
    tier: int = Field(default=3, ge=1, le=4, description="How much the company needs it: 1 most, 4 least.")
    stage: Stage = Field(default=Stage.LIVE, description="Where the service stands in its life.")
    support_hours: Name | None = Field(
        default=None, description="The calendar of its support hours; without one, all hours."
    )
    hourly_cost: Money | None = Field(default=None, description="What an hour without the service costs.")
    depends_on: tuple[Name, ...] = Field(default=(), description="Services that it cannot work without.")


HostKey = Annotated[
    str,
    Matching(
        r"(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]{40,}={0,3}",
        "must be the type and the key of the host's public key, like ssh-ed25519 AAAA...",
    ),
]
KeyFile = Annotated[
    str,
    Matching(
        rf"{REFERENCE_PATTERN}|(?!/)(?!secret:)(?!.*(^|/)\.\.?(/|$))[^\\\0\n]{{1,250}}",
        "must be a file inside the site folder, like keys/night, or secret://name",
    ),
]


class Host(Named):
    """A machine that commands run on."""

    title: Title | None = Field(default=None, description="What people call the host.")
    owner: Name | None = Field(default=None, description="The team that answers for the host.")
    service: Name | None = Field(default=None, description="The service that it belongs to.")
    connection: Connection = Field(default=Connection.SSH, description="How commands reach it.")
    address: (
        Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9.:%_-]{0,252}", "must be a host name or an IP address")] | None
    ) = Field(default=None, description="Host name or IP address; required for ssh.")
    port: int = Field(default=22, ge=1, le=65535, description="TCP port of sshd.")
    user: Annotated[str, Matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", "must be the name of an account on the host")] = (
        Field(default="watchbill", description="The account to log in as.")
    )
    key: KeyFile | None = Field(
        default=None, description="Private key: a file in the site folder, or a secret reference."
    )
    host_keys: tuple[HostKey, ...] = Field(
        default=(), description="Public keys that the host may show. Any other is refused; none means no log-in."
    )
    jump: Name | None = Field(default=None, description="The host to go through.")
    transport: Transport = Field(
        default=Transport.PARAMIKO,
        description="What carries backups and files over SSH: our own connection, or the worker's `ssh`.",
    )
    tags: tuple[Tag, ...] = Field(default=(), description="Words to choose hosts by: tag=web.")
    attributes: dict[Tag, Title] = Field(default_factory=dict, description="Facts to choose hosts by: site=ber.")
    rank: int = Field(default=0, ge=0, le=1_000_000, description="Place in rolling batches; lower goes first.")
    run_directory: Annotated[str, Matching(r"[^\0\n]{1,200}", "must be a folder on the host")] = Field(
        default=".watchbill",
        description="Folder on the host for run directories; a relative one starts at the account's home.",
    )
    slots: int = Field(default=4, ge=1, le=64, description="Commands of ours that may run there at once.")
    timezone: TimeZone | None = Field(default=None, description="Time zone of the host; default: the site's.")

    def node(self, name: str | None = None) -> Node:
        """The host as node filters see it."""
        return Node(name or self.name, frozenset(self.tags), self.attributes, self.service, self.rank)

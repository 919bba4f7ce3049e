"""notices.yaml: who is told what, by mail and by chat, and the server that takes our mail."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.rules.notices import TECHNICAL, QuietHours, Wish
from models.site.types import HostPath, Mail, Matching, Name, Named, PersonId, SecretReference, SiteModel, Text, Title
from models.vocabulary import NoticeTag

Sender = Annotated[
    str,
    Matching(
        r"[^@\s,;<>\"]+@[^@\s,;<>]+|[^<>\"\\\x00-\x1f]{1,80} <[^@\s,;<>]+@[^@\s,;<>]+>",
        "must be one mail address, with or without a name: Watchbill <watchbill@example.org>",
    ),
]
PriorityName = Annotated[str, Matching(r"\S(.{0,30}\S)?", "must be a priority of the site, or major")]
ServerName = Annotated[str, Matching(r"[A-Za-z0-9.:_-]{1,253}", "must be the name or address of a server")]


class Security(StrEnum):
    """How the line to the mail server is kept private."""

    STARTTLS = "starttls"  # asked for on the line; a server that has none is told nothing
    TLS = "tls"  # from the first byte
    NONE = "none"  # for a server on this machine


PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


class MailServer(SiteModel):
    """The server that takes our mail, and whom it comes from."""

    host: ServerName = Field(description="The server that takes our mail.")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port; default: 587 for starttls, 465 for tls, 25 for none."
    )
    security: Security = Field(default=Security.STARTTLS, description="How the line to the server is kept private.")
    user: Text | None = Field(default=None, description="The account to log in with, where the server wants one.")
    password: SecretReference | None = Field(default=None, description="The password of the account.")
    certificates: HostPath | None = Field(
        default=None, description="A file with certificates to trust, on the machine of the workers; default: its own."
    )
    sender: Sender = Field(description="Whom mail comes from: Watchbill <watchbill@example.org>.")
    reply_to: Mail | None = Field(default=None, description="Who reads the answers; default: the sender.")

    @property
    def port_used(self) -> int:
        """The port, or the usual one."""
        return self.port or PORTS[self.security]

    @property
    def sender_name(self) -> str:
        """The name beside the sender's address; empty when there is none."""
        return self.sender.rpartition("<")[0].strip()

    @property
    def sender_address(self) -> str:
        """The address of the sender alone."""
        return self.sender.rpartition("<")[2].removesuffix(">")

    @property
    def domain(self) -> str:
        """The domain that our message ids end with."""
        return re.sub(r"[^A-Za-z0-9.-]", "-", self.sender_address.rpartition("@")[2])


class Place(SiteModel):
    """One address of a receiver, and what it wants to hear."""

    team: Name | None = Field(default=None, description="A team: its mail address.")
    person: PersonId | None = Field(default=None, description="A person: the mail address.")
    mail: Mail | None = Field(default=None, description="A mail address.")
    chat: SecretReference | None = Field(
        default=None, description="A secret that holds an Apprise URL, since such a URL has a token."
    )
    notices: tuple[NoticeTag, ...] = Field(
        default=(), description="What to tell; default: everything that is meant for its audience."
    )
    least_priority: PriorityName | None = Field(default=None, description="Incidents below this priority are not told.")
    audience: Name = Field(
        default=TECHNICAL,
        description="For whom updates on major incidents are written: an audience of incidents.yaml. All but technical "
        "hear of every major incident, and of nothing else.",
    )
    quiet: QuietHours | None = Field(default=None, description="When nothing but what is urgent is told.")

    @property
    def wish(self) -> Wish:
        """What it wants to hear."""
        return Wish(self.notices, self.least_priority, self.audience, self.quiet)


class Receiver(Named):
    """A name for those who are told together. Routes of events and steps of escalations name receivers."""

    title: Title | None = Field(default=None, description="What people call it.")
    teams: tuple[Name, ...] = Field(default=(), description="The teams whose incidents it hears of.")
    catch_all: bool = Field(
        default=False, description="It hears of what no team owns, or a team that has neither receiver nor mail."
    )
    tell: tuple[Place, ...] = Field(min_length=1, description="Its addresses.")

"""Who can be told: the receivers of the register, and the addresses of teams and people."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import register
from models.queries.book import StoredCalendars
from models.records import MailEntry, Membership, Person, SiteEntry, Team
from models.rules.notices import TECHNICAL, Times, Wish
from models.rules.time_intervals import TimeInterval
from models.site.incidents import Handling
from models.site.notices import MailServer, Place, Receiver
from models.site.site import from_spec

NO_DOMAIN = "watchbill.invalid"
"""Ends the message ids of a site that sends no mail."""
INTERVALS = TypeAdapter(dict[str, tuple[TimeInterval, ...]])


@dataclass(frozen=True)
class Recipient:
    """One address, and what it wants to hear."""

    to: str
    """A mail address, or a reference to an Apprise URL."""
    receiver: str | None = None
    """The receiver it belongs to; None: a person who is concerned."""
    wish: Wish = field(default=Wish())
    you: str | None = None
    """What the person is to the subject: `owner`, `caller`."""


def mail_server(session: Session) -> MailServer | None:
    """The server that takes our mail; None when the site names none."""
    spec = session.scalar(select(MailEntry.spec).where(MailEntry.retired_at.is_(None)).limit(1))
    return None if spec is None else from_spec("mail", spec)


def site_name(session: Session) -> str:
    """The short name of the site in force."""
    return session.scalar(select(SiteEntry.name).where(SiteEntry.retired_at.is_(None)).limit(1)) or "watchbill"


def times(session: Session) -> Times:
    """What quiet hours are written in; each calendar is understood when it is asked for."""
    specs = {row.name: row.spec for row in register.in_force(session, "calendar")}
    named = [row.spec.get("time_intervals") or {} for row in register.in_force(session, "rules")]
    return Times(StoredCalendars(specs), INTERVALS.validate_python(named[0] if named else {}))


def priorities(session: Session) -> tuple[str, ...]:
    """The priorities of the site, the highest first."""
    specs = [row.spec for row in register.in_force(session, "handling")]
    handling: Handling = from_spec("handling", specs[0]) if specs else Handling()
    return handling.levels.priorities


class Directory:
    """The receivers in force, read once, and the addresses that are asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        rows = register.in_force(session, "receiver")
        self._receivers: Mapping[str, Receiver] = {row.name: from_spec("receiver", row.spec) for row in rows}
        self.server = mail_server(session)
        self._mails: dict[tuple[type[Any], str], str | None] = {}

    def receiver(self, name: str) -> list[Recipient]:
        """The addresses of one receiver; none when the site has no such."""
        return list(self._of(self._receivers[name])) if name in self._receivers else []

    def of_route(self, name: str) -> list[Recipient]:
        """Those whom a route names: a receiver, or else a team."""
        return self.receiver(name) or self.of_team(name)

    @property
    def receivers(self) -> list[str]:
        """The names of all."""
        return list(self._receivers)

    def of_team(self, team: str | None) -> list[Recipient]:
        """Those who hear of what a team owns: its receivers; else its mail; else its people; else who takes all."""
        own = [one for one in self._receivers.values() if team in one.teams]
        if own:
            return [recipient for receiver in own for recipient in self._of(receiver)]
        if team is not None:
            found = self._by_mail((self._mail_of(Team, team),)) or self._by_mail(self._mails_of_members(team))
            if found:
                return found
        return self._catch_all()

    def other_audiences(self) -> list[Recipient]:
        """The addresses that are not technical: they hear of every major incident."""
        all_of_them = (recipient for receiver in self._receivers.values() for recipient in self._of(receiver))
        return [recipient for recipient in all_of_them if recipient.wish.audience != TECHNICAL]

    def person(self, name: str | None, you: str | None = None) -> list[Recipient]:
        """A person, by mail; nobody when that cannot be."""
        return [] if name is None else self._by_mail((self._mail_of(Person, name),), you)

    def named(self, names: Iterable[str]) -> list[Recipient]:
        """Those that are named: `receiver/shop-desk`, `team/shop`, `person/ann`. Raises NotFound for another kind."""
        ask = {"receiver": self.receiver, "team": self.of_team, "person": self.person}
        found: list[Recipient] = []
        for text in names:
            kind, _, name = text.partition("/")
            if kind not in ask:
                raise NotFound(f"{text!r} names nobody: it looks like receiver/NAME, team/NAME or person/NAME")
            found += ask[kind](name)
        return found

    def _catch_all(self) -> list[Recipient]:
        everything = (one for one in self._receivers.values() if one.catch_all)
        return [recipient for receiver in everything for recipient in self._of(receiver)]

    def _of(self, receiver: Receiver) -> Iterator[Recipient]:
        for place in receiver.tell:
            to = self._address(place)
            if to is not None:
                yield Recipient(to, receiver.name, place.wish)

    def _address(self, place: Place) -> str | None:
        if place.chat is not None or self.server is None:
            return place.chat
        if place.team is not None:
            return self._mail_of(Team, place.team)
        return self._mail_of(Person, place.person) if place.person is not None else place.mail

    def _by_mail(self, addresses: Iterable[str | None], you: str | None = None) -> list[Recipient]:
        if self.server is None:
            return []
        return [Recipient(to, you=you) for to in addresses if to]

    def _mail_of(self, table: type[Team] | type[Person], name: str) -> str | None:
        if (table, name) not in self._mails:
            spec = self._session.scalar(select(table.spec).where(table.name == name, table.retired_at.is_(None)))
            self._mails[table, name] = (spec or {}).get("mail")
        return self._mails[table, name]

    def _mails_of_members(self, team: str) -> list[str | None]:
        members = select(Membership.person).where(Membership.team == team).order_by(Membership.person)
        return [self._mail_of(Person, name) for name in self._session.scalars(members)]

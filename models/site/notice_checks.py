"""What must be true of receivers and of the mail server beyond the form of their keys."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from models.site.messages import did_you_mean
from models.site.notices import MailServer, Place, Receiver, Security
from models.site.people import Person, Team
from models.site.references import Kind, ReferenceFault
from models.site.tree import Path

Said = Iterator[tuple[Path, str]]
ADDRESSES = ("team", "person", "mail", "chat")


@dataclass(frozen=True)
class Around:
    """What else the site says that receivers lean on."""

    mail: Mapping[str, MailServer]
    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    calendars: Collection[str]
    intervals: Collection[str] = ()


def notice_faults(receivers: Mapping[str, Receiver], around: Around) -> Iterator[ReferenceFault]:
    """Everything wrong in the receivers and the mail server whose keys have the right form."""
    for name, server in around.mail.items():
        for path, message in _server(server):
            yield ReferenceFault(Kind.MAIL, name, path, message)
    for receiver in receivers.values():
        for number, place in enumerate(receiver.tell):
            for path, message in (*_address(place, around), *_quiet(place, around)):
                yield ReferenceFault(Kind.RECEIVER, receiver.name, ("tell", number, *path), message)


def _server(server: MailServer) -> Said:
    if server.user is not None and server.password is None:
        yield ("user",), "goes with password: a reference like secret://name"
    if server.password is not None and server.user is None:
        yield ("password",), "goes with user"
    if server.password is not None and server.security is Security.NONE:
        yield ("password",), "would be readable on the line; use security: starttls or tls"


def _address(place: Place, around: Around) -> Said:
    given = [key for key in ADDRESSES if getattr(place, key) is not None]
    if len(given) != 1:
        yield (), f"must have one of {', '.join(ADDRESSES)}; it has {' and '.join(given) or 'none'}"
        return
    if place.chat is None and not around.mail:
        yield (given[0],), "is told by mail, and the site has no `mail` section that says by which server"
    team, person = around.teams.get(place.team or ""), around.people.get(place.person or "")
    if team is not None and team.mail is None:
        yield ("team",), f"the team {team.name} has no mail address"
    if person is not None and person.mail is None:
        yield ("person",), f"{person.id} has no mail address"


def _quiet(place: Place, around: Around) -> Said:
    if place.quiet is None:
        return
    for key in ("during", "outside"):
        for number, name in enumerate(getattr(place.quiet, key)):
            path: Path = ("quiet", key, number)
            if name in around.calendars and name in around.intervals:
                yield path, f'"{name}" is a calendar and a time interval too; rename one of them'
            elif name not in around.calendars and name not in around.intervals:
                known = sorted({*around.calendars, *around.intervals})
                words = ", ".join(known) or "none"
                yield path, f'no calendar and no time interval "{name}"; known: {words}{did_you_mean(name, known)}'

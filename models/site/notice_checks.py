"""What must be true of receivers and of the mail server beyond the form of their keys."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.rules.notices import TECHNICAL
from models.rules.priorities import MAJOR
from models.site.incidents import Handling
from models.site.messages import did_you_mean
from models.site.notices import MailServer, Place, Receiver, Security
from models.site.people import Person, Team
from models.site.references import Kind, ReferenceFault
from models.site.tree import Path
from models.vocabulary import Severity

Entries = Mapping[Kind, Mapping[str, Any]]
Said = Iterator[tuple[Path, str]]
ADDRESSES = ("team", "person", "mail", "chat")


@dataclass(frozen=True)
class Around:
    """What else the site says that receivers lean on."""

    mail: Mapping[str, MailServer]
    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    calendars: Collection[str]
    intervals: Collection[str]
    priorities: Collection[str]
    audiences: Collection[str]
    """Those that major incidents are told to; none: the site does not say."""


def around(whole: Entries, made: Entries) -> Around:
    """The same, from the entries of a site; of those whose absence would be said, all that could be made."""
    handling: Handling = next(iter(made[Kind.HANDLING].values()), Handling())
    updates = handling.major.updates
    return Around(
        mail=whole[Kind.MAIL],
        teams=made[Kind.TEAM],
        people=made[Kind.PERSON],
        calendars=made[Kind.CALENDAR],
        intervals=[name for events in made[Kind.EVENTS].values() for name in events.time_intervals],
        priorities=(MAJOR, *handling.levels.priorities),
        audiences={TECHNICAL, *updates} if updates else (),
    )


def notice_faults(receivers: Mapping[str, Receiver], around: Around) -> Iterator[ReferenceFault]:
    """Everything wrong in the receivers and the mail server whose keys have the right form."""
    for name, server in around.mail.items():
        for path, message in _server(server):
            yield ReferenceFault(Kind.MAIL, name, path, message)
    for receiver in receivers.values():
        for number, place in enumerate(receiver.tell):
            for path, message in (*_address(place, around), *_words(place, around), *_quiet(place, around)):
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


def _words(place: Place, around: Around) -> Said:
    if place.least_priority is not None and place.least_priority not in around.priorities:
        yield ("least_priority",), _unknown("priority", place.least_priority, around.priorities)
    if around.audiences and place.audience not in around.audiences:
        yield ("audience",), _unknown("audience", place.audience, sorted(around.audiences))


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    return f'no {what} "{name}"; known: {", ".join(known) or "none"}{did_you_mean(name, known)}'


def _quiet(place: Place, around: Around) -> Said:
    if place.quiet is None:
        return
    urgent = (*around.priorities, *Severity)
    for number, word in enumerate(place.quiet.urgent):
        if word not in urgent:
            yield ("quiet", "urgent", number), _unknown("priority and no severity", word, urgent)
    for key in ("during", "outside"):
        for number, name in enumerate(getattr(place.quiet, key)):
            path: Path = ("quiet", key, number)
            if name in around.calendars and name in around.intervals:
                yield path, f'"{name}" is a calendar and a time interval too; rename one of them'
            elif name not in around.calendars and name not in around.intervals:
                known = sorted({*around.calendars, *around.intervals})
                yield path, _unknown("calendar and no time interval", name, known)

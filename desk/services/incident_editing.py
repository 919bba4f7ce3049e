"""What an incident says, corrected by those who work on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from sqlalchemy.orm import Session

from desk.services.acting import check_works, known_category, known_host, known_service
from desk.services.errors import Misuse
from desk.services.incident_moves import Act, Moved, moved
from desk.services.incident_opening import LONGEST_CALLER
from desk.services.incidents import key_of
from models.database import Database
from models.errors import Refused
from models.queries import incident_edits, incidents
from models.queries.incident_rules import read_rules
from models.queries.states import Because
from models.rules.incident_words import in_words
from models.rules.incidents import LONGEST_TITLE, fitting_title, text_problems

KNOWN = {"service": known_service, "host": known_host, "category": known_category}


@dataclass(frozen=True)
class Edit:
    """What it is to say; None leaves it, an empty text takes it away."""

    title: str | None = None
    description: str | None = None
    service: str | None = None
    host: str | None = None
    category: str | None = None
    caller: str | None = None

    @property
    def wanted(self) -> dict[str, str]:
        """What is said."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}


def edit(database: Database, act: Act, new: Edit) -> tuple[str, Moved]:
    """Correct what it says, and tell what is different in words; its promises and clocks follow.

    Raises Misuse for texts that cannot be, NotFound for what the site does not have, Refused by role, for an incident
    that is over, and when it says all that already.
    """
    wanted = new.wanted
    if not wanted:
        raise Misuse(f"say what is wrong: {', '.join(f'--{field.name}' for field in fields(new))}")
    problems = list(_problems(wanted))
    if problems:
        raise Misuse("; ".join(problems))
    with database.write() as session:
        incident = incidents.get(session, key_of(act.incident))
        check_works(session, act.person, incident, "edit")
        by, written = Because(act.person, act.reason), _written(session, wanted)
        was = incident_edits.edit(session, incident, written, by, act.now, read_rules(session))
        if not was:
            raise Refused(f"{incident.number} says that already")
        return in_words("edit", {**written, "was": was}), moved(session, incident, act.now)


def _problems(wanted: Mapping[str, str]) -> Iterator[str]:
    if "title" in wanted:
        yield from text_problems("title", wanted["title"], LONGEST_TITLE)
    if wanted.get("description"):
        yield from text_problems("description", wanted["description"])
    if wanted.get("caller"):
        yield from text_problems("caller", wanted["caller"], LONGEST_CALLER)


def _written(session: Session, wanted: Mapping[str, str]) -> dict[str, str | None]:
    """As it is kept: what is taken away is null, but for a description. Raises NotFound."""
    for name, look_up in KNOWN.items():
        if wanted.get(name):
            look_up(session, wanted[name])
    texts = {"title": fitting_title(wanted["title"])} if "title" in wanted else {}
    texts |= {"description": wanted["description"]} if "description" in wanted else {}
    return {name: value or None for name, value in wanted.items()} | texts

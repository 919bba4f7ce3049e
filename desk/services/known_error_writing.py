"""Known errors written by people: created, said better, published, retired, used; each as far as their roles allow."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from desk.services.acting import (
    acting_on,
    check_works,
    known_category,
    known_job,
    known_person,
    known_service,
)
from desk.services.errors import Misuse
from desk.services.incidents import key_of
from desk.services.known_errors import KnownErrorDetail, detail_of, row_of
from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import incidents, known_errors, problems
from models.queries.states import Because
from models.records import KnownError
from models.rules.field_error import FieldError
from models.rules.incidents import text_problems
from models.rules.known_error_matching import Recognition
from models.rules.known_errors import KnownErrorFacts

TABLE = "known_error"
NEVER_NONE = ("title", "symptom", "matchers")


@dataclass(frozen=True)
class Says:
    """What somebody says of a known error; None is not said, and an empty text takes back what was."""

    title: str | None = None
    symptom: str | None = None
    service: str | None = None
    category: str | None = None
    host: str | None = None
    matchers: str | None = None
    texts: tuple[str, ...] | None = None
    root_cause: str | None = None
    workaround: str | None = None
    workaround_job: str | None = None
    check_job: str | None = None
    runs_itself: bool | None = None
    risk: str | None = None
    permanent_fix: str | None = None
    review_on: date | None = None
    owner: str | None = None


def create(database: Database, says: Says, problem: str | None, person: str, now: datetime) -> KnownErrorDetail:
    """Write a new one down, as a draft. Raises Refused for one that cannot be, NotFound for what the site has not."""
    with database.write() as session:
        because = acting_on(session, person, "a known error", "edit", TABLE)
        facts = _facts(session, KnownErrorFacts(title="", symptom="", owner=person), says)
        row = known_errors.create(session, facts, because, now, _problem(session, problem) if problem else None)
        return detail_of(session, row, now)


def edit(database: Database, number: str, says: Says, person: str, now: datetime) -> KnownErrorDetail:
    """Say it better; what is not said stays. Raises as `create`, and MoveRefused for one that is retired."""

    def change(session: Session, row: KnownError, because: Because) -> None:
        known_errors.edit(session, row, _facts(session, known_errors.facts_of(row), says), because, now)

    return _move(database, number, ("edit", person, None), change, now)


def publish(database: Database, number: str, person: str, reason: str | None, now: datetime) -> KnownErrorDetail:
    """Suggest it from now on. Raises Refused when it would help nobody, and as all moves."""
    return _move(
        database,
        number,
        ("publish", person, reason),
        lambda session, row, because: known_errors.publish(session, row, because, now),
        now,
    )


def retire(database: Database, number: str, person: str, reason: str, now: datetime) -> KnownErrorDetail:
    """Suggest it no more. Raises as all moves."""
    return _move(
        database,
        number,
        ("retire", person, reason),
        lambda session, row, because: known_errors.retire(session, row, because, now),
        now,
    )


def use(
    database: Database, number: str, incident: str, has_worked: bool | None, person: str, now: datetime
) -> KnownErrorDetail:
    """Somebody does on an incident what it says, and what came of it as far as that is known."""
    with database.write() as session:
        row, one = row_of(session, number), incidents.get(session, key_of(incident))
        check_works(session, person, one, "use a known error on")
        used = known_errors.use(session, one, row, person, now)
        if has_worked is not None:
            known_errors.worked(session, used, has_worked, Because(person, f"{person} says so"), now)
        return detail_of(session, row, now)


def _facts(session: Session, known: KnownErrorFacts, says: Says) -> KnownErrorFacts:
    """What is known with what is said. Raises NotFound for what the site does not have, Misuse for what cannot be."""
    for name, look_up in (
        (says.service, known_service),
        (says.category, known_category),
        (says.workaround_job, known_job),
        (says.check_job, known_job),
        (says.owner, known_person),
    ):
        if name:
            look_up(session, name)
    said: dict[str, Any] = {name: value for name, value in vars(says).items() if value is not None}
    said = {name: None if value == "" and name not in NEVER_NONE else value for name, value in said.items()}
    asked = {name: said.pop(name) for name in Recognition.__annotations__ if name in said}
    try:
        return replace(known, recognise=replace(known.recognise, **asked).checked(), **said)
    except FieldError as error:
        raise Misuse(str(error)) from None


def _problem(session: Session, number: str) -> int:
    try:
        return problems.get(session, number).id
    except ValueError as error:
        raise Misuse(str(error)) from None


def _move(
    database: Database,
    number: str,
    act: tuple[str, str, str | None],
    move: Callable[[Session, KnownError, Because], object],
    now: datetime,
) -> KnownErrorDetail:
    action, person, reason = act
    wrong = list(text_problems("reason", reason)) if reason is not None else []
    if wrong:
        raise Misuse("; ".join(wrong))
    with database.write() as session:
        row = row_of(session, number)
        because = acting_on(session, person, row.number, action, TABLE, reason)
        try:
            move(session, row, because)
        except (MoveRefused, Refused) as error:
            said = str(error)
            raise type(error)(said if said.startswith(row.number) else f"{row.number}: {said}") from None
        session.flush()
        return detail_of(session, row, now)

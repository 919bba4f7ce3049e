"""What the site in force says about approvals: schemes, people, calendars; read anew when the register changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.queries import register
from models.queries.book import StoredCalendars
from models.queries.promise_terms import AROUND_THE_CLOCK
from models.rules.approvals.people import Colleague, Staff
from models.rules.approvals.schemes import Scheme
from models.rules.calendars import Calendar
from models.site.site import from_spec


@dataclass(frozen=True)
class Policy:
    """A scheme as the register has it."""

    spec: dict[str, Any]
    sha256: str

    @property
    def scheme(self) -> Scheme:
        """The same for the rules."""
        return scheme_of(self.spec)


@dataclass(frozen=True)
class ApprovalBook:
    """What holds for approvals now."""

    revision: int
    policies: Mapping[str, Policy]
    staff: Staff
    calendars: Mapping[str, Calendar]

    def calendar(self, scheme: Scheme) -> Calendar:
        """In whose hours the times of a scheme are counted; around the clock when its calendar has left the site."""
        return self.calendars.get(scheme.calendar or "", AROUND_THE_CLOCK)


_books: WeakKeyDictionary[Engine, ApprovalBook] = WeakKeyDictionary()


def read_approval_book(session: Session) -> ApprovalBook:
    """The book of the register as it is; the one of the last time while nothing has changed."""
    engine, revision = session.connection().engine, register.revision(session)
    known = _books.get(engine)
    if known is None or known.revision != revision:
        known = _books[engine] = _read(session, revision)
    return known


def scheme_of(spec: Mapping[str, Any]) -> Scheme:
    """The scheme that a stored spec describes, understood once."""
    return _understood(orjson.dumps(dict(spec), option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=64)
def _understood(spec: bytes) -> Scheme:
    scheme: Scheme = from_spec("scheme", orjson.loads(spec)).policy()
    return scheme


def _read(session: Session, revision: int) -> ApprovalBook:
    rows = {kind: register.in_force(session, kind) for kind in ("scheme", "person", "team", "service", "calendar")}
    return ApprovalBook(
        revision=revision,
        policies={row.name: Policy(row.spec, row.sha256) for row in rows["scheme"]},
        staff=Staff(
            people={row.name: _colleague(row.spec) for row in rows["person"]},
            leads={row.name: row.spec["manager"] for row in rows["team"] if row.spec.get("manager")},
            owners={row.name: row.spec["owner"] for row in rows["service"]},
        ),
        calendars=StoredCalendars({row.name: row.spec for row in rows["calendar"]}),
    )


def _colleague(spec: Mapping[str, Any]) -> Colleague:
    return Colleague(
        teams=frozenset(spec.get("teams", ())),
        roles=frozenset(spec.get("roles", ())),
        manager=spec.get("manager"),
        account_of=spec.get("account_of"),
    )

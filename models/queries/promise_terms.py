"""The terms of promises at any time, from the journal alone: each promise and calendar that the register ever had.

The register writes a promise or calendar whole into the journal when it is added or changed (decision 0013), so what
was promised at a row of the journal is known whatever the site says today.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.queries import register
from models.records import CalendarEntry, JournalRow, PromiseEntry
from models.rules.calendars import Calendar
from models.rules.clock_promises import Promise
from models.site.incidents import Promise as PromiseEntryOfFile
from models.site.site import from_spec

AROUND_THE_CLOCK = Calendar(name="around-the-clock", always=True)
BATCH = 500
REGISTERED = "operations:register:"


@dataclass(frozen=True)
class Version:
    """An entry as it was from a row of the journal on; without a spec it was retired there."""

    seq: int
    at: datetime
    subject: str
    spec: dict[str, Any] | None


@dataclass
class PromiseTerms:
    """Every version of every promise and calendar, and the promises that were made of them."""

    versions: dict[str, list[Version]]
    _made: dict[tuple[str, int], Promise | None] = field(default_factory=dict)
    _calendars: dict[tuple[str, int], Calendar] = field(default_factory=dict)
    _at: dict[tuple[tuple[str, ...], int], tuple[Promise, ...]] = field(default_factory=dict)
    _whole: dict[tuple[tuple[str, ...], tuple[int, ...]], tuple[Promise, ...]] = field(default_factory=dict)

    def at(self, names: tuple[str, ...], seq: int) -> tuple[Promise, ...]:
        """What these promises said at a row of the journal; those that did not exist then are left out.

        The same terms are the same object, however many rows lie between.
        """
        known = names, bisect_right(self._seqs, seq)
        if known not in self._at:
            versions = names, tuple(self._version(name, seq) for name in names)
            found = (self._promise(name, seq) for name in names)
            promises = tuple(promise for promise in found if promise is not None)
            self._at[known] = self._whole.setdefault(versions, promises)
        return self._at[known]

    def changes_after(self, seq: int) -> list[Version]:
        """Every change of a promise or calendar after a row, in order."""
        return self._changes[bisect_right(self._seqs, seq) :]

    @cached_property
    def _changes(self) -> list[Version]:
        return sorted(chain.from_iterable(self.versions.values()), key=lambda version: version.seq)

    @cached_property
    def _seqs(self) -> list[int]:
        return [version.seq for version in self._changes]

    def _version(self, name: str, seq: int) -> int:
        """What tells the terms at one row from those at another: the last change that they depend on."""
        promise = self._find(f"promise/{name}", seq)
        calendar = (promise.spec or {}).get("calendar") if promise else None
        later = self._find(f"calendar/{calendar}", seq) if calendar else None
        return max(promise.seq if promise else 0, later.seq if later else 0)

    def _find(self, subject: str, seq: int) -> Version | None:
        versions = self.versions.get(subject, [])
        index = bisect_right(versions, seq, key=lambda version: version.seq)
        return versions[index - 1] if index else None

    def _promise(self, name: str, seq: int) -> Promise | None:
        found = self._find(f"promise/{name}", seq)
        if found is None or found.spec is None:
            return None
        key = name, self._version(name, seq)
        if key not in self._made:
            entry: PromiseEntryOfFile = from_spec("promise", found.spec)
            reasons = frozenset(reason.value for reason in entry.stops_for)
            calendar = self._calendar(entry.calendar, seq)
            self._made[key] = Promise(entry.agreement, calendar, entry.own, entry.resolve, reasons, name)
        return self._made[key]

    def _calendar(self, name: str | None, seq: int) -> Calendar:
        found = self._find(f"calendar/{name}", seq) if name else None
        if found is None or found.spec is None:
            return AROUND_THE_CLOCK
        key = found.subject, found.seq
        if key not in self._calendars:
            self._calendars[key] = from_spec("calendar", found.spec)
        return self._calendars[key]


_known: WeakKeyDictionary[Engine, tuple[int, PromiseTerms]] = WeakKeyDictionary()


def read_terms(session: Session) -> PromiseTerms:
    """Every version of the terms; what was read last time while the register has not changed."""
    engine, revision = session.connection().engine, register.revision(session)
    known = _known.get(engine)
    if known is None or known[0] != revision:
        known = _known[engine] = revision, PromiseTerms(_versions(session))
    return known[1]


def _versions(session: Session) -> dict[str, list[Version]]:
    subjects = [
        f"{kind}/{name}"
        for kind, table in (("promise", PromiseEntry), ("calendar", CalendarEntry))
        for name in session.scalars(select(table.name))
    ]
    found: dict[str, list[Version]] = {}
    for subject, seq, at, facts in _rows(session, subjects):
        spec = json.loads(facts).get("spec")
        found.setdefault(subject, []).append(Version(seq, datetime.fromisoformat(at), subject, spec))
    return found


def _rows(session: Session, subjects: Sequence[str]) -> Iterable[tuple[str, int, str, str]]:
    for begin in range(0, len(subjects), BATCH):
        query = select(JournalRow.subject, JournalRow.seq, JournalRow.at, JournalRow.facts)
        query = query.where(JournalRow.subject.in_(subjects[begin : begin + BATCH]))
        query = query.where(func.substr(JournalRow.tag, 1, len(REGISTERED)) == REGISTERED)
        yield from session.execute(query.order_by(JournalRow.seq)).tuples()

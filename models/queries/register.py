"""The register: compare the site's entries with the tables, and bring the tables to what the site says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.queries import journal
from models.records import (
    Approval,
    BackupPlanEntry,
    CalendarEntry,
    CategoryEntry,
    Ci,
    EscalationEntry,
    EventHandlingEntry,
    EventSourceEntry,
    ExemptionEntry,
    HandlingEntry,
    ImportedTicket,
    Incident,
    ItemEntry,
    Job,
    LookupTableEntry,
    MailEntry,
    Membership,
    Person,
    ProbeEntry,
    ProblemHandlingEntry,
    PromiseEntry,
    ReceiverEntry,
    Registered,
    Relation,
    RepositoryEntry,
    RotaEntry,
    SchemeEntry,
    Service,
    SiteEntry,
    Team,
)
from models.rules.approvals.moves import UNDECIDED
from models.vocabulary import IncidentState

TABLES: dict[str, type[Any]] = {
    "site": SiteEntry,
    "calendar": CalendarEntry,
    "team": Team,
    "person": Person,
    "service": Service,
    "host": Ci,
    "job": Job,
    "repository": RepositoryEntry,
    "backup": BackupPlanEntry,
    "exemption": ExemptionEntry,
    "probe": ProbeEntry,
    "handling": HandlingEntry,
    "promise": PromiseEntry,
    "category": CategoryEntry,
    "escalation": EscalationEntry,
    "rota": RotaEntry,
    "mail": MailEntry,
    "receiver": ReceiverEntry,
    "source": EventSourceEntry,
    "table": LookupTableEntry,
    "rules": EventHandlingEntry,
    "problems": ProblemHandlingEntry,
    "item": ItemEntry,
    "scheme": SchemeEntry,
}

AT_ONCE = 500
"""In one question: SQLite takes no more than some thousands."""
TERMS = ("promise", "calendar")
"""What the clocks of incidents are computed from: the journal keeps these entries whole."""
TOLD_TO_CLOCKS = tuple(f"{kind}/" for kind in (*TERMS, "escalation", "handling"))
TOLD_TO_APPROVALS = tuple(f"{kind}/" for kind in ("scheme", "person", "team", "service", "calendar"))
"""What says who decides, and until when."""
RUNNING = (IncidentState.NEW, IncidentState.IN_PROGRESS, IncidentState.ON_HOLD)


class Entry(Protocol):
    """One entry of a site, as `models.site` gives it."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def spec(self) -> dict[str, Any]: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Changes:
    """What differs between the site and the register: `kind/name`, sorted."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def compare(session: Session, entries: list[Any]) -> Changes:
    """What `apply` would change."""
    wanted = {(entry.kind, entry.name): entry.sha256 for entry in entries}
    found = {
        (kind, name): sha256
        for kind, table in TABLES.items()
        for name, sha256 in session.execute(select(table.name, table.sha256).where(table.retired_at.is_(None)))
    }
    return Changes(
        added=_names(wanted.keys() - found.keys()),
        changed=_names({key for key in wanted.keys() & found.keys() if wanted[key] != found[key]}),
        removed=_names(found.keys() - wanted.keys()),
    )


def _names(keys: Any) -> list[str]:
    return sorted(f"{kind}/{name}" for kind, name in keys)


def apply(session: Session, entries: list[Any], actor: str, now: datetime) -> Changes:
    """Make the register say what the site says: one transaction, all or nothing. Retires what is gone."""
    changes = compare(session, entries)
    differ = {*changes.added, *changes.changed}
    to_write = [entry for entry in entries if f"{entry.kind}/{entry.name}" in differ]
    for kind, group in groupby(sorted(to_write, key=_kind), key=_kind):
        _write(session, kind, list(group), now)
    for gone in changes.removed:
        kind, name = gone.split("/", 1)
        _one(session, kind, name).retired_at = now
    session.flush()
    _rewrite_links(session)
    if changes:
        session.execute(update(SiteEntry).values(revision=SiteEntry.revision + 1, applied_at=now))
    specs = {f"{entry.kind}/{entry.name}": entry.spec for entry in entries if entry.kind in TERMS}
    for verb, names in (("add", changes.added), ("change", changes.changed), ("retire", changes.removed)):
        for subject in names:
            facts = {"spec": specs[subject]} if subject in specs else {}
            journal.append(session, journal.Fact(f"operations:register:{verb}", subject, actor, facts=facts, at=now))
    if any(subject.startswith(TOLD_TO_CLOCKS) for subject in (*changes.added, *changes.changed, *changes.removed)):
        # Those of another tool that nobody has worked on here are not told about, whatever is promised now.
        untouched = and_(Incident.look_at.is_(None), Incident.id.in_(select(ImportedTicket.ticket_id)))
        session.execute(update(Incident).where(Incident.state.in_(RUNNING), ~untouched).values(look_at=now))
    if any(subject.startswith(TOLD_TO_APPROVALS) for subject in (*changes.added, *changes.changed, *changes.removed)):
        session.execute(update(Approval).where(Approval.state.in_(UNDECIDED)).values(look_at=now))
    return changes


def _kind(entry: Entry) -> str:
    return entry.kind


def _write(session: Session, kind: str, entries: Sequence[Entry], now: datetime) -> None:
    table = TABLES[kind]
    for first in range(0, len(entries), AT_ONCE):
        some = entries[first : first + AT_ONCE]
        # Also those that are retired: a name that comes back is the same thing again.
        rows = session.scalars(select(table).where(table.name.in_([entry.name for entry in some])))
        known = {row.name: row for row in rows}
        for entry in some:
            row = known.get(entry.name)
            if row is None:
                row = table(name=entry.name, registered_at=now, **({"applied_at": now} if table is SiteEntry else {}))
                session.add(row)
            row.title = str(entry.spec.get("title") or entry.spec.get("name") or entry.name)
            row.spec, row.sha256, row.retired_at = entry.spec, entry.sha256, None


def _one(session: Session, kind: str, name: str) -> Any:
    table = TABLES[kind]
    row = session.scalar(select(table).where(table.name == name))
    if row is None:
        raise NotFound(f"there is no {kind} {name!r} in the register: see `watchbill plan`")
    return row


def _rewrite_links(session: Session) -> None:
    """Memberships and relations are read off the entries in force."""
    session.execute(delete(Membership))
    session.execute(delete(Relation))
    for person in in_force(session, "person"):
        for team in person.spec.get("teams", []):
            session.add(Membership(person=person.name, team=team))
    for service in in_force(session, "service"):
        for other in service.spec.get("depends_on", []):
            session.add(Relation(source=f"service/{service.name}", verb="depends on", target=f"service/{other}"))
    for kind, verb in (("host", "runs"), ("job", "serves")):
        for row in in_force(session, kind):
            if row.spec.get("service"):
                target = f"service/{row.spec['service']}"
                session.add(Relation(source=f"{kind}/{row.name}", verb=verb, target=target))


def revision(session: Session) -> int:
    """How often the register changed."""
    return session.scalar(select(func.sum(SiteEntry.revision))) or 0


def in_force(session: Session, kind: str) -> list[Registered]:
    """The entries of one kind that are in force, by name."""
    table = TABLES[kind]
    return list(session.scalars(select(table).where(table.retired_at.is_(None)).order_by(table.name)))


def find(session: Session, kind: str, name: str) -> Registered:
    """One entry in force. Raises NotFound, which names what there is when the name is nearly right."""
    names = [row.name for row in in_force(session, kind)]
    if name not in names:
        near = [other for other in names if name in other or other in name][:3]
        hint = (
            f"; did you mean {', '.join(near)}?" if near else f"; there are {len(names)}: see `watchbill {kind} list`"
        )
        raise NotFound(f"there is no {kind} {name!r} in force{hint}")
    row: Registered = _one(session, kind, name)
    return row


def any_version(session: Session, kind: str, name: str) -> dict[str, Any]:
    """The last known specification of an entry, in force or retired. Raises NotFound."""
    return dict(_one(session, kind, name).spec)

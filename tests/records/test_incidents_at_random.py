"""Whatever is done to incidents, in whatever order: the states are legal, and the journal can tell them again."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import MoveRefused, Refused
from models.queries import incident_family, incident_major, incidents, journal
from models.queries.incident_major import Roles
from models.queries.journal import QUEUE
from models.queries.states import Because
from models.records import Incident, JournalRow
from models.rules.incident_rules import Grading, IncidentRules
from models.rules.incidents import NewIncident, Reopening, Solution
from models.vocabulary import HoldReason, IncidentState, LinkVerb, ResolutionCode

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
RULES = IncidentRules(
    close_after=timedelta(days=2),
    reopening=Reopening(most=2, within=timedelta(days=3)),
    updates={"business": timedelta(hours=1)},
)
MOST = 5
"""Incidents of one history."""
NEXT = {
    None: {"new"},
    "new": {"new", "in progress", "on hold", "resolved", "closed", "cancelled"},
    "in progress": {"in progress", "on hold", "resolved", "closed", "cancelled"},
    "on hold": {"in progress", "on hold", "resolved", "closed", "cancelled"},
    "resolved": {"in progress", "closed"},
    "closed": {"in progress", "closed"},
    "cancelled": set(),
}
"""From each state those that may follow it."""
WORKED_ON = {IncidentState.NEW, IncidentState.IN_PROGRESS, IncidentState.ON_HOLD}
ACTS = [
    "open", "take", "assign", "hold", "resume", "resolve", "reopen", "close", "cancel", "merge", "adopt",
    "set_priority", "escalate", "propose", "accept", "decline", "demote", "close_due",
]  # fmt: skip


@dataclass(frozen=True)
class Deed:
    """One thing that is tried."""

    act: str
    first: int
    second: int
    after: timedelta
    reason: HoldReason


DEEDS = st.builds(
    Deed,
    st.sampled_from(ACTS),
    st.integers(0, MOST - 1),
    st.integers(0, MOST - 1),
    st.sampled_from([timedelta(0), timedelta(minutes=1), timedelta(days=1)]),
    st.sampled_from(HoldReason),
)


class Desk:
    """Incidents to which deeds are done, one by one; a refused one leaves no trace."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, START
        self.known: list[Incident] = []

    def do(self, deed: Deed) -> None:
        """Try one, and look at what it must have done to the family."""
        self.now += deed.after
        if deed.act == "open" or not self.known:
            self.open(deed)
            return
        incident = self.known[deed.first % len(self.known)]
        other = self.known[deed.second % len(self.known)]
        written = len(self.session.info.get(QUEUE, []))
        try:
            with self.session.begin_nested():
                self.act(deed, incident, other)
        except (Refused, MoveRefused, incident_major.NotFound):
            del self.session.info.get(QUEUE, [])[written:]
            self.session.expire_all()
            return
        self.look_at_family(deed.act, incident, other)

    def open(self, deed: Deed) -> None:
        """A new one, or that of the same key."""
        if len(self.known) < MOST:
            key = f"{id(self)} {deed.second % 2}" if deed.second < 4 else None
            new = NewIncident("x", caller="zoe", correlation_key=key and key[:64])
            found = incidents.open_incident(self.session, new, Because("engine"), self.now, RULES)
            self.known += [found] if found not in self.known else []

    def act(self, deed: Deed, one: Incident, other: Incident) -> None:
        session, by, now = self.session, Because("ada", "why not"), self.now
        match deed.act:
            case "take" | "resume" | "close" | "cancel" | "escalate":
                getattr(incidents, deed.act)(session, one, by, now)
            case "assign":
                incidents.assign(session, one, ("web", "bob" if deed.second else None), by, now)
            case "hold":
                incidents.hold(session, one, deed.reason, by, now)
            case "resolve":
                solution = Solution(ResolutionCode.FIXED, f"in {deed.second} ways at {now.isoformat()}")
                incidents.resolve(session, one, solution, by, now, RULES)
            case "reopen":
                incidents.reopen(session, one, by, now, RULES)
            case "merge":
                incidents.merge(session, one, other, by, now)
            case "adopt":
                incidents.link(session, one, LinkVerb.PARENT_OF, f"incident/{other.id}", by, now)
            case "set_priority":
                incidents.set_priority(session, one, Grading("high", "low", f"P{1 + deed.second % 4}"), by, now, RULES)
            case "accept":
                incident_major.accept(session, one, Roles(), by, now, RULES)
            case "demote":
                incident_major.demote(session, one, by, now, RULES)
            case "propose" | "decline":
                getattr(incident_major, deed.act)(session, one, by, now)
            case "close_due":
                incidents.close_due(session, now)

    def look_at_family(self, act: str, incident: Incident, other: Incident) -> None:
        """Children go along, and every duplicate has the solution."""
        children = incident_family.children_of(self.session, incident)
        if act == "hold":
            assert not {child.state for child in children} & {IncidentState.NEW, IncidentState.IN_PROGRESS}
        if act in ("resolve", "reopen"):
            states = {child.state for child in children if child.moved_with_parent}
            assert act == "reopen" or not {child.state for child in children} & WORKED_ON
            assert act == "resolve" or IncidentState.RESOLVED not in states
        if act == "close":
            assert IncidentState.RESOLVED not in {child.state for child in children if child.moved_with_parent}
        if act == "merge":
            assert incident_family.original_of(self.session, incident).id != incident.id
            assert children == []
        for one in self.known:
            for duplicate in self.all_duplicates(one) if one.resolution and act == "resolve" else ():
                assert duplicate.resolution == one.resolution

    def all_duplicates(self, incident: Incident) -> list[Incident]:
        """Those merged into it, and those merged into these."""
        direct = incident_family.duplicates_of(self.session, incident)
        return direct + [far for near in direct for far in self.all_duplicates(near)]


def check_rows(incident: Incident, rows: list[JournalRow]) -> None:
    """The journal tells each state after another, and the last of everything is what the record says."""
    state: str | None = None
    facts: dict[str, object] = {}
    opened = 0
    for row in rows:
        if row.target is None:
            continue
        assert row.source == state, f"{row.tag} begins where the one before ended"
        assert row.target in NEXT[state], row.tag
        state = row.target
        facts |= json.loads(row.facts)
        opened += row.tag == "incidents:incident:reopen"
    assert state == incident.state.value
    for name in ("priority", "impact", "urgency", "team", "owner"):
        assert facts.get(name) == getattr(incident, name), name
    for name in ("hold_reason", "resolution_code", "resolution", "resolved_at", "closed_at", "close_at"):
        found = getattr(incident, name)
        assert facts.get(name) == (None if found is None else str(found)), name
    assert incident.reopened == opened


def check_record(incident: Incident) -> None:
    """State and times agree."""
    assert (incident.state is IncidentState.ON_HOLD) == (incident.hold_reason is not None)
    assert (incident.closed_at is not None) == (incident.state in incident_family.OVER)
    if incident.state in WORKED_ON:
        assert incident.resolved_at is incident.resolution is incident.close_at is None
    if incident.state is IncidentState.RESOLVED:
        assert incident.resolved_at is not None
        assert incident.close_at == incident.resolved_at + RULES.close_after
    times = [incident.opened_at, incident.resolved_at, incident.closed_at]
    known = [at for at in times if at is not None]
    assert known == sorted(known)
    assert incident.reopened <= RULES.reopening.most or incident.moved_with_parent


def check_major(session: Session, incident: Incident) -> None:
    """Its priority is `major` exactly while it is one, and its audiences are told exactly while it lasts."""
    major = incident_major.find(session, incident.id)
    assert (incident.priority == "major") == (major is not None and major.state == "accepted")
    waits = [row.due_at for row in incident_major.updates_of(session, incident.id) if row.due_at is not None]
    assert bool(waits) == (incident.priority == "major" and incident.state in WORKED_ON)
    if major is not None and major.state == "accepted":
        assert (major.review_due_at is None) == (incident.state in WORKED_ON)


def check_story(session: Session, known: list[int]) -> None:
    """Everything that holds at the end of a history."""
    for incident_id in known:
        incident = incidents.get(session, incident_id)
        check_record(incident)
        check_rows(incident, journal.rows_about(session, f"incident/{incident_id}"))
        check_major(session, incident)
    keys = defaultdict(list)
    for incident in session.scalars(select(Incident).where(Incident.correlation_key.is_not(None))):
        keys[incident.correlation_key].append(incident.state not in incident_family.OVER)
    assert all(sum(is_open) <= 1 for is_open in keys.values())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, min_size=3, max_size=25))
def test_every_history_is_legal_and_can_be_told_again(database: Database, deeds: list[Deed]) -> None:
    with database.write() as session:
        desk = Desk(session)
        for deed in deeds:
            desk.do(deed)
        known = [incident.id for incident in desk.known]
    with database.read() as session:
        check_story(session, known)

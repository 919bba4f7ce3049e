"""Whatever happens to incidents, the kept clocks are what the journal says: deleted and computed anew, the same."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import Refused
from models.queries import clock_cache, incident_clocks, incidents
from models.records import Incident, IncidentClock, JournalRow
from models.rules.incident_rules import Grading
from models.rules.service_clock import ClockState
from models.vocabulary import HoldReason, IncidentState
from tests.records.incident_site import ANNA, DAY, FIXED, HOUR, INCIDENTS, MINUTE, MONDAY, apply, kept, opened

GRADES = [Grading("high", "high", "P1"), Grading("high", "medium", "P2"), Grading("medium", "medium", "P3")]
VERSIONS = [INCIDENTS, INCIDENTS.replace("P1: 4h", "P1: 5h"), INCIDENTS.split("  hoster:")[0]]
MOVES = st.sampled_from(["take", "assign", "grade", "hold", "resume", "resolve", "reopen", "cancel", "look", "site"])
STEPS = st.one_of(st.timedeltas(timedelta(0), 30 * HOUR), st.sampled_from([timedelta(0), MINUTE, HOUR, DAY]))
HISTORIES = st.lists(st.tuples(MOVES, st.integers(0, 2), STEPS), min_size=1, max_size=14)
NEW, WORK, HOLD = IncidentState.NEW, IncidentState.IN_PROGRESS, IncidentState.ON_HOLD
MAY = {
    "take": {NEW, WORK},
    "assign": {NEW, WORK, HOLD},
    "grade": {NEW, WORK, HOLD},
    "hold": {NEW, WORK},
    "resume": {HOLD},
    "resolve": {NEW, WORK, HOLD},
    "reopen": {IncidentState.RESOLVED},
    "cancel": {NEW},
}


class Incidents:
    """A database with one site, on which one history after the other is played; the clock never goes back."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.now = database, folder, MONDAY

    def play(self, history: list[tuple[str, int, timedelta]]) -> int:
        with self.database.write() as session:
            number = opened(session, self.now).id
        for action, choice, step in history:
            self.now += step
            if action == "site":
                apply(self.database, self.folder, VERSIONS[choice], self.now)
                continue
            with self.database.write() as session:
                incident = incidents.get(session, number)
                if incident.state in MAY.get(action, set()):
                    self._move(session, incident, (action, choice), self.now)
            if action == "look":
                with self.database.write() as session:
                    incident_clocks.look(session, self.now)
        return number

    def _move(self, session: Session, incident: Incident, what: tuple[str, int], now: datetime) -> None:
        match what:
            case "take", _:
                incidents.take(session, incident, ANNA, now)
            case "assign", choice:
                incidents.assign(session, incident, (("web-team", "data-team", None)[choice], None), ANNA, now)
            case "grade", choice:
                incidents.set_priority(session, incident, GRADES[choice], ANNA, now)
            case "hold", choice:
                incidents.hold(session, incident, list(HoldReason)[choice], ANNA, now)
            case "resume", _:
                incidents.resume(session, incident, ANNA, now)
            case "resolve", _:
                incidents.resolve(session, incident, FIXED, ANNA, now)
            case "reopen", _:
                try:
                    incidents.reopen(session, incident, ANNA, now)
                except Refused:
                    return
            case "cancel", _:
                incidents.cancel(session, incident, ANNA, now)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Incidents:
    apply(database, tmp_path / "site")
    return Incidents(database, tmp_path / "site")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORIES, STEPS)
def test_deleted_and_computed_anew_every_clock_is_the_same(
    world: Incidents, history: list[tuple[str, int, timedelta]], later: timedelta
) -> None:
    number = world.play(history)
    world.now += later
    with world.database.write() as session:
        incident_clocks.look(session, world.now)
    with world.database.write() as session:
        before = kept(session, number)
        # What waits for a later moment was read earlier: a repair computes it as of that moment.
        assert clock_cache.rebuild(session, world.now).differences == []
        assert kept(session, number) == before
        session.execute(delete(IncidentClock))
        read_at = {row[-1] for row in before}
        clock_cache.rebuild(session, read_at.pop() if read_at else world.now, [number])
        assert kept(session, number) == before
        states = session.scalars(select(IncidentClock.state).where(IncidentClock.incident_id == number)).all()
        state = incidents.get(session, number).state
        assert state not in {IncidentState.RESOLVED, IncidentState.CANCELLED} or ClockState.RUNNING not in states


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORIES, st.integers(1, 4))
def test_looking_again_at_the_same_moment_does_nothing(
    world: Incidents, history: list[tuple[str, int, timedelta]], times: int
) -> None:
    world.play(history)
    with world.database.write() as session:
        incident_clocks.look(session, world.now)
    with world.database.read() as session:
        rows = len(session.scalars(select(JournalRow.seq)).all())
    for _ in range(times):
        with world.database.write() as session:
            for incident in session.scalars(select(Incident)):
                incident.look_at = world.now if incident.state in {NEW, WORK, HOLD} else None
            session.flush()
            incident_clocks.look(session, world.now)
    with world.database.read() as session:
        assert len(session.scalars(select(JournalRow.seq)).all()) == rows

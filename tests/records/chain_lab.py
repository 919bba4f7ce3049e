"""What a causal chain is made of, on a real database: work, alerts and a year of incidents."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from models.database import Database
from models.records import Alert, AlertChange, AlertPolicyRow, Job, Run, Slot
from models.vocabulary import (
    AlertAction,
    AlertState,
    EventClass,
    EventStatus,
    Outcome,
    RunState,
    Severity,
    SlotState,
    Standing,
    Trigger,
)
from tests.records.problem_year import Year, at

MINUTE = timedelta(minutes=1)
DUE = at(6) + timedelta(hours=2)


@dataclass
class Lab:
    """A year with what else a chain is made of."""

    year: Year

    def work(self, due: datetime, outcome: Outcome, event: int | None = None) -> tuple[int, int]:
        """An expected run and its run."""
        session = self.year.session
        state = SlotState.DONE if outcome is Outcome.OK else SlotState.FAILED
        slot = Slot(job="nightly", due_at=due, state=state, planned_at=due, settled_at=due, event_id=event)
        session.add(slot)
        session.flush()
        run = Run(
            job="nightly", slot_id=slot.id, trigger=Trigger.SCHEDULE, state=RunState.ENDED, outcome=outcome, plan={},
            requested_by="planner", queued_at=due, started_at=due, ended_at=due + 4 * MINUTE,
            summary="app1: exit code 3",
        )  # fmt: skip
        session.add(run)
        session.flush()
        return slot.id, run.id

    def alert(self, number: int, fired: datetime, incident: int | None, **more: Any) -> str:
        """An alert of one episode; gives its subject."""
        self.year.session.add(Alert(**{**_facts(number, fired, incident), **more}))
        self.year.session.flush()
        self.changed(number, fired, AlertAction.FIRE)
        return f"alert/{number}/1"

    def storm(self, number: int, fired: datetime, incident: int) -> None:
        """So many alerts, a minute apart."""
        times = {key: fired + key * MINUTE for key in range(1, number + 1)}
        self.year.session.execute(insert(Alert), [_facts(key, when, incident) for key, when in times.items()])
        fire = {"action": AlertAction.FIRE, "target": AlertState.FIRING, "actor": "events", "reason": "because"}
        changes = [{"alert_id": key, "episode": 1, "at": when, **fire} for key, when in times.items()]
        self.year.session.execute(insert(AlertChange), changes)

    def changed(self, number: int, when: datetime, action: AlertAction, episode: int = 1) -> None:
        change = AlertChange(alert_id=number, episode=episode, at=when, action=action, actor="events", reason="because")
        change.target = AlertState.FIRING if action is AlertAction.FIRE else AlertState.RESOLVED
        self.year.session.add(change)
        self.year.session.flush()


def _facts(number: int, fired: datetime, incident: int | None) -> dict[str, Any]:
    return {
        "id": number, "fingerprint": f"{number:032d}", "source": "prometheus", "name": "HttpDown",
        "event_class": EventClass.EXCEPTION, "severity": Severity.HIGH, "service": "shop", "host": None,
        "scope": "service:shop", "labels": {}, "details": {}, "status": EventStatus.FIRING,
        "state": AlertState.FIRING, "standing": Standing.OPEN, "episode": 1, "events": 1, "created_at": fired,
        "fired_at": fired, "firing_since": fired, "seen_at": fired, "as_of": fired, "changed_at": fired,
        "flaps": "", "is_flapping": False, "counted": "", "is_reached": True, "digest": "0", "repeats": "",
        "policy_id": 1, "is_for_incident": True, "incident_id": incident, "is_drill": False,
    }  # fmt: skip


def lab_of(database: Database, folder: Path) -> Lab:
    year = Year(database, folder)
    with year.at_once() as session:
        session.add(Job(name="nightly", title="Nightly", spec={}, sha256="0" * 64, registered_at=at(1)))
        session.add(AlertPolicyRow(id=1, digest="0", spec={}))
    return Lab(year)

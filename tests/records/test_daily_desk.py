"""What the daily log says of incidents, alerts and events."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.database import Database
from models.queries import incident_major, incidents
from models.queries.daily_operations import DailyOperations
from models.queries.daily_operations.content import Mood
from models.queries.incident_major import Roles
from models.queries.states import Because
from models.records import (
    Alert,
    AlertChange,
    AlertPolicyRow,
    InboxRow,
    Incident,
    IncidentClock,
    Silence,
)
from models.rules.clock_promises import Agreement, Measure
from models.rules.incidents import NewIncident, Solution
from models.rules.service_clock import ClockState
from models.vocabulary import (
    AlertAction,
    AlertState,
    EventClass,
    EventFormat,
    EventStatus,
    HoldReason,
    Outcome,
    ResolutionCode,
    Severity,
    Standing,
)
from tests.records.night import NOW, Night, at

ANNA = Because("anna")


def opened(session: Session, title: str, impact: str, urgency: str, hour: float, **more: object) -> Incident:
    new = NewIncident(title, impact=impact, urgency=urgency, **more)  # type: ignore[arg-type]
    return incidents.open_incident(session, new, ANNA, at(hour))


def clock(incident: Incident, measure: Measure, due: datetime, *, breached: datetime | None = None) -> IncidentClock:
    state = ClockState.BREACHED if breached else ClockState.RUNNING
    return IncidentClock(
        incident_id=incident.id, agreement=Agreement.SLA, measure=measure, promise="house", state=state, target="4h",
        is_held=False, due_at=due, warn_at=None, breached_at=breached, stopped_at=None, business_seconds=0.0,
        actual_seconds=0.0, read_at=NOW,
    )  # fmt: skip


def alert(key: int, name: str, standing: Standing, **more: object) -> Alert:
    state = AlertState.RESOLVED if standing is Standing.OVER else AlertState.FIRING
    values: dict[str, object] = {
        "id": key,
        "fingerprint": f"{key:032}",
        "source": "prometheus",
        "name": name,
        "event_class": EventClass.EXCEPTION,
        "severity": Severity.CRITICAL,
        "service": "shop",
        "host": None,
        "scope": "service:shop",
        "labels": {},
        "details": {},
        "status": EventStatus.FIRING,
        "state": state,
        "standing": standing,
        "episode": 1,
        "events": 7,
        "created_at": at(20),
        "fired_at": at(20),
        "firing_since": at(20),
        "seen_at": at(20),
        "as_of": at(20),
        "changed_at": at(20),
        "flaps": "",
        "is_flapping": False,
        "counted": "",
        "is_reached": False,
        "digest": "",
        "repeats": "",
        "policy_id": 1,
        "is_drill": False,
        "is_for_incident": True,
    }
    return Alert(**{**values, **more})


def change(alert_id: int, action: AlertAction, hour: float) -> AlertChange:
    return AlertChange(
        alert_id=alert_id, episode=1, at=at(hour), action=action, source=None, target=AlertState.FIRING,
        actor="events", reason="because",
    )  # fmt: skip


def inbox(count: int, hour: float, *, quarantined: bool = False) -> InboxRow:
    return InboxRow(
        source="prometheus", format=EventFormat.ALERTMANAGER, count=count, body=b"", received_at=at(hour),
        next_try_at=at(hour), quarantined_at=at(hour) if quarantined else None,
        processed_at=None if quarantined else at(hour),
    )  # fmt: skip


def eventful_desk(night: Night) -> DailyOperations:
    with night.at_once() as session:
        night.site()
        night.service("shop", "Web shop", 1)
        night.alive()
        grave = opened(session, "Shop is down", "high", "high", 20, service="shop", team="web-team")
        late = opened(session, "Slow printer", "low", "low", 21, owner="bo")
        held = opened(session, "No tape", "low", "medium", 22, owner="bo")
        solved = opened(session, "Disk full", "low", "low", 23, correlation_key="k1")
        incident_major.propose(session, grave, Because("rules", "it is the shop"), at(20))
        opened(session, "A drill", "high", "high", 23, is_drill=True)
        incidents.take(session, held, ANNA, at(22))
        incidents.hold(session, held, HoldReason.SUPPLIER, ANNA, at(22))
        solution = Solution(ResolutionCode.CLEARED_BY_ITSELF, "it cleared")
        incidents.resolve(session, solved, solution, ANNA, at(23.5))
        session.add(clock(grave, Measure.OWN, NOW + timedelta(hours=2)))
        session.add(clock(late, Measure.RESOLVE, at(24), breached=at(24)))
        session.add(AlertPolicyRow(id=1, digest="x", spec={}))
        session.flush()
        session.add_all(
            [
                alert(1, "Down", Standing.OPEN),
                alert(2, "Bouncing", Standing.FLAPPING, is_flapping=True, service=None, host="web1"),
                alert(3, "Gone", Standing.OVER),
            ]
        )
        session.flush()
        session.add_all(
            [
                change(1, AlertAction.FIRE, 20),
                change(2, AlertAction.FIRE, 20),
                change(2, AlertAction.RESOLVE, 20.1),
                change(2, AlertAction.START_FLAPPING, 20.2),
                change(3, AlertAction.FIRE, 20),
                change(3, AlertAction.FIRE, 1),  # before the period
                inbox(400, 20),
                inbox(3, 21, quarantined=True),
                Silence(
                    matchers='{service="shop"}', author="bo", comment="known", created_at=at(20), starts_at=at(20),
                    ends_at=NOW + timedelta(hours=3),
                ),
            ]
        )  # fmt: skip
    return night.log()


def test_the_log_tells_grave_and_broken_incidents_and_counts_the_others(database: Database) -> None:
    log = eventful_desk(Night(database))
    told = [(one.title, one.priority, one.broken, one.is_grave) for one in log.desk.incidents]
    assert told == [("Shop is down", "P1", (), True), ("Slow printer", "P4", ("SLA, time to resolve",), False)]
    assert (log.desk.others, log.desk.incidents[0].promised) == (1, "SLA, time to own")
    assert log.verdict.mood is Mood.NEEDS_YOU
    assert log.verdict.needs[0].startswith("INC000001 (P1) Shop is down: since")
    assert "nobody owns it" in log.verdict.needs[0]
    assert "broken: SLA, time to resolve" in log.verdict.needs[1]
    assert log.verdict.needs[2].startswith("1 request with events could not be worked off")


def test_a_job_that_has_an_incident_is_told_once(database: Database) -> None:
    night = Night(database)
    with night.at_once() as session:
        night.site()
        night.job("dump-db")
        night.alive()
        night.ran("dump-db", at(20), Outcome.FAILED)
        failed = opened(session, "job dump-db", "high", "high", 20.5)
        session.add(AlertPolicyRow(id=1, digest="x", spec={}))
        session.flush()
        session.add(
            alert(1, "job dump-db", Standing.OPEN, source="jobs", labels={"job": "dump-db"}, incident_id=failed.id)
        )
    needs = night.log().verdict.needs
    assert len(needs) == 1
    assert "INC000001 (P1) job dump-db: " in needs[0]
    assert needs[0].endswith("nobody owns it, failed, no good run since.")


def test_the_next_shift_watches_what_waits_is_due_silenced_or_flaps(database: Database) -> None:
    log = eventful_desk(Night(database))
    assert [(one.word, one.what) for one in log.desk.watch] == [
        ("candidate", "INC000001 Shop is down"),
        ("on hold", "INC000003 No tape"),
        ("due", "INC000001 Shop is down"),
        ("silence", 'SIL000001 {service="shop"}'),
        ("flapping", "Bouncing of web1"),
    ]
    [degraded] = log.desk.degraded
    assert (degraded.title, degraded.tier, degraded.incidents, degraded.alerts) == ("Web shop", 1, ("INC000001",), 1)


def test_a_review_that_is_due_is_watched(database: Database) -> None:
    night = Night(database)
    with night.at_once() as session:
        night.site()
        night.alive()
        one = opened(session, "Shop was down", "high", "high", 1)
        incident_major.propose(session, one, Because("rules", "it is the shop"), at(1))
        incident_major.accept(session, one, Roles(), Because("eva", "it is"), at(1))
        incidents.take(session, one, ANNA, at(1))
        incidents.resolve(session, one, Solution(ResolutionCode.FIXED, "restarted"), ANNA, at(2))
    assert night.log(now=NOW).desk.watch == ()
    late = night.log(now=NOW + timedelta(days=30))
    assert [(line.word, line.what) for line in late.desk.watch] == [("review", "INC000001 Shop was down")]


def test_the_log_counts_from_events_to_conditions_to_incidents(database: Database) -> None:
    events = eventful_desk(Night(database)).events
    assert (events.events, events.requests, events.quarantined) == (403, 2, 1)
    assert (events.alerts, events.opened, events.resolved, events.by_themselves, events.flapping) == (3, 1, 1, 1, 1)
    assert [(one.service, one.alerts, one.fired, one.open) for one in events.services] == [
        ("shop", 2, 2, 1),
        (None, 1, 1, 1),
    ]
    assert [(one.name, one.changes, one.is_flapping) for one in events.noisiest] == [("Bouncing", 3, True)]

"""The timeline of an incident is read from what is known anyway, and nothing is said twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.database import Database
from models.queries import desk_incidents, incidents, notices
from models.queries.incident_timeline import Source, timeline
from models.queries.states import Because
from models.records import Alert, AlertChange, AlertPolicyRow
from models.rules.incident_words import in_words
from models.rules.incidents import NewIncident
from models.vocabulary import (
    AlertAction,
    AlertState,
    EventClass,
    EventStatus,
    HoldReason,
    LinkVerb,
    Severity,
    Standing,
)
from tests.sites import apply_site, job, write_site

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADA = Because("ada")


def test_everything_stands_in_the_order_in_which_it_happened(database: Database, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site", job("check"))
    (folder / "people.yaml").write_text("teams:\n  ops: {title: Operations, mail: ops@example.org}\n")
    (folder / "notices.yaml").write_text("mail: {host: mx.example.org, sender: watch@example.org}\n")
    apply_site(database, folder, NOW)
    with database.write() as session:
        incident = incidents.open_incident(session, NewIncident("x", team="ops"), ADA, NOW)
        incidents.note(session, incident, "ada", "we are on it", public=True, now=NOW + 2 * MINUTE)
        incidents.hold(session, incident, HoldReason.SUPPLIER, Because("ada", "part ordered"), NOW + MINUTE)
        notices.about_incident(session, incident, "opened", "", NOW + 3 * MINUTE)
        incidents.link(session, incident, LinkVerb.RELATED_TO, "host/web1", ADA, NOW + 4 * MINUTE)
    with database.read() as session:
        found = timeline(session, incidents.get(session, incident.id))
    assert [(entry.source, entry.text, entry.reason) for entry in found] == [
        (Source.JOURNAL, "opened with priority P3, for ops", None),
        (Source.JOURNAL, "on hold, waits for: supplier", "part ordered"),
        (Source.NOTE, "we are on it", None),
        (Source.NOTICE, "incident-opened to ops@example.org: waiting", None),
        (Source.JOURNAL, "related to host/web1", None),
    ]
    assert [entry.is_public for entry in found] == [True, True, True, False, True]


def alert_row(policy: AlertPolicyRow, number: int, incident_id: int, standing: Standing) -> Alert:
    state = AlertState.RESOLVED if standing is Standing.OVER else AlertState.FIRING
    return Alert(
        id=number,
        fingerprint=f"{number:032d}",
        source="probe",
        name=f"Alert{number}",
        event_class=EventClass.EXCEPTION,
        severity=Severity.CRITICAL,
        service="shop",
        host="web1",
        scope="service:shop",
        labels={},
        details={},
        status=EventStatus.FIRING,
        state=state,
        standing=standing,
        muted_by=None,
        muted_reason=None,
        episode=1,
        events=1,
        created_at=NOW,
        fired_at=NOW + number * MINUTE,
        firing_since=NOW,
        seen_at=NOW,
        as_of=NOW,
        changed_at=NOW,
        flaps="",
        is_flapping=False,
        counted="",
        is_reached=True,
        digest="0" * 32,
        repeats="",
        policy_id=policy.id,
        is_for_incident=True,
        incident_id=incident_id,
        is_drill=False,
    )


@pytest.fixture
def with_alerts(database: Database) -> int:
    """An incident with three alerts, one of them over, and one change of each; its key."""
    with database.write() as session:
        incident = incidents.open_incident(session, NewIncident("x"), ADA, NOW)
        policy = AlertPolicyRow(digest="0" * 32, spec={})
        session.add(policy)
        session.flush()
        for number, standing in ((1, Standing.OPEN), (2, Standing.OVER), (3, Standing.HELD)):
            session.add(alert_row(policy, number, incident.id, standing))
            session.flush()
            session.add(
                AlertChange(
                    alert_id=number,
                    episode=1,
                    at=NOW + number * MINUTE,
                    action=AlertAction.FIRE,
                    target=AlertState.FIRING,
                    actor="probe",
                    reason="it answers 503",
                )
            )
        return incident.id


def test_its_alerts_stand_in_it(database: Database, with_alerts: int) -> None:
    with database.read() as session:
        found = [one for one in timeline(session, incidents.get(session, with_alerts)) if one.source is Source.ALERT]
        assert [(entry.text, entry.reason, entry.is_public) for entry in found] == [
            (f"Alert{number} on web1: fire", "it answers 503", False) for number in (1, 2, 3)
        ]


def test_the_alerts_that_are_not_over_come_first(database: Database, with_alerts: int) -> None:
    with database.read() as session:
        assert [alert.id for alert in desk_incidents.alerts_of(session, with_alerts, 10)] == [3, 1, 2]
        assert [alert.id for alert in desk_incidents.alerts_of(session, with_alerts, 1)] == [3]
        assert desk_incidents.open_alerts(session, [with_alerts]) == {with_alerts: 2}
        assert desk_incidents.number_of_alerts(session, with_alerts) == 3


@pytest.mark.parametrize(
    ("action", "facts", "says"),
    [
        ("open", {"priority": "P2", "team": None}, "opened with priority P2"),
        ("assign", {"team": "ops", "owner": "ada"}, "given to ada in ops"),
        ("assign", {"team": "ops", "owner": None}, "given to ops"),
        ("assign", {"team": None, "owner": None}, "given to nobody"),
        ("set-priority", {"priority": "major"}, "priority major"),
        ("escalate", {"escalation": 2}, "escalated"),
        ("link", {"verb": "caused by", "target": "run/7"}, "caused by RUN000007"),
        ("unlink", {"verb": "part of", "target": "incident/12"}, "no more part of INC000012"),
        ("promises", {"promises": []}, "promised: nothing"),
        ("appoint", {"commander": "ada", "liaison": "bob"}, "major incident: commander ada, liaison bob"),
        ("something-else", {}, "something else"),
    ],
)
def test_a_row_of_the_journal_is_said_in_few_words(action: str, facts: dict[str, object], says: str) -> None:
    assert in_words(action, facts) == says

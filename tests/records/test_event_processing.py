"""From the inbox to alerts, groups and incidents, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.database import Database
from models.queries import incidents, journal
from models.queries.states import Because
from models.records import AlertChange, Event, WorkNote
from models.rules.alert_thresholds import Threshold
from models.rules.event_policies import IncidentRule, Opens
from models.rules.event_rule import EventRule, PolicyRule
from models.rules.flapping import FlapThresholds
from models.rules.incidents import Solution
from models.rules.inhibition import InhibitRule
from models.rules.routing import Route
from models.vocabulary import AlertState, EventFormat, EventStatus, IncidentState, ResolutionCode, Severity, Standing
from tests.records.events_lab import AT_ONCE, Lab, event


@pytest.fixture
def lab(database: Database) -> Lab:
    return Lab(database)


def test_an_event_becomes_an_alert_its_group_and_an_incident(lab: Lab) -> None:
    done = lab.told(0, event("+DiskFull host=web1 team=ops", text="91 % of /"))
    assert (done.events, done.repeated, len(done.alerts)) == (1, 0, 1)
    alert, incident, (group,) = lab.alert(), lab.incident(), lab.groups()
    assert (alert.name, alert.source, alert.state, alert.standing) == ("DiskFull", "prometheus", "firing", "open")
    assert (alert.episode, alert.events, alert.seen_at, alert.details["text"]) == (1, 1, lab.now(0), "91 % of /")
    assert (alert.group_id, alert.incident_id, group.incident_id) == (group.id, incident.id, incident.id)
    assert (incident.title, incident.state, incident.source) == ("DiskFull", IncidentState.NEW, "event")
    assert incident.correlation_key == group.key
    assert incident.description == "high: DiskFull since 2026-11-21T12:00Z: 91 % of /"
    assert lab.actions() == ["fire"]


def test_the_same_event_again_is_counted_and_nothing_else(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1")
    before = lab.alert()
    done = lab.told(60, "+DiskFull host=web1", "+DiskFull host=web1")
    after = lab.alert()
    assert (done.repeated, done.alerts) == (2, [])
    assert (after.events, after.seen_at) == (3, lab.now(60))
    same = {column.name for column in before.__table__.c} - {"events", "seen_at"}
    assert {name for name in same if getattr(before, name) != getattr(after, name)} == set()
    with lab.database.read() as session:
        tags = [row.tag for row in session.scalars(select(journal.JournalRow))]
    assert tags.count("events:inbox:process") == 1, "what changed nothing is no fact"


def test_a_request_that_comes_late_does_not_make_an_alert_older(lab: Lab) -> None:
    for second in (0, 60):
        lab.told(second, "+DiskFull host=web1")
    lab.send(30, "+DiskFull host=web1")
    lab.work(90)
    assert (lab.alert().events, lab.alert().seen_at) == (3, lab.now(60))


def test_what_an_event_says_anew_is_taken_over(lab: Lab) -> None:
    lab.told(0, event("+DiskFull host=web1", text="91 %"))
    lab.told(9, event("+DiskFull host=web1", Severity.CRITICAL, text="99 %"))
    alert = lab.alert()
    assert (alert.severity, alert.details["text"], alert.events) == (Severity.CRITICAL, "99 %", 2)
    lab.told(12, event("-DiskFull host=web1", Severity.INFO, text=""))
    alert = lab.alert()
    assert (alert.severity, alert.details["text"], alert.state) == (Severity.CRITICAL, "99 %", AlertState.RESOLVED)


def test_the_journal_says_what_a_request_changed(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1", "+DiskFull host=web2")
    lab.told(9, "-DiskFull host=web1")
    with lab.database.read() as session:
        rows = session.scalars(select(journal.JournalRow).where(journal.JournalRow.tag == "events:inbox:process")).all()
        assert [(row.subject, row.facts) for row in rows] == [("inbox/1", '{"fire":2}'), ("inbox/2", '{"resolve":1}')]
        journal.verify(session)


def test_an_event_that_only_says_that_something_happened_is_received_and_leaves_no_alert(lab: Lab) -> None:
    said = event("+load-done")._replace(format=EventFormat.WATCHBILL, status=EventStatus.INFORMATIONAL)
    other = event("+CronDone")._replace(severity=Severity.INFO)
    done = lab.told(0, said, other, source="dwh")
    assert (done.received, done.ignored, lab.alerts()) == (1, 1, [])
    with lab.database.read() as session:
        (received,) = session.scalars(select(Event))
        assert (received.name, received.sent_by) == ("load-done", "dwh")


def test_400_events_of_one_matter_are_one_incident(lab: Lab) -> None:
    lab.told(0, *(event(f"+HostDown host=web{n}") for n in range(400)))
    assert (len(lab.alerts()), len(lab.incidents())) == (400, 1)
    assert lab.incident().description.endswith("and 390 more")
    assert {alert.incident_id for alert in lab.alerts()} == {1}


def test_an_incident_resolves_itself_when_all_its_alerts_have(lab: Lab) -> None:
    lab.told(0, "+HostDown host=web1", "+HostDown host=web2")
    lab.told(9, "-HostDown host=web1")
    assert lab.incident().state is IncidentState.NEW
    lab.told(12, "-HostDown host=web2")
    incident = lab.incident()
    assert (incident.state, incident.resolution_code) == (IncidentState.RESOLVED, ResolutionCode.CLEARED_BY_ITSELF)
    assert incident.resolution == "all its alerts are resolved"


def test_it_waits_for_a_person_where_the_rules_say_so(lab: Lab) -> None:
    lab.handled(defaults=PolicyRule(incident=IncidentRule(resolves_itself=False)))
    lab.told(0, "+HostDown host=web1")
    lab.told(9, "-HostDown host=web1")
    assert lab.incident().state is IncidentState.NEW


@pytest.mark.parametrize(("after", "numbers", "state"), [(3600, 1, "in progress"), (3601, 2, "new")])
def test_what_fires_again_reopens_its_incident_or_opens_one_that_is_linked_to_it(
    lab: Lab, after: int, numbers: int, state: str
) -> None:
    lab.told(0, "+HostDown host=web1")
    lab.told(10, "-HostDown host=web1")
    lab.told(10 + after, "+HostDown host=web1")
    found = lab.incidents()
    assert (len(found), found[-1].state) == (numbers, state)
    assert lab.alert().incident_id == found[-1].id
    assert lab.alert().episode == numbers
    if numbers == 2:
        assert found[0].state is IncidentState.CLOSED
        with lab.database.read() as session:
            (link,) = incidents.tickets.links_of(session, found[1].id)
            assert (link.verb, link.target) == ("related to", "incident/1")


def test_what_a_person_resolved_while_it_fires_asks_again_after_the_repeat_and_not_before(lab: Lab) -> None:
    lab.handled(route=replace(AT_ONCE, repeat_interval=timedelta(minutes=30)))
    lab.told(0, "+HostDown host=web1")
    with lab.database.write() as session:
        incident = incidents.get(session, 1)
        incidents.resolve(session, incident, Solution(ResolutionCode.FIXED, "restarted"), Because("ann"), lab.now(60))
    lab.told(90, "+HostDown host=web2")
    assert lab.incident().state is IncidentState.IN_PROGRESS, "another alert is another matter: it reopens"
    with lab.database.write() as session:
        incident = incidents.get(session, 1)
        incidents.resolve(session, incident, Solution(ResolutionCode.FIXED, "restarted"), Because("ann"), lab.now(120))
    lab.look(1_800)
    assert lab.incident().state is IncidentState.RESOLVED
    lab.look(1_920)
    assert lab.incident().state is IncidentState.IN_PROGRESS


def test_an_alert_whose_incident_was_cancelled_opens_another_only_when_it_fires_anew(lab: Lab) -> None:
    lab.told(0, "+HostDown host=web1")
    with lab.database.write() as session:
        incidents.cancel(session, incidents.get(session, 1), Because("ann", "a test"), lab.now(5))
    lab.told(9, "+HostDown host=web1")
    assert len(lab.incidents()) == 1
    lab.told(12, "-HostDown host=web1")
    lab.told(15, "+HostDown host=web1")
    assert [one.state for one in lab.incidents()] == [IncidentState.CANCELLED, IncidentState.NEW]


def test_what_was_merged_is_answered_for_by_the_original(lab: Lab) -> None:
    lab.told(0, "+HostDown host=web1", "+LinkDown host=web1")
    with lab.database.write() as session:
        incidents.merge(session, incidents.get(session, 2), incidents.get(session, 1), Because("ann"), lab.now(5))
    lab.told(9, "+LinkDown host=web2")
    assert [one.state for one in lab.incidents()] == [IncidentState.NEW, IncidentState.CLOSED]
    assert lab.alerts()[2].incident_id == 1


def test_a_group_is_collected_before_it_opens_an_incident(lab: Lab) -> None:
    lab.handled(route=replace(AT_ONCE, group_wait=timedelta(seconds=30)))
    lab.told(0, "+HostDown host=web1")
    lab.look(29)
    assert lab.incidents() == []
    lab.told(20, "-HostDown host=web1", "+HostDown host=web2")
    lab.look(30)
    assert lab.incident().description.startswith("high: HostDown since")
    assert [alert.incident_id for alert in lab.alerts()] == [None, 1], "what was over before belongs to none"


def test_what_has_fired_for_longer_than_the_wait_is_not_held_back(lab: Lab) -> None:
    lab.handled(route=replace(AT_ONCE, group_wait=timedelta(seconds=30)))
    lab.told(60, event("+HostDown host=web1", started_at=lab.now(0)))
    assert len(lab.incidents()) == 1


def test_a_warning_opens_nothing_and_joins_nothing(lab: Lab) -> None:
    lab.told(0, event("+DiskFull host=web1", Severity.WARNING))
    assert (lab.alert().standing, lab.incidents()) == (Standing.OPEN, [])
    lab.told(5, event("+DiskFull host=web2"))
    assert [alert.incident_id for alert in lab.alerts()] == [None, 1]
    lab.told(9, event("-DiskFull host=web2"))
    assert lab.incident().state is IncidentState.RESOLVED, "the warning does not keep it open"


def test_a_group_that_begins_anew_follows_the_rules_of_now(lab: Lab) -> None:
    lab.told(0, "+HostDown host=web1")
    lab.told(9, "-HostDown host=web1")
    lab.look(400)
    lab.handled(defaults=PolicyRule(incident=IncidentRule(resolves_itself=False)))
    lab.memory = None
    lab.told(7_200, "+HostDown host=web1")
    lab.told(7_210, "-HostDown host=web1")
    assert [one.state for one in lab.incidents()] == [IncidentState.CLOSED, IncidentState.NEW]


def test_a_candidate_asks_a_person_once(lab: Lab) -> None:
    lab.handled(defaults=PolicyRule(incident=IncidentRule(opens=Opens.CANDIDATE)))
    lab.told(0, "+HostDown host=web1")
    lab.told(5, "+HostDown host=web2")
    (group,) = lab.groups()
    assert (lab.incidents(), group.candidate_at) == ([], lab.now(0))
    with lab.database.read() as session:
        (row,) = journal.rows_about(session, "alert_group/1")
        assert (row.tag, row.reason) == ("events:group:ask", "1 alert firing; a person decides")


def test_a_threshold_and_a_delay_keep_an_alert_from_opening_an_incident_until_they_are_over(lab: Lab) -> None:
    lab.handled(defaults=PolicyRule(threshold=Threshold(3, timedelta(minutes=1)), delay=timedelta(seconds=30)))
    lab.told(0, "+LoginFailed host=web1", "+LoginFailed host=web1")
    assert lab.alert().muted_reason == "2 of 3 events in 1m"
    lab.told(5, "+LoginFailed host=web1")
    assert (lab.alert().muted_by, lab.incidents()) == ("delay", [])
    lab.look(29)
    assert lab.incidents() == []
    lab.look(30)
    assert (len(lab.incidents()), lab.actions()) == (1, ["fire", "outlast"])


def test_a_flapping_source_is_one_incident_that_says_so(lab: Lab) -> None:
    lab.handled(defaults=PolicyRule(flapping=FlapThresholds(), delay=timedelta(seconds=30)))
    for second in range(0, 50, 5):
        lab.told(second, f"{'-' if second % 10 else '+'}LinkDown host=sw1")
    incident = lab.incident()
    assert (incident.title, incident.state) == ("LinkDown (flapping)", IncidentState.NEW)
    with lab.database.read() as session:
        (note,) = session.scalars(select(WorkNote))
        assert note.text.startswith("LinkDown of prometheus flaps: ")
    lab.look(45 + 1800)
    assert lab.incident().state is IncidentState.RESOLVED
    assert lab.actions()[-1] == "stop flapping"


def test_the_cause_keeps_quiet_what_follows_from_it_and_what_fires_on_is_raised(lab: Lab) -> None:
    rule = InhibitRule(("name=HostDown",), ("name=ServiceDown",), ("host",), "host-first")
    lab.handled(inhibit=(rule,))
    lab.told(0, "+ServiceDown host=web1", "+HostDown host=web1", "+ServiceDown host=web2")
    first, _, third = lab.alerts()
    assert (first.muted_by, first.muted_reason) == ("inhibition", "HostDown on web1 is the cause (host-first)")
    assert third.standing is Standing.OPEN
    lab.told(60, "-HostDown host=web1")
    lab.look(61)
    assert lab.alerts()[0].standing is Standing.OPEN
    assert lab.actions()[-1] == "raise"
    lab.told(70, "+HostDown host=web2")
    lab.look(71)
    assert lab.alerts()[2].muted_by == "inhibition", "what fired before its cause is kept quiet too"


def test_what_keeps_alerts_quiet_is_known_again_after_a_start(lab: Lab) -> None:
    lab.handled(inhibit=(InhibitRule(("name=HostDown",), ("name=ServiceDown",), ("host",)),))
    lab.told(0, "+HostDown host=web1")
    lab.memory = None
    lab.told(5, "+ServiceDown host=web1")
    assert lab.alerts()[1].muted_by == "inhibition"


def test_more_new_alerts_than_a_person_could_read_are_one_storm(lab: Lab) -> None:
    lab.book = replace(lab.book, storm_limit=50)
    for batch in range(4):
        lab.told(batch, *(event(f"+Alert{batch}x{n} host=h{n}") for n in range(100)))
    assert (len(lab.alerts()), len(lab.incidents()), len(lab.groups())) == (400, 1, 1)
    assert lab.incident().title == "Storm of alerts: source prometheus"
    lab.told(70, "+Single host=h1")
    assert [one.title for one in lab.incidents()] == ["Storm of alerts: source prometheus", "Single"]


@pytest.mark.parametrize("wait", [0, 30], ids=["an incident before the storm", "still collected"])
def test_a_storm_takes_in_how_it_began(lab: Lab, wait: int) -> None:
    lab.handled(route=replace(AT_ONCE, group_wait=timedelta(seconds=wait)))
    lab.book = replace(lab.book, storm_limit=50)
    for batch in range(10):
        lab.told(batch, *(event(f"+ReplicaLost replica={batch}-{n}") for n in range(20)))
    lab.look(60)
    incident = lab.incident()
    assert {alert.incident_id for alert in lab.alerts()} == {incident.id}
    assert len({alert.group_id for alert in lab.alerts()}) == 1
    for batch in range(10):
        lab.told(70 + batch, *(event(f"-ReplicaLost replica={batch}-{n}") for n in range(20)))
    lab.look(200)
    assert lab.incident().state is IncidentState.RESOLVED


def test_a_storm_leaves_what_fired_long_before_where_it_is(lab: Lab) -> None:
    lab.book = replace(lab.book, storm_limit=50)
    lab.told(0, "+ReplicaLost replica=old")
    for batch in range(5):
        lab.told(100 + batch, *(event(f"+ReplicaLost replica={batch}-{n}") for n in range(20)))
    lab.look(200)
    old, storm = lab.incidents()
    assert [alert.incident_id for alert in lab.alerts()] == [old.id, *[storm.id] * 100]


def test_a_storm_of_one_source_leaves_others_alone(lab: Lab) -> None:
    lab.book = replace(lab.book, storm_limit=50)
    lab.told(0, *(event(f"+Alert{n}") for n in range(100)))
    lab.told(1, "+Fire", source="smoke-detector")
    assert [one.title for one in lab.incidents()] == ["Storm of alerts: source prometheus", "Fire"]


def test_a_look_is_idempotent_and_leaves_nothing_behind(lab: Lab) -> None:
    lab.told(0, "+HostDown host=web1")
    lab.look(400)
    assert lab.look(400) == lab.look(400)
    lab.told(410, "-HostDown host=web1")
    lab.look(900)
    (group,) = lab.groups()
    assert (group.look_at, group.first_look_at, group.told_at) == (None, None, None)


def test_an_alert_is_given_up_when_nobody_says_that_it_fires(lab: Lab) -> None:
    lab.handled(defaults=PolicyRule(auto_resolve_after=timedelta(minutes=5)))
    lab.told(0, "+HostDown host=web1")
    lab.told(200, "+HostDown host=web1")
    lab.look(300)
    assert (lab.alert().state, lab.alert().look_at) == (AlertState.FIRING, lab.now(500))
    lab.look(500)
    assert lab.alert().state is AlertState.RESOLVED
    assert lab.incident().state is IncidentState.RESOLVED


def test_a_drill_opens_a_drill(lab: Lab) -> None:
    lab.told(0, "+HostDown host=web1 drill=true")
    assert (lab.alert().is_drill, lab.incident().is_drill) == (True, True)
    lab.told(1, "+DiskFull host=web1")
    assert [one.is_drill for one in lab.incidents()] == [True, False]


def test_an_alert_remembers_the_rules_by_which_it_was_judged(lab: Lab) -> None:
    rule = EventRule(name="db", matchers=("name=~Db.*",), incident=IncidentRule(title="Database: {name}"))
    lab.handled(rules=(rule,))
    lab.told(0, "+DbDown host=db1")
    assert (lab.alert().details["rules"], lab.incident().title) == (["db"], "Database: DbDown")


def test_many_requests_in_one_transaction_are_as_many_one_by_one(lab: Lab) -> None:
    for second, text in enumerate(("+A", "+B", "-A", "+A", "-B", "-A", "+B")):
        lab.send(second, text)
    done = lab.work(9)
    assert (done.events, [(a.name, a.state, a.events) for a in lab.alerts()]) == (
        7,
        [("A", "resolved", 4), ("B", "firing", 3)],
    )
    assert lab.actions() == ["fire", "resolve", "fire again", "resolve", "fire", "resolve", "fire again"]
    with lab.database.read() as session:
        assert {change.at for change in session.scalars(select(AlertChange))} == {lab.now(n) for n in range(7)}


def test_the_receiver_of_a_route_is_told_of_its_group_when_the_rules_of_groups_say_so(lab: Lab) -> None:
    lab.handled(route=Route(receiver="chat", group_by=("name",), group_wait=timedelta(seconds=30)))
    lab.told(0, event("+DiskFull host=web1", Severity.WARNING))
    lab.look(29)
    assert lab.alert().told is None
    lab.look(30)
    assert (lab.alert().told, lab.groups()[0].told_at) == (AlertState.FIRING, lab.now(30))
    lab.told(40, event("-DiskFull host=web1", Severity.WARNING))
    lab.look(331)
    assert lab.groups()[0].told_at is None, "its end was told, and the group is over"
    assert lab.alert().told is AlertState.RESOLVED

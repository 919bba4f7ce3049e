"""The clocks of incidents on both databases: read from the journal, kept, told once, and computed anew the same."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from models.database import Database
from models.queries import clock_cache, incident_clocks, incidents
from models.queries.states import Because
from models.records import Incident, IncidentClock
from models.rules.clock_promises import Agreement, Measure
from models.rules.incident_rules import Grading
from models.rules.service_clock import ClockState
from models.vocabulary import HoldReason
from tests.records.incident_site import (
    ANNA,
    CALENDARS,
    DAY,
    FIXED,
    HOUR,
    INCIDENTS,
    MINUTE,
    MONDAY,
    apply,
    kept,
    look,
    messages,
    opened,
    told,
)

LONG = 10 * DAY


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Path:
    apply(database, tmp_path / "site")
    return tmp_path / "site"


def new_incident(database: Database, now: datetime = MONDAY, **more: object) -> int:
    with database.write() as session:
        return opened(session, now, **more).id


def due_of(database: Database, incident_id: int, now: datetime) -> dict[tuple[str, str], datetime | None]:
    with database.read() as session:
        clock = incident_clocks.clocks_of(session, incident_id, now)
    return {(one.agreement.value, one.measure.value): one.due_at for one in clock.readings}


def test_sla_ola_and_supplier_run_at_once_each_with_its_own_time(database: Database, site: Path) -> None:
    number = new_incident(database)
    assert due_of(database, number, MONDAY) == {
        ("SLA", "time to own"): MONDAY + 30 * MINUTE,
        ("SLA", "time to resolve"): MONDAY + 4 * HOUR,
        ("OLA", "time to resolve"): MONDAY + 2 * HOUR,
        ("supplier contract", "time to resolve"): MONDAY + 6 * HOUR,
    }
    look(database, MONDAY)
    with database.read() as session:
        rows = session.query(IncidentClock).filter_by(incident_id=number).all()
        assert {(row.promise, row.measure, row.target, row.state) for row in rows} == {
            ("house", Measure.OWN, "30m", ClockState.RUNNING),
            ("house", Measure.RESOLVE, "4h", ClockState.RUNNING),
            ("team", Measure.RESOLVE, "2h", ClockState.RUNNING),
            ("hoster", Measure.RESOLVE, "6h", ClockState.RUNNING),
        }
        assert incidents.get(session, number).look_at == MONDAY + 30 * MINUTE * 3 / 4


def test_three_quarters_and_all_of_the_time_are_told_once_each(database: Database, site: Path) -> None:
    number = new_incident(database)
    with database.write() as session:
        incidents.take(session, incidents.get(session, number), ANNA, MONDAY + MINUTE)
    moments = [MONDAY + minutes * MINUTE for minutes in (1, 89, 90, 91, 120, 121)]
    for moment in (*moments, *moments):
        look(database, moment)
    assert told(database, number, "warn", "breach") == [
        ("warn", "OLA, time to resolve: three quarters of 2h are used, due 2026-11-23T11:00Z"),
        ("breach", "OLA, time to resolve: 2h are used up since 2026-11-23T11:00Z"),
    ]
    clocks = [message for message in messages(database) if message[0] in ("incident-warning", "incident-breached")]
    assert sorted(clocks) == [
        ("incident-breached", "anna@example.org", "OLA, time to resolve: 2h are used up since 2026-11-23T11:00Z"),
        ("incident-breached", "web@example.org", "OLA, time to resolve: 2h are used up since 2026-11-23T11:00Z"),
        (
            "incident-warning",
            "anna@example.org",
            "OLA, time to resolve: three quarters of 2h are used, due 2026-11-23T11:00Z",
        ),
        (
            "incident-warning",
            "web@example.org",
            "OLA, time to resolve: three quarters of 2h are used, due 2026-11-23T11:00Z",
        ),
    ]


def test_what_fell_due_while_nobody_looked_is_one_late_message(database: Database, site: Path) -> None:
    number = new_incident(database)
    look(database, MONDAY)
    for _ in range(3):
        look(database, MONDAY + 5 * HOUR)
    written = [action for action, _ in told(database, number, "warn", "breach")]
    assert sorted(written) == ["breach", "breach", "breach", "warn"]
    ((tag, to, text),) = messages(database)
    assert (tag, to) == ("incident-breached", "web@example.org")
    assert text.count("three quarters") == 1
    assert text.count("used up") == 3
    assert text.endswith("; noticed 4h37m30s late: nobody looked in between")


def test_a_hold_stops_the_clocks_that_its_reason_stops(database: Database, site: Path) -> None:
    number = new_incident(database)
    with database.write() as session:
        incident = incidents.get(session, number)
        incidents.take(session, incident, ANNA, MONDAY + MINUTE)
        incidents.hold(session, incident, HoldReason.SUPPLIER, ANNA, MONDAY + HOUR)
    look(database, MONDAY + HOUR)
    held = due_of(database, number, MONDAY + 2 * HOUR)
    assert held["SLA", "time to resolve"] == MONDAY + 4 * HOUR, "a supplier's delay is ours, to the caller"
    assert held["OLA", "time to resolve"] is None
    with database.write() as session:
        incidents.resume(session, incidents.get(session, number), ANNA, MONDAY + 3 * HOUR)
    assert due_of(database, number, MONDAY + 3 * HOUR)["OLA", "time to resolve"] == MONDAY + 4 * HOUR
    look(database, MONDAY + 3 * HOUR)
    assert told(database, number, "warn") == [
        ("warn", "SLA, time to resolve: three quarters of 4h are used, due 2026-11-23T13:00Z")
    ]


def test_another_priority_holds_from_the_opening_with_every_hold(database: Database, site: Path) -> None:
    """Retroactive start and retroactive pause: the hold of an hour counts for the new target, too."""
    number = new_incident(database, impact="medium", urgency="medium")
    with database.write() as session:
        incident = incidents.get(session, number)
        incidents.hold(session, incident, HoldReason.CALLER, ANNA, MONDAY + HOUR)
        incidents.resume(session, incident, ANNA, MONDAY + 2 * HOUR)
    assert due_of(database, number, MONDAY + 2 * HOUR)["SLA", "time to own"] == MONDAY + 5 * HOUR
    with database.write() as session:
        incident = incidents.get(session, number)
        incidents.set_priority(session, incident, Grading("high", "high", "P1"), ANNA, MONDAY + 3 * HOUR)
    after = due_of(database, number, MONDAY + 3 * HOUR)
    assert after["SLA", "time to resolve"] == MONDAY + 5 * HOUR
    assert after["SLA", "time to own"] == MONDAY + 30 * MINUTE
    look(database, MONDAY + 3 * HOUR)
    assert ("breach", "SLA, time to own: 30m are used up since 2026-11-23T12:00Z") in told(database, number, "breach")
    assert not any("late" in text for _, _, text in messages(database)), "it was told as soon as it was so"


def test_a_reopened_incident_goes_on_where_it_stood(database: Database, site: Path) -> None:
    number = new_incident(database)
    with database.write() as session:
        incident = incidents.get(session, number)
        incidents.take(session, incident, ANNA, MONDAY + MINUTE)
        incidents.resolve(session, incident, FIXED, ANNA, MONDAY + HOUR)
    look(database, MONDAY + HOUR)
    with database.write() as session:
        incident = incidents.get(session, number)
        assert incident.look_at is None
        incidents.reopen(session, incident, ANNA, MONDAY + 3 * HOUR)
    assert due_of(database, number, MONDAY + 3 * HOUR)["OLA", "time to resolve"] == MONDAY + 4 * HOUR
    look(database, MONDAY + 4 * HOUR)
    assert [action for action, _ in told(database, number, "breach")] == ["breach"]


def test_working_days_and_office_hours_are_the_calendars(database: Database, site: Path) -> None:
    number = new_incident(database, service="files", impact="medium", urgency="medium", now=MONDAY + 4 * DAY)
    assert due_of(database, number, MONDAY + 4 * DAY) == {
        ("SLA", "time to own"): MONDAY + 4 * DAY + 4 * HOUR,
        ("SLA", "time to resolve"): MONDAY + 8 * DAY,
    }


def test_the_promises_follow_the_team_and_the_journal_says_so(database: Database, site: Path) -> None:
    number = new_incident(database)
    with database.write() as session:
        incidents.assign(session, incidents.get(session, number), ("data-team", None), ANNA, MONDAY + HOUR)
    look(database, MONDAY + HOUR)
    look(database, MONDAY + HOUR)
    assert told(database, number, "promises") == [("promises", "hoster, house instead of hoster, house, team")]
    assert {agreement for agreement, _ in due_of(database, number, MONDAY + HOUR)} == {"SLA", "supplier contract"}


def test_other_terms_hold_for_what_runs_and_leave_what_is_over(database: Database, site: Path) -> None:
    running, over = new_incident(database), new_incident(database)
    with database.write() as session:
        incidents.resolve(session, incidents.get(session, over), FIXED, ANNA, MONDAY + HOUR)
    look(database, MONDAY + HOUR)
    with database.read() as session:
        before = kept(session, over)
    apply(database, site, INCIDENTS.replace("P1: 4h", "P1: 3h"), MONDAY + 2 * HOUR)
    assert look(database, MONDAY + 2 * HOUR) == 1
    assert due_of(database, running, MONDAY + 2 * HOUR)["SLA", "time to resolve"] == MONDAY + 3 * HOUR
    assert due_of(database, over, MONDAY + 2 * HOUR)["SLA", "time to resolve"] == MONDAY + 4 * HOUR
    with database.write() as session:
        assert clock_cache.rebuild(session, MONDAY + 3 * HOUR).differences == []
        assert kept(session, over) == before


def test_a_holiday_that_was_forgotten_moves_what_runs(database: Database, site: Path) -> None:
    number = new_incident(database, now=MONDAY + 7 * HOUR)
    assert due_of(database, number, MONDAY + 8 * HOUR)["SLA", "time to resolve"] == MONDAY + DAY + HOUR
    closed = CALENDARS.replace("]}}", "]}, dates: {2026-11-24: closed}}")
    apply(database, site, now=MONDAY + 8 * HOUR, calendars=closed)
    assert due_of(database, number, MONDAY + 8 * HOUR)["SLA", "time to resolve"] == MONDAY + 2 * DAY + HOUR


def test_a_promise_that_ends_takes_its_clock_along(database: Database, site: Path) -> None:
    number = new_incident(database)
    look(database, MONDAY)
    apply(database, site, INCIDENTS.split("  hoster:")[0], MONDAY + HOUR)
    look(database, MONDAY + HOUR)
    assert ("supplier contract", "time to resolve") not in due_of(database, number, MONDAY + HOUR)
    with database.read() as session:
        assert len(kept(session, number)) == 3


def test_a_repair_names_what_differed_and_mends_it(database: Database, site: Path) -> None:
    number = new_incident(database)
    look(database, MONDAY + HOUR)
    with database.write() as session:
        before = kept(session, number)
        wrong = IncidentClock.agreement == Agreement.OLA
        session.execute(update(IncidentClock).where(wrong).values(due_at=MONDAY + LONG, state=ClockState.MET))
        session.execute(update(Incident).values(look_at=None))
    with database.write() as session:
        found = clock_cache.rebuild(session, MONDAY + HOUR, [number])
        assert [(one.incident, one.clock, one.what, one.kept, one.computed) for one in found.differences] == [
            ("INC000001", "OLA, time to resolve", "state", ClockState.MET, ClockState.RUNNING),
            ("INC000001", "OLA, time to resolve", "due_at", MONDAY + LONG, MONDAY + 2 * HOUR),
        ]
        assert kept(session, number) == before
        session.expire_all()
        assert incidents.get(session, number).look_at == MONDAY + HOUR, "it is looked at again"


def test_a_repair_finds_what_was_not_kept_at_all(database: Database, site: Path) -> None:
    number = new_incident(database)
    with database.write() as session:
        found = clock_cache.rebuild(session, MONDAY)
        assert (found.incidents, found.clocks, found.missing, found.differences) == (1, 4, 4, [])
        assert len(kept(session, number)) == 4
        assert clock_cache.rebuild(session, MONDAY + HOUR).missing == 0


def test_an_incident_on_hold_is_reminded_of_and_after_days_only_once(database: Database, site: Path) -> None:
    number = new_incident(database)
    with database.write() as session:
        incidents.hold(session, incidents.get(session, number), HoldReason.CALLER, ANNA, MONDAY + HOUR)
    for hours in (1, 24, 25, 26, 25 + 72):
        look(database, MONDAY + hours * HOUR)
    assert told(database, number, "remind") == [
        ("remind", "on hold for 1d: it waits for caller"),
        ("remind", "on hold for 4d: it waits for caller; noticed 2d late: nobody looked in between"),
    ]


def test_what_is_resolved_is_closed_days_after_its_solution(database: Database, site: Path) -> None:
    number = new_incident(database)
    with database.write() as session:
        rules = incident_clocks.read_incident_book(session).rules
        incidents.resolve(session, incidents.get(session, number), FIXED, ANNA, MONDAY + HOUR, rules)
    look(database, MONDAY + 3 * DAY)
    assert told(database, number, "close") == []
    look(database, MONDAY + 3 * DAY + HOUR)
    assert len(told(database, number, "close")) == 1


def test_a_look_takes_the_longest_due_first_and_leaves_the_rest(database: Database, site: Path) -> None:
    numbers = [new_incident(database, now=MONDAY + minute * MINUTE) for minute in range(3)]
    with database.write() as session:
        assert incident_clocks.look(session, MONDAY + 5 * MINUTE, most=2) == 2
        assert [len(kept(session, number)) for number in numbers] == [4, 4, 0]
    assert look(database, MONDAY + 5 * MINUTE) == 1
    assert look(database, MONDAY + 5 * MINUTE) == 0, "nothing is due any more"


def test_a_merged_incident_keeps_no_clock_running(database: Database, site: Path) -> None:
    first, second = new_incident(database), new_incident(database)
    with database.write() as session:
        one, other = incidents.get(session, second), incidents.get(session, first)
        incidents.merge(session, one, other, Because("anna", "the same"), MONDAY + MINUTE)
    look(database, MONDAY + HOUR)
    with database.read() as session:
        clock = incident_clocks.clocks_of(session, second, MONDAY + HOUR)
    assert {reading.state for reading in clock.readings} == {ClockState.STOPPED}
    assert timedelta(0) < clock.readings[0].actual_elapsed == MINUTE


def test_an_incident_whose_clock_cannot_be_computed_stops_no_other(database: Database, tmp_path: Path) -> None:
    once = "calendars:\n  office: {dates: {2026-11-23: '09:00-11:00'}}\n"
    apply(database, tmp_path / "site", calendars=once)
    wrong, right = new_incident(database), new_incident(database, service="files", team="data-team", priority="P4")
    assert [look(database, MONDAY + HOUR) for _ in range(2)] == [2, 0]
    ((_, words),) = told(database, wrong, "no-clock")
    assert words.startswith(
        "its clocks cannot be looked after: the calendar office is not open for 4h in the hundred years"
    )
    assert told(database, wrong, "warn", "breach") == [], "nothing half done"
    with database.read() as session:
        assert incidents.get(session, wrong).look_at == MONDAY + HOUR + 10 * MINUTE
        assert incidents.get(session, right).look_at is None
    apply(database, tmp_path / "site", now=MONDAY + 2 * HOUR)
    look(database, MONDAY + 2 * HOUR)
    assert len(told(database, wrong, "breach")) == 2

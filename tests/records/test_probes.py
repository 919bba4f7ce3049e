"""Readings on both databases: standings move, events lie in the inbox, history is bounded, what left is forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import func, select

from models.database import Database
from models.errors import NotFound
from models.queries import closing, dispatching, inbox, pauses, probes, runs, slots
from models.queries.book import Book, read_book
from models.queries.dispatching import Wish
from models.queries.probes import Taken
from models.records import InboxRow, Pause, ProbeReading, ProbeStanding, Run, Slot
from models.rules.incoming import Incoming
from models.rules.probes import Measure, Observed
from models.rules.routing import routing_tree
from models.vocabulary import EventStatus, IncidentState, ProbeVerdict, RunState, Severity, SlotState
from tests.records.events_lab import AT_ONCE, BEGIN
from tests.records.events_lab import Lab as EventsLab
from tests.sites import CALENDARS, apply_site, write_site

NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)
OK, WARNING, CRITICAL, UNKNOWN = ProbeVerdict
FIRING, RESOLVED = EventStatus.FIRING, EventStatus.RESOLVED
DISK = """
disk:
  title: Disks
  owner: ops
  runbook: https://wiki.example/disks
  on: tag=web
  disk: {mount: /var, free_percent: {warning: 20, critical: 10, margin: 5}}
"""
SHOP = """
shop:
  title: The shop answers
  owner: ops
  runbook: Look.
  host: web1
  heartbeat_every: 3
  http: {url: "https://shop.example/"}
"""


class Lab:
    """A site with probes, and readings that are recorded minute by minute."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.minutes = database, folder, 0

    def apply(self, text: str = DISK + SHOP, calendars: str = CALENDARS) -> Book:
        write_site(self.folder, "{}", calendars=calendars)
        (self.folder / "jobs.yaml").unlink()
        body = dedent(text).replace("\n", "\n  ").rstrip()
        (self.folder / "probes.yaml").write_text(f"probes:\n  {body}\n" if body else "probes: {}\n")
        return apply_site(self.database, self.folder, NOON)

    def start(self, job: str = "probes-ops-1m") -> int:
        with self.database.write() as session:
            found = session.scalar(select(func.max(Run.id)))
            if found:
                return found
            return dispatching.run_now(session, read_book(session), job, Wish("ann"), NOON).id

    def taken(self, found: dict[str, Observed], name: str = "disk") -> list[Taken]:
        """A minute later, this was read on these hosts."""
        self.minutes += 1
        at = NOON + timedelta(minutes=self.minutes)
        with self.database.read() as session:
            probe = probes.in_force(session)[name]
        return [Taken(probe, host, at, observed) for host, observed in found.items()]

    def read(self, found: dict[str, Observed], name: str = "disk") -> list[Incoming]:
        run, taken = self.start(), self.taken(found, name)
        with self.database.write() as session:
            return probes.record(session, read_book(session), run, taken, taken[0].at)

    def standing(self, host: str = "web1", name: str = "disk") -> ProbeStanding:
        with self.database.read() as session:
            (found,) = [one for one in probes.standings_of(session, [name]) if one.host == host]
            session.expunge_all()
            return found

    def inbox(self) -> list[Incoming]:
        """What waits to be worked off."""
        with self.database.read() as session:
            return [event for row in session.scalars(select(InboxRow).order_by(InboxRow.id)) for event in row.events()]

    def count(self, table: type[ProbeReading] | type[ProbeStanding]) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def lab(database: Database, tmp_path: Path) -> Lab:
    made = Lab(database, tmp_path / "site")
    made.apply()
    return made


def free(percent: float) -> Observed:
    return Observed(f"/var: {percent:g} % free", (Measure("free", percent, "%"),))


def away(host: str = "web1") -> Observed:
    return Observed(f"{host}: unreachable: no answer", verdict=UNKNOWN)


def test_three_bad_readings_are_one_event_and_a_good_one_is_another(lab: Lab) -> None:
    said = [lab.read({"web1": free(percent)}) for percent in (8, 7, 6, 5, 12, 25)]
    assert [len(events) for events in said] == [0, 0, 1, 0, 0, 1]
    (fired,), (ended,) = said[2], said[5]
    assert (fired.status, fired.severity, fired.key) == (FIRING, Severity.CRITICAL, "disk/web1")
    assert fired.labels == {"probe": "disk", "kind": "disk", "host": "web1", "mount": "/var", "team": "ops"}
    assert fired.text == "Disks: /var: 6 % free; free 6 % is below 10 % (critical)"
    assert fired.started_at == NOON + timedelta(minutes=3)
    assert fired.facts["measures"] == {"free": {"value": 6, "unit": "%"}}
    assert {"measure": "free", "bad": "below", "warning": 20, "critical": 10, "margin": 5} in fired.facts["limits"]
    assert [link.url for link in fired.links] == ["https://wiki.example/disks"]
    assert (ended.status, ended.key, ended.ended_at) == (RESOLVED, "disk/web1", NOON + timedelta(minutes=6))
    assert lab.inbox() == [fired, ended], "and nothing else lies in the inbox"


def test_an_alarm_is_left_at_its_second_edge_only(lab: Lab) -> None:
    for percent in (15, 15, 15):
        lab.read({"web1": free(percent)})
    assert lab.standing().levels == {"least free": "warning"}
    assert lab.read({"web1": free(24)}) == [], "better than the limit, and not by its margin"
    assert lab.standing().verdict is WARNING
    (ended,) = lab.read({"web1": free(25)})
    assert (ended.status, lab.standing().levels) == (RESOLVED, {})


def test_a_limit_that_raised_no_alarm_has_no_second_edge(lab: Lab) -> None:
    lab.read({"web1": free(15)})
    assert lab.standing().levels == {}
    lab.read({"web1": free(24)})
    assert (lab.standing().worse, lab.standing().verdict) == (0, OK)


def test_a_host_that_does_not_answer_is_told_as_that_and_leaves_its_disk_as_it_was(lab: Lab) -> None:
    for _ in range(3):
        lab.read({"web1": free(5)})
    (unread,) = [event for _ in range(4) for event in lab.read({"web1": away()})]
    assert (unread.name, unread.key, unread.severity) == ("probe-unread", "disk/web1/unread", Severity.WARNING)
    assert unread.labels["condition"] == "unread"
    standing = lab.standing()
    assert (standing.verdict, standing.is_unknown) == (CRITICAL, True)
    (known,) = lab.read({"web1": free(5)})
    assert (known.key, known.status) == ("disk/web1/unread", RESOLVED)
    assert (lab.standing().verdict, lab.standing().unknown_since) == (CRITICAL, None)


def test_each_host_stands_for_itself(lab: Lab) -> None:
    events = [event for _ in range(3) for event in lab.read({"web1": free(5), "web2": free(50), "web3": away()})]
    assert {event.key for event in events} == {"disk/web1", "disk/web3/unread"}
    assert (lab.standing("web2").verdict, lab.standing("web2").is_unknown) == (OK, False)


def test_how_it_stands_is_told_again_now_and_then(lab: Lab) -> None:
    fine, down = Observed("200 OK"), Observed("refuses connections", verdict=CRITICAL)
    said = [lab.read({"local": one}, "shop") for one in (fine, fine, fine, down, down, down, down, down, down)]
    assert [[event.status for event in events] for events in said] == [
        [],
        [],
        [RESOLVED],
        [],
        [],
        [FIRING],
        [],
        [],
        [FIRING],
    ]
    (again,) = said[8]
    assert (again.key, again.facts["heartbeat"]) == ("shop/web1", True), "named by the host that it is about"
    assert again.started_at == said[5][0].started_at


def test_while_nobody_can_look_only_that_is_told_again(lab: Lab) -> None:
    nothing = Observed("was not read", verdict=UNKNOWN)
    said = [lab.read({"local": nothing}, "shop") for _ in range(6)]
    keys = [[event.key for event in events] for events in said]
    assert keys == [[], [], ["shop/web1/unread"], [], [], ["shop/web1/unread"]]


def test_readings_are_kept_and_counted_up_to_two_hundred(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "MOST_READINGS", 4)
    for percent in range(50, 60):
        lab.read({"web1": free(percent), "web2": free(percent)})
    with lab.database.read() as session:
        (mine,) = probes.readings_of(session, [lab.standing("web1").id], 3).values()
        assert [reading.measures["free"]["value"] for reading in mine] == [59, 58, 57]
    assert lab.count(ProbeReading) == 8


def test_what_a_person_only_wants_to_see_changes_nothing(lab: Lab) -> None:
    lab.read({"web1": free(5)})
    taken = lab.taken({"web1": free(5), "web2": free(5)})
    run = lab.start()
    with lab.database.write() as session:
        for _ in range(5):
            probes.keep_uncounted(session, run, taken)
    assert (lab.standing().verdict, lab.standing().worse, lab.inbox()) == (OK, 1, [])
    with lab.database.read() as session:
        read = probes.readings_of_run(session, run)
        assert [reading.counts for _, reading in read] == [True] + [False] * 10
        assert {reading.verdict for _, reading in read} == {CRITICAL}


def test_what_has_left_the_site_is_forgotten_and_what_was_bad_of_it_is_over(lab: Lab) -> None:
    for _ in range(3):
        lab.read({"web1": free(5), "web2": away("web2"), "web3": free(50)})
    lab.read({"local": Observed("200 OK")}, "shop")
    lab.apply(DISK.replace("tag=web", "host=web4") + SHOP)
    ended = lab.read({"local": Observed("200 OK")}, "shop")
    assert {(event.key, event.status) for event in ended} == {("disk/web1", RESOLVED), ("disk/web2/unread", RESOLVED)}
    assert lab.count(ProbeStanding) == 1
    lab.apply(DISK)
    assert lab.read({"web1": free(50)}) == [], "a probe that was good leaves quietly"
    assert lab.count(ProbeStanding) == 1


def test_a_job_reads_its_probes_where_they_are(lab: Lab) -> None:
    with lab.database.read() as session:
        book = read_book(session)
        asked = probes.asked_of(session, book, "probes-ops-1m")
        assert {(one.probe.name, one.host) for one in asked} == {
            ("shop", "local"),
            *(("disk", f"web{number}") for number in range(1, 5)),
        }
        only = probes.asked_of(session, book, "probes-ops-1m", "shop")
        assert [one.probe.name for one in only] == ["shop"]
        with pytest.raises(NotFound, match="reads no probe 'nowhere'"):
            probes.asked_of(session, book, "probes-ops-1m", "nowhere")


def test_what_a_reading_has_to_know_is_there_at_the_next(lab: Lab) -> None:
    lab.read({"web1": Observed("seen", memory={"position": 7})})
    with lab.database.read() as session:
        asked = probes.asked_of(session, read_book(session), "probes-ops-1m", "disk")
    assert {one.host: one.memory for one in asked}["web1"] == {"position": 7}
    lab.read({"web1": away()})
    assert lab.standing().memory == {"position": 7}, "what could not be read has nothing to remember"


def test_the_source_is_known_by_what_it_sends(lab: Lab) -> None:
    for _ in range(3):
        lab.read({"web1": free(5), "web2": free(5)})
    with lab.database.read() as session:
        source = inbox.sources(session)["probes"]
        (row,) = session.scalars(select(InboxRow))
        assert (source.requests, source.events, row.count, row.source) == (1, 2, 2, "probes")


def test_the_plan_of_a_round_is_small(lab: Lab) -> None:
    """A run a minute is half a million a year, and each keeps its plan."""
    run = lab.start()
    with lab.database.read() as session:
        plan = session.get_one(Run, run).plan
    assert (plan["hosts"], plan["specs"]) == ({}, {})
    assert len(str(plan)) < 800


def test_what_a_probe_tells_becomes_one_incident_and_resolves_it(lab: Lab) -> None:
    """By the rules that hold where a site has none of its own."""
    desk = EventsLab(lab.database).registered()
    desk.book = replace(desk.book, tree=routing_tree(AT_ONCE))

    def second() -> float:
        return (NOON + timedelta(minutes=lab.minutes) - BEGIN).total_seconds()

    for _ in range(5):
        lab.read({"web1": free(5), "web2": away("web2")})
        desk.work(second())
        desk.look(second() + 1)
    alerts = {alert.name: alert for alert in desk.alerts()}
    assert {name: (one.host, one.state, one.events) for name, one in alerts.items()} == {
        "disk": ("web1", "firing", 1),
        "probe-unread": ("web2", "firing", 1),
    }
    (incident,) = desk.incidents()
    assert (incident.host, incident.state) == ("web1", IncidentState.NEW)
    lab.read({"web1": free(50), "web2": free(50)})
    desk.work(second())
    desk.look(second() + 1)
    assert {alert.state for alert in desk.alerts()} == {"resolved"}
    assert desk.incident().state is IncidentState.RESOLVED


FREEZE = """
calendars:
  freeze:
    windows: [{starts: 2026-11-20T12:05:00, ends: 2026-11-20T12:10:00, reason: Move of the racks}]
"""


def test_a_round_keeps_its_calendars_and_is_paused_like_any_job(lab: Lab) -> None:
    book = lab.apply(DISK.replace("  on: tag=web", "  on: tag=web\n  calendars: {never: [freeze]}"), calendars=FREEZE)
    (job,) = book.jobs
    with lab.database.write() as session:
        slots.plan_ahead(session, book, NOON, "planner")
        pause = Pause(
            job=job, paused_at=NOON, until=NOON + timedelta(minutes=2, seconds=30), paused_by="ann", reason="new disks"
        )
        pauses.start(session, pause, "UTC")
    for minute in range(1, 13):
        with lab.database.write() as session:
            list(dispatching.start_due(session, book, NOON + timedelta(minutes=minute), "planner"))
        with lab.database.write() as session:
            for run in session.scalars(select(Run).where(Run.state == RunState.DISPATCHED)):
                closing.close(session, runs.claim(session, run.id, 1, "worker:1"), "worker:1", failed_with=None)
    with lab.database.read() as session:
        query = select(Slot.state, Slot.reason).where(Slot.job == job).order_by(Slot.due_at).limit(12)
        found = session.execute(query).all()
    assert job == "probes-ops-1m-not-in-freeze"
    assert "".join("s" if state is SlotState.SKIPPED else "." for state, _ in found) == "ss..sssss..."
    assert ("new disks" in (found[0].reason or ""), "Move of the racks" in (found[4].reason or "")) == (True, True)

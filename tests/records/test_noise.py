"""The noise report on both databases: the funnel, what is loud, and what nobody acts on."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from models.database import Database
from models.queries import incidents
from models.queries.noise import NO_RULE, Loud, Noise, noise
from models.queries.states import Because
from models.records import Incident
from models.rules.event_rule import EventRule
from models.rules.incidents import Solution
from models.vocabulary import ResolutionCode, Severity
from tests.records.events_lab import Lab, event

ANN = Because("ann")


@pytest.fixture
def lab(database: Database) -> Lab:
    return Lab(database)


def read(lab: Lab, since: float = -1, until: float = 100_000) -> Noise:
    with lab.database.read() as session:
        return noise(session, lab.now(since), lab.now(until))


def figures(found: Iterable[Loud]) -> dict[str, tuple[int, int, int, int]]:
    return {one.name: (one.alerts, one.firings, one.incidents, one.acted_on) for one in found}


def take(lab: Lab, incident: Incident, second: float, because: Because = ANN) -> None:
    with lab.database.write() as session:
        incidents.take(session, session.get_one(Incident, incident.id), because, lab.now(second))


def test_nothing_came_and_nothing_was_loud(lab: Lab) -> None:
    found = read(lab)
    assert (found.events, found.alerts, found.incidents) == (0, 0, 0)
    assert (found.rules, found.sources, found.ignored) == ((), (), ())


def test_events_become_alerts_and_alerts_incidents_of_which_some_are_worked_on(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1", "+DiskFull host=web1", "+DiskFull host=web2")
    lab.told(1, "+Load host=web1", source="nagios")
    disk, _load = lab.incidents()
    take(lab, disk, 2)
    found = read(lab)
    assert (found.events, found.alerts, found.firings, found.incidents, found.acted_on) == (4, 3, 3, 2, 1)
    assert figures(found.sources) == {"prometheus": (2, 2, 1, 1), "nagios": (1, 1, 1, 0)}
    assert [one.events for one in found.sources] == [3, 1], "the loudest first"
    assert figures(found.ignored) == {"nagios: Load": (1, 1, 1, 0)}


def test_an_alert_counts_each_time_that_it_begins_to_fire(lab: Lab) -> None:
    for second in range(0, 50_000, 10_000):
        lab.told(second, "+DiskFull host=web1")
        lab.told(second + 60, "-DiskFull host=web1")
        lab.look(second + 90)
    found = read(lab)
    assert (found.alerts, found.firings, found.events) == (1, 5, 10)
    assert found.incidents == len(lab.incidents())
    (name,) = found.ignored
    assert (name.firings, name.incidents) == (5, found.incidents), "each of its incidents, not only the last one"
    assert read(lab, since=25_000).firings == 2, "only those of the time"


def test_a_rule_is_as_loud_as_what_it_judged(lab: Lab) -> None:
    disks = EventRule(name="disks", matchers=('name="DiskFull"',), delay=timedelta(0))
    web = EventRule(name="web hosts", matchers=('host=~"web.*"',), delay=timedelta(0))
    lab.handled(rules=(disks, web))
    lab.told(0, "+DiskFull host=web1", "+DiskFull host=db1", "+Load host=web1", "+Load host=db1")
    assert figures(read(lab).rules) == {
        "disks": (2, 2, 1, 0),
        "web hosts": (2, 2, 2, 0),
        NO_RULE: (1, 1, 1, 0),
    }


def test_what_our_own_parts_do_is_no_act_of_a_person(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1", "+Load host=web2")
    disk, load = lab.incidents()
    take(lab, disk, 1, Because("clock"))
    with lab.database.write() as session:
        solution = Solution(ResolutionCode.FIXED, "restarted")
        incidents.resolve(session, session.get_one(Incident, load.id), solution, ANN, lab.now(2))
    assert figures(read(lab).ignored) == {"prometheus: DiskFull": (1, 1, 1, 0)}


def test_who_writes_a_note_has_acted(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1")
    with lab.database.write() as session:
        incident = session.get_one(Incident, lab.incident().id)
        incidents.note(session, incident, "ann", "known", public=False, now=lab.now(9))
    assert read(lab).ignored == ()


def test_who_sends_much_that_becomes_nothing_is_seen(lab: Lab) -> None:
    lab.told(0, *[event("+Hello", Severity.INFO)] * 20, source="chatty")
    lab.told(1, "-DiskFull host=web1")
    found = read(lab)
    assert (found.events, found.firings, found.incidents) == (21, found.firings, 0)
    assert found.sources[0].name == "chatty"
    assert found.sources[0].events == 20
    assert found.sources[1] == Loud("prometheus", 0, 0, 0, 0, 0, 1), "an end without a beginning is no alert"


def test_drills_are_left_out(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1 drill=yes")
    found = read(lab)
    assert (found.alerts, found.incidents, found.ignored) == (0, 0, ())


def test_the_period_ends_before_its_end(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1")
    with lab.database.read() as session:
        assert noise(session, lab.now(-10), lab.now(0)).events == 0
        assert noise(session, lab.now(0), lab.now(0) + timedelta(seconds=1)).events == 1

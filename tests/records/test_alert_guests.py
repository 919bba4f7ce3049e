"""Routes that say `continue`: the groups of those after them are told of the alert too, and it makes one incident."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.queries import notices
from models.queries.event_processing import forgetting
from models.records import AlertGroup, AlertGuest
from models.rules.notice_facts import AlertGroupFacts
from models.rules.routing import Route
from models.vocabulary import AlertState, Severity, Standing
from tests.records.events_lab import Lab, event
from tests.records.test_event_looks import silence

S = timedelta(seconds=1)
FIRST = Route(receiver="chat", matchers=('team="ops"',), goes_on=True)
SECOND = Route(receiver="audit", group_by=("team",), group_wait=30 * S, group_interval=100 * S)
ROUTE = Route(receiver="", group_by=("name",), group_wait=0 * S, group_interval=60 * S, routes=(FIRST, SECOND))


@dataclass
class Heard:
    """What receivers were told: the second, the receiver, how many fire, how many have resolved, the incident."""

    lab: Lab
    news: list[tuple[float, str, int, int, str | None]] = field(default_factory=list)

    def put(self, _session: Session, group: AlertGroup, facts: AlertGroupFacts, *_: Any) -> None:
        second = (facts.at - self.lab.now(0)).total_seconds()
        self.news.append((second, group.timing["receiver"], facts.firing, facts.resolved, facts.incident))

    def of(self, receiver: str) -> list[tuple[float, int, int, str | None]]:
        return [(at, firing, resolved, number) for at, name, firing, resolved, number in self.news if name == receiver]


@pytest.fixture
def lab(database: Database) -> Lab:
    return Lab(database).handled(route=ROUTE)


@pytest.fixture
def heard(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Heard:
    found = Heard(lab)
    monkeypatch.setattr(notices, "about_alert_group", found.put)
    return found


def guests(lab: Lab) -> list[tuple[str, int, AlertState | None]]:
    """The receiver of the group, the alert, as what it was told."""
    query = select(AlertGroup.timing["receiver"].as_string(), AlertGuest.alert_id, AlertGuest.told)
    with lab.database.read() as session:
        found = session.execute(
            query.join(AlertGuest, AlertGuest.group_id == AlertGroup.id).order_by(AlertGuest.alert_id)
        )
        return [(receiver, alert, told) for receiver, alert, told in found]


def test_every_route_that_takes_an_alert_tells_it_by_its_own_times_and_one_incident_is_opened(
    lab: Lab, heard: Heard
) -> None:
    lab.told(0, "+DiskFull host=web1 team=ops", "+LoadHigh host=web1 team=ops")
    assert [(alert.is_guest, alert.incident_id) for alert in lab.alerts()] == [(True, 1), (True, 2)]
    for second in (29, 30, 59, 60, 129, 130):
        lab.look(second)
    assert heard.of("chat") == [(0, 1, 0, "INC000001"), (0, 1, 0, "INC000002")], "by name, at once"
    assert heard.of("audit") == [(30, 2, 0, "INC000001")], "by team, after its own wait"
    lab.told(131, "-DiskFull host=web1 team=ops", "-LoadHigh host=web1 team=ops")
    for second in (180, 229, 230):
        lab.look(second)
    assert heard.of("audit")[1:] == [(230, 0, 2, "INC000001")]
    assert len(heard.of("chat")) == 4
    assert len(lab.incidents()) == 2, "the group of the second route opens none"
    lab.look(400)
    assert {group.look_at for group in lab.groups()} == {None}, "every group is over"


def test_what_only_one_route_takes_is_nobodys_guest(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1 team=shop")
    assert (lab.alert().is_guest, [group.has_guests for group in lab.groups()], guests(lab)) == (False, [False], [])


def test_guests_are_told_together_with_the_alerts_of_the_group(lab: Lab, heard: Heard) -> None:
    shared = (replace(FIRST, matchers=('name="DiskFull"',)), replace(SECOND, group_wait=0 * S))
    lab.handled(route=replace(ROUTE, routes=shared))
    lab.told(0, event("+LoadHigh team=ops", Severity.WARNING), "+DiskFull host=web1 team=ops")
    assert heard.of("audit") == [(0, 2, 0, "INC000001")]
    assert len(lab.groups()) == 2


def test_a_guest_that_fires_anew_is_told_anew(lab: Lab, heard: Heard) -> None:
    lab.told(0, "+DiskFull host=web1 team=ops")
    lab.look(30)
    lab.told(40, "-DiskFull host=web1 team=ops")
    lab.told(50, "+DiskFull host=web1 team=ops")
    assert guests(lab) == [("audit", 1, None)]
    lab.look(130)
    assert [second for second, *_ in heard.of("audit")] == [30, 130]
    assert guests(lab) == [("audit", 1, AlertState.FIRING)]


def test_a_guest_that_is_kept_quiet_is_told_when_that_is_over(lab: Lab, heard: Heard) -> None:
    silence(lab, 0, 2)
    lab.told(1, "+DiskFull host=web1 team=ops")
    lab.look(40)
    assert heard.news == []
    lab.look(120)
    assert lab.alert().standing is Standing.OPEN
    lab.look(150)
    assert [second for second, *_ in heard.of("audit")] == [120], "it has fired for longer than the wait"


def test_an_alert_that_fires_anew_follows_the_routes_of_now(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1 team=ops")
    assert guests(lab) == [("audit", 1, None)]
    lab.handled(route=replace(ROUTE, routes=(replace(FIRST, goes_on=False), SECOND))).memory = None
    lab.told(10, "-DiskFull host=web1 team=ops")
    assert guests(lab) == [("audit", 1, None)], "what has begun goes on as it began"
    lab.told(4000, "+DiskFull host=web1 team=ops")
    assert (lab.alert().is_guest, guests(lab)) == (False, [])


def test_a_storm_is_one_group_of_each_route(lab: Lab, heard: Heard) -> None:
    lab.book = replace(lab.book, storm_limit=5)
    lab.handled(route=replace(ROUTE, routes=(FIRST, replace(SECOND, group_by=("host",)))))
    lab.told(0, *(event(f"+HostDown host=web{n} team=ops") for n in range(9)))
    lab.look(30)
    assert (len(lab.groups()), len(lab.incidents())) == (2, 1)
    assert heard.of("audit") == [(30, 9, 0, "INC000001")]


def test_the_groups_of_guests_are_forgotten_with_them(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1 team=ops")
    lab.told(5, "-DiskFull host=web1 team=ops", "+LoadHigh team=ops")
    lab.told(6, "-LoadHigh team=ops")
    for second in (10, 400):
        lab.look(second)
    with lab.database.write() as session:
        assert forgetting.forget(session, lab.now(1000), S) == 1, "the last one stays, and so does its group"
    assert guests(lab) == [("audit", 2, None)]
    assert len(lab.groups()) == 2

"""Events replayed through rules: the alerts and incidents that they would have made, and what changed rules change."""

from datetime import timedelta

import pytest

from models.rules.alert_thresholds import Threshold
from models.rules.calendars import Calendar
from models.rules.correlation import STORM_LIMIT
from models.rules.event_binding import Inventory
from models.rules.event_policies import IncidentRule, Opens
from models.rules.event_replay import Arrival, Handled, replay
from models.rules.event_rule import EventRule, PolicyRule
from models.rules.event_rules import EventRules
from models.rules.flapping import FlapThresholds
from models.rules.incoming import Incoming
from models.rules.inhibition import InhibitRule
from models.rules.maintenance import Maintenance
from models.rules.matchers import parse_matchers
from models.rules.replay_difference import Differing, differences
from models.rules.replay_groups import Grouping
from models.rules.routing import Route, routing_tree
from models.rules.silences import Silence
from models.rules.topology import Topology, TopologyBy
from models.rules.windows import Window
from models.vocabulary import EventStatus, Severity
from tests.rules.moments import utc, wall

S, M = timedelta(seconds=1), timedelta(minutes=1)
NOON = utc("2026-11-20 12:00")
FIRING, RESOLVED = EventStatus.FIRING, EventStatus.RESOLVED
SITE = Inventory(services={"shop": 1, "db": 1, "files": 4})
TREE = routing_tree(Route(receiver="ops", group_by=("service", "name"), group_wait=0 * S))


def at(minutes, name="Disk", status=FIRING, severity=Severity.HIGH, **labels):
    return Arrival(NOON + minutes * M, "am", Incoming("own", name, status, severity, labels=labels))


def handled(*some, tree=TREE, defaults=None, topology=None, applications=None, **more):
    rules = EventRules(some, defaults or PolicyRule(), inventory=SITE)
    return Handled(rules, Grouping(tree, topology, applications or {}), **more)


def rule(*matchers, name="a", **says):
    return EventRule(name=name, matchers=matchers, **says)


def opened(site, *arrivals):
    """Title, alerts, minutes until it was opened and resolved, and how often it was reopened."""
    return [
        (
            one.title,
            one.alerts,
            (one.opened_at - NOON) / M,
            one.resolved_at and (one.resolved_at - NOON) / M,
            one.reopened,
        )
        for one in replay(site, arrivals).incidents
    ]


FLAPS = [at(number, status=(FIRING, RESOLVED)[number % 2]) for number in range(20)]
DOWN = InhibitRule(("name=Down",), ("name!=Down",), ("host",), name="host down")


@pytest.mark.parametrize(
    ("site", "arrivals", "expected", "reason"),
    [
        (handled(), [], [], "nothing came"),
        (handled(), [at(0)], [("Disk", 1, 0, None, 0)], "it fires still"),
        (handled(), [at(0), at(5, status=RESOLVED)], [("Disk", 1, 0, 5, 0)], "and is over"),
        (handled(), [at(0), at(1), at(2)], [("Disk", 1, 0, None, 0)], "said again, it is one"),
        (handled(), [at(0, host="a"), at(1, host="b"), at(2, "Load")],
         [("Disk", 2, 0, None, 0), ("Load", 1, 2, None, 0)], "by service and name"),
        (handled(), [at(0, severity=Severity.WARNING)], [], "a warning opens none"),
        (handled(), [at(0), at(5, status=RESOLVED), at(30)], [("Disk", 1, 0, None, 1)], "reopened in its window"),
        (handled(), [at(0), at(5, status=RESOLVED), at(90)],
         [("Disk", 1, 0, 5, 0), ("Disk", 1, 90, None, 0)], "another after it"),
        (handled(rule(incident=IncidentRule(resolves_itself=False))), [at(0), at(5, status=RESOLVED)],
         [("Disk", 1, 0, None, 0)], "a person resolves it"),
        (handled(rule(incident=IncidentRule(opens=Opens.NEVER))), [at(0)], [], "never"),
        (handled(rule(ignore=True)), [at(0)], [], "ignored"),
        (handled(rule(delay=5 * M)), [at(0), at(4, status=RESOLVED)], [], "it healed in its delay"),
        (handled(rule(delay=5 * M)), [at(0), at(6, status=RESOLVED)], [("Disk", 1, 5, 6, 0)], "it outlasted it"),
        (handled(rule(delay=5 * M)), [at(0)], [("Disk", 1, 5, None, 0)], "the delay ends after the last event"),
        (handled(rule(threshold=Threshold(3, 10 * M))), [at(0), at(1)], [], "too few events"),
        (handled(rule(threshold=Threshold(3, 10 * M))), [at(0), at(1), at(2)], [("Disk", 1, 2, None, 0)], "enough"),
        (handled(defaults=PolicyRule(auto_resolve_after=30 * M)), [at(0)], [("Disk", 1, 0, 30, 0)], "nobody says so"),
        (handled(rule(flapping=FlapThresholds())), FLAPS, [("Disk", 1, 0, 49, 1)],
         "one, which stays open while it flaps, until it is quiet for half an hour"),
        (handled(tree=routing_tree(Route(receiver="ops", group_by=("name",), group_wait=2 * M))),
         [at(0, host="a"), at(1, host="b")], [("Disk", 2, 2, None, 0)], "collected first"),
        (handled(inhibitions=(DOWN,)), [at(0, "Down", host="a"), at(1, host="a"), at(1, host="b")],
         [("Down", 1, 0, None, 0), ("Disk", 1, 1, None, 0)], "what is down explains what is on it"),
        (handled(inhibitions=(DOWN,)), [at(0, "Down", host="a"), at(1, host="a"), at(9, "Down", RESOLVED, host="a")],
         [("Down", 1, 0, 9, 0), ("Disk", 1, 9, None, 0)], "what still fires then is raised"),
        (handled(topology=Topology(TopologyBy.APPLICATION), applications={"shop": "db", "db": "db"}),
         [at(0, "Slow", service="shop"), at(5, "Down", service="db"), at(9, service="files")],
         [("Slow", 2, 0, None, 0), ("Disk", 1, 9, None, 0)], "one application"),
        (handled(topology=Topology(TopologyBy.SERVICE)), [at(0, "Slow", service="shop"), at(16, service="shop")],
         [("Slow", 1, 0, None, 0), ("Disk", 1, 16, None, 0)], "too long after it"),
        (handled(), [at(1, host="b"), at(0, host="a")], [("Disk", 2, 0, None, 0)], "in the order of their times"),
        (handled(), [at(0, status=RESOLVED), at(1, status=EventStatus.INFORMATIONAL)], [], "nothing fired"),
    ],
)  # fmt: skip
def test_the_incidents_of_a_replay(site, arrivals, expected, reason):
    assert opened(site, *arrivals) == expected, reason


def test_a_maintenance_window_keeps_quiet_and_raises_at_its_end_what_still_fires():
    window = Window(starts=wall("2026-11-20 11:00"), ends=wall("2026-11-20 12:30"))
    site = handled(
        maintenance={"move": Maintenance("move", services=("shop",))},
        calendars={"move": Calendar(name="move", timezone="UTC", windows=(window,))},
    )
    arrivals = [at(0, service="shop"), at(1, "Load", service="shop"), at(2, "Load", RESOLVED, service="shop")]
    assert opened(site, *arrivals) == [("Disk", 1, 30, None, 0)]


def test_a_candidate_is_told_as_one():
    site = handled(rule(incident=IncidentRule(opens=Opens.CANDIDATE, title="{name} of {service}", team="web")))
    (found,) = replay(site, [at(0, service="shop")]).incidents
    assert (found.is_candidate, found.title, found.service, found.team) == (True, "Disk of shop", "shop", "web")
    assert (found.alerts, found.impact, found.urgency, found.first) == (1, "high", "high", 1)


def test_a_storm_is_one_incident_with_all_that_it_began_with():
    arrivals = [at(number / 1_000, f"N{number}", service="shop") for number in range(STORM_LIMIT + 100)]
    site = handled(tree=routing_tree(Route(receiver="ops", group_by=("name",), group_wait=1 * M)))
    assert opened(site, *arrivals) == [("Storm of alerts: service shop", STORM_LIMIT + 100, 1.2, None, 0)], (
        "its own wait"
    )


def test_a_storm_takes_over_the_incident_that_it_began_with():
    arrivals = [at(number / 1_000, service="shop", host=f"h{number}") for number in range(STORM_LIMIT + 100)]
    ends = [at(5, status=RESOLVED, service="shop", host=f"h{number}") for number in range(STORM_LIMIT + 100)]
    assert opened(handled(), *arrivals, *ends) == [("Disk", STORM_LIMIT + 100, 0, 5, 0)]


DISK = at(0, service="shop")
COLLECTED = routing_tree(Route(receiver="ops", group_by=("name",), group_wait=10 * M))


def silence(begin, end, matchers="name=Disk"):
    return Silence(parse_matchers(matchers), NOON + begin * M, NOON + end * M, "ann", "disk change")


@pytest.mark.parametrize(
    ("silences", "expected", "reason"),
    [
        ([], [10], "nothing is silenced"),
        ([silence(-60, 30)], [30], "what still fires at the end of a silence is raised then"),
        ([silence(5, 30)], [30], "a silence that is set while it fires holds at once"),
        ([silence(5, 30), silence(20, 40)], [40], "the silence that ends last"),
        ([silence(-60, -30), silence(-60, 30, "name=Load")], [10], "no silence of this alert then"),
    ],
)
def test_what_people_silenced_is_quiet_in_a_replay(silences, expected, reason):
    found = replay(handled(tree=COLLECTED), [DISK], silences).incidents
    assert [(one.opened_at - NOON) / M for one in found] == expected, reason


def test_maintenance_that_begins_while_it_fires_holds_at_once():
    window = Window(starts=wall("2026-11-20 12:05"), ends=wall("2026-11-20 12:30"))
    calendars = {"move": Calendar(name="move", timezone="UTC", windows=(window,))}
    site = handled(tree=COLLECTED, maintenance={"move": Maintenance("move", services=("shop",))}, calendars=calendars)
    assert opened(site, DISK) == [("Disk", 1, 30, None, 0)]


def test_events_and_rules_are_counted():
    site = handled(
        rule("name=Noise", name="noise", ignore=True),
        rule("name=Load", name="load", incident=IncidentRule()),
        rule("name=Never", name="never"),
    )
    arrivals = [
        at(0, "Noise"),
        at(1, "Load", severity=Severity.WARNING),
        at(2, "Info", severity=Severity.INFO),
        at(3, "Noise"),
        at(4, "Warn", severity=Severity.LOW),
    ]
    found = replay(site, arrivals)
    assert (found.events, found.ignored, found.informational) == (5, 2, 1)
    assert [(one.first, one.name, one.was_raised) for one in found.alerts] == [(2, "Load", True), (5, "Warn", True)]
    assert found.applied == {"noise": 2, "load": 1, "never": 0}


def test_each_episode_of_an_alert_is_one():
    found = replay(handled(), [at(0), at(5, status=RESOLVED), at(30), at(40, status=RESOLVED), at(300)])
    assert [one.first for one in found.alerts] == [1, 5]


def test_what_differs_between_two_replays_is_found_by_the_event_that_began_it():
    arrivals = [at(0, host="a"), at(1, "Load"), at(2, "Log", severity=Severity.WARNING)]
    before = replay(handled(), arrivals)
    after = replay(
        handled(rule("name=Load", ignore=True), rule("name=Log", name="b", incident=IncidentRule(title="Logs"))),
        arrivals,
    )
    incidents = differences(before.incidents, after.incidents)
    assert [(one.before and one.before.title, one.after and one.after.title) for one in incidents] == [
        ("Load", None),
        (None, "Logs"),
    ]
    alerts = differences(before.alerts, after.alerts)
    assert [(one.before and one.before.name, one.after) for one in alerts] == [("Load", None)]


def test_the_same_rules_make_no_difference_and_another_title_does():
    arrivals = [at(0), at(1, "Load")]
    before, same = replay(handled(), arrivals), replay(handled(), arrivals)
    assert differences(before.incidents, same.incidents) == ()
    titled = replay(handled(rule("name=Load", incident=IncidentRule(title="Busy"))), arrivals)
    (found,) = differences(before.incidents, titled.incidents)
    assert found == Differing(before.incidents[1], titled.incidents[1])

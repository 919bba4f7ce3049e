"""A replay says what the part `events` does: the same histories through both make the same incidents."""

import random
from datetime import timedelta

import pytest

from models.database import Database
from models.queries import inbox_history, silences
from models.rules.alert_thresholds import Threshold
from models.rules.event_policies import IncidentRule, Opens
from models.rules.event_replay import Arrival, Handled, replay
from models.rules.event_rule import EventRule, PolicyRule
from models.rules.flapping import FlapThresholds
from models.rules.incoming import Incoming
from models.rules.inhibition import InhibitRule
from models.rules.matchers import parse_matchers
from models.rules.replay_groups import Grouping
from models.rules.routing import Route
from models.rules.silences import Silence
from tests.records.events_lab import Lab, event

MINUTES = 180
SILENCES = {20: 25, 80: 60}
"""Of one host: the minute, and how many minutes."""
ENDED_EARLY = 100
M = timedelta(minutes=1)
HANDLING = {
    "route": Route(receiver="", group_by=("name",), group_wait=2 * M),
    "defaults": PolicyRule(auto_resolve_after=90 * M, incident=IncidentRule(reopen_within=10 * M)),
    "inhibit": (InhibitRule(("name=Down",), ("name=Disk",), ("host",)),),
    "rules": (
        EventRule(name="slow", matchers=("name=Slow",), threshold=Threshold(3, 20 * M)),
        EventRule(name="disk", matchers=("name=Disk",), delay=5 * M),
        EventRule(name="link", matchers=("name=Link",), flapping=FlapThresholds()),
        EventRule(name="info", matchers=("name=Info",), incident=IncidentRule(opens=Opens.NEVER)),
    ),
}
Opened = tuple[str, float, float | None, int]


def history(seed: int) -> list[tuple[int, Incoming]]:
    """Minutes and events: some names on two hosts come and go."""
    chosen = random.Random(seed)
    minutes = sorted(chosen.sample(range(1, MINUTES - 40), 60))
    return [
        (
            minute,
            event(f"{chosen.choice('++-')}{chosen.choice(['Slow', 'Disk', 'Link', 'Down', 'Info'])} "
                  f"host={chosen.choice('ab')}"),
        )
        for minute in minutes
    ]  # fmt: skip


def do(lab: Lab, minute: int) -> None:
    """What people did in this minute."""
    now = lab.now(minute * 60)
    with lab.database.write() as session:
        if minute in SILENCES:
            ends = now + SILENCES[minute] * M
            silences.add(session, Silence(parse_matchers("host=a"), now, ends, "ann", "disk change"), now)
        if minute == ENDED_EARLY:
            silences.end(session, 2, "ann", now)


def worked_off(lab: Lab, said: list[tuple[int, Incoming]]) -> list[Opened]:
    by_minute = dict(said)
    for minute in range(MINUTES):
        do(lab, minute)
        lab.look(minute * 60)
        if minute in by_minute:
            lab.told(minute * 60, by_minute[minute])
            lab.look(minute * 60)
    return [
        (
            one.title.removesuffix(" (flapping)"),
            (one.opened_at - lab.now(0)) / M,
            (one.resolved_at - lab.now(0)) / M if one.resolved_at else None,
            one.reopened,
        )
        for one in lab.incidents()
    ]


def replayed(lab: Lab, said: list[tuple[int, Incoming]]) -> list[Opened]:
    book = lab.book
    handled = Handled(book.rules, Grouping(book.tree), book.inhibitions)
    with lab.database.read() as session:
        known = inbox_history.silences_since(session, lab.now(0))
    assert len(known) == len(SILENCES)
    found = replay(handled, [Arrival(lab.now(minute * 60), "prometheus", one) for minute, one in said], known)
    end = lab.now(MINUTES * 60)
    return [
        (
            one.title,
            (one.opened_at - lab.now(0)) / M,
            (one.resolved_at - lab.now(0)) / M if one.resolved_at and one.resolved_at < end else None,
            one.reopened,
        )
        for one in found.incidents
        if one.opened_at < end
    ]


@pytest.mark.parametrize("seed", range(2))
def test_a_replay_opens_what_the_part_opens(sqlite: Database, seed: int) -> None:
    lab = Lab(sqlite).handled(**HANDLING)
    said = history(seed)
    expected = worked_off(lab, said)
    assert expected
    assert sorted(replayed(lab, said)) == sorted(expected)

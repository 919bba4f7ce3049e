"""What becomes of the incident of a group of alerts."""

from datetime import timedelta

import pytest

from models.rules.correlation import Decision, Follows, Former, GroupFacts, Handling, correlate, storm
from models.rules.event_policies import Opens
from models.vocabulary import IncidentState
from tests.rules.moments import utc

NOW = utc("2026-11-21 12:00")
M = timedelta(minutes=1)
USUAL = Handling(Opens.INCIDENT, resolves_itself=True, reopen_within=60 * M, repeat=240 * M)
NEVER = Handling(Opens.NEVER, True, 60 * M, 240 * M)
CANDIDATE = Handling(Opens.CANDIDATE, True, 60 * M, 240 * M)
BY_HAND = Handling(Opens.INCIDENT, False, 60 * M, 240 * M)


def group(asking=1, joining=0, firing=0, raised=-1, collects=0, accepted=False):
    """A group whose newest alert asks since this minute, and that is collected until that one."""
    return GroupFacts(asking, joining, firing, NOW + raised * M if asking else None, NOW + collects * M, accepted)


def over(minutes, state=IncidentState.RESOLVED):
    return Former(state, NOW - minutes * M)


OPEN = Former(IncidentState.IN_PROGRESS)


@pytest.mark.parametrize(
    ("facts", "former", "handling", "follows", "reason"),
    [
        (group(0), None, USUAL, "leave", "no alert asks"),
        (group(collects=1), None, USUAL, "leave", "collected until 2026-11-21T12:01Z"),
        (group(400), None, USUAL, "open", "400 alerts firing"),
        (group(), None, NEVER, "leave", "1 alert firing; by its rules it opens none"),
        (group(), None, CANDIDATE, "ask", "1 alert firing; a person decides"),
        (group(accepted=True), None, CANDIDATE, "open", "1 alert firing"),
        (group(3, joining=2, firing=1), OPEN, USUAL, "add", "2 alerts more"),
        (group(3, joining=2, collects=5), OPEN, NEVER, "add", "2 alerts more"),
        (group(1, firing=1), OPEN, USUAL, "leave", "1 alert of it firing"),
        (group(0, firing=1), OPEN, USUAL, "leave", "1 alert of it firing"),
        (group(0), OPEN, USUAL, "resolve", "all its alerts are resolved"),
        (group(0), OPEN, BY_HAND, "leave", "all its alerts are resolved; a person is to say how"),
        (group(0), over(5), USUAL, "leave", "no alert asks"),
        (group(raised=-1), over(5), USUAL, "reopen", "1 alert firing, its incident ended at 2026-11-21T11:55Z"),
        (group(raised=0), over(60), USUAL, "reopen", "1 alert firing, its incident ended at 2026-11-21T11:00Z"),
        (group(raised=0), over(61), USUAL, "open anew", "1 alert firing, its incident ended at 2026-11-21T10:59Z"),
        (
            group(raised=-1),
            over(5, IncidentState.CANCELLED),
            USUAL,
            "open anew",
            "1 alert firing, its incident ended at 2026-11-21T11:55Z",
        ),
        (group(raised=-1), over(5, IncidentState.CLOSED), USUAL, "reopen", None),
        (group(raised=-1), over(5), NEVER, "reopen", None),
        (group(raised=0), over(61), CANDIDATE, "ask", None),
        (group(raised=-9), over(5), USUAL, "leave", "fired already when it ended at 2026-11-21T11:55Z"),
        (group(raised=-250), over(240), USUAL, "open anew", None),
        (group(raised=-250), over(240), Handling(Opens.INCIDENT, True, 300 * M, 240 * M), "reopen", None),
    ],
)
def test_what_becomes_of_the_incident(facts, former, handling, follows, reason):
    decision = correlate(facts, former, handling, NOW)
    assert decision.follows == follows
    if reason is not None:
        assert decision.reason == reason


def test_what_time_alone_may_change_is_looked_at_then():
    assert correlate(group(collects=1), None, USUAL, NOW).look_at == NOW + M
    assert correlate(group(raised=-9), over(5), USUAL, NOW).look_at == NOW + 235 * M
    assert correlate(group(0), None, USUAL, NOW) == Decision(Follows.LEAVE, "no alert asks", None)


@pytest.mark.parametrize(
    ("new", "was_storm", "expected"),
    [(200, False, False), (201, False, True), (101, True, True), (100, True, False)],
)
def test_a_storm_begins_above_the_limit_and_ends_at_half_of_it(new, was_storm, expected):
    assert storm(new, 200, was_storm=was_storm).allowed is expected


def test_a_storm_says_how_thick_it_is():
    assert storm(100_000, 200, was_storm=False).reason == "100,000 new alerts in a minute, a storm begins above 200"

"""The course of one alert: events, time, acknowledgement, and what keeps it quiet."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from models.rules.alert_course import STEADY_AFTER, acknowledged, after_event, after_time
from models.rules.alert_facts import Hold, Seen
from models.rules.alert_thresholds import Threshold
from models.rules.event_policies import AlertPolicy, IncidentPolicy
from models.rules.flapping import FlapThresholds
from models.vocabulary import AlertState, EventStatus, Mute, Severity, Standing
from tests.rules.moments import utc

BEGIN = utc("2026-11-21 12:00")
S = timedelta(seconds=1)
M = timedelta(minutes=1)
INCIDENT = IncidentPolicy("high", "high", reopen_within=10 * M)
PLAIN = AlertPolicy(incident=INCIDENT)
STATUS = {
    "+": EventStatus.FIRING,
    "-": EventStatus.RESOLVED,
    "a": EventStatus.ACKNOWLEDGED,
    "s": EventStatus.SUPPRESSED,
    "p": EventStatus.PENDING,
}
SILENCE = Hold(Mute.SILENCE, "SIL000001 of ann: upgrade", BEGIN + 60 * M)


def seen(word, now, severity=Severity.HIGH):
    """An event in a word: `+` fires, `-` is resolved; `+@5` fires since second 5 by its sender's clock."""
    sign, _, second = word.partition("@")
    at = BEGIN + int(second) * S if second else None
    status = STATUS[sign[0]]
    times = {"ended_at": at} if status is EventStatus.RESOLVED else {"started_at": at}
    return Seen(status, severity, now, digest=word[:1], owner="ann" if sign == "a" else "", **times)


def played(script, policy=PLAIN, quiet=lambda _: None):
    """The last course and `second action` of all that happened; a `.` looks at what time alone does."""
    course, said = None, []
    for line in script.split(","):
        second, word = line.split()
        now = BEGIN + int(second) * S
        if word == ".":
            step = after_time(course, policy, quiet(int(second)), now)
        else:
            step = after_event(course, seen(word, now), policy, quiet(int(second)))
        course = step.course
        said += [f"{second} {change.action}" for change in step.changes]
    return course, said


@pytest.mark.parametrize(
    ("script", "state", "happened", "reason"),
    [
        ("0 +", "firing", ["0 fire"], "it is new"),
        ("0 +, 9 +, 20 +", "firing", ["0 fire"], "the same again is counted"),
        ("0 +, 9 -", "resolved", ["0 fire", "9 resolve"], "its sender says that it is over"),
        ("0 +, 9 -, 12 -", "resolved", ["0 fire", "9 resolve"], "once"),
        ("0 -", "resolved", ["0 resolve"], "the end of what nobody knew is recorded"),
        ("0 +, 9 -, 609 +", "firing", ["0 fire", "9 resolve", "609 fire again"], "the end of the window belongs to it"),
        ("0 +, 9 -, 610 +", "firing", ["0 fire", "9 resolve", "610 fire"], "later it is a new episode"),
        ("0 +, 5 a", "acknowledged", ["0 fire", "5 acknowledge"], "somebody owns it"),
        ("0 +, 5 a, 6 a, 9 +", "acknowledged", ["0 fire", "5 acknowledge"], "and that it fires is no news then"),
        ("0 a", "acknowledged", ["0 fire"], "it fires, and somebody owns it already"),
        ("0 +, 5 a, 9 -", "resolved", ["0 fire", "5 acknowledge", "9 resolve"], "an owner does not keep it"),
        ("9 +@5, 20 -@15, 25 +@5", "resolved", ["9 fire", "20 resolve"], "the first came once more, and late"),
        ("9 +@5, 20 -@15, 25 +@15", "firing", ["9 fire", "20 resolve", "25 fire again"], "at that moment it fires"),
        ("20 -@15, 25 +@5", "resolved", ["20 resolve"], "its end overtook it: it never fires"),
        ("9 +@5, 20 +@18, 25 -@10", "firing", ["9 fire"], "the end of an earlier firing came late"),
        ("9 +@5, 20 -", "resolved", ["9 fire", "20 resolve"], "without a time it is of the moment it came"),
        ("9 +@5000, 20 -@15", "resolved", ["9 fire", "20 resolve"], "a clock that is ahead is not believed"),
        ("0 s", "firing", ["0 fire", "0 mute"], "the sender keeps quiet"),
        ("0 s, 5 +", "firing", ["0 fire", "0 mute", "5 raise"], "no more"),
        ("0 +, 5 s", "firing", ["0 fire", "5 mute"], "from now on"),
        ("0 p, 9 +", "firing", ["0 fire", "0 mute", "9 raise"], "it has lasted"),
        ("0 +, 9 p", "firing", ["0 fire"], "what fires does not begin to fire"),
    ],
)  # fmt: skip
def test_what_events_make_of_an_alert(script, state, happened, reason):
    course, said = played(script)
    assert (course.state, said) == (state, happened), reason


def test_an_event_is_counted_in_its_episode_with_its_first_and_last_time():
    course, _ = played("30 +@10, 40 +, 50 +")
    assert (course.events, course.episode) == (3, 1)
    assert (course.fired_at, course.seen_at, course.changed_at) == (BEGIN + 10 * S, BEGIN + 50 * S, BEGIN + 30 * S)
    again, _ = played("30 +@10, 40 -, 50 +")
    assert (again.events, again.episode, again.fired_at) == (3, 1, BEGIN + 10 * S), "it continues what it was"
    anew, _ = played("30 +@10, 40 -, 5000 +")
    assert (anew.events, anew.episode, anew.fired_at, anew.firing_since) == (1, 2, *[BEGIN + 5000 * S] * 2)


def test_a_late_event_is_counted_and_changes_nothing_else():
    before, _ = played("9 +@5, 20 -@15")
    after = after_event(before, seen("+@5", BEGIN + 25 * S), PLAIN).course
    changed = {name for name, old, new in zip(before._fields, before, after, strict=True) if old != new}
    assert changed == {"events", "seen_at", "repeats"}


def test_another_severity_is_told_and_the_same_is_not():
    course, _ = played("0 +")
    step = after_event(course, seen("+", BEGIN + 5 * S, Severity.CRITICAL), PLAIN)
    assert [(change.action, change.reason) for change in step.changes] == [("change", "critical now, high before")]
    assert step.course.severity is Severity.CRITICAL
    assert after_event(step.course, seen("-", BEGIN + 9 * S, Severity.INFO), PLAIN).course.severity == "critical"


def test_an_acknowledgement_ends_and_the_alert_fires_again():
    policy = AlertPolicy(acknowledge_for=30 * S)
    course, said = played("0 +, 10 a, 39 .", policy)
    assert (course.state, course.owner, course.look_at) == (AlertState.ACKNOWLEDGED, "ann", BEGIN + 40 * S)
    course, said = played("0 +, 10 a, 40 .", policy)
    assert (course.state, course.owner, said[-1]) == (AlertState.FIRING, None, "40 time out")
    assert course.raised_at == BEGIN + 40 * S, "it asks anew"


def test_a_person_acknowledges_what_fires_and_nothing_else():
    course, _ = played("0 +")
    step = acknowledged(course, "bob", AlertPolicy(acknowledge_for=M), BEGIN + 5 * S)
    assert (step.course.owner, step.course.state) == ("bob", AlertState.ACKNOWLEDGED)
    assert [change.reason for change in step.changes] == ["by bob, until 2026-11-21T12:01Z"]
    over, _ = played("0 +, 9 -")
    with pytest.raises(Refused, match="nothing to acknowledge"):
        acknowledged(over, "bob", PLAIN, BEGIN + 10 * S)


def test_an_acknowledged_alert_that_is_silenced_stays_so():
    quiet = after_event(None, seen("+", BEGIN), PLAIN, SILENCE).course
    step = acknowledged(quiet, "bob", PLAIN, BEGIN + 5 * S)
    assert (step.course.muted_by, step.course.standing) == (Mute.SILENCE, Standing.HELD)


@pytest.mark.parametrize(
    ("script", "state", "happened"),
    [
        ("0 +, 59 .", "firing", ["0 fire"]),
        ("0 +, 60 .", "resolved", ["0 fire", "60 expire"]),
        ("0 +, 30 +, 60 .", "firing", ["0 fire"]),
        ("0 +, 10 a, 70 .", "resolved", ["0 fire", "10 acknowledge", "70 expire"]),
        ("0 +, 60 ., 70 +", "firing", ["0 fire", "60 expire", "70 fire again"]),
    ],
)
def test_what_nobody_hears_of_is_resolved_when_the_policy_says_so(script, state, happened):
    course, said = played(script, AlertPolicy(auto_resolve_after=M, incident=INCIDENT))
    assert (course.state, said) == (state, happened)


def test_a_sender_that_repeats_with_its_first_time_fires_again_after_it_was_given_up():
    course, said = played("9 +@5, 70 ., 80 +@5", AlertPolicy(auto_resolve_after=M, incident=INCIDENT))
    assert (course.state, said[-1]) == (AlertState.FIRING, "80 fire again")


@pytest.mark.parametrize(
    ("script", "standing", "happened"),
    [
        ("0 +, 5 +", "held", ["0 fire"]),
        ("0 +, 5 +, 9 +", "open", ["0 fire", "9 count up"]),
        ("0 +, 5 -, 6 +, 9 +", "open", ["0 fire", "5 resolve", "6 fire again", "9 count up"]),
        ("0 +, 40 +, 70 +", "held", ["0 fire"]),
        ("0 +, 5 +, 9 +, 20 -, 90 +", "held", ["0 fire", "9 count up", "20 resolve", "90 fire again"]),
    ],
)
def test_so_many_events_in_a_time_are_needed_where_the_policy_says_so(script, standing, happened):
    course, said = played(script, AlertPolicy(threshold=Threshold(3, M), incident=INCIDENT))
    assert (course.standing, said) == (standing, happened)
    if standing == "held":
        assert (course.muted_by, "of 3 events in 1m" in (course.muted_reason or "")) == (Mute.THRESHOLD, True)


@pytest.mark.parametrize(
    ("script", "standing", "happened"),
    [
        ("0 +, 29 .", "held", ["0 fire"]),
        ("0 +, 30 .", "open", ["0 fire", "30 outlast"]),
        ("0 +, 31 +", "open", ["0 fire", "31 outlast"]),
        ("0 +, 29 -", "over", ["0 fire", "29 resolve"]),
        ("0 +, 29 -, 40 +, 60 .", "held", ["0 fire", "29 resolve", "40 fire again"]),
        ("30 +@0", "open", ["30 fire"]),
    ],
)
def test_what_heals_within_its_delay_is_not_told(script, standing, happened):
    course, said = played(script, AlertPolicy(delay=30 * S, incident=INCIDENT))
    assert (course.standing, said) == (standing, happened)


def test_what_waits_for_its_delay_is_looked_at_when_it_is_over_and_says_when_it_healed():
    policy = AlertPolicy(delay=30 * S)
    course, _ = played("0 +", policy)
    assert (course.muted_by, course.look_at) == (Mute.DELAY, BEGIN + 30 * S)
    step = after_event(course, seen("-", BEGIN + 9 * S), policy)
    assert [change.reason for change in step.changes] == ["it healed by itself within its delay, 9s after it fired"]


def flapped(times):
    return ", ".join(f"{5 * n} {'+-'[n % 2]}" for n in range(times))


def test_what_changes_too_often_flaps_and_is_told_as_such_until_it_is_steady():
    policy = AlertPolicy(flapping=FlapThresholds(), delay=M, threshold=Threshold(9, M), incident=INCIDENT)
    course, said = played(flapped(4), policy)
    assert (course.is_flapping, course.standing, course.muted_by) == (True, "flapping", Mute.FLAPPING)
    assert said[-2:] == ["15 resolve", "15 start flapping"], "also though it does not fire, and waited for more"
    assert course.look_at == course.seen_at + STEADY_AFTER
    steady = ", ".join(f"{100 + n} -" for n in range(21))
    course, said = played(f"{flapped(4)}, {steady}", policy)
    assert (course.is_flapping, course.standing, said[-1].split(" ", 1)[1]) == (False, "over", "stop flapping")


def test_flapping_ends_when_nothing_is_heard_any_more():
    policy = AlertPolicy(flapping=FlapThresholds(), incident=INCIDENT)
    script = flapped(4)
    course, said = played(f"{script}, {15 + 1799} .", policy)
    assert course.is_flapping
    course, said = played(f"{script}, {15 + 1800} .", policy)
    assert (course.is_flapping, course.standing, said[-1]) == (False, "over", "1815 stop flapping")
    assert course.flaps == "0" * 21


def test_a_rule_that_no_longer_watches_for_flapping_ends_it():
    course, _ = played(flapped(5), AlertPolicy(flapping=FlapThresholds(), incident=INCIDENT))
    step = after_event(course, seen("+", BEGIN + 60 * S), PLAIN)
    assert (step.course.is_flapping, step.course.flaps, step.course.standing) == (False, "", "open")


def test_what_fires_still_at_the_end_of_its_silence_is_raised_as_if_new():
    def quiet(second):
        return SILENCE if 10 <= second < 50 else None

    course, said = played("0 +, 10 ., 20 .", PLAIN, quiet)
    assert (course.standing, course.muted_reason, said) == ("held", SILENCE.reason, ["0 fire", "10 mute"])
    course, said = played("0 +, 10 ., 20 ., 50 .", PLAIN, quiet)
    assert (course.standing, course.raised_at, said[-1]) == ("open", BEGIN + 50 * S, "50 raise")
    course, said = played("0 +, 10 ., 20 -, 50 .", PLAIN, quiet)
    assert (course.standing, said[-1]) == ("over", "20 resolve"), "what is resolved passes through"


def test_a_silence_that_ends_leaves_the_delay_in_force():
    quiet = {0: SILENCE}
    _, said = played("0 +, 10 ., 40 .", AlertPolicy(delay=30 * S), quiet.get)
    assert said == ["0 fire", "0 mute", "40 outlast"]


@pytest.mark.parametrize(
    ("script", "policy", "repeats"),
    [
        ("0 +", PLAIN, "+"),
        ("0 +, 5 -", PLAIN, "-"),
        ("0 a", PLAIN, ""),
        ("0 s", PLAIN, "s"),
        ("0 +", AlertPolicy(threshold=Threshold(2, M)), ""),
        ("0 +, 1 +", AlertPolicy(threshold=Threshold(2, M)), "+"),
        ("0 +", AlertPolicy(flapping=FlapThresholds()), ""),
        ("9 +@5, 20 -@15, 25 +@5", PLAIN, ""),
    ],
)
def test_it_is_known_which_repeated_event_changes_only_the_count(script, policy, repeats):
    course, _ = played(script, policy)
    assert course.repeats == repeats


EVENTS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["+", "-", "a", "s", "p", ".", "+@5", "-@15"])),
    min_size=1,
    max_size=30,
)
POLICIES = st.builds(
    AlertPolicy,
    threshold=st.none() | st.just(Threshold(2, M)),
    delay=st.none() | st.just(20 * S),
    flapping=st.none() | st.just(FlapThresholds()),
    auto_resolve_after=st.none() | st.just(M),
    acknowledge_for=st.none() | st.just(30 * S),
    incident=st.none() | st.just(INCIDENT),
)


@given(EVENTS, POLICIES)
def test_a_course_holds_together_whatever_happens(events, policy):
    course, second = None, 0
    for wait, word in events:
        second += wait
        now = BEGIN + second * S
        if word == "." and course is None:
            continue
        before = course
        if word == ".":
            step = after_time(course, policy, None, now)
            assert after_time(step.course, policy, None, now).changes == (), "a look is idempotent"
        else:
            step = after_event(course, seen(word, now), policy)
            is_due = before is not None and before.look_at is not None and before.look_at <= now
            if before is not None and before.repeats == word[0] and "@" not in word and not is_due:
                same = {"events", "seen_at", "as_of", "look_at"}
                assert {n for n, a, b in zip(before._fields, before, step.course, strict=True) if a != b} <= same
                assert step.changes == ()
        course = step.course
        assert (course.standing is Standing.OVER) == (course.state is AlertState.RESOLVED and not course.is_flapping)
        assert (course.muted_by is None) == (course.standing in (Standing.OPEN, Standing.OVER))
        assert (course.raised_at is not None) == (course.standing in (Standing.OPEN, Standing.FLAPPING))
        assert (course.resolved_at is not None) == (course.state is AlertState.RESOLVED)
        if step.changes:
            assert step.changes[0].source == (before.state if before else None)

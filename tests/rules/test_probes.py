"""What readings mean: limits with two edges, verdicts that hold after enough in a row, and what cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.probes import (
    GRAVITY,
    Course,
    Limit,
    Measure,
    Observed,
    Patience,
    follow,
    in_unit,
    is_worse,
    judge,
    level_of,
)
from models.vocabulary import ProbeVerdict

OK, WARNING, CRITICAL, UNKNOWN = ProbeVerdict
FREE = Limit("free", warning=20, critical=10, margin=5, is_low=True)
LOAD = Limit("load", warning=2, critical=4, margin=0.5)
SIGNS = {"o": OK, "w": WARNING, "c": CRITICAL, "u": UNKNOWN}


@pytest.mark.parametrize(
    ("limit", "held", "value", "level", "reason"),
    [
        (FREE, OK, 20, OK, "the edge itself is good"),
        (FREE, OK, 19.9, WARNING, "below it is not"),
        (FREE, OK, 9.9, CRITICAL, "the worst level counts"),
        (FREE, CRITICAL, 14.9, CRITICAL, "what holds stays below its second edge"),
        (FREE, CRITICAL, 15, WARNING, "at the second edge of one level the milder one is left"),
        (FREE, CRITICAL, 24.9, WARNING, "whose second edge counts too"),
        (FREE, CRITICAL, 25, OK, "above both all is well"),
        (FREE, WARNING, 14, WARNING, "a level that does not hold has its first edge"),
        (FREE, WARNING, 9, CRITICAL, "and begins there"),
        (LOAD, OK, 2, OK, "too much is above the edge"),
        (LOAD, OK, 2.1, WARNING, "and not at it"),
        (LOAD, WARNING, 1.6, WARNING, "it is left at its second edge"),
        (LOAD, WARNING, 1.5, OK, "which is good"),
        (Limit("x", critical=1), OK, 5, CRITICAL, "a limit need not have both levels"),
        (Limit("x", warning=1), CRITICAL, 5, WARNING, "and cannot have a level without an edge"),
        (Limit("x"), CRITICAL, 5, OK, "none at all limits nothing"),
    ],
)
def test_a_level_begins_at_one_edge_and_ends_at_another(limit, held, value, level, reason):
    assert level_of(value, limit, held) is level, reason


@given(
    values=st.lists(st.floats(-10, 40), min_size=1, max_size=40),
    margin=st.floats(0, 10),
    is_low=st.booleans(),
)
def test_a_level_changes_only_when_the_value_has_moved_by_the_margin(values, margin, is_low):
    """Between leaving a level and entering it again the value crosses the whole band."""
    limit = Limit("x", warning=20, critical=10, margin=margin, is_low=is_low)
    limit = limit if is_low else Limit("x", warning=10, critical=20, margin=margin)
    held, left_at = OK, {}
    for value in values:
        level = level_of(value, limit, held)
        for one in GRAVITY[1:]:
            was, now = not is_worse(one, held), not is_worse(one, level)
            if was and not now:
                left_at[one] = value
            if now and not was and one in left_at:
                assert abs(value - left_at[one]) >= margin * 0.999
        held = level


DISK = (FREE, Limit("inodes", warning=10, critical=5, is_low=True))


def test_a_reading_is_as_bad_as_the_worst_of_its_limits_and_says_each():
    observed = Observed("/var", (Measure("free", 12, "%"), Measure("inodes", 3, "%")))
    judged = judge(observed, DISK, {})
    assert judged.verdict is CRITICAL
    assert judged.levels == {"least free": WARNING, "least inodes": CRITICAL}
    assert judged.text == "/var; free 12 % is below 20 % (warning); inodes 3 % is below 5 % (critical)"


def test_what_holds_is_left_by_each_limit_alone():
    observed = Observed("/var", (Measure("free", 22, "%"), Measure("inodes", 50, "%")))
    judged = judge(observed, DISK, {"least free": WARNING, "least inodes": CRITICAL})
    assert judged.levels == {"least free": WARNING}
    assert judged.text == "/var; free 22 % is not above 25 % yet (warning still)"
    assert judge(observed, DISK, {}).verdict is OK, "without an alarm there is nothing to leave"


@pytest.mark.parametrize(
    ("observed", "verdict", "reason"),
    [
        (Observed("refused", verdict=CRITICAL), CRITICAL, "a refusal needs no limit"),
        (Observed("slow", (Measure("free", 15),), CRITICAL), CRITICAL, "and no limit makes it milder"),
        (Observed("odd", (Measure("free", 5),), WARNING), CRITICAL, "but one may make it worse"),
        (Observed("no answer", (Measure("free", 5),), UNKNOWN), UNKNOWN, "what was not read has no value"),
        (Observed("fine", (Measure("other", 5),)), OK, "a value without a limit is only shown"),
    ],
)
def test_a_reading_may_know_by_itself(observed, verdict, reason):
    assert judge(observed, DISK, {}).verdict is verdict, reason


def run_through(readings, patience):
    """What happens reading by reading: the sign of what holds when it changes, U and K for unreadable and known."""
    said, course = "", Course()
    for sign in readings:
        followed = follow(course, SIGNS[sign], patience)
        course = followed.course
        said += next(sign for sign, word in SIGNS.items() if word is course.verdict) if followed.is_changed else ""
        said += ("U" if course.is_unknown else "K") if followed.is_unknown_changed else ""
        said += "h" if followed.is_heartbeat else ""
        said += "."
    return said


@pytest.mark.parametrize(
    ("readings", "patience", "said", "reason"),
    [
        ("ccc", Patience(), "..c.", "bad after three in a row"),
        ("ccocc", Patience(), ".....", "a good one between begins anew"),
        ("wwc", Patience(), "..c.", "the last of them says how bad, as Nagios' soft states do"),
        ("cww", Patience(), "..w.", "better at the end is milder"),
        ("ccco", Patience(), "..c.o.", "good at once, as long as nothing else is asked"),
        ("cccoco", Patience(good_after=2), "..c....", "good after two in a row, which a bad one interrupts"),
        ("cccoo", Patience(good_after=2), "..c..o.", "good after two"),
        ("wwwccc", Patience(), "..w...c.", "worse than bad takes as many"),
        ("cccw", Patience(), "..c.w.", "milder than bad is better"),
        ("uuu", Patience(), "..U.", "unreadable after three in a row"),
        ("uuuo", Patience(), "..U.K.", "readable again"),
        ("cccuuuuo", Patience(), "..c...U..oK.", "what holds stays while nobody can look"),
        ("cucuc", Patience(), "....c.", "what was not read counts neither for nor against"),
        ("uouou", Patience(), ".....", "nor does a host that answers now and then become unreadable"),
        ("c", Patience(bad_after=1), "c.", "one is enough where it is said so"),
        ("oooooo", Patience(heartbeat_every=3), "..h...h.", "no news is told now and then"),
        ("oocccoo", Patience(heartbeat_every=3), "..h..c.o..", "news counts as having told"),
    ],
)
def test_a_verdict_holds_after_enough_readings_in_a_row(readings, patience, said, reason):
    assert run_through(readings, patience) == said, reason


@given(readings=st.text("owcu", max_size=60), bad=st.integers(1, 5), good=st.integers(1, 5))
def test_no_verdict_changes_sooner_than_was_asked(readings, bad, good):
    """A change to worse has `bad` readings behind it that were all worse than what held before, among what was read."""
    patience, course, read = Patience(bad, good), Course(), []
    for sign in readings:
        verdict, before = SIGNS[sign], course.verdict
        if verdict is not UNKNOWN:
            read.append(verdict)
        followed = follow(course, verdict, patience)
        course = followed.course
        if followed.is_changed:
            assert verdict is course.verdict, "what holds is what was read last"
            if is_worse(course.verdict, before):
                assert len(read) >= bad and all(is_worse(one, before) for one in read[-bad:])
            else:
                assert len(read) >= good and all(is_worse(before, one) for one in read[-good:])


@given(readings=st.text("owcu", max_size=60), every=st.integers(1, 10))
def test_the_standing_is_told_at_least_every_so_many_readings(readings, every):
    course, quiet = Course(), 0
    for sign in readings:
        followed = follow(course, SIGNS[sign], Patience(heartbeat_every=every))
        told = followed.is_changed or followed.is_unknown_changed or followed.is_heartbeat
        course, quiet = followed.course, 0 if told else quiet + 1
        assert quiet < every


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (12.345, "%", "12.35 %"),
        (3 * 2**30, "B", "3.0 GiB"),
        (0.3456, "s", "0.346 s"),
        (7500, "s", "2h5m"),
        (12.6, "d", "13 days"),
        (1.25, "d", "1.2 days"),
        (4, "", "4"),
    ],
)
def test_a_value_is_said_in_its_unit(value, unit, words):
    assert in_unit(value, unit) == words

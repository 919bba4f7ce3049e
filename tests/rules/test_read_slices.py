"""Every pack of a repository is read in turn, also after failures."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.read_slices import Slice, SliceRead, next_slice, read_share
from tests.rules.backup_points import DAY, NOW


def history(words, of=3):
    """`1 2- 3`: the part of each check, oldest first; a minus for one that failed."""
    checks = words.split()
    return [
        SliceRead(Slice(int(word.strip("-")), of), NOW - (len(checks) - place) * DAY, not word.endswith("-"))
        for place, word in enumerate(checks)
    ]


@pytest.mark.parametrize(
    ("done", "expected", "reason"),
    [
        ("", 1, "the first"),
        ("1", 2, "the next"),
        ("1 2 3", 1, "around"),
        ("1 2 3 1 2", 3, "around again"),
        ("1-", 2, "a part that failed lets another go first"),
        ("1- 2", 1, "then it is its turn"),
        ("1- 2 1-", 3, "and another again"),
        ("1- 2 1- 3 1-", 2, "one that fails for ever keeps nothing from the others"),
        ("1 2 3-", 1, "also when it is the last of the round"),
        ("1 2 3- 1", 3, "and it comes before the round begins anew"),
        ("2 1", 3, "in any order"),
    ],
)
def test_the_part_that_waits_longest_is_read_next(done, expected, reason):
    assert next_slice(history(done), 3) == Slice(expected, 3), reason


def test_another_division_counts_for_nothing():
    assert next_slice(history("1 2", of=2), 3) == Slice(1, 3)


def test_the_order_of_the_rows_does_not_matter():
    assert next_slice(list(reversed(history("1 2"))), 3) == Slice(3, 3)


def test_a_single_part_is_read_again_after_it_failed():
    assert next_slice(history("1-", of=1), 1) == Slice(1, 1)


@given(st.integers(1, 12), st.lists(st.booleans(), max_size=60))
def test_every_part_is_read_within_t_good_runs_and_two_for_each_failed_one(of, answers):
    done: list[SliceRead] = []
    for place, is_good in enumerate(answers):
        done.append(SliceRead(next_slice(done, of), NOW + place * DAY, is_good))
    for start in range(len(done)):
        failures, good = 0, set()
        for length, read in enumerate(done[start:], start=1):
            failures += not read.is_good
            good |= {read.slice.number} if read.is_good else set()
            if length >= of + 2 * failures:
                break
        else:
            return  # the history ends before the promise is due
        assert good == set(range(1, of + 1))


@given(st.integers(2, 12), st.integers(1, 12))
def test_a_part_that_always_fails_hides_no_other(of, broken):
    broken = min(broken, of)
    done: list[SliceRead] = []
    for place in range(6 * of):
        chosen = next_slice(done, of)
        done.append(SliceRead(chosen, NOW + place * DAY, chosen.number != broken))
    for start in range(len(done) - 2 * of):
        read = {r.slice.number for r in done[start : start + 2 * of]}
        assert read == set(range(1, of + 1))


@pytest.mark.parametrize(
    ("done", "days", "read", "words", "reason"),
    [
        ("", 30, 0, "0 of 3 parts read, one or more never", "nothing yet"),
        ("1 2 3", 30, 3, "3 of 3 parts read, the oldest 3d ago", "everything"),
        ("1 2 3", 2, 2, "2 of 3 parts read, the oldest 3d ago", "one is too long ago"),
        ("1 2 3-", 30, 2, "2 of 3 parts read, one or more never", "a failed read is none"),
        ("1 2 3 1-", 30, 3, "3 of 3 parts read, the oldest 4d ago", "it was read before it failed"),
    ],
)
def test_the_share_that_was_read_is_told(done, days, read, words, reason):
    found = read_share(history(done), 3, NOW - timedelta(days=days))
    assert (found.read, found.in_words(NOW)) == (read, words), reason
    assert found.is_whole is (read == 3)


@pytest.mark.parametrize(("number", "of"), [(0, 3), (4, 3), (1, 0), (1, 257)])
def test_a_part_that_no_repository_has_is_refused(number, of):
    with pytest.raises(ValueError, match="no part of a repository"):
        Slice(number, of)


def test_a_slice_is_written_as_restic_reads_it():
    assert str(Slice(2, 5)) == "2/5"

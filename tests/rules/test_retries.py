"""Retries: when, where, and when not."""

from datetime import timedelta

import pytest

from models.rules.retries import Attempted, Failure, Retry, may_retry, next_attempt
from models.vocabulary import HostFault, Outcome, Repeat
from tests.rules.moments import utc

NOW = utc("2026-11-21 02:00")
MINUTE = timedelta(minutes=1)
RETRY = Retry(attempts=3, delay=5 * MINUTE, factor=2, max_delay=15 * MINUTE)
FAILED = Failure("web1", Outcome.FAILED)


@pytest.mark.parametrize(
    ("attempt", "minutes", "reason"),
    [
        (1, 5, "the first delay"),
        (2, 10, "twice as long"),
        (3, 15, "four times would be above the longest"),
        (4, None, "all attempts are used"),
    ],
)
def test_each_delay_grows_up_to_the_longest(attempt, minutes, reason):
    found = next_attempt(RETRY, Attempted(attempt, [FAILED]), NOW)
    assert found.at == (None if minutes is None else NOW + minutes * MINUTE), reason


@pytest.mark.parametrize(
    ("failure", "repeat", "allowed", "reason"),
    [
        (FAILED, Repeat.NEVER, True, "an exit code is an answer"),
        (Failure("h", Outcome.TIMED_OUT), Repeat.NEVER, True, "ended by the host itself"),
        (Failure("h", Outcome.FAILED, HostFault.UNREACHABLE), Repeat.NEVER, True, "it may come back"),
        (Failure("h", Outcome.FAILED, HostFault.BUSY), Repeat.NEVER, True, "the lock may be free then"),
        (Failure("h", Outcome.FAILED, HostFault.WRONG_KEY), Repeat.SAFE, False, "another host answers"),
        (Failure("h", Outcome.FAILED, HostFault.AUTH), Repeat.SAFE, False, "the key is not let in"),
        (Failure("h", Outcome.FAILED, HostFault.REFUSED_BY_US), Repeat.SAFE, False, "the same input is refused again"),
        (Failure("h", Outcome.KILLED), Repeat.SAFE, False, "a person ended it"),
        (Failure("h", Outcome.KILL_UNCONFIRMED), Repeat.SAFE, False, "it may still run"),
        (Failure("h", Outcome.SKIPPED), Repeat.SAFE, False, "it was not to run"),
        (Failure("h", Outcome.MISSED), Repeat.SAFE, False, "its time is over"),
        (Failure("h", Outcome.UNKNOWN), Repeat.NEVER, False, "it may have run"),
        (Failure("h", Outcome.UNKNOWN), Repeat.SAFE, True, "running twice is safe"),
        (Failure("h", Outcome.FAILED, HostFault.LOST), Repeat.NEVER, False, "the command may live"),
        (Failure("h", Outcome.FAILED, HostFault.INTERRUPTED), Repeat.NEVER, False, "nobody knows how far it came"),
        (Failure("h", Outcome.FAILED, HostFault.INTERRUPTED), Repeat.SAFE, True, "running twice is safe"),
        (Failure("h", Outcome.OK), Repeat.SAFE, False, "it is done"),
    ],
)
def test_a_host_is_tried_again_only_where_it_helps_and_does_no_harm(failure, repeat, allowed, reason):
    verdict = may_retry(failure, repeat)
    assert verdict.allowed is allowed, reason
    assert verdict.reason


def test_only_the_hosts_that_may_be_tried_again_are_and_the_others_are_told():
    failures = [Failure("web2", Outcome.FAILED), Failure("web3", Outcome.FAILED, HostFault.WRONG_KEY), FAILED]
    found = next_attempt(RETRY, Attempted(1, failures), NOW)
    assert found.hosts == ("web1", "web2")
    assert found.reason.startswith("attempt 2 of 4 in 5m; web3: the host showed another key")


@pytest.mark.parametrize(
    ("retry", "failures", "words"),
    [
        (RETRY, [], "no host failed"),
        (Retry(), [FAILED], "no retry"),
        (RETRY, [Failure("web1", Outcome.KILLED)], "web1: it was killed"),
    ],
)
def test_without_another_attempt_the_reason_is_told(retry, failures, words):
    found = next_attempt(retry, Attempted(1, failures), NOW)
    assert (found.at, found.hosts, found.reason) == (None, (), words)


def test_a_delay_does_not_overflow():
    retry = Retry(attempts=100, delay=MINUTE, factor=100, max_delay=timedelta(days=7))
    assert retry.delay_after(100) == timedelta(days=7)
    assert Retry(attempts=100, delay=MINUTE).delay_after(100) == MINUTE


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"attempts": -1}, "attempts"),
        ({"attempts": 101}, "attempts"),
        ({"factor": 0.5}, "factor"),
        ({"factor": float("nan")}, "factor"),
        ({"delay": timedelta(days=8)}, "delay"),
    ],
)
def test_a_retry_that_cannot_be_is_refused(fields, key):
    with pytest.raises(ValueError, match=r"from|at most") as refused:
        Retry(**fields)
    assert refused.value.key == key

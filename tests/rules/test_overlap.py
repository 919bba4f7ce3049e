"""Runs of one job that meet."""

import pytest

from models.rules.overlap import OverlapAction, OverlapPolicy, on_overlap
from models.vocabulary import Overlap


@pytest.mark.parametrize(
    ("policy", "active", "queued", "action", "reason"),
    [
        (Overlap.FORBID, 0, 0, OverlapAction.START, "nothing to meet"),
        (Overlap.FORBID, 1, 0, OverlapAction.MISS, "missed, which is loud"),
        (Overlap.CANCEL_NEW, 1, 0, OverlapAction.SKIP, "skipped, which is quiet"),
        (Overlap.CANCEL_OLD, 1, 0, OverlapAction.CANCEL_OLD_AND_START, "the new one is fresher"),
        (Overlap.CANCEL_OLD, 0, 0, OverlapAction.START, "nothing to cancel"),
        (Overlap.QUEUE, 0, 0, OverlapAction.START, "nothing to wait for"),
        (Overlap.QUEUE, 1, 0, OverlapAction.QUEUE, "it waits"),
        (Overlap.QUEUE, 1, 1, OverlapAction.QUEUE, "there is a second place"),
        (Overlap.QUEUE, 1, 2, OverlapAction.MISS, "the queue is full"),
        (Overlap.QUEUE, 0, 1, OverlapAction.QUEUE, "those that wait come first"),
    ],
)
def test_a_run_that_meets_another_has_its_answer(policy, active, queued, action, reason):
    verdict = on_overlap(OverlapPolicy(policy, max_queued=2), active, queued)
    assert verdict.action is action, reason
    assert verdict.reason


def test_the_verdict_counts_what_is_in_the_way():
    verdict = on_overlap(OverlapPolicy(Overlap.QUEUE, 2), 1, 2)
    assert verdict.reason == "1 active and 2 queued runs of the job; the queue of 2 is full"


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_a_queue_has_a_size(size):
    with pytest.raises(ValueError, match="from 1 to 1000"):
        OverlapPolicy(max_queued=size)


@pytest.mark.parametrize("size", [1, 1000])
def test_a_queue_may_be_short_or_long(size):
    assert OverlapPolicy(max_queued=size).max_queued == size

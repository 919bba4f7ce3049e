"""The composite priority: from what is hit and how badly to impact and urgency."""

import itertools

import pytest

from models.rules.event_priorities import Scales, composite_levels
from models.vocabulary import EventClass, Severity

THREE, FOUR, ONE = Scales(), Scales(("1", "2", "3", "4"), ("1", "2", "3", "4")), Scales(("only",), ("only",))
EXCEPTION, WARNING = EventClass.EXCEPTION, EventClass.WARNING


@pytest.mark.parametrize(
    ("scales", "tier", "event_class", "severity", "impact", "urgency", "reason"),
    [
        (THREE, 1, EXCEPTION, Severity.CRITICAL, "high", "high", "the worst"),
        (THREE, 2, EXCEPTION, Severity.HIGH, "medium", "high", "less needed"),
        (THREE, 3, EXCEPTION, Severity.WARNING, "medium", "medium", "in the middle"),
        (THREE, 4, EXCEPTION, Severity.LOW, "low", "low", "least needed"),
        (THREE, None, EXCEPTION, Severity.CRITICAL, "medium", "high", "bound to no service: as tier 3"),
        (THREE, 1, WARNING, Severity.HIGH, "high", "medium", "a warning is one step less urgent"),
        (THREE, 4, WARNING, Severity.INFO, "low", "low", "no further down than the scale"),
        (FOUR, 2, EXCEPTION, Severity.HIGH, "2", "2", "a longer scale"),
        (FOUR, 3, EXCEPTION, Severity.LOW, "3", "3", "a longer scale"),
        (ONE, 1, EXCEPTION, Severity.CRITICAL, "only", "only", "a scale of one"),
    ],
)
def test_tier_and_severity_give_impact_and_urgency(scales, tier, event_class, severity, impact, urgency, reason):
    found = composite_levels(scales, tier, event_class, severity)
    assert (found.impact, found.urgency) == (impact, urgency), reason


def test_worse_is_never_graded_lower():
    """For every length of scales, a lower tier or a worse severity gives at least the same level."""
    for length in range(1, 8):
        scales = Scales(*[tuple(str(number) for number in range(length))] * 2)
        for event_class, severities in itertools.product((EXCEPTION, WARNING), itertools.pairwise(Severity)):
            for tiers in itertools.pairwise((1, 2, 3, 4)):
                worse, better = (
                    composite_levels(scales, tier, event_class, severity)
                    for tier, severity in zip(tiers, severities, strict=True)
                )
                assert int(worse.impact) <= int(better.impact)
                assert int(worse.urgency) <= int(better.urgency)


def test_the_levels_say_why():
    assert composite_levels(THREE, 2, EXCEPTION, Severity.HIGH).reason == (
        "exception of severity high on a service of tier 2"
    )

"""What keeps a rule from ever being reached: matchers that no event meets, and rules before it that take them all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from models.rules.event_rule import EventRule
from models.rules.matchers import Matchers, Operator, contradictions
from models.vocabulary import EventStatus, Severity

WORDS: Mapping[str, tuple[str, ...]] = {
    "severity": tuple(severity.value for severity in Severity),
    "status": tuple(status.value for status in EventStatus),
}
"""Words of ours that have few values, each."""


def never_met(matchers: Matchers) -> Iterator[str]:
    """One sentence for each reason why no event can meet these matchers."""
    yield from contradictions(matchers)
    for matcher in matchers:
        words = WORDS.get(matcher.name)
        if words is not None and not any(matcher.test(word) for word in words):
            yield f"{matcher} never holds: an event's {matcher.name} is one of {', '.join(words)}"


def takes_all(weaker: Matchers, stronger: Matchers) -> bool:
    """Whether whatever meets the stronger matchers surely meets the weaker ones."""
    return all(
        any(
            one == other or (one.name == other.name and one.operator is Operator.EQUAL and other.test(one.value))
            for one in stronger
        )
        for other in weaker
    )


def shadowed(rules: Sequence[EventRule]) -> Iterator[tuple[int, str]]:
    """The place of each rule that is never reached, and the name of the rule before it that stops at all of its."""
    for place, rule in enumerate(rules):
        for before in reversed(rules[:place]):
            if before.stop and takes_all(before.parsed, rule.parsed):
                yield place, before.name
                break
            if before.changes_events and not before.stop:
                break  # It may make other events of those that come by.


def twice_named(rules: Iterable[EventRule]) -> Iterator[int]:
    """The places of rules whose names an earlier one has."""
    seen: set[str] = set()
    for place, rule in enumerate(rules):
        if rule.name in seen:
            yield place
        seen.add(rule.name)

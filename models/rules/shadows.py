"""What keeps a rule from ever being reached: matchers that no event meets, and rules before it that take them all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from models.rules.event_rule import EventRule
from models.rules.matchers import Matchers, Operator, contradictions
from models.vocabulary import EventClass, EventStatus, Severity

Words = Mapping[str, tuple[str, ...]]
_SEVERITIES = tuple(severity.value for severity in Severity)
OF_EVENTS: Words = {"severity": _SEVERITIES, "status": tuple(status.value for status in EventStatus)}
"""Words of ours that have few values, each, as rules ask for them."""
OF_ALERTS: Words = {
    "severity": _SEVERITIES,
    "class": tuple(event_class.value for event_class in EventClass),
    "status": ("",),
}
"""The same as routes and inhibition ask for them: not for the status, which is not the alert's."""


def never_met(matchers: Matchers, words: Words) -> Iterator[str]:
    """One sentence for each reason why nothing can meet these matchers."""
    yield from contradictions(matchers)
    for matcher in matchers:
        known = words.get(matcher.name)
        if known is None or any(matcher.test(word) for word in known):
            continue
        one_of = ", ".join(filter(None, known))
        yield f"{matcher} never holds: {f'the {matcher.name} is one of {one_of}' if one_of else 'it is not asked for'}"


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

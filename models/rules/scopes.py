"""Which incidents a promise, an assignment or an escalation is for: by lists of names, and by matchers on labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.rules.matchers import Matchers, Operator, contradictions, matching

LABELS = ("service", "host", "team", "category", "priority", "impact", "urgency", "tier", "source")
"""What a matcher can ask of an incident; `source` is the word for who opened it."""


@dataclass(frozen=True)
class Subject:
    """An incident as scopes see it; what is not known of it is an empty label, or none."""

    labels: Mapping[str, str]
    categories: tuple[str, ...] = ()
    """Its category, and those above it."""


@dataclass(frozen=True)
class Scope:
    """An empty list is every one. What is for a category is for those below it, too."""

    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    matchers: Matchers = ()

    def takes(self, subject: Subject) -> bool:
        """Whether it is for this incident."""
        labels = subject.labels
        return (
            (not self.services or labels.get("service", "") in self.services)
            and (not self.teams or labels.get("team", "") in self.teams)
            and (not self.categories or not set(self.categories).isdisjoint(subject.categories))
            and matching(self.matchers, labels)
        )

    def never(self) -> Iterator[str]:
        """One sentence for each reason why it can be for no incident at all."""
        yield from contradictions(self.matchers)
        for label, names in (("service", self.services), ("team", self.teams)):
            own = [matcher for matcher in self.matchers if matcher.name == label]
            if names and own and not any(all(matcher.test(name) for matcher in own) for name in names):
                yield f"{', '.join(map(str, own))} holds for none of {', '.join(names)}"

    def surely_meets(self, other: "Scope") -> bool:
        """Whether some incident is certainly in both; matchers that are not the same leave it open."""
        is_open = not self.matchers or not other.matchers or set(self.matchers) == set(other.matchers)
        return is_open and not _narrows(self, other)


def named_values(matchers: Matchers) -> Iterator[tuple[str, str]]:
    """Each label with a value that it is compared with as it is; an empty one asks whether there is any."""
    for matcher in matchers:
        if matcher.operator in {Operator.EQUAL, Operator.NOT_EQUAL} and matcher.value:
            yield matcher.name, matcher.value


def _narrows(first: Scope, second: Scope) -> bool:
    """Whether their lists of names have nothing in common."""
    pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]] = (
        (first.services, second.services),
        (first.categories, second.categories),
        (first.teams, second.teams),
    )
    return any(one and other and set(one).isdisjoint(other) for one, other in pairs)

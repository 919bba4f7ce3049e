"""Inhibition: an alert that fires keeps others from being told, by Alertmanager's rules.

A rule holds between a source and a target when the source's matchers hold for the one, the target's for the other,
and the labels in `equal` are the same on both; a label that is absent is an empty one. An alert that is both source
and target of a rule is not inhibited by another that is both, and so never by itself. An inhibited alert goes on
inhibiting others.
"""

from collections.abc import Hashable, Iterable, KeysView
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

from models.rules.field_error import FieldError, under
from models.rules.matchers import Labels, Matchers, matching, parse_all

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class InhibitRule:
    """Which alerts inhibit which, as it stands in a file."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    source_matchers: tuple[str, ...]
    target_matchers: tuple[str, ...]
    equal: tuple[str, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        _ = self.sources, self.targets
        if "" in self.equal:
            raise FieldError("equal", "a label in `equal` has a name")

    @cached_property
    def sources(self) -> Matchers:
        """What an alert must be to inhibit. Raises FieldError."""
        with under("source_matchers"):
            return parse_all(self.source_matchers)

    @cached_property
    def targets(self) -> Matchers:
        """What an alert must be to be inhibited. Raises FieldError."""
        with under("target_matchers"):
            return parse_all(self.target_matchers)


@dataclass(frozen=True)
class Inhibition(Generic[Key]):
    """The rule that inhibits, the first in the order of the file, and the alerts by which it does, oldest first."""

    rule: InhibitRule
    sources: KeysView[Key]


class Inhibitor(Generic[Key]):
    """Knows the alerts that fire, by the values of each rule's `equal`: asking costs the same with one or a million."""

    def __init__(self, rules: Iterable[InhibitRule]) -> None:
        self._indexes = [_Index[Key](rule) for rule in rules]

    def add(self, key: Key, labels: Labels) -> None:
        """An alert fires, with these labels for as long as it has this key."""
        for index in self._indexes:
            index.add(key, labels)

    def discard(self, key: Key, labels: Labels) -> None:
        """The alert of this key has ended; one that is not known has, too."""
        for index in self._indexes:
            index.discard(key, labels)

    def inhibition_of(self, labels: Labels) -> Inhibition[Key] | None:
        """What keeps an alert with these labels from being told; None: nothing does."""
        for index in self._indexes:
            sources = index.sources_of(labels)
            if sources:
                return Inhibition(index.rule, sources)
        return None


Values = tuple[str, ...]


class _Index(Generic[Key]):
    """The sources of one rule: those that are no targets, and all of them. Dicts, since they keep the order."""

    def __init__(self, rule: InhibitRule) -> None:
        self.rule = rule
        self.one_sided: dict[Values, dict[Key, None]] = {}
        self.all: dict[Values, dict[Key, None]] = {}

    def add(self, key: Key, labels: Labels) -> None:
        if not matching(self.rule.sources, labels):
            return
        values = self._values(labels)
        self.all.setdefault(values, {})[key] = None
        if not matching(self.rule.targets, labels):
            self.one_sided.setdefault(values, {})[key] = None

    def discard(self, key: Key, labels: Labels) -> None:
        values = self._values(labels)
        for kept in (self.all, self.one_sided):
            bucket = kept.get(values, {})
            bucket.pop(key, None)
            if not bucket:
                kept.pop(values, None)

    def sources_of(self, labels: Labels) -> KeysView[Key]:
        if not matching(self.rule.targets, labels):
            return {}.keys()
        # An alert that is both is kept from being told only by those that are sources alone.
        kept = self.one_sided if matching(self.rule.sources, labels) else self.all
        return kept.get(self._values(labels), {}).keys()

    def _values(self, labels: Labels) -> Values:
        return tuple([labels.get(name, "") for name in self.rule.equal])

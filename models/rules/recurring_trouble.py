"""What recurs: trouble with the same text, or of the same host, service or category, often enough in a span of time.

The most specific pattern that explains the trouble wins, and what it explains counts for no other: first the same text
on one service, then the same text wherever it is, both narrowed to a host when nearly all of it is there; of the rest
a category of a service, a host, a service, a category. A text that comes back is a pattern by its number alone; a host
that has trouble of many kinds is one only when it does not always have so much.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain

from models.rules.base_rate import BaseRate
from models.rules.recurrence_limits import Limits
from models.rules.text_groups import TextGroup, group_texts, is_alike
from models.rules.text_masks import without_names

NEARLY_ALL = 0.8
_TEXTS = (("text", "service"), ("text",))
_PLACES = (("service", "category"), ("host",), ("service",), ("category",))


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong, once: an incident, an alert without one, a run that failed, missed or began late."""

    subject: str
    """`incident/12`, `alert/7`, `run/3`, `slot/9`."""
    at: datetime
    text: str
    service: str | None = None
    host: str | None = None
    category: str | None = None
    said: str = ""
    """What there is to say about this one; empty: its text."""


@dataclass(frozen=True)
class Pattern:
    """What recurring trouble has in common; None is anything."""

    text: str | None = None
    """The sorted words of the text, without what varies."""
    service: str | None = None
    host: str | None = None
    category: str | None = None

    @property
    def key(self) -> str:
        """The same in one line."""
        return "|".join(f"{name}={value}" for name, value in asdict(self).items() if value is not None)

    @property
    def place(self) -> str:
        """Where it is, for a title: `till-north, shop`."""
        return ", ".join(filter(None, (self.host, self.service, self.category)))


@dataclass(frozen=True)
class Recurrence:
    """A pattern and the trouble that it explains within the span."""

    pattern: Pattern
    troubles: tuple[Trouble, ...]
    """The oldest first."""
    rate: BaseRate
    words: tuple[str, ...] = ()
    """What binds its texts."""
    example: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        if not self.example:
            return f"Trouble of many kinds: {self.pattern.place}"
        return f"{self.example} ({self.pattern.place})" if self.pattern.place else self.example


@dataclass(frozen=True)
class Found:
    """What the patterns that are known already explain, and what is new."""

    known: dict[Pattern, Recurrence]
    """Only those that explain something within the span."""
    new: list[Recurrence]
    """The most frequent first."""


@dataclass(frozen=True)
class _Case:
    place: int
    trouble: Trouble
    group: TextGroup

    def value(self, name: str) -> str | None:
        if name != "text":
            found: str | None = getattr(self.trouble, name)
            return found
        # Without words texts have nothing in common.
        return self.group.key or None


@dataclass
class _Search:
    """All trouble, and which of it no pattern explains yet."""

    limits: Limits
    now: datetime
    began: datetime
    """Since when trouble is known at all."""
    cases: list[_Case] = field(default_factory=list)
    explained: set[int] = field(default_factory=set)
    """The places of those that a pattern explains."""

    @property
    def since(self) -> datetime:
        return self.now - self.limits.within

    @cached_property
    def of_text(self) -> dict[str, list[_Case]]:
        found: dict[str, list[_Case]] = defaultdict(list)
        for case in self.cases:
            found[case.group.key].append(case)
        return found

    def take(self, pattern: Pattern, cases: Iterable[_Case]) -> Recurrence | None:
        """What the pattern explains of these; None when none of it is recent."""
        taken = [case for case in cases if case.place not in self.explained and _fits(pattern, case.trouble)]
        self.explained.update(case.place for case in taken)
        return self.judge(pattern, taken) if any(case.trouble.at > self.since for case in taken) else None

    def take_known(self, pattern: Pattern) -> Recurrence | None:
        """What a pattern of before explains: texts may be written a little differently by now."""
        if pattern.text is None:
            return self.take(pattern, self.cases)
        alike = [cases for key, cases in self.of_text.items() if is_alike(pattern.text, key)]
        return self.take(pattern, chain.from_iterable(alike))

    def judge(self, pattern: Pattern, cases: Sequence[_Case]) -> Recurrence:
        recent = sorted(self.recent(cases), key=lambda case: (case.trouble.at, case.trouble.subject))
        over = min(self.limits.history, max(self.since - self.began, timedelta(0)))
        rate = BaseRate(len(recent), self.limits.within, len(cases) - len(recent), over)
        troubles = tuple(case.trouble for case in recent)
        if pattern.text is None:
            return Recurrence(pattern, troubles, rate)
        return Recurrence(pattern, troubles, rate, recent[0].group.words, recent[0].group.pattern)

    def recent(self, cases: Iterable[_Case]) -> list[_Case]:
        return [case for case in cases if case.trouble.at > self.since]

    def by(self, names: Sequence[str]) -> Iterator[tuple[Pattern, list[_Case]]]:
        """The rest by what it has in common, the most recent trouble first; what lacks it is left out."""
        sorted_in: dict[Pattern, list[_Case]] = defaultdict(list)
        for case in self.cases:
            if case.place in self.explained:
                continue
            values = {name: case.value(name) for name in names}
            if None not in values.values():
                sorted_in[Pattern(**values)].append(case)
        yield from sorted(sorted_in.items(), key=lambda item: (-len(self.recent(item[1])), item[0].key))


def find_recurring(
    troubles: Iterable[Trouble], known: Iterable[Pattern], limits: Limits, now: datetime, began: datetime
) -> Found:
    """What recurs among trouble of the span and of the time before it. `began`: since when trouble is known at all.

    What a known pattern explains is no new one's.
    """
    search = _Search(limits, now, max(began, now - limits.within - limits.history))
    search.cases = list(_cases([trouble for trouble in troubles if search.began <= trouble.at <= now]))
    explained = {pattern: search.take_known(pattern) for pattern in known}
    new = [*_of_texts(search), *_of_places(search)]
    new.sort(key=lambda one: (-len(one.troubles), one.pattern.key))
    return Found({pattern: found for pattern, found in explained.items() if found is not None}, new)


def clearly_worse(times: int, then: int, factor: float) -> bool:
    """Whether it recurs so much more often than when it was dismissed that it is asked about again."""
    return times >= max(then * factor, then + 1)


def _cases(troubles: Sequence[Trouble]) -> Iterator[_Case]:
    found = group_texts(without_names(trouble.text, [trouble.host]) for trouble in troubles)
    for place, trouble in enumerate(troubles):
        yield _Case(place, trouble, found.groups[found.of[place]])


def _of_texts(search: _Search) -> Iterator[Recurrence]:
    for names in _TEXTS:
        for pattern, cases in search.by(names):
            if len(search.recent(cases)) >= search.limits.at_least:
                yield from filter(None, [search.take(_narrowed(search, pattern, cases), cases)])


def _of_places(search: _Search) -> Iterator[Recurrence]:
    for names in _PLACES:
        for pattern, cases in search.by(names):
            is_often = len(search.recent(cases)) >= search.limits.at_least
            if is_often and not search.judge(pattern, cases).rate.is_usual:
                yield from filter(None, [search.take(pattern, cases)])


def _narrowed(search: _Search, pattern: Pattern, cases: Sequence[_Case]) -> Pattern:
    """The pattern on one host, when nearly all of it is there and that alone is often enough."""
    hosts: dict[str, int] = defaultdict(int)
    recent = search.recent(cases)
    for case in recent:
        if case.trouble.host is not None:
            hosts[case.trouble.host] += 1
    host = max(sorted(hosts), key=hosts.__getitem__, default=None)
    if host is None or hosts[host] < max(NEARLY_ALL * len(recent), search.limits.at_least):
        return pattern
    return replace(pattern, host=host)


def _fits(pattern: Pattern, trouble: Trouble) -> bool:
    """Whether the trouble is where the pattern says."""
    wanted = (pattern.service, pattern.host, pattern.category)
    there = (trouble.service, trouble.host, trouble.category)
    return all(one is None or one == other for one, other in zip(wanted, there, strict=True))

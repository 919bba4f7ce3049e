"""What solved incidents teach: a new one of the same service and category that shares rare words with one of them.

A word is rare when at most one in ten of the service's other incidents of late has it in its title: what all of them
say tells nothing. Two rare words must be shared, and they must be at least half of the shorter title's.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from models.rules.known_error_words import words_of

LEAST_SHARED = 2
SHORTEST_WORD = 3
ONE_IN = 10


@dataclass(frozen=True)
class Lesson:
    """An incident that a known error has solved."""

    known_error: int
    incident: str
    """Its number."""
    title: str


@dataclass(frozen=True)
class Like:
    """That an incident is like one that a known error has solved."""

    known_error: int
    incident: str
    words: tuple[str, ...]
    """The rare ones that both have, in alphabetical order."""


def likenesses(title: str, lessons: Iterable[Lesson], others: Iterable[str]) -> list[Like]:
    """Of each known error the lesson that shares most, by known error; `others` are titles that it did not solve."""
    own = _telling(title)
    titles = [_telling(other) for other in others]
    often = Counter(word for words in titles for word in words & own)
    rare = frozenset(word for word in own if often[word] * ONE_IN <= len(titles))
    best: dict[int, Like] = {}
    for lesson in lessons:
        taught = _telling(lesson.title)
        shared = rare & taught
        if len(shared) < LEAST_SHARED or 2 * len(shared) < min(len(own), len(taught)):
            continue
        like = Like(lesson.known_error, lesson.incident, tuple(sorted(shared)))
        known = best.get(lesson.known_error)
        if known is None or (-len(like.words), like.incident) < (-len(known.words), known.incident):
            best[lesson.known_error] = like
    return [best[number] for number in sorted(best)]


def _telling(title: str) -> frozenset[str]:
    """The words that may tell something: not those of one or two signs, and no numbers."""
    return frozenset(word for word in words_of(title) if len(word) >= SHORTEST_WORD and not word.isdecimal())

"""Words as known errors ask for them: a text of a person or a machine, and masks that it does or does not match.

    connection pool exhausted        each of these words, in any order
    "too many clients"               these words, one after the other
    ORA-01555 time*                  * stands for any letters and digits of a word

A word is a run of letters, digits and `_`; large and small letters are the same. What holds several of them, such as
`ORA-01555`, is these words one after the other. The time grows with the text, whatever the mask.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from models.rules.patterns import pattern_of

LONGEST_MASK = 200
_WORD = re.compile(r"\w+")
_MASKED = re.compile(r"[\w*]+")
_PART = re.compile(r'"([^"]*)"|([^\s"]+)')

Phrase = tuple[str, ...]
"""Words that stand one after the other; those with a * stand for others."""


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    return _WORD.findall(_folded(text))


@dataclass(frozen=True)
class Mask:
    """Words that a text must have, all of them. Raises ValueError for one that asks for nothing."""

    text: str
    phrases: tuple[Phrase, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST_MASK:
            raise ValueError(f"the words to look for have {len(self.text):,} signs, at most {LONGEST_MASK} are allowed")
        if self.text.count('"') % 2:
            raise ValueError(f"a quote is not closed: {self.text}")
        phrases = tuple(phrase for phrase in _phrases(self.text) if phrase)
        if any(not word.strip("*") for phrase in phrases for word in phrase):
            raise ValueError(f"a * alone stands for any word: leave it out of {self.text!r}, or write more of the word")
        if not phrases:
            raise ValueError(f"there is no word to look for in {self.text!r}")
        object.__setattr__(self, "phrases", phrases)

    @property
    def plain_words(self) -> tuple[str, ...]:
        """Those of its words that stand for themselves: a text without one of them does not match."""
        return tuple(dict.fromkeys(word for phrase in self.phrases for word in phrase if "*" not in word))

    @property
    def size(self) -> int:
        """How many words it asks for."""
        return sum(map(len, self.phrases))


@dataclass(frozen=True)
class Said:
    """What a title and a description say. A phrase does not reach from one text into the next."""

    texts: tuple[str, ...]
    _meanings: dict[str, frozenset[str]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All the words in order, with an empty one after each text."""
        return tuple(word for text in self.texts for word in (*words_of(text), ""))

    @cached_property
    def distinct(self) -> frozenset[str]:
        """Each word once."""
        return frozenset(self._places)

    def matches(self, mask: Mask) -> bool:
        """Whether it has all that the mask asks for."""
        return all(self._has(phrase) for phrase in mask.phrases)

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            if word:
                found.setdefault(word, []).append(place)
        return found

    def _has(self, phrase: Phrase) -> bool:
        meant = [self._meant(word) for word in phrase]
        if len(meant) == 1 or not all(meant):
            return all(meant)
        begins = (place for word in meant[0] for place in self._places[word])
        return any(all(self.words[at + step] in words for step, words in enumerate(meant)) for at in begins)

    def _meant(self, word: str) -> frozenset[str]:
        """The words of the text that a word of a mask stands for."""
        if "*" not in word:
            return frozenset((word,)) if word in self._places else frozenset()
        if word not in self._meanings:
            matches = pattern_of(word.replace("*", ".*")).matches
            self._meanings[word] = frozenset(one for one in self._places if matches(one))
        return self._meanings[word]


def _phrases(text: str) -> Iterator[Phrase]:
    for found in _PART.finditer(_folded(text)):
        yield tuple(re.sub(r"\*+", "*", word) for word in _MASKED.findall(found[1] or found[2] or ""))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

"""Words that are another word misspelt: one letter away from a word that is said far more often."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from rapidfuzz.distance import OSA

SHORTEST = 5
"""Letters of a word that is mended: below that, one letter makes another word."""
FAR_MORE = 20


def corrections(counts: Mapping[str, int]) -> dict[str, str]:
    """What each misspelt word was meant to be. `counts` says how often each word is said.

    A word is misspelt when a word of at least 5 letters that is said at least 20 times as often is one letter added,
    left out, changed or swapped away (optimal string alignment).
    """
    near: dict[str, list[str]] = defaultdict(list)
    meant: dict[str, str] = {}
    for word in sorted(counts, key=lambda word: (-counts[word], word)):
        if len(word) < SHORTEST - 1:
            continue
        shapes = list(_one_letter_less(word))
        right = next((known for shape in shapes for known in near[shape] if _is_meant(word, known, counts)), None)
        if right is not None:
            meant[word] = right
            continue
        for shape in shapes:
            near[shape].append(word)
    return meant


def _is_meant(word: str, known: str, counts: Mapping[str, int]) -> bool:
    return len(known) >= SHORTEST and counts[known] >= FAR_MORE * counts[word] and OSA.distance(word, known) == 1


def _one_letter_less(word: str) -> Iterator[str]:
    """Two words that are one letter apart share one of these."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]

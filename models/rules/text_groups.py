"""Texts that say the same, grouped: what varies is masked, equal texts are one, the rest is compared by its words.

A text joins the most frequent text that is at least 82 % alike, its words sorted (rapidfuzz's ratio of the longest
common subsequence); else it leads a group of its own. The order of the texts decides nothing: the more frequent text
leads, and of two equally frequent ones the first of the alphabet. The words that bind a group are those that most of
its texts have and most others have not.

Only distinct texts are compared, and each with the few leaders that share its rarest words: that, and not the number
of the texts, is what the time goes into. Texts that are the same but for their digits are one, read by the first.
"""

import itertools
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from models.rules.spelling import corrections
from models.rules.text_masks import masked, words_of

ALIKE_PERCENT = 82.0
MOST_WORDS = 5
_LONGEST = 1_000
"""Letters of a text that are compared."""
_CHUNK = 1_000
_RAREST_WORDS, _MOST_LEADERS, _MOST_COMPARED = 3, 300, 40
_IN_MOST, _ELSEWHERE = 0.7, 0.5
_DIGITS = b"0123456789"
_ONE_DIGIT = bytes.maketrans(_DIGITS, b"0" * 10)
_SMALL = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class TextGroup:
    """Texts that say the same."""

    size: int
    example: str
    """A text of it: its most frequent one as it was first written."""
    pattern: str
    """The example with masks for what varies."""
    words: tuple[str, ...]
    """What binds it, the rarest elsewhere first."""
    key: str
    """The sorted words of its leader: what another text is compared with."""


@dataclass(frozen=True)
class TextGroups:
    """Every text is in exactly one group."""

    groups: tuple[TextGroup, ...]
    """The largest first."""
    of: Sequence[int]
    """The place in `groups` of each text, in the order of the texts."""


def group_texts(texts: Iterable[str]) -> TextGroups:
    """Group the texts."""
    folded, firsts = _fold(texts)
    sizes = np.bincount(folded, minlength=len(firsts)).tolist()
    keys = _keys(firsts, sizes)
    counts: Counter[str] = Counter()
    for key, size in zip(keys, sizes, strict=True):
        counts[key] += size
    leader_of = _leaders(counts)
    led: Counter[str] = Counter()
    for key, size in counts.items():
        led[leader_of[key]] += size
    order = sorted(led, key=lambda leader: (-led[leader], leader))
    place = {leader: number for number, leader in enumerate(order)}
    example = _examples(firsts, keys, sizes)
    bind = _binding_words(counts, leader_of)
    groups = tuple(
        TextGroup(led[leader], example[leader], masked(example[leader]), bind[leader], leader) for leader in order
    )
    of_first = np.array([place[leader_of[key]] for key in keys], dtype=np.int32)
    return TextGroups(groups, array("i", of_first[folded].tobytes()))


def key_of(text: str) -> str:
    """The sorted words of one text, as a group's `key`."""
    return " ".join(sorted(words_of(text[:_LONGEST])))


def is_alike(one: str, other: str) -> bool:
    """Whether two keys say the same."""
    return one == other or fuzz.ratio(one, other, score_cutoff=ALIKE_PERCENT) > 0


def _fold(texts: Iterable[str]) -> tuple["np.ndarray[tuple[int], np.dtype[np.int32]]", list[str]]:
    """For each text the number of its distinct text, digits aside; and the first of each of these."""
    numbers: defaultdict[bytes, int] = defaultdict(itertools.count().__next__)
    folded = [np.empty(0, dtype=np.int32)]
    firsts: list[str] = []
    source = iter(texts)
    # Whole chunks are cut and looked up in C: a million texts cost less than a comparison of the distinct ones.
    while chunk := list(itertools.islice(source, _CHUNK)):
        lines = _lines(chunk)
        if len(lines) != len(chunk):
            lines = _lines([text.replace("\n", " ") for text in chunk])
        found = np.fromiter(map(numbers.__getitem__, lines), dtype=np.int32, count=len(chunk))
        for place in np.flatnonzero(found >= len(firsts)).tolist():
            if found[place] == len(firsts):
                firsts.append(chunk[place][:_LONGEST])
        folded.append(found)
    return np.concatenate(folded), firsts


def _lines(chunk: Sequence[str]) -> list[bytes]:
    return "\n".join(chunk).encode(errors="replace").translate(_SMALL, _DIGITS).split(b"\n")


def _keys(texts: Sequence[str], sizes: Sequence[int]) -> list[str]:
    """The words of each text, spelt right and sorted. What stands between two spaces is read once for all texts."""
    lines = _with_one_digit(texts)
    pieces = _piece_counts(lines, sizes)
    words_in = {piece: words_of(piece) for piece in pieces}
    said: Counter[str] = Counter()
    for piece, times in pieces.items():
        for word in words_in[piece]:
            said[word] += times
    meant = corrections(said)
    mended = {piece: " ".join([meant.get(word, word) for word in words]) for piece, words in words_in.items()}
    key_of_words: dict[str, str] = {}
    keys = []
    for line in lines:
        words = " ".join(map(mended.__getitem__, line.split()))
        if words not in key_of_words:
            key_of_words[words] = " ".join(sorted(words.split()))
        keys.append(key_of_words[words])
    return keys


def _with_one_digit(texts: Sequence[str]) -> list[str]:
    """The texts in small letters with one and the same digit for every digit: which it was, no word depends on."""
    whole = "\n".join([text.replace("\n", " ") for text in texts]).lower()
    alike = whole.encode(errors="surrogatepass").translate(_ONE_DIGIT).decode(errors="surrogatepass")
    return alike.split("\n") if texts else []


def _piece_counts(lines: Sequence[str], sizes: Sequence[int]) -> Counter[str]:
    """How often the texts say what stands between two spaces; lines that come equally often are counted together."""
    by_size: defaultdict[int, list[str]] = defaultdict(list)
    for line, size in zip(lines, sizes, strict=True):
        by_size[size].append(line)
    counts: Counter[str] = Counter()
    for size, same in by_size.items():
        for piece, times in Counter(" ".join(same).split()).items():
            counts[piece] += size * times
    return counts


def _leaders(counts: Mapping[str, int]) -> dict[str, str]:
    """The leader of each key; a leader leads itself."""
    leaders: list[str] = []
    with_word: dict[str, list[int]] = {}
    leader_of: dict[str, str] = {}
    for key in sorted(counts, key=lambda key: (-counts[key], key)):
        words = list(dict.fromkeys(key.split()))
        near = _nearest(words, with_word)
        found = process.extractOne(
            key, [leaders[number] for number in near], scorer=fuzz.ratio, score_cutoff=ALIKE_PERCENT
        )
        if found is not None:
            leader_of[key] = found[0]
            continue
        for word in words:
            with_word.setdefault(word, []).append(len(leaders))
        leaders.append(key)
        leader_of[key] = key
    return leader_of


def _nearest(words: Sequence[str], with_word: Mapping[str, Sequence[int]]) -> list[int]:
    """The leaders that share most of the rarest words, the most frequent first."""
    known = sorted((with_word[word] for word in words if word in with_word), key=len)
    votes = Counter(itertools.chain.from_iterable(numbers[:_MOST_LEADERS] for numbers in known[:_RAREST_WORDS]))
    most = max(votes.values(), default=0)
    return sorted([number for number, shared in votes.items() if shared >= most - 1])[:_MOST_COMPARED]


def _examples(firsts: Sequence[str], keys: Sequence[str], sizes: Sequence[int]) -> dict[str, str]:
    """The most frequent text of each key."""
    example: dict[str, tuple[int, str]] = {}
    for text, key, size in zip(firsts, keys, sizes, strict=True):
        if key not in example or size > example[key][0]:
            example[key] = (size, text)
    return {key: text for key, (_, text) in example.items()}


def _binding_words(counts: Mapping[str, int], leader_of: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """For each leader the words that most of its texts have; those that are rare elsewhere, if there are any."""
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    led: Counter[str] = Counter()
    overall: Counter[str] = Counter()
    for key, size in counts.items():
        within, leader = inside[leader_of[key]], leader_of[key]
        led[leader] += size
        for word in set(key.split()):
            within[word] += size
            overall[word] += size
    total = sum(led.values())
    found = {}
    for leader, within in inside.items():
        others = max(total - led[leader], 1)
        elsewhere = {word: (overall[word] - size) / others for word, size in within.items()}
        common = [word for word, size in within.items() if size >= _IN_MOST * led[leader]]
        common.sort(key=lambda word: (elsewhere[word], word))
        rare = [word for word in common if elsewhere[word] <= _ELSEWHERE * within[word] / led[leader]]
        found[leader] = tuple((rare or common)[:MOST_WORDS])
    return found

"""Where a known error is filed, so that of very many only those are tried that may fit an incident.

Each is filed under one thing that it asks for (`filed_under`), and an incident asks for those that are filed under what
it has (`keys_of`). Patterns and wild cards cannot be looked up, but the texts that they cannot do without (`pieces_of`)
must stand somewhere in what the incident has (`Pieces`).
"""

from collections.abc import Iterator, Mapping

from models.rules import pattern_pieces
from models.rules.known_error_matching import MOST_MASKS, Recognition, Seen
from models.rules.known_error_words import Mask
from models.rules.matchers import Operator
from models.rules.patterns import Pattern, pattern_of

LONGEST_KEY = 200
ANY = "any"
"""What a known error is filed under that asks for nothing which could be looked up."""
_BETWEEN = "\n"
_Way = list[tuple[str, ...]]
"""How it can be filed: under one key out of each group."""


def keys_of(seen: Seen) -> frozenset[str]:
    """Whatever a known error can be filed under that recognises this incident."""
    found = {ANY, *(_key("word", word) for word in seen.said.distinct)}
    found |= {_key("category", name) for name in seen.categories}
    found |= {_label(name, value) for labels in seen.alerts for name, value in labels.items()}
    found |= {_key(kind, name) for kind, name in (("service", seen.service), ("host", seen.host)) if name}
    return frozenset(found)


def possible_keys(wanted: Recognition) -> frozenset[str]:
    """Everything that it could be filed under."""
    return frozenset(key for keys in _ways(wanted) for group in keys for key in group)


def filed_under(wanted: Recognition, filed: Mapping[str, int]) -> frozenset[str]:
    """What it is filed under: that under which the fewest others are, by how many these are now."""
    ways = [
        [min(group, key=lambda key: (filed.get(key, 0), group.index(key))) for group in way] for way in _ways(wanted)
    ]
    if not ways:
        return frozenset({ANY})
    return frozenset(min(ways, key=lambda way: sum(filed.get(key, 0) for key in way)))


def pieces_of(wanted: Recognition) -> str:
    """The texts without which it recognises nothing, a line each; as many as are kept."""
    pieces = (piece for piece in _pieces(wanted) if piece.isprintable())
    return _BETWEEN.join(dict.fromkeys(pieces))[:LONGEST_KEY]


class Pieces:
    """Everything that an incident has, to find pieces in."""

    def __init__(self, seen: Seen) -> None:
        values = {value for labels in seen.alerts for value in labels.values()}
        self._all = _BETWEEN.join((*seen.said.distinct, seen.host or "", *values))

    def have(self, pieces: str) -> bool:
        """Whether all of them are there: without that it cannot be recognised."""
        return all(piece in self._all for piece in pieces.split(_BETWEEN))


def _ways(wanted: Recognition) -> Iterator[_Way]:
    """Each way to file it."""
    words = [tuple(_key("word", word) for word in sorted(mask.plain_words, key=_longest)) for mask in wanted.masks]
    if words and all(words):
        yield words
    labels = tuple(_label(one.name, one.value) for one in wanted.asked if one.operator is Operator.EQUAL and one.value)
    if labels:
        yield [labels]
    for one in wanted.asked:
        if one.operator is Operator.LIKE:
            yield from _listed(pattern_of(one.value), f"label:{one.name}=")
    if wanted.hosts is not None:
        yield from _listed(wanted.hosts, "host:")
    for kind, name in (("category", wanted.category), ("service", wanted.service)):
        if name:
            yield [(_key(kind, name),)]


def _listed(pattern: Pattern, before: str) -> Iterator[_Way]:
    """Under each of the values, where a pattern only lists them."""
    if pattern.words and "" not in pattern.words and len(pattern.words) <= MOST_MASKS:
        yield [(f"{before}{word}"[:LONGEST_KEY],) for word in sorted(pattern.words)]


def _pieces(wanted: Recognition) -> Iterator[str]:
    for one in wanted.asked:
        if one.operator is Operator.LIKE:
            yield from pattern_pieces.pieces_of(one.value)
    if wanted.hosts is not None:
        yield from pattern_pieces.pieces_of(wanted.hosts.text)
    if len(wanted.masks) == 1:  # of several one is enough, so that none is needed
        yield from _wild(wanted.masks[0])


def _wild(mask: Mask) -> Iterator[str]:
    """The parts of those words that stand for others."""
    for phrase in mask.phrases:
        for word in phrase:
            yield from filter(None, word.split("*") if "*" in word else ())


def _label(name: str, value: str) -> str:
    return _key("label", f"{name}={value}")


def _key(kind: str, name: str) -> str:
    return f"{kind}:{name}"[:LONGEST_KEY]


def _longest(word: str) -> tuple[int, str]:
    return -len(word), word

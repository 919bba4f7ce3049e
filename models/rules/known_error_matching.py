"""How a known error recognises an incident, and why: by labels of its alerts, service, category, host and words.

Each of these is optional; all that are given must hold, and one that asks for nothing recognises nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from models.rules.field_error import under
from models.rules.known_error_words import Mask, Said
from models.rules.matchers import Labels, Matchers, contradictions, matching, parse_matchers, show_matchers
from models.rules.patterns import Pattern, pattern_of

MOST_MASKS = 20
REGEX = "~"
"""Before a host that is a pattern of RE2; without it * and ? are wild cards."""
_POINTS = {"label": 3, "host": 3, "service": 2, "category": 1, "word": 1}
_MOST_WORDS = 5
"""More words than that make nothing surer."""


@dataclass(frozen=True)
class Recognition:
    """What an incident must be like. It is understood when it is first asked: of many, few are."""

    matchers: str = ""
    """On the labels of one of its alerts: `{name="HttpDown",job=~"shop.*"}`."""
    service: str | None = None
    category: str | None = None
    """Or one below it."""
    host: str | None = None
    """`web1`, `web*`, or `~web[0-9]+`."""
    texts: tuple[str, ...] = ()
    """Masks of words (models.rules.known_error_words); one of them must match."""

    def checked(self) -> "Recognition":
        """The same. Raises FieldError for what cannot be read, or can never hold."""
        with under("matchers"):
            if wrong := next(contradictions(self.asked), None):
                raise ValueError(wrong)
            if self.matchers and not self.asked:
                raise ValueError(f"{self.matchers!r} asks for no label")
        with under("host"):
            _ = self.hosts
        with under("texts"):
            if len(self.texts) > MOST_MASKS:
                raise ValueError(f"there are {len(self.texts)} texts to look for, at most {MOST_MASKS} are allowed")
            _ = self.masks
        return self

    @cached_property
    def asked(self) -> Matchers:
        """The matchers, understood."""
        return parse_matchers(self.matchers)

    @cached_property
    def hosts(self) -> Pattern | None:
        """The host, understood."""
        if not self.host:
            return None
        if self.host.startswith(REGEX):
            return pattern_of(self.host.removeprefix(REGEX))
        return pattern_of("".join(_WILD_CARDS.get(sign) or _literal(sign) for sign in self.host))

    @cached_property
    def masks(self) -> tuple[Mask, ...]:
        """The texts, understood."""
        return tuple(map(Mask, self.texts))

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.matchers or self.service or self.category or self.host or self.texts)


@dataclass(frozen=True)
class Seen:
    """An incident as known errors see it."""

    said: Said
    service: str | None = None
    categories: tuple[str, ...] = ()
    """Its category, and those above it."""
    host: str | None = None
    alerts: tuple[Labels, ...] = ()
    """The labels of its alerts."""


@dataclass(frozen=True)
class Recognised:
    """That a known error fits an incident: how surely, and why."""

    score: int
    why: str


def recognise(wanted: Recognition, seen: Seen) -> Recognised | None:
    """Whether all that is wanted holds, in words: `service shop, the words 'connection pool'`. None: it does not."""
    points, words = 0, []
    for one in _found(wanted, seen):
        if one is None:
            return None
        points += one[0]
        words.append(one[1])
    return Recognised(points, ", ".join(words)) if words else None


def highest_score(wanted: Recognition) -> int:
    """How surely it fits at most."""
    named = {"service": wanted.service, "category": wanted.category, "host": wanted.host}
    points = sum(_POINTS[name] for name, value in named.items() if value) + _POINTS["label"] * len(wanted.asked)
    return points + max(map(_points_of, wanted.masks), default=0)


def as_spec(wanted: Recognition) -> dict[str, Any]:
    """It as JSON keeps it: only what is asked for."""
    return {name: list(value) if name == "texts" else value for name, value in asdict(wanted).items() if value}


def of_spec(spec: Mapping[str, Any]) -> Recognition:
    """The same from JSON, as `as_spec` gave it."""
    return Recognition(**{**spec, "texts": tuple(spec.get("texts", ()))})


def in_words(wanted: Recognition) -> str:
    """What it asks for, in one line."""
    parts = [f"{name} {value}" for name, value in (("service", wanted.service), ("category", wanted.category)) if value]
    parts += [f"host {wanted.host}"] if wanted.host else []
    parts += [f"an alert {show_matchers(wanted.asked)}"] if wanted.asked else []
    parts += [" or ".join(f"the words '{text}'" for text in wanted.texts)] if wanted.texts else []
    return ", ".join(parts) or "nothing"


def _found(wanted: Recognition, seen: Seen) -> Iterator[tuple[int, str] | None]:
    """For each thing that is wanted: its points and words, or None when it does not hold."""
    if wanted.service:
        yield (_POINTS["service"], f"service {wanted.service}") if wanted.service == seen.service else None
    if wanted.category:
        yield (_POINTS["category"], f"category {wanted.category}") if wanted.category in seen.categories else None
    if wanted.host:
        holds = seen.host is not None and wanted.hosts is not None and wanted.hosts.matches(seen.host)
        like = "" if wanted.host == seen.host else f", which is {wanted.host}"
        yield (_POINTS["host"], f"host {seen.host}{like}") if holds else None
    if wanted.matchers:
        holds = bool(seen.alerts) and any(matching(wanted.asked, labels) for labels in seen.alerts)
        yield (_POINTS["label"] * len(wanted.asked), f"an alert {show_matchers(wanted.asked)}") if holds else None
    if wanted.texts:
        # The one that asks for most words says most.
        masks = sorted(wanted.masks, key=lambda mask: (-mask.size, mask.text))
        mask = next((mask for mask in masks if seen.said.matches(mask)), None)
        yield (_points_of(mask), f"the words '{mask.text}'") if mask else None


def _points_of(mask: Mask) -> int:
    return _POINTS["word"] * min(mask.size, _MOST_WORDS)


_WILD_CARDS = {"*": ".*", "?": "."}


def _literal(sign: str) -> str:
    return sign if sign.isalnum() or sign == "_" or not sign.isascii() else f"\\{sign}"

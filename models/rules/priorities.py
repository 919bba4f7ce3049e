"""The priority of an incident: from its impact and its urgency, by a matrix that each site writes.

Source of the rule: ITIL's impact and urgency; GLPI's and iTop's matrices. A level that a site does not use is switched
off and stays in the matrix, so that old incidents keep their words. Major is no cell of a matrix: it is a decision
of a person who may make it, and it stands above every priority.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

from models.rules.field_error import under

MAJOR = "major"


@dataclass(frozen=True)
class PriorityMatrix:
    """For each impact the priority of each urgency; impacts, urgencies and priorities in order, the gravest first."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    priorities: tuple[str, ...]
    matrix: dict[str, dict[str, str]]
    impacts_off: tuple[str, ...] = ()
    urgencies_off: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        with under("priorities"):
            if len(set(self.priorities)) != len(self.priorities) or not self.priorities:
                raise ValueError("name each priority once, the highest first, like [P1, P2, P3, P4]")
            if MAJOR in map(str.casefold, self.priorities):
                raise ValueError("`major` is no priority of the matrix: a person who may decides on it")
        with under("matrix"):
            self._check_cells()
        for name, known, off in (
            ("impacts_off", self.matrix, self.impacts_off),
            ("urgencies_off", self._all_urgencies, self.urgencies_off),
        ):
            with under(name):
                _check_off(tuple(known), off)

    @property
    def impacts(self) -> tuple[str, ...]:
        """Those that may be chosen, the gravest first."""
        return tuple(impact for impact in self.matrix if impact not in self.impacts_off)

    @property
    def urgencies(self) -> tuple[str, ...]:
        """Those that may be chosen, the most pressing first."""
        return tuple(urgency for urgency in self._all_urgencies if urgency not in self.urgencies_off)

    def priority(self, impact: str, urgency: str) -> str:
        """The priority of the two. Raises ValueError for one that is not known, or is switched off."""
        for what, given, usable in (("impact", impact, self.impacts), ("urgency", urgency, self.urgencies)):
            if given not in usable:
                raise ValueError(f"{given!r} is no {what} that may be chosen; these may: {', '.join(usable)}")
        return self.matrix[impact][urgency]

    def rank(self, priority: str) -> int:
        """Its place: 0 for major, 1 for the highest of the matrix. Raises ValueError for one that is not known."""
        if priority == MAJOR:
            return 0
        if priority not in self.priorities:
            raise ValueError(f"{priority!r} is no priority; these are: {', '.join((MAJOR, *self.priorities))}")
        return self.priorities.index(priority) + 1

    def surprises(self) -> Iterator[str]:
        """Cells where more impact, or more urgency, gives a lower priority: legal, and seldom meant."""
        for urgency in self.urgencies:
            for graver, lesser in pairwise(self.impacts):
                yield from self._surprise((graver, urgency), (lesser, urgency))
        for impact in self.impacts:
            for graver, lesser in pairwise(self.urgencies):
                yield from self._surprise((impact, graver), (impact, lesser))

    @cached_property
    def _all_urgencies(self) -> tuple[str, ...]:
        return tuple(next(iter(self.matrix.values()), {}))

    def _check_cells(self) -> None:
        if not self._all_urgencies:
            raise ValueError("give each impact a priority for each urgency, like high: {high: P1, low: P2}")
        for impact, row in self.matrix.items():
            if tuple(row) != self._all_urgencies:
                wanted = ", ".join(self._all_urgencies)
                raise ValueError(
                    f"{impact}: each impact has the same urgencies in the same order; here they are: {wanted}"
                )
            for urgency, priority in row.items():
                if priority not in self.priorities:
                    known = ", ".join(self.priorities)
                    raise ValueError(
                        f'{impact}, {urgency}: "{priority}" is no priority of this matrix; these are: {known}'
                    )

    def _surprise(self, graver: tuple[str, str], lesser: tuple[str, str]) -> Iterator[str]:
        first, second = self.priority(*graver), self.priority(*lesser)
        if self.rank(first) > self.rank(second):
            yield (
                f"impact {graver[0]} with urgency {graver[1]} gives {first}, "
                f"and impact {lesser[0]} with urgency {lesser[1]} the higher {second}"
            )


def _check_off(known: tuple[str, ...], off: tuple[str, ...]) -> None:
    unknown = [level for level in off if level not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no level of the matrix; these are: {', '.join(known)}")
    if set(known) <= set(off):
        raise ValueError("not all levels can be switched off: leave one")

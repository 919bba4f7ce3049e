"""What a probe's readings mean: the level of a value by limits with two edges, and the verdict that holds.

A verdict holds as Nagios' hard states do: a worse one after `bad_after` readings in a row that were worse, a better one
after `good_after` that were better. A level that holds is left only at its second edge, `margin` beyond the first, so
that a value which moves around a limit raises one alarm. What could not be read says nothing about the thing itself: it
has a count of its own, and leaves what holds as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from models.rules.durations import format_duration
from models.rules.figure_words import bytes_text
from models.vocabulary import ProbeVerdict

GRAVITY: tuple[ProbeVerdict, ...] = (ProbeVerdict.OK, ProbeVerdict.WARNING, ProbeVerdict.CRITICAL)
"""What can hold, the best first."""
_SHORT = timedelta(minutes=1)


@dataclass(frozen=True)
class Measure:
    """One value of a reading; its unit is %, B, s, d, c, or whatever a plugin says."""

    name: str
    value: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.name} {in_unit(self.value, self.unit)}"


@dataclass(frozen=True)
class Limit:
    """From where on a value is bad; `margin` is how much better it must be to be good again."""

    measure: str
    warning: float | None = None
    critical: float | None = None
    margin: float = 0.0
    is_low: bool = False
    """Too little is bad, instead of too much."""

    @property
    def key(self) -> str:
        """What tells it from the other limits of a probe."""
        return f"{'least' if self.is_low else 'most'} {self.measure}"

    def edge(self, level: ProbeVerdict) -> float | None:
        """Where a level begins; None: it never does."""
        return {ProbeVerdict.WARNING: self.warning, ProbeVerdict.CRITICAL: self.critical}.get(level)

    def recovery(self, level: ProbeVerdict) -> float | None:
        """Where a level that holds ends."""
        edge = self.edge(level)
        if edge is None:
            return None
        return edge + self.margin if self.is_low else edge - self.margin


@dataclass(frozen=True)
class Observed:
    """What one reading found, before limits are applied."""

    text: str
    """In one line for people."""
    measures: tuple[Measure, ...] = ()
    verdict: ProbeVerdict = ProbeVerdict.OK
    """What it says whatever the limits are: a refused connection is critical, a plugin knows by itself."""
    memory: Mapping[str, int] = field(default_factory=dict)
    """What the next reading has to know."""


@dataclass(frozen=True)
class Judged:
    """What a reading says; the level of each limit that is not kept, by its key."""

    verdict: ProbeVerdict
    text: str
    levels: Mapping[str, ProbeVerdict]


def level_of(value: float, limit: Limit, held: ProbeVerdict = ProbeVerdict.OK) -> ProbeVerdict:
    """The level of a value; one that holds already stays until the value is better than its second edge."""
    for level in reversed(GRAVITY[1:]):
        edge = limit.recovery(level) if is_worse(held, GRAVITY[GRAVITY.index(level) - 1]) else limit.edge(level)
        if edge is not None and (value < edge if limit.is_low else value > edge):
            return level
    return ProbeVerdict.OK


def judge(observed: Observed, limits: Sequence[Limit], held: Mapping[str, ProbeVerdict]) -> Judged:
    """The worst that the reading itself and its limits say, with every limit that is not kept in words.

    `held` are the levels that hold, by the limits' keys. A reading that is unknown is not compared with anything.
    """
    if observed.verdict is ProbeVerdict.UNKNOWN:
        return Judged(ProbeVerdict.UNKNOWN, observed.text, {})
    levels: dict[str, ProbeVerdict] = {}
    words = [observed.text]
    values = {measure.name: measure for measure in observed.measures}
    for limit in limits:
        measure = values.get(limit.measure)
        level = level_of(measure.value, limit, held.get(limit.key, ProbeVerdict.OK)) if measure else ProbeVerdict.OK
        if measure and level is not ProbeVerdict.OK:
            levels[limit.key] = level
            words.append(_why(measure, limit, level))
    return Judged(max((observed.verdict, *levels.values()), key=GRAVITY.index), "; ".join(filter(None, words)), levels)


def _why(measure: Measure, limit: Limit, level: ProbeVerdict) -> str:
    edge, recovery = limit.edge(level) or 0.0, limit.recovery(level) or 0.0
    beyond, other = ("below", "above") if limit.is_low else ("above", "below")
    if measure.value < edge if limit.is_low else measure.value > edge:
        return f"{measure} is {beyond} {in_unit(edge, measure.unit)} ({level.value})"
    return f"{measure} is not {other} {in_unit(recovery, measure.unit)} yet ({level.value} still)"


def in_unit(value: float, unit: str) -> str:
    """A value as people read it: 12.5 %, 3.1 GiB, 0.35 s, 2h5m, 12 days."""
    if unit == "B":
        return bytes_text(value)
    if unit == "s":
        span = timedelta(seconds=value)
        return format_duration(span) if span >= _SHORT else f"{value:.3g} s"
    if unit == "d":
        return f"{value:.0f} days" if abs(value) >= 3 else f"{value:.1f} days"
    return f"{value:.4g} {unit}".rstrip()


def is_worse(one: ProbeVerdict, other: ProbeVerdict) -> bool:
    """Whether one verdict that can hold is worse than another."""
    return GRAVITY.index(one) > GRAVITY.index(other)


@dataclass(frozen=True)
class Patience:
    """How many readings in a row it takes, and after how many without news the standing is told again."""

    bad_after: int = 3
    good_after: int = 1
    heartbeat_every: int = 60


@dataclass(frozen=True)
class Course:
    """Where a probe stands: the verdict that holds, whether it can be read, and what speaks against both."""

    verdict: ProbeVerdict = ProbeVerdict.OK
    worse: int = 0
    """So many readings in a row were worse than what holds."""
    better: int = 0
    is_unknown: bool = False
    unread: int = 0
    """So many readings in a row gave no answer."""
    read: int = 0
    untold: int = 0
    """Readings since the standing was told last."""


@dataclass(frozen=True)
class Followed:
    """Where the probe stands after one more reading, and what of it is to be told."""

    course: Course
    is_changed: bool
    """Another verdict holds."""
    is_unknown_changed: bool
    """It became unreadable, or can be read again."""
    is_heartbeat: bool
    """Nothing is new, and it was not told for so many readings that it is told again."""


def follow(course: Course, verdict: ProbeVerdict, patience: Patience) -> Followed:
    """Where a probe stands after one more reading."""
    moved = _unread(course, patience) if verdict is ProbeVerdict.UNKNOWN else _read(course, verdict, patience)
    is_changed = moved.verdict is not course.verdict
    is_unknown_changed = moved.is_unknown is not course.is_unknown
    is_news = is_changed or is_unknown_changed
    is_heartbeat = not is_news and course.untold + 1 >= patience.heartbeat_every
    untold = 0 if is_news or is_heartbeat else course.untold + 1
    return Followed(replace(moved, untold=untold), is_changed, is_unknown_changed, is_heartbeat)


def _unread(course: Course, patience: Patience) -> Course:
    unread = min(course.unread + 1, patience.bad_after)
    return replace(course, unread=unread, read=0, is_unknown=course.is_unknown or unread >= patience.bad_after)


def _read(course: Course, verdict: ProbeVerdict, patience: Patience) -> Course:
    read = min(course.read + 1, patience.good_after)
    known = replace(course, unread=0, read=read, is_unknown=course.is_unknown and read < patience.good_after)
    worse = course.worse + 1 if is_worse(verdict, course.verdict) else 0
    better = course.better + 1 if is_worse(course.verdict, verdict) else 0
    if worse >= patience.bad_after or better >= patience.good_after:
        return replace(known, verdict=verdict, worse=0, better=0)
    return replace(known, worse=worse, better=better)

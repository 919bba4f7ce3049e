"""Whether a restore point is unusual against its plan's own history, and whether its source shrank too far.

Unusual is a hint for a person: a robust band of median and MAD (Iglewicz and Hoaglin 1993: 3.5 of them). A source that
shrank beyond the tolerance of its plan, or is empty, is a failure: no restore point may count that it gave.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from models.rules.figure_words import age_text, bytes_band, bytes_text
from models.vocabulary import AnomalyKind

# Below this many points nobody can say what is usual; above the other the past is another time.
FEWEST_POINTS = 7
MOST_POINTS = 14

_LIMIT = 3.5
_MAD_TO_DEVIATION = 1.4826


@dataclass(frozen=True)
class PointFigures:
    """What was measured when a point was taken."""

    size_bytes: int
    files: int
    duration: timedelta
    added_bytes: int | None = None
    """What was new in it; None when the engine does not say."""


@dataclass(frozen=True)
class Anomaly:
    """One figure that is outside its usual band, in words."""

    kind: AnomalyKind
    value: float
    low: float
    high: float
    n: int
    text: str


@dataclass(frozen=True)
class _Measure:
    """One figure: how it is read, what spread is never less than, how it is said."""

    kind: AnomalyKind
    read: Callable[[PointFigures], float | None]
    least_part: float
    """Of the median."""
    least: float
    say: Callable[[float], str]
    say_band: Callable[[float, float], str]


def anomalies_of(point: PointFigures, history: Sequence[PointFigures]) -> list[Anomaly]:
    """Every figure of the point that is outside its usual band; `history` is of good points, oldest first."""
    found = (_look(measure, point, history[-MOST_POINTS:]) for measure in _MEASURES)
    return [anomaly for anomaly in found if anomaly is not None]


def source_fault(point: PointFigures, before: PointFigures | None, tolerance_percent: float | None) -> str | None:
    """Why the point must not count: it is empty, or shrank by more than its plan allows since the last good one.

    None when it may count. Without a tolerance only an empty one is refused.
    """
    if point.size_bytes == 0 or point.files == 0:
        return f"the source is empty: {_files(point.files)}, {bytes_text(point.size_bytes)}"
    if before is None or tolerance_percent is None:
        return None
    pairs = (
        (before.size_bytes, point.size_bytes, bytes_text),
        (before.files, point.files, _files),
    )
    for old, new, say in pairs:
        shrank = 100 * (old - new) / old if old else 0
        if shrank > tolerance_percent:
            allowed = f"at most {tolerance_percent:g} % is allowed"
            return f"the source shrank from {say(old)} to {say(new)}, by {shrank:.0f} %; {allowed}"
    return None


def _look(measure: _Measure, point: PointFigures, history: Sequence[PointFigures]) -> Anomaly | None:
    value = measure.read(point)
    past = [figure for old in history if (figure := measure.read(old)) is not None]
    if value is None or len(past) < FEWEST_POINTS:
        return None
    median = statistics.median(past)
    deviation = _MAD_TO_DEVIATION * statistics.median(abs(figure - median) for figure in past)
    spread = max(deviation, measure.least_part * median, measure.least)
    if abs(value - median) <= _LIMIT * spread:
        return None
    tenths = statistics.quantiles(past, n=10, method="inclusive")
    low, high = tenths[0], tenths[-1]
    text = f"{measure.say(value)}, usually {measure.say_band(low, high)} over the last {len(past)} points"
    return Anomaly(measure.kind, value, low, high, len(past), text)


def _change(point: PointFigures) -> float | None:
    if point.added_bytes is None or not point.size_bytes:
        return None
    return 100 * point.added_bytes / point.size_bytes


def _files(count: float) -> str:
    return f"{count:,.0f} file{'' if count == 1 else 's'}"


def _ages(low: float, high: float) -> str:
    first, last = age_text(timedelta(seconds=low)), age_text(timedelta(seconds=high))
    return last if first == last else f"{first} to {last}"


_MEASURES = (
    _Measure(AnomalyKind.SIZE, lambda point: point.size_bytes, 0.02, 64 * 1024, bytes_text, bytes_band),
    _Measure(AnomalyKind.FILES, lambda point: point.files, 0.02, 3, _files, lambda a, b: f"{a:,.0f}-{_files(b)}"),
    _Measure(
        AnomalyKind.DURATION,
        lambda point: point.duration.total_seconds(),
        0.1,
        10,
        lambda seconds: age_text(timedelta(seconds=seconds)),
        _ages,
    ),
    _Measure(
        AnomalyKind.CHANGE,
        _change,
        0.1,
        1,
        lambda percent: f"{percent:.1f} % changed",
        lambda low, high: f"{low:.1f}-{high:.1f} %",
    ),
)

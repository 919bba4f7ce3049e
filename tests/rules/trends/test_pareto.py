"""The few that make most of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.trends.pareto import pareto

HOURS = (("disk", 41.0), ("certificate", 17.0), ("import", 14.0), ("gateway", 9.0), ("others", 19.0))
"""The causes of the sample of a service review: 100 hours in all."""


def test_the_heaviest_comes_first_with_the_running_total() -> None:
    bars = pareto(HOURS)
    assert [bar.name for bar in bars] == ["disk", "others", "certificate", "import", "gateway"]
    assert [bar.part for bar in bars] == pytest.approx([0.41, 0.19, 0.17, 0.14, 0.09])
    assert [bar.together for bar in bars] == pytest.approx([0.41, 0.60, 0.77, 0.91, 1.0])


CASES = {
    "77 % is not yet most of it, 91 % is": (HOURS, ["disk", "others", "certificate", "import"]),
    "exactly 80 %": ((("a", 8.0), ("b", 1.0), ("c", 1.0)), ["a"]),
    "exactly 80 % of what a computer sums up": ((("a", 0.3), ("b", 0.1), ("c", 0.1)), ["a", "b"]),
    "one cause": ((("a", 0.5),), ["a"]),
    "all equal, by name": ((("c", 1.0), ("a", 1.0), ("b", 1.0)), ["a", "b", "c"]),
    "what weighs nothing": ((("a", 0.0), ("b", 2.0)), ["b"]),
    "nothing weighs anything": ((("a", 0.0),), []),
    "nothing": ((), []),
}


@pytest.mark.parametrize(("weights", "vital"), CASES.values(), ids=CASES)
def test_as_few_as_make_eighty_percent_are_vital(weights: tuple[tuple[str, float], ...], vital: list[str]) -> None:
    assert [bar.name for bar in pareto(weights) if bar.is_vital] == vital


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="b weighs less than nothing"):
        pareto((("a", 1.0), ("b", -1.0)))


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1e6), max_size=30))
def test_the_parts_make_the_whole_and_no_fewer_would_do(weights: dict[str, float]) -> None:
    bars = pareto(weights.items())
    assert sum(bar.part for bar in bars) == pytest.approx(1.0 if bars else 0.0)
    assert [bar.weight for bar in bars] == sorted((weight for weight in weights.values() if weight > 0), reverse=True)
    vital = [bar for bar in bars if bar.is_vital]
    assert not vital or vital[-1].together >= 0.8 - 1e-6
    assert len(vital) < 2 or vital[-2].together < 0.8

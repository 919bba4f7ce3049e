"""The priority of an incident: the matrices of two service desks, levels that are off, what a site may not write."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.priorities import MAJOR, PriorityMatrix

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "sla.json").read_text())["priority_matrices"]
SMALL = {"high": {"high": "P1", "low": "P2"}, "low": {"high": "P2", "low": "P3"}}
LEVELS = ("P1", "P2", "P3")


def of_tool(name: str, *, gravest_is_1: bool) -> tuple[PriorityMatrix, dict[str, dict[str, int]]]:
    """The matrix of a tool, whose numbers become words in the order of their weight."""
    told = VECTORS[name]["matrix"]
    numbers = sorted({number for row in told.values() for number in row.values()}, reverse=not gravest_is_1)
    order = (lambda names: names) if gravest_is_1 else (lambda names: list(reversed(names)))
    rows = {
        impact: {urgency: str(told[impact][urgency]) for urgency in order(list(told[impact]))}
        for impact in order(list(told))
    }
    return PriorityMatrix(tuple(map(str, numbers)), rows), told


@pytest.mark.parametrize(("name", "gravest_is_1"), [("itop_incident", True), ("glpi_default", False)])
def test_the_matrices_of_service_desks_say_what_they_say_there(name: str, gravest_is_1: bool) -> None:
    matrix, told = of_tool(name, gravest_is_1=gravest_is_1)
    cells = [(impact, urgency, number) for impact, row in told.items() for urgency, number in row.items()]
    assert len(cells) in (12, 25)
    for impact, urgency, number in cells:
        assert matrix.priority(impact, urgency) == str(number)
    assert list(matrix.surprises()) == []


def test_a_level_that_is_switched_off_cannot_be_chosen() -> None:
    matrix = PriorityMatrix(LEVELS, SMALL, impacts_off=("low",))
    assert (matrix.impacts, matrix.urgencies) == (("high",), ("high", "low"))
    assert matrix.priority("high", "low") == "P2"
    with pytest.raises(ValueError, match="'low' is no impact that may be chosen; these may: high"):
        matrix.priority("low", "high")
    with pytest.raises(ValueError, match="'now' is no urgency that may be chosen; these may: high, low"):
        matrix.priority("high", "now")


def test_major_stands_above_the_matrix_and_is_no_cell_of_it() -> None:
    matrix = PriorityMatrix(LEVELS, SMALL)
    assert sorted(["P3", MAJOR, "P1", "P2"], key=matrix.rank) == [MAJOR, "P1", "P2", "P3"]
    with pytest.raises(ValueError, match="'P9' is no priority; these are: major, P1, P2, P3"):
        matrix.rank("P9")


@pytest.mark.parametrize(
    ("priorities", "matrix", "off", "problem"),
    [
        ((), SMALL, {}, "name each priority once"),
        (("P1", "P1"), SMALL, {}, "name each priority once"),
        (("Major", *LEVELS), SMALL, {}, "`major` is no priority of the matrix"),
        (LEVELS, {}, {}, "give each impact a priority for each urgency"),
        (LEVELS, {"high": {}}, {}, "give each impact a priority for each urgency"),
        (
            LEVELS,
            {**SMALL, "low": {"high": "P2"}},
            {},
            "the same urgencies in the same order; here they are: high, low",
        ),
        (LEVELS, {"high": {"high": "P7"}}, {}, 'high, high: "P7" is no priority of this matrix'),
        (LEVELS, SMALL, {"impacts_off": ("none",)}, "'none' is no level of the matrix; these are: high, low"),
        (LEVELS, SMALL, {"urgencies_off": ("high", "low")}, "not all levels can be switched off"),
    ],
)
def test_a_matrix_with_a_hole_or_an_unknown_word_is_refused(priorities, matrix, off, problem) -> None:
    with pytest.raises(ValueError, match=problem):
        PriorityMatrix(priorities, matrix, **off)


def test_a_cell_that_falls_while_the_impact_grows_is_told() -> None:
    matrix = PriorityMatrix(LEVELS, {"high": {"high": "P3"}, "low": {"high": "P1"}})
    assert list(matrix.surprises()) == [
        "impact high with urgency high gives P3, and impact low with urgency high the higher P1"
    ]


@given(st.lists(st.sampled_from(LEVELS), min_size=4, max_size=4))
def test_there_is_no_surprise_exactly_when_every_step_down_falls_or_stays(cells: list[str]) -> None:
    a, b, c, d = cells
    matrix = PriorityMatrix(LEVELS, {"high": {"high": a, "low": b}, "low": {"high": c, "low": d}})
    assert (not list(matrix.surprises())) == (a <= b and c <= d and a <= c and b <= d)

"""targets of problems.yaml: what is refused, where."""

from pathlib import Path

import pytest

from tests.site.folders import complaints, write_site


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{solved: 101}", "targets.solved"),
        ("{open_problems: -1}", "targets.open_problems"),
        ("{time_to_solve: 0h}", "targets.time_to_solve"),
        ("{solvd: 50}", "solvd"),
    ],
)
def test_a_target_that_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    (found,) = complaints(write_site(tmp_path, {"problems.yaml": f"targets: {text}\n"}))
    assert found.startswith("problems.yaml:1:")
    assert says in found


def test_targets_are_optional(tmp_path: Path) -> None:
    assert complaints(write_site(tmp_path, {"problems.yaml": "targets: {solved: 50, time_to_solve: 4h}\n"})) == []

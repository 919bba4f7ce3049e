"""`watchbill check` tells what is legal and seldom meant, and lets it pass."""

from collections.abc import Callable
from pathlib import Path

from tests.desk.conftest import Said
from tests.desk.small_site import write_site

Call = Callable[..., Said]
SURPRISING = "promises:\n  house: {title: House, resolve: {P1: 4h}}\n"
WORDS = "promises.house.resolve has no target for major: a major incident has no clock there"


def test_a_surprise_is_a_warning_and_no_fault(bare_watchbill: Call, tmp_path: Path) -> None:
    write_site(tmp_path / "site", incidents=SURPRISING)
    said = bare_watchbill("check", "--no-color")
    assert (said.code, said.out.startswith("ok: ")) == (0, True)
    assert f"warning: {WORDS}" in said.err
    found = bare_watchbill("check", "--json").json
    assert (found["ok"], found["faults"], found["surprises"]) == (True, [], [WORDS])


def test_a_site_without_surprises_warns_of_nothing(bare_watchbill: Call, site_folder: Path) -> None:
    assert "warning" not in bare_watchbill("check").err

"""problems.yaml: what it says comes out of the site and the register; what is wrong is refused at its place."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.database import Database
from models.queries import problem_rules, register
from models.site.loading import load_site
from models.site.problems import ProblemHandling
from models.site.references import Kind
from models.site.site import from_spec
from models.site.starting import write_starter
from models.vocabulary import EscalateOn
from tests.site.folders import complaints, write_site

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
WHOLE = """
escalate:
  - {on: known error, times: 3, when: ['priority="P1"']}
watch: 3d
close_after: 36h
review: {priorities: [P1, P2], within: 1w}
"""


def test_without_the_file_nothing_becomes_a_problem_by_itself(tmp_path: Path) -> None:
    handling = load_site(write_site(tmp_path, {})).problem_handling
    assert handling == ProblemHandling()
    assert (handling.escalate, handling.watch, handling.close_after) == ((), 14 * DAY, 5 * DAY)


def test_what_it_says_is_what_the_register_gives_back(tmp_path: Path, database: Database) -> None:
    site = load_site(write_site(tmp_path, {"problems.yaml": WHOLE}))
    (rule,) = site.problem_handling.escalate
    assert (rule.on, rule.times) == (EscalateOn.KNOWN_ERROR, 3)
    assert from_spec(Kind.PROBLEMS, site.entry(Kind.PROBLEMS, "problems").spec) == site.problem_handling
    with database.write() as session:
        assert problem_rules.read_rules(session).watch_for == 14 * DAY
        register.apply(session, site.entries(), "test", NOW)
        rules = problem_rules.read_rules(session)
        assert (rules.watch_for, rules.close_after) == (3 * DAY, 1.5 * DAY)
        assert (rules.review_priorities, rules.review_within) == (frozenset({"P1", "P2"}), 7 * DAY)


WRONG = [
    ("watch: soon\n", '1:8: watch: "soon" is not a duration; write it as 90s, 15m, 2h, 1d or 1h30m'),
    ("wach: 3d\n", "1:1: wach: unknown key"),
    ("escalate: [{on: majr}]\n", "1:17: escalate.0.on: must be major, reopened, workaround or known error"),
    ("escalate: [{times: 3}]\n", "1:12: escalate.0.on: is required"),
    ("escalate: [{on: reopened, times: 1}]\n", "1:34: escalate.0.times: must be at least 2"),
    ("escalate: [{on: major, team: nobody}]\n", '1:30: escalate.0.team: no team "nobody"'),
    ("escalate: [{on: major, services: [x]}]\n", '1:35: escalate.0.services.0: no service "x"'),
    ("escalate: [{on: major, when: ['colour=\"red\"']}]\n", '1:30: escalate.0.when: an incident has no label "colour"'),
    ("escalate: [{on: major, when: ['priority=\"P9\"']}]\n", '1:30: escalate.0.when: no priority "P9"'),
    ("review: {priorities: [P9]}\n", '1:23: review.priorities.0: no priority "P9"'),
    ("escalate: [{on: major, times: 3}]\n", "1:31: escalate.0.times: goes with reopened or known error"),
    ("", "1:1: file: is empty"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=[expected[:50] for _, expected in WRONG])
def test_what_is_wrong_is_refused_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = complaints(write_site(tmp_path, {"problems.yaml": text}))
    assert found.startswith(f"problems.yaml:{expected}"), found


def test_what_the_starter_says_of_problems_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    write_starter(tmp_path / "ops", "Ops", "UTC")
    file = tmp_path / "ops" / "problems.yaml"
    file.write_text(re.sub(r"(?m)^# (escalate:|  - \{.*)$", r"\1", file.read_text()))
    assert [rule.on for rule in load_site(tmp_path / "ops").problem_handling.escalate] == list(EscalateOn)

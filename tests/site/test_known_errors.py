"""known_errors of problems.yaml: what is refused, where, and what a right one gives."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.rules.known_errors import KnownErrorPolicy
from models.site.loading import load_site
from tests.site.folders import JOB, complaints, write_site

MENDS = f"{JOB}    on: tag=web\n    command: [tidy]\n"
WRONG = {
    "an unknown job": ("jobs: [tdy]", 'known_errors.jobs.0: no job "tdy"'),
    "an unknown service": ("services: [shp]", 'known_errors.services.0: no service "shp"'),
    "no attempt": ("attempts: 0", "known_errors.attempts: must be at least 1"),
    "an unknown key": ("always: true", "known_errors.always: unknown key"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused_at_its_place(tmp_path: Path, text: str, says: str) -> None:
    folder = write_site(tmp_path, {"jobs.yaml": MENDS, "problems.yaml": f"known_errors: {{{text}}}\n"})
    (found,) = complaints(folder)
    assert found.startswith("problems.yaml:1:")
    assert says in found


def test_a_right_one_says_what_may_run_by_itself(tmp_path: Path) -> None:
    text = (
        "known_errors: {automatic: true, attempts: 2, wait: 90s, jobs: [tidy], services: [shop], review_after: 30d}\n"
    )
    site = load_site(write_site(tmp_path, {"jobs.yaml": MENDS, "problems.yaml": text}))
    assert site.problem_handling.known_errors.policy() == KnownErrorPolicy(
        automatic=True,
        attempts=2,
        wait=timedelta(seconds=90),
        jobs=frozenset({"tidy"}),
        services=frozenset({"shop"}),
        review_after=timedelta(days=30),
    )


def test_without_it_nothing_runs_by_itself(tmp_path: Path) -> None:
    policy = load_site(write_site(tmp_path, {})).problem_handling.known_errors.policy()
    assert policy == KnownErrorPolicy()
    assert not policy.automatic

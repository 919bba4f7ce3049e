"""`detection:` of problems.yaml is a routine job of the site; what is wrong with it is refused at its place."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.rules.recurring_trouble import Limits
from models.site.detection import FLOW, JOB
from models.site.loading import load_site
from tests.site.folders import complaints, write_site

DAY = timedelta(days=1)
JOB_OF_THAT_NAME = """
jobs:
  find-problems: {title: Mine, owner: web-team, runbook: call, on: local, command: [echo, hi]}
"""


def test_without_it_nothing_searches(tmp_path: Path) -> None:
    assert JOB not in load_site(write_site(tmp_path, {"problems.yaml": "watch: 3d\n"})).jobs


def test_an_owner_is_enough_for_a_search_each_morning_of_the_site(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path, {"problems.yaml": "detection: {owner: web-team}\n"}))
    job = site.jobs[JOB]
    assert (job.flow, job.owner) == (FLOW, "web-team")
    assert job.schedule is not None
    assert (job.schedule.cron, job.schedule.timezone) == ("30 5 * * *", site.timezone)
    detection = site.problem_handling.detection
    assert detection is not None
    assert (detection.limits(), detection.worse, detection.forget_after) == (Limits(5, 7 * DAY, 28 * DAY), 2, 90 * DAY)


WRONG = [
    ("{}", "1:1: detection.owner: is required"),
    ("{owner: nobody}", '1:20: detection.owner: no team "nobody"'),
    ("{owner: web-team, at_least: 1}", "1:40: detection.at_least: must be at least 2"),
    ("{owner: web-team, worse: 1}", "1:37: detection.worse: must be above 1.0"),
    ("{owner: web-team, within: 30d}", "1:12: detection: history is shorter than within"),
    ("{owner: web-team, within: 0s}", "1:12: detection: within must be longer than nothing"),
    (
        '{owner: web-team, schedule: {business_day: 1, at: "05:00", calendar: moon}}',
        '1:81: detection.schedule.calendar: no calendar "moon"',
    ),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[text for text, _ in WRONG])
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, text: str, words: str) -> None:
    said = complaints(write_site(tmp_path, {"problems.yaml": f"detection: {text}\n"}))
    assert [line.startswith(f"problems.yaml:{words}") for line in said] == [True], said


def test_a_job_of_its_name_is_refused(tmp_path: Path) -> None:
    files = {"problems.yaml": "detection: {owner: web-team}\n", "jobs.yaml": JOB_OF_THAT_NAME}
    (said,) = complaints(write_site(tmp_path, dict(files)))
    assert said.endswith("detection: is a job named find-problems, which jobs.yaml has already; rename that one")

"""Kind `sla`: what it passes, calendars that are hard to get right, and that nothing unknown passes."""

import copy
import json

import pytest

from tests.conformance.runner import main
from tests.conformance.test_runner import VECTORS, run

HARD = {
    "lord-howe": {
        "tz": "Australia/Lord_Howe",
        "hours": {day: [["00:00", "12:00"], ["13:00", "24:00"]] for day in ("sat", "sun", "mon")},
        "breaks": {"2026-10-04": [["01:00", "03:00"]]},
    },
    "st-johns": {
        "tz": "America/St_Johns",
        "hours": {"sun": [["00:00", "03:30"], ["03:30", "04:00"]]},
        "shifts": {"2026-11-03": {"09:00": "09:01", "12:00": "12:30"}, "2026-11-04": [["09:00", "10:00"]]},
        "holidays": ["2026-11-04"],
    },
    "kolkata": {
        "tz": "Asia/Kolkata",
        "hours": {"mon": [["09:30", "09:31"]]},
        "breaks": {"2026-11-23": ["00:00", "24:00"]},
    },
    "kathmandu": {"tz": "Asia/Kathmandu", "hours": {"sun": [["10:00", "17:00"]]}, "annual": [[11, 22]]},
}
"""Half-hour and quarter zones, split days, breaks, shifts, windows of a minute; in each form that files have."""
ROWS = {
    "due": [
        ["lord-howe", "2026-10-03T13:30:00Z", 60, "2026-10-03T16:00:00Z"],  # the break takes what is not skipped
        ["lord-howe", "2026-04-04T13:00:00Z", 750, "2026-04-05T02:30:00Z"],  # twelve hours and a half, then lunch
        ["st-johns", "2026-11-01T02:30:00Z", 300, "2026-11-03T12:30:00Z"],  # an hour comes twice
        ["st-johns", "2026-11-03T00:00:00Z", 1, "2026-11-03T15:30:00Z"],  # a shift of a minute, then noon
        ["st-johns", "2026-11-03T00:00:00Z", 31, "2026-11-08T03:30:00Z"],  # a holiday closes its shift
        ["kolkata", "2026-11-16T04:00:00Z", 1, "2026-11-30T04:00:00Z"],  # the next Monday is a break
        ["kathmandu", "2026-11-21T00:00:00Z", 0, "2026-11-29T04:15:00Z"],  # a holiday of each year
    ],
    "before": [
        ["kolkata", "2026-11-30T04:00:30Z", 1, "2026-11-16T04:00:30Z"],
        ["lord-howe", "2026-10-04T02:00:00Z", 0, "2026-10-04T01:00:00Z"],
    ],
    "elapsed": [
        ["lord-howe", "2026-10-03T13:30:00Z", "2026-10-04T12:59:59Z", 36000 + 39599],
        ["st-johns", "2026-03-08T03:30:00Z", "2026-03-08T12:00:00Z", 10800],
    ],
    "in_hours": [["kathmandu", "2026-11-15T04:15:00Z", True], ["kathmandu", "2026-11-15T11:15:00Z", False]],
}
DAY = {"tz": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}
DUE = {
    "kind": "due",
    "calendar": DAY,
    "start": "2026-11-23T10:00:00Z",
    "seconds": 60,
    "expected": "2026-11-23T10:01:00Z",
}
ELAPSED = {
    "kind": "elapsed",
    "calendar": "day",
    "start": DUE["start"],
    "end": "2026-11-23T11:00:00Z",
    "expected_seconds": 3600,
}
SCENARIO = {
    "name": "held",
    "calendar": DAY,
    "created": "2026-11-23T10:00:00Z",
    "sla": {"first_response": 60, "update": None, "solution": 180},
    "customer_message": None,
    "steps": [["pending", "2026-11-23T10:30:00Z"], ["open", "2026-11-23T11:00:00Z"]],
    "expected": {"first_response_due": "2026-11-23T11:30:00Z", "next": "2026-11-23T11:30:00Z", "update_due": None},
}


def document(name="rt", **parts):
    return {"kind": "sla", "sets": {name: {"calendars": {"day": DAY}, **parts}}}


def test_every_case_of_the_service_desks_passes(capsys):
    code = main([str(VECTORS / "sla.json")])
    assert (code, capsys.readouterr().out) == (0, "298 passed, 0 failed\n")


def test_hard_calendars_pass(tmp_path, capsys):
    code, lines = run(tmp_path, capsys, {"kind": "sla", "sets": {"business_time": {"schedules": HARD, **ROWS}}})
    assert (code, lines) == (0, ["13 passed, 0 failed"]), lines


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"vectors": [{**DUE, "expected": "2026-11-23T10:02:00Z"}]}, "found 2026-11-23 10:01:00+00:00"),
        ({"vectors": [{**DUE, "seconds": -60}]}, "refused: an amount of business time cannot be negative"),
        ({"vectors": [{**DUE, "invalid": True}]}, "expected a refusal, found 2026-11-23 10:01:00+00:00"),
        ({"vectors": [{**DUE, "seconds": 0, "invalid": True}]}, "found 2026-11-23 10:00:00+00:00"),
        ({"vectors": [{**ELAPSED, "expected_seconds": 60}]}, "expected 0:01:00, found 1:00:00"),
        ({"schedules": HARD, "due": [[*ROWS["due"][0][:3], "2026-10-03T15:30:00Z"]]}, "found 2026-10-03 16:00:00"),
        ({"schedules": HARD, "before": [[*ROWS["before"][0][:3], "2026-10-03T15:30:00Z"]]}, "found 2026-11-16"),
        ({"schedules": HARD, "elapsed": [[*ROWS["elapsed"][1][:3], 5]]}, "expected 0:00:05, found 3:00:00"),
        ({"schedules": HARD, "in_hours": [["kathmandu", "2026-11-15T04:15:00Z", False]]}, "found True"),
        ({"scenarios": [{**SCENARIO, "expected": {"first_response_due": None}}]}, "first_response_due: expected None"),
        ({"scenarios": [{**SCENARIO, "expected": {"update_in_min": 5}}]}, "update_in_min: expected 5, found None"),
    ],
)
def test_a_wrong_answer_is_printed(tmp_path, capsys, parts, fault):
    code, lines = run(tmp_path, capsys, document(**parts))
    assert (code, lines[-1]) == (1, "0 passed, 1 failed")
    assert fault in lines[0]


def test_a_refused_amount_leaves_the_date_unchanged(tmp_path, capsys):
    refused = {**DUE, "seconds": -60, "invalid": True, "expected": DUE["start"]}
    code, lines = run(tmp_path, capsys, document(vectors=[refused]))
    assert (code, lines) == (0, ["1 passed, 0 failed"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "sla"}, "field sets is missing"),
        ({"kind": "sla", "sets": {}}, "at least one set"),
        ({"kind": "sla", "sets": {}, "cases": []}, "unknown field cases"),
        (document(name="tides", vectors=[DUE]), "unknown field tides"),
        (document(), "no cases"),
        (document(vectors=[]), "at least one case"),
        (document(vectors=[DUE], moons=[]), "unknown field moons"),
        (document(vectors=[{**DUE, "kind": "tide"}]), "unknown kind 'tide'"),
        (document(vectors=[{**DUE, "jitter": 5}]), "unknown field jitter"),
        (document(vectors=[{**DUE, "seconds": "60"}]), "a whole number is expected"),
        (document(vectors=[{**DUE, "start": "2026-11-23T10:00:00"}]), "has no offset"),
        (document(vectors=[{**DUE, "calendar": {**DAY, "moons": {}}}]), "unknown field moons"),
        (document(vectors=[{**DUE, "calendar": {**DAY, "hours": {"tag": []}}}]), "unknown field tag"),
        (document(vectors=[{**DUE, "calendar": {**DAY, "hours": {"mon": ["09:00"]}}}]), "pairs of times"),
        (document(vectors=[{**DUE, "calendar": {"tz": "Moon", "hours": DAY["hours"]}}]), "not a time zone"),
        (document(vectors=[{**ELAPSED, "calendar": "night"}]), "unknown calendar 'night'"),
        (document(vectors=[{**ELAPSED, "kind": "due_days"}]), "unknown field end"),
        (document(elapsed=[["day", DUE["start"]]]), "a row of 4 columns"),
        (document(behaviour=["the tide turns at noon"]), "no check is known for the behaviour 'the tide turns"),
        (document(scenarios=[{**SCENARIO, "steps": [["merge", "2026-11-23T10:30:00Z"]]}]), "unknown step"),
        (document(scenarios=[{**SCENARIO, "steps": [["initial", "odd"]]}]), "unknown state 'odd'"),
        (document(scenarios=[{**SCENARIO, "expected": {"mood": 5}}]), "unknown field mood"),
        (document(scenarios=[{**SCENARIO, "expected": {}}]), "at least one value"),
        ({**document(vectors=[DUE]), "priority_matrices": {"a": {"matrix": {"1": {"1": "x"}}}}}, "is a number"),
    ],
)
def test_what_is_not_understood_is_an_error_and_never_a_pass(tmp_path, capsys, given, message):
    code, lines = run(tmp_path, capsys, given)
    assert code == 1
    assert message in lines[0]
    assert lines[-1].endswith("1 failed")


def test_a_scenario_with_a_hold_passes(tmp_path, capsys):
    code, lines = run(tmp_path, capsys, document("zammad", scenarios=[SCENARIO]))
    assert (code, lines) == (0, ["1 passed, 0 failed"])


def test_each_value_of_the_scenarios_is_compared(tmp_path, capsys):
    """Every expected value, changed by itself, makes its scenario fail."""
    whole = json.loads((VECTORS / "sla.json").read_text(encoding="utf-8"))["sets"]["zammad"]["scenarios"]
    changed = []
    for scenario in whole:
        for name, value in scenario["expected"].items():
            other = copy.deepcopy(scenario)
            other["expected"] = {name: 7 if not isinstance(value, str) else "2026-01-01T00:00:00Z"}
            changed.append(other)
    code, lines = run(tmp_path, capsys, document("zammad", scenarios=changed))
    assert (code, lines[-1]) == (1, f"0 passed, {len(changed)} failed")
    assert len(changed) > 20

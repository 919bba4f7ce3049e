"""Kind `flapping`: what it passes, and that nothing unknown and no wrong answer passes."""

import json
from pathlib import Path

import pytest

from tests.conformance.runner import main

VECTORS = Path(__file__).parents[1] / "vectors"
REAL = json.loads((VECTORS / "flapping.json").read_text())
CASE = {
    "states": [2, 0, 2, 0],
    "percent_state_change": 24.21,
    "is_flapping": True,
    "events": [{"event": "started", "percent": 24.2}],
}


def run(tmp_path, capsys, rules=(), **changes):
    path = tmp_path / "vectors.json"
    case = {key: value for key, value in {**CASE, **changes}.items() if value is not KeyError}
    path.write_text(json.dumps({"kind": "flapping", "rules": {**REAL["rules"], **dict(rules)}, "vectors": [case]}))
    code = main([str(path)])
    return code, capsys.readouterr().out.splitlines()


def test_flapping_starts_and_ends_as_in_nagios(capsys):
    code = main([str(VECTORS / "flapping.json")])
    assert (code, capsys.readouterr().out) == (0, "60 passed, 0 failed\n")


def test_the_thresholds_of_the_file_count(tmp_path, capsys):
    assert run(tmp_path, capsys) == (0, ["1 passed, 0 failed"])
    high = {"high_threshold": 30.0}
    assert run(tmp_path, capsys, high, is_flapping=False, events=[]) == (0, ["1 passed, 0 failed"])
    low = {"low_threshold": 15, "high_threshold": 18}
    events = [
        {"event": "started", "percent": 18.4},
        {"event": "stopped", "percent": 14.8},
    ]
    states = [2, 0, 2, *[2] * 15]
    assert (
        run(tmp_path, capsys, low, states=states, percent_state_change=12.43, is_flapping=False, events=events)[0] == 0
    )


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"percent_state_change": 24.22}, "expected ('24.22', True"),
        ({"is_flapping": False}, "expected ('24.21', False"),
        ({"events": []}, "found ('24.21', True, [('started', '24.2')])"),
        ({"events": [{"event": "stopped", "percent": 24.2}]}, "('stopped', '24.2')"),
        ({"events": [{"event": "started", "percent": 24.3}]}, "('started', '24.3')"),
    ],
)
def test_a_wrong_answer_is_printed(tmp_path, capsys, changes, fault):
    code, lines = run(tmp_path, capsys, **changes)
    assert (code, lines[-1]) == (1, "0 passed, 1 failed")
    assert fault in lines[0]


@pytest.mark.parametrize(
    ("rules", "changes", "message"),
    [
        ({"history": 10}, {}, "rules.history: 10 is not known"),
        ({"weight": "1"}, {}, "rules.weight"),
        ({"start": "percent>high"}, {}, "rules.start"),
        ({"curve": 1}, {}, "unknown field curve"),
        ({"low_threshold": 50}, {}, "high is a percentage above low"),
        ({"low_threshold": "x"}, {}, "rules.low_threshold: 'x' is not a number"),
        ({}, {"states": []}, "at least one case"),
        ({}, {"states": [4]}, "a state is 0 to 3"),
        ({}, {"states": [True]}, "a state is 0 to 3"),
        ({}, {"hosts": 1}, "unknown field hosts"),
        ({}, {"is_flapping": KeyError}, "field is_flapping is missing"),
        ({}, {"percent_state_change": "24.21"}, "is not a number"),
        ({}, {"events": [{"event": "paused", "percent": 1}]}, "'paused' is not known"),
        ({}, {"events": [{"event": "started"}]}, "field percent is missing"),
    ],
)
def test_what_is_not_understood_is_an_error_and_never_a_pass(tmp_path, capsys, rules, changes, message):
    code, lines = run(tmp_path, capsys, rules, **changes)
    assert code == 1
    assert lines[0].startswith("ERROR")
    assert message in lines[0]

"""Kind `alerts`: what it passes, and that nothing unknown and no wrong answer passes."""

import copy
import json
from pathlib import Path

import pytest

from tests.conformance.runner import main

VECTORS = Path(__file__).parents[1] / "vectors"
TREE = "\n".join(
    [
        "Routing tree:",
        ".",
        "└── default-route  receiver: top",
        '    ├── {team="db",text="a \\"b\\""}  receiver: one',
        '    │\u00a0\u00a0 └── {host=~"db.*"}  continue: true  receiver: two',
        "    └── default-route  receiver: rest",
        "",
    ]
)
ROUTING = {"config": "by hand", "tree": TREE, "cases": [{"labels": {"team": "web"}, "receivers": ["rest"]}]}
INTERVALS = {
    "intervals": [
        {
            "comment": None,
            "interval": {"weekdays": ["1:5"], "days_of_month": ["-31:31"], "location": "Asia/Tokyo"},
            "contains": ["2026-11-19T15:00:00+00:00"],
            "excludes": ["2026-11-20T15:00:00+00:00"],
        }
    ],
    "yaml_cases": [
        {"yaml": "- years: ['2026']", "contains": ["2026-11-20T15:00:00+00:00"], "excludes": [], "expect_error": False},
        {"yaml": "- years: ['x']", "contains": [], "excludes": [], "expect_error": True, "err": "invalid"},
    ],
}
CONFIG = """
route: {receiver: d, routes: [{match: {team: db}, match_re: {host: 'a|b'}, receiver: e, continue: true}]}
receivers: [{name: d}, {name: e}]
inhibit_rules: [{source_match: {role: a}, target_match_re: {role: b+}, target_matchers: ['x!="1"'], equal: [host]}]
"""
INHIBITION = {
    "config": CONFIG,
    "alerts": [
        {"labels": {"role": "a", "host": "a", "team": "db"}, "resolved": False, "state": "active", "inhibited_by": [],
         "receivers": ["e"], "fingerprint": "0123456789abcdef"},
        {"labels": {"role": "b", "host": "a"}, "resolved": False, "state": "suppressed",
         "inhibited_by": [{"role": "a", "host": "a", "team": "db"}], "receivers": ["d"]},
        {"labels": {"role": "b", "host": "b"}, "resolved": True, "state": None, "inhibited_by": [], "receivers": [],
         "fingerprint": None},
    ],
}  # fmt: skip
DOCUMENT = {"kind": "alerts", "routing": ROUTING, "time_intervals": INTERVALS, "inhibition": INHIBITION}


def changed(path, value):
    """The document with one value changed; a value that is a type stands for taking the key away."""
    document = copy.deepcopy(DOCUMENT)
    *above, last = path
    place = document
    for key in above:
        place = place[key]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return document


def run(tmp_path, capsys, document):
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps(document))
    code = main([str(path)])
    return code, capsys.readouterr().out.splitlines()


def test_alerts_are_routed_inhibited_and_muted_as_alertmanager_does(capsys):
    code = main([str(VECTORS / "alerts.json")])
    assert (code, capsys.readouterr().out) == (0, "121 passed, 0 failed\n")


def test_each_set_runs_alone_and_with_the_others(tmp_path, capsys):
    assert run(tmp_path, capsys, DOCUMENT) == (0, ["7 passed, 0 failed"])
    for name, cases in (("routing", 1), ("time_intervals", 3), ("inhibition", 3)):
        alone = {"kind": "alerts", name: DOCUMENT[name]}
        assert run(tmp_path, capsys, alone) == (0, [f"{cases} passed, 0 failed"])


ROUTE, ALERT, YAML = ("routing", "cases", 0), ("inhibition", "alerts"), ("time_intervals", "yaml_cases")


@pytest.mark.parametrize(
    ("path", "value", "fault", "reason"),
    [
        ((*ROUTE, "receivers"), ["top"], "expected ['top'], found ['rest']", "another receiver"),
        ((*ROUTE, "receivers"), ["rest", "rest"], "expected ['rest', 'rest']", "one too many"),
        ((*ROUTE, "labels"), {"team": "db", "text": 'a "b"', "host": "db1"}, "found ['two']", "the deepest route"),
        (("time_intervals", "intervals", 0, "contains", 0), "2026-11-20T15:00:00+00:00", "should be inside", "outside"),
        (("time_intervals", "intervals", 0, "excludes", 0), "2026-11-19T15:00:00+00:00", "should be outside", "inside"),
        ((*YAML, 0, "contains", 0), "2027-11-20T15:00:00+00:00", "should be inside", "another year"),
        ((*YAML, 1, "yaml"), "- years: ['2026']", "accepted, but refused", "accepted"),
        ((*YAML, 1, "expect_error"), False, "refused:", "refused"),
        ((*YAML, 0, "yaml"), "- [", "refused: while parsing", "no YAML"),
        ((*ALERT, 0, "state"), "suppressed", "expected suppressed, found active", "not inhibited"),
        ((*ALERT, 1, "state"), "active", "expected active, found suppressed", "inhibited"),
        ((*ALERT, 0, "receivers"), ["d"], "expected ['d'], found ['e']", "another receiver"),
        ((*ALERT, 0, "inhibited_by"), [{"a": "b"}], "inhibited by", "by nothing"),
        ((*ALERT, 1, "inhibited_by"), [{"role": "b", "host": "a"}], "inhibited by", "by another"),
        ((*ALERT, 1, "inhibited_by"), [], "inhibited by", "by something"),
        ((*ALERT, 2, "state"), "active", "of a resolved alert", "one that has ended"),
        ((*ALERT, 0, "resolved"), True, "of a resolved alert", "one that is shown has not ended"),
    ],
)
def test_a_wrong_answer_is_printed(tmp_path, capsys, path, value, fault, reason):
    code, lines = run(tmp_path, capsys, changed(path, value))
    assert code == 1, reason
    assert any(line.startswith("FAILED") and fault in line for line in lines), lines


@pytest.mark.parametrize(
    ("path", "value", "message", "reason"),
    [
        (("silences",), {}, "unknown field silences", "a set that nobody knows"),
        (("routing", "cases"), [], "at least one case", "no cases"),
        (("routing", "receivers"), [], "unknown field receivers", "a field that would be ignored"),
        (("routing", "tree"), KeyError, "field tree is missing", "no tree"),
        (("routing", "tree"), "x", "a tree as amtool draws it", "another text"),
        (("routing", "tree"), "Routing tree:\n.\n", "no route", "an empty tree"),
        (("routing", "tree"), TREE + "    x\n", "is not a route", "another line"),
        (("routing", "tree"), TREE + "└── default-route  receiver: x\n", "hangs on no route", "two tops"),
        (("routing", "tree"), TREE.replace("default-route  receiver: top", '{a="b"}  receiver: top'), "everything",
         "a top that does not take all"),
        (("routing", "tree"), TREE.replace('host=~"db.*"', 'host=~"("'), "is not a pattern", "a wrong pattern"),
        ((*ROUTE, "mute"), [], "unknown field mute", "a field that would be ignored"),
        ((*ROUTE, "labels"), {"a": 1}, "labels are an object of texts", "a label that is no text"),
        (("time_intervals", "zones"), [], "unknown field zones", "a set that nobody knows"),
        (("time_intervals",), {}, "intervals or yaml_cases", "nothing to run"),
        (("time_intervals", "weekday_numbers"), "0=monday", "only '0=sunday", "another numbering"),
        (("time_intervals", "source"), {"x": 1}, "unknown field x", "a field that would be ignored"),
        (("time_intervals", "intervals", 0, "interval", "hours"), [], "unknown field hours", "a kind nobody knows"),
        (("time_intervals", "intervals", 0, "interval", "years"), ["x"], "not a range of numbers", "no number"),
        (("time_intervals", "intervals", 0, "interval", "location"), "Mars", "not a time zone", "no zone"),
        (("time_intervals", "intervals", 0, "interval", "times"), [{"start_time": "9", "end_time": "10"}], "not a time",
         "no time"),
        (("time_intervals", "intervals", 0, "contains"), ["2026-11-20T15:00:00"], "no offset", "a moment of nowhere"),
        ((*YAML, 0, "excludes"), ["today"], "Invalid isoformat", "no moment"),
        ((*YAML, 0, "expect_error"), "no", "not true or false", "a switch that is none"),
        ((*YAML, 0, "yaml"), 5, "yaml is a text", "no text"),
        ((*YAML, 1, "contains"), ["x"], "contains and excludes nothing", "moments of what is refused"),
        (("inhibition", "config"), "[", "while parsing", "no YAML"),
        (("inhibition", "config"), CONFIG + "silences: []", "unknown field silences", "a part nobody knows"),
        (("inhibition", "config"), CONFIG.replace("equal", "same"), "unknown field same", "a key nobody knows"),
        (("inhibition", "config"), CONFIG.replace("continue", "go_on"), "go_on", "a key nobody knows"),
        ((*ALERT, 0, "state"), "muted", "state 'muted' is not known", "a state nobody knows"),
        ((*ALERT, 0, "fingerprint"), "1", "16 hexadecimal digits", "no fingerprint"),
        ((*ALERT, 0, "silenced_by"), [], "unknown field silenced_by", "a field that would be ignored"),
        ((*ALERT, 0, "resolved"), 0, "not true or false", "a switch that is none"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_an_error_and_never_a_pass(tmp_path, capsys, path, value, message, reason):
    code, lines = run(tmp_path, capsys, changed(path, value))
    assert code == 1, reason
    assert any(line.startswith("ERROR") and message in line for line in lines), lines


def test_a_file_without_a_set_is_an_error(tmp_path, capsys):
    code, lines = run(tmp_path, capsys, {"kind": "alerts", "oracle": "x"})
    assert (code, lines[-1]) == (1, "0 passed, 1 failed")

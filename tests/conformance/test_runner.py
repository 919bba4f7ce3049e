"""The conformance runner itself: what it passes, and that nothing unknown passes."""

import json
from pathlib import Path

import pytest

from tests.conformance.runner import main

VECTORS = Path(__file__).parents[1] / "vectors"
POINT = {"time": "2026-01-01T06:00:00Z", "tags": ["foo"], "paths": []}
KEEP_ONE = {"policy": {"keep_last": 1}, "keep": [POINT], "n_keep": 1, "reasons": [["last snapshot"]]}
CASE = {
    "expr": "0 6 * * *",
    "tz": "UTC",
    "after": "2026-01-01T00:00:00+00:00",
    "next": ["2026-01-01T06:00:00+00:00", "2026-01-02T06:00:00+00:00"],
}


def run(tmp_path, capsys, document):
    path = tmp_path / "vectors.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    code = main([str(path)])
    return code, capsys.readouterr().out.splitlines()


def retention(points=(POINT,), timezone="UTC", oldest=True, **changes):
    case = {**KEEP_ONE, **changes}
    one = {"name": "one", "points": list(points), "cases": [case], "keep_oldest_while_counts_remain": oldest}
    return {"kind": "retention", "timezone": timezone, "sets": [one]}


def test_retention_keeps_what_restic_keeps(capsys):
    code = main([str(VECTORS / "retention.json")])
    assert (code, capsys.readouterr().out) == (0, "40 passed, 0 failed\n")


@pytest.mark.parametrize(
    ("changes", "fault", "reason"),
    [
        ({"reasons": [["daily snapshot"]]}, "for daily snapshot, found", "kept for another reason"),
        ({"keep": [], "n_keep": 0, "reasons": []}, "expected 0 kept, found 1", "kept and not expected"),
        ({"policy": {"keep_tag": [["bar"]]}}, "expected 1 kept, found 0", "expected and not kept"),
        ({"keep": [{**POINT, "tags": []}]}, "expected", "another point of the same time"),
    ],
)
def test_a_wrong_answer_of_retention_is_printed(tmp_path, capsys, changes, fault, reason):
    code, lines = run(tmp_path, capsys, retention(**changes))
    assert (code, lines[-1]) == (1, "0 passed, 1 failed")
    assert fault in lines[0], reason


def test_cron_is_due_as_debian_cron_would(capsys):
    code = main([str(VECTORS / "cron.json")])
    assert (code, capsys.readouterr().out) == (0, "40 passed, 0 failed\n")


def test_a_wrong_answer_is_printed_with_what_was_expected(tmp_path, capsys):
    wrong = {**CASE, "next": ["2026-01-01T07:00:00+00:00"]}
    code, lines = run(tmp_path, capsys, {"kind": "cron", "cases": [CASE, wrong]})
    assert code == 1
    assert lines[-1] == "1 passed, 1 failed"
    assert "expected 2026-01-01T07:00:00+00:00, found 2026-01-01T06:00:00+00:00" in lines[0]


@pytest.mark.parametrize(
    ("document", "message", "reason"),
    [
        ({"kind": "tides", "cases": [CASE]}, "unknown kind 'tides'", "a kind that nobody knows"),
        ({"cases": [CASE]}, "unknown kind None", "no kind"),
        ([], "unknown kind None", "not an object"),
        ("{", "Expecting", "not JSON"),
        ({"kind": "cron", "cases": [CASE], "sets": {}}, "unknown field sets", "a set that is not run"),
        ({"kind": "cron"}, "field cases is missing", "no cases"),
        ({"kind": "cron", "cases": []}, "at least one case", "an empty list proves nothing"),
        ({"kind": "cron", "cases": [{**CASE, "jitter": 5}]}, "unknown field jitter", "a field that would be ignored"),
        ({"kind": "cron", "cases": [{**CASE, "next": []}]}, "at least one case", "no answers"),
        ({"kind": "cron", "cases": [{**CASE, "after": "today"}]}, "cases[0]", "a moment that is none"),
        ({"kind": "cron", "cases": [{**CASE, "after": "2026-01-01T00:00:00"}]}, "no offset", "a moment of nowhere"),
        ({"kind": "cron", "cases": [{**CASE, "expr": "x"}]}, "refused", "a line that we refuse"),
        (retention(policy={"keep_eras": 1}), "unknown field keep_eras", "a policy that nobody knows"),
        (retention(policy={"keep_last": "all"}), "sets[0].cases[0].policy", "a count that is none"),
        (retention(policy={"keep_within": "1w"}), "not a span of the calendar", "a span that is none"),
        (retention(n_keep=2), "not of one length", "a count that is not the list's"),
        (retention(points=[{**POINT, "time": "2026-01-01"}]), "no offset", "a point of nowhere"),
        (retention(points=[]), "at least one case", "no points"),
        (retention(timezone="Moon"), "not a time zone", "a zone that is none"),
        (retention(oldest="yes"), "true or false", "a switch that is none"),
        ({**retention(), "cases": []}, "unknown field cases", "a field that would be ignored"),
    ],
)
def test_what_is_not_understood_is_an_error_and_never_a_pass(tmp_path, capsys, document, message, reason):
    code, lines = run(tmp_path, capsys, document)
    assert code == 1, reason
    assert message in lines[0]
    assert lines[-1].endswith("1 failed")


def test_without_a_file_the_usage_is_told(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err

"""JSON from strangers: what is taken exactly, and how everything else is refused."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.ingest.errors import BadInput, pointer, shown
from desk.ingest.reading import LIMITS, Limits, check_text, header, media_type, parse_json, read_json
from tests.desk.ingest.sampling import JSON


def _refused(body, headers=JSON, limits=LIMITS):
    with pytest.raises(BadInput) as refused:
        read_json(body, headers, limits)
    return refused.value


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        (b"", "", "not JSON at line 1 column 1"),
        (b"   ", "", "not JSON"),
        (b"{", "", "not JSON at line 1 column 2"),
        (b'{"a": 1} {"b": 2}', "", "not JSON at line 1 column 10"),
        (b'{"a": 1,}', "", "not JSON"),
        (b"{'a': 1}", "", "not JSON"),
        (b"<alert/>", "", "not JSON"),
        (b"\xff\xfe{", "", "not UTF-8 at byte 1"),
        (b'{"a": "\xed\xa0\x80"}', "", "not UTF-8 at byte 8"),
        ('{"a": 1}'.encode("utf-16"), "", "not UTF-8 at byte 1"),
        (b"[NaN]", "", "not JSON"),
        (b"[Infinity]", "", "not JSON"),
        (b"[-Infinity]", "", "not JSON"),
        (b"[1e400]", "", "not JSON"),
        (b'["\\ud800"]', "", "not JSON"),
        (b'["\\udc00\\ud800"]', "", "not JSON"),
        (b'["a\x00"]', "", "not JSON"),
        (b'["a\\u0000"]', "/0", "holds a NUL"),
        (b'{"a": {"b\\u0000": 1}}', "/a/b\\x00", "holds a NUL"),
        (b'{"a": "x", "a": "y"}', "/a", "stands there twice"),
        (b'{"a\\\\": 1, "a\\\\": "\\u005c"}', "/a\\", "stands there twice"),
        (b'{"\\u0061": 1, "a": 2}', "/a", "stands there twice"),
        (b'[{"x/~": [0, {"b": 1, "b": 1}]}]', "/0/x~1~0/1/b", "stands there twice"),
        (b"[18446744073709551616]", "/0", "integer of more than 64 bits"),
        (b'{"n": -9223372036854775809}', "/n", "integer of more than 64 bits"),
        (b"[" + b"9" * 200 + b"]", "/0", "integer of more than 64 bits"),
        (b"[" + b"9" * 100_000 + b"]", "", "not JSON"),
        (b"[" * 33 + b"]" * 33, "", "nested deeper than 32"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "", "nested deeper than 32"),
        (b"[" * 10_000 + b"]" * 10_000, "", "nested deeper than 32"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "", "nested deeper than 32"),
        (b"[" * 50_000, "", "nested deeper than 32"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(body, place, words):
    refused = _refused(body)
    assert (refused.status, refused.place) == (400, place)
    assert words in str(refused)
    assert str(refused).isprintable()


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"[" * 32 + b"]" * 32, json.loads("[" * 32 + "]" * 32)),
        (b"[18446744073709551615, -9223372036854775808]", [2**64 - 1, -(2**63)]),
        (b"[1e19, 1.5, -1e300, 0.1]", [1e19, 1.5, -1e300, 0.1]),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\\\u0000 \\" \\u0022 \\ud83d\\ude00 \\\\\\\\"}', {"a": '\\u0000 " " 😀 \\\\'}),
        (b'{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
        (b'{"\\u005c": "\\u005c", "b": "\\\\"}', {"\\": "\\", "b": "\\"}),
        (b'{"id": "99999999999999999999999"}', {"id": "99999999999999999999999"}),
        (b" null\n", None),
    ],
)
def test_what_can_be_read_is_read_exactly(body, document):
    assert read_json(body, JSON) == document


def test_a_body_may_have_a_mebibyte_unless_the_caller_says_otherwise():
    body = b'"' + b"x" * 1_048_574 + b'"'
    assert read_json(body, JSON) == "x" * 1_048_574
    refused = _refused(body + b" ")
    assert (refused.status, refused.problem) == (413, "has 1,048,577 bytes, at most 1,048,576 are read")
    assert _refused(b"[1, 2]", limits=Limits(size_bytes=5)).status == 413
    assert _refused(b"[[1]]", limits=Limits(depth=1)).status == 400
    assert _refused(b"[[1], {}]", limits=Limits(parts=2)).status == 413


def test_no_more_parts_are_made_than_a_sender_of_events_needs():
    refused = _refused(b"[" * 1_000_000)
    assert (refused.status, refused.problem) == (413, "has more than 50,000 arrays and objects")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "x"])
def test_no_packed_body_is_unpacked(encoding):
    refused = _refused(gzip.compress(b" " * 1_000_000), {**JSON, "content-ENCODING": encoding})
    assert (refused.status, refused.place) == (415, "header Content-Encoding")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/problem+json",
        "text/json",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_json_may_come_under_these_names(kind):
    assert read_json(b"{}", {"content-type": kind}) == {}


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "+json/x"])
def test_another_media_type_is_refused(kind):
    refused = _refused(b"{}", {"Content-Type": kind})
    assert (refused.status, refused.place) == (415, "header Content-Type")


def test_a_header_is_found_whatever_its_case():
    assert header({"CONTENT-Type": " a/B ; c=d "}, "content-type") == "a/B ; c=d"
    assert media_type({"CONTENT-Type": " a/B ; c=d "}) == "a/b"
    assert header({}, "content-type") == ""


def test_text_from_elsewhere_must_be_storable():
    assert check_text("añ😀", "/x") == "añ😀"
    for wrong in ("a\0", "a\udc80"):
        with pytest.raises(BadInput) as refused:
            check_text(wrong, "/x")
        assert (refused.value.status, refused.value.place) == (400, "/x")


def test_an_error_shows_little_of_what_was_sent_and_nothing_a_terminal_obeys():
    assert shown("a\x1b[2J") == '"a\\x1b[2J"'
    assert len(shown("x" * 1_000)) < 70
    assert (shown({"a": 1}), shown([1]), shown(None), shown(True), shown(1.5)) == (
        "an object",
        "an array",
        "null",
        "true",
        "1.5",
    )
    assert pointer("a/b", 0, "c~d", "\x1b") == "/a~1b/0/c~0d/\\x1b"
    assert len(pointer("x" * 1_000)) == 129


KEYS = st.sampled_from(["a", "b", '"', "\\", "é", "a\\u0000", "[{", ""])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(KEYS, inner), max_size=4).map(tuple),
    max_leaves=12,
)


def _written(tree, ascii_only):
    """JSON in which an object, here a tuple of pairs, may have a member twice."""
    if isinstance(tree, tuple):
        pairs = (f"{json.dumps(key, ensure_ascii=ascii_only)}: {_written(value, ascii_only)}" for key, value in tree)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(_written(value, ascii_only) for value in tree) + "]"
    return json.dumps(tree, ensure_ascii=ascii_only)


def _is_exact(tree):
    if isinstance(tree, tuple):
        return len({key for key, _ in tree}) == len(tree) and all(_is_exact(value) for _, value in tree)
    if isinstance(tree, list):
        return all(_is_exact(value) for value in tree)
    return not isinstance(tree, int) or -(2**63) <= tree < 2**64


@settings(deadline=None)
@given(TREES, st.booleans())
def test_json_is_taken_when_it_can_be_understood_in_one_way_only_and_then_exactly(tree, ascii_only):
    text = _written(tree, ascii_only)
    try:
        document = parse_json(text.encode())
    except BadInput as error:
        assert not _is_exact(tree), error
    else:
        assert _is_exact(tree)
        assert document == json.loads(text)

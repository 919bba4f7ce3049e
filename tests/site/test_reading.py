"""What a YAML file may look like, and where the reader points when it does not."""

import time
from pathlib import Path

import pytest

from models.site.reading import parse_tree, read_tree
from models.site.tree import locate, plain

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{letter}: &{letter} [{','.join([f'*{before}'] * 10)}]\n"
    for before, letter in zip("abcdefgh", "bcdefghi", strict=True)
)

WRONG = [
    ("a: 1\na: 2\n", ["f.yaml:2:1: a: duplicate key; it stands in line 1 already"], "the second one would win"),
    (
        "a: {b: 1, b: 2}\nc: {d: 1, d: 2}\n",
        [
            "f.yaml:1:11: a.b: duplicate key; it stands in line 1 already",
            "f.yaml:2:11: c.d: duplicate key; it stands in line 2 already",
        ],
        "every duplicate is told, not only the first",
    ),
    (
        "a:\n\tb: 1\n \tc: 2\n",
        [
            "f.yaml:2:1: file: a tab; YAML indents with spaces only",
            "f.yaml:3:2: file: a tab; YAML indents with spaces only",
        ],
        "every tab at once",
    ),
    (
        "a: b: c\n",
        ["f.yaml:1:5: file: is not YAML: a colon too many here, or a wrong indent; text with a colon needs quotes"],
        "the commonest slip",
    ),
    ("a: 'x\nb: 1\n", ["f.yaml:1:4: file: is not YAML: a quote opens here and is never closed"], "where it opens"),
    ("a: [1, 2\nb: 1\n", None, "an open list"),
    ("a: @x\n", None, "a reserved character"),
    ("", ["f.yaml:1:1: file: is empty"], "an empty file says nothing"),
    ("# only words\n", ["f.yaml:1:1: file: is empty"], "a comment is no document"),
    (
        "a: 1\n---\nb: 2\n",
        ["f.yaml:2:1: file: a second document starts here; a site file has one"],
        "the second would be lost",
    ),
    (
        "a: !!python/object:os.system x\n",
        ["f.yaml:1:4: a: the tag !!python/object:os.system is not allowed; write plain values without tags"],
        "FAULTS S12: no objects",
    ),
    ("a: !secret x\n", ["f.yaml:1:4: a: the tag !secret is not allowed; write plain values without tags"], "own tags"),
    (
        "%YAML 1.1\n---\non: yes\n",
        ["f.yaml:1:1: file: %YAML and %TAG lines are not allowed; site files are plain YAML 1.2"],
        "1.1 reads on and yes as true",
    ),
    ("a: *b\n", ["f.yaml:1:4: a: *b names no finished anchor &b above it"], "an alias of nothing"),
    ("a: &a [*a]\n", ["f.yaml:1:8: a.0: *a names no finished anchor &a above it"], "a value inside itself"),
    (BOMB, ["f.yaml:6:8: f.0: the file grows to more than 200000 values; use fewer aliases"], "billion laughs"),
    ("[" * 100_000, ["f.yaml:1:22: 0.0.0: is nested more than 20 deep"], "depth bomb"),
    (
        "? [a]\n: 1\n",
        ["f.yaml:1:3: file: a key must be plain text, not a list, a mapping or an alias"],
        "keys are text",
    ),
    ("a: 010\n", ['f.yaml:1:4: a: 010 is not a plain number; for text, write it in quotes: "010"'], "octal or ten?"),
    ("a: .nan\n", ['f.yaml:1:4: a: .nan is not a plain number; for text, write it in quotes: ".nan"'], "no number"),
    ("a: 1_000\n", ['f.yaml:1:4: a: 1_000 is not a plain number; for text, write it in quotes: "1_000"'], "1.1 habit"),
    (
        'a: "x\\0y"\n',
        ["f.yaml:1:4: a: has a NUL or half a character, which no host and no database can store"],
        "PostgreSQL and argv end at NUL",
    ),
    (
        'a: "\\ud800"\n',
        ["f.yaml:1:4: a: has a NUL or half a character, which no host and no database can store"],
        "a lone surrogate cannot be sent",
    ),
    ("a: x\x07\n", ["f.yaml:1:5: file: has a control character that YAML does not allow"], "a bell in the file"),
    ("a: {<<: 3}\n", ["f.yaml:1:9: a.<<: merges only mappings: <<: *anchor"], "nothing to merge"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), WRONG, ids=[case[2] for case in WRONG])
def test_a_file_that_cannot_be_read_is_refused_at_its_place(text: str, expected: list[str] | None, reason: str) -> None:
    _, places = parse_tree(text, "f.yaml")
    if expected is None:
        assert len(places) == 1, reason
        assert places[0].message.startswith("is not YAML: "), reason
    else:
        assert [str(place) for place in places] == expected, reason


def test_words_that_older_yaml_took_for_booleans_and_times_stay_text() -> None:
    tree, places = parse_tree("on: yes\nat: 06:30\nday: 2026-12-24\nn: 3\nx: 1.5\nb: true\nz: ~\ns: '3'\n", "f.yaml")
    assert not places
    assert tree is not None
    expected = {"on": "yes", "at": "06:30", "day": "2026-12-24", "n": 3, "x": 1.5, "b": True, "z": None, "s": "3"}
    assert plain(tree) == expected


def test_anchors_and_merge_keys_spare_repetition_and_own_keys_win() -> None:
    tree, places = parse_tree("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\n", "f.yaml")
    assert not places
    assert tree is not None
    assert plain(tree) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


def test_every_key_and_value_knows_its_line_and_column() -> None:
    tree, _ = parse_tree("jobs:\n  tidy:\n    on: [a, b]\n", "f.yaml")
    assert tree is not None
    assert locate(tree, ("jobs", "tidy", "on", 1)) == (3, 13)
    assert locate(tree, ("jobs", "tidy", "on"), at_key=True) == (3, 5)
    assert locate(tree, ("jobs", "tidy", "missing"), at_key=True) == (2, 3)


def test_a_file_that_is_not_utf8_is_refused_at_the_first_wrong_byte(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"a: 1\nb: \xe9\n")
    _, places = read_tree(file, "f.yaml")
    assert [str(place) for place in places] == ["f.yaml:2:4: file: is not UTF-8 here; save the file as UTF-8"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    tree, places = read_tree(file, "f.yaml")
    assert tree is not None
    assert (plain(tree), places) == ({"a": 1}, [])


def test_a_file_above_one_mebibyte_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"# " + b"x" * 1024 * 1024)
    _, places = read_tree(file, "f.yaml")
    assert [place.message for place in places] == ["is larger than 1 MiB, the most a site file may have"]


@pytest.mark.parametrize(
    "text",
    [BOMB, "[" * 1_000_000, "{a: " * 250_000, "- " * 500_000, "a: &a [" + "x," * 1000 + "]\n" + "b: *a\n" * 100_000],
    ids=["billion laughs", "lists", "mappings", "dashes", "aliases"],
)
def test_a_hostile_file_is_refused_in_seconds(text: str) -> None:
    begun = time.monotonic()
    _, places = parse_tree(text, "f.yaml")
    assert places
    assert time.monotonic() - begun < 20

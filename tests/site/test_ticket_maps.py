"""A map of tickets is right, or every fault of it is named with its line."""

import re
import textwrap
from pathlib import Path

import pytest

from models.errors import SiteError
from models.settings import CHECKOUT
from models.site.ticket_maps import load_map
from models.vocabulary import TicketKind
from tests.ticket_lab import CHANGES, TICKETS

EXAMPLES = sorted((CHECKOUT / "docs" / "how-to" / "maps").glob("*.yaml"))


def write(folder: Path, text: str) -> Path:
    file = folder / "map.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_are_right(file: Path) -> None:
    assert load_map(file).map.source


def test_the_example_of_the_page_is_right(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "how-to" / "import-history.md").read_text()
    (example,) = re.findall(r"(?ms)^   ```\n(.*?)^   ```$", page)
    assert load_map(write(tmp_path, textwrap.dedent(example))).map.source == "servicenow"


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("id: number", "idd: number", "6:3: columns.idd", 'did you mean "id"?'),
        ("kind: incident", "kind: incdent", "2:7: kind", 'did you mean "incident"?'),
        ("kind: incident", "kind: {column: a}", "2:16: kind.column", "say what its values mean"),
        ("shape: one row per change", "shape: changes", "3:8: shape", "one row per ticket or one row per change"),
        ("New: new", "New: nwe", "20:10: values.state.New", '"nwe" is no state'),
        ("  team: team\n", "", "", "unchanged"),
        ("  state: state\n", "", "6:3: columns", "`columns.state` is missing"),
        ("  time: at\n", "", "6:3: columns", "`columns.time` is missing"),
        ('missing: ["?"]', 'separator: "::"', "4:19: file.separator", "one character"),
        ('missing: ["?"]', "encoding: utf-99", "4:18: file.encoding", "is not known"),
        ('missing: ["?"]', "header: false", "4:16: file.header", "name the columns in order"),
        ("values:", "values:\n  plumbing: {a: b}", "19:3: values.plumbing", '"plumbing" has no values'),
        ("source: old-desk", "source: ''", "1:9: source", "1 to 64"),
        ("file:", "times: {timezone: Mars}\nfile:", "4:19: times.timezone", "is not a time zone"),
        ("file:", "times: {formats: [yyyy]}\nfile:", "", "is no format"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(old: str, new: str, place: str, words: str, tmp_path: Path) -> None:
    file = write(tmp_path, CHANGES.replace(old, new, 1))
    if words == "unchanged":
        assert load_map(file).map.columns.team is None
        return
    with pytest.raises(SiteError) as caught:
        load_map(file)
    said = str(caught.value)
    assert f"{file}:{place}" in said, said
    assert words in said


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "is empty"), ("- a\n", "must be a mapping"), ("a: [", "not YAML"), ("source: x\n", "columns: is required")],
)
def test_what_is_no_map_at_all_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=words):
        load_map(write(tmp_path, text))


def test_the_kind_may_stand_in_a_column(tmp_path: Path) -> None:
    by_start = TICKETS.replace("kind: incident", "kind: {column: number, starts_with: {INC: incident, REQ: request}}")
    kind = load_map(write(tmp_path, by_start)).map.kind
    assert not isinstance(kind, TicketKind)
    assert [kind.kind_of(text) for text in ("INC1", "REQ1", "CHG1")] == [TicketKind.INCIDENT, TicketKind.REQUEST, None]

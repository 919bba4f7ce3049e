"""Whatever stands in a site file, the answer is a site or a list of places: never another error."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import SiteError
from models.settings import CHECKOUT
from models.site.loading import load_site
from models.site.reading import parse_tree, read_tree
from models.site.tree import Node, plain
from models.site.tree import Path as TreePath

NIGHT = CHECKOUT / "deployments" / "sites" / "night"
FILES = ("site.yaml", "people.yaml", "services.yaml", "calendars.yaml", "jobs.yaml", "events.yaml", "incidents.yaml")

odd_text = st.sampled_from(
    ["", " ", "*", "0", "-1", "secret://", "{", "{x}", "../x", "\n", "é\u202e", "25:00", "x" * 300]
)
odd_scalars = st.one_of(odd_text, st.text(max_size=5), st.integers(-(10**17), 10**17), st.booleans(), st.none())
odd_values = st.recursive(
    st.one_of(odd_scalars, st.floats(-1e9, 1e9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=5,
)


def tree_of(file: str) -> Node:
    tree, _ = read_tree(NIGHT / file, file)
    assert tree is not None
    return tree


def every_path(node: Node, path: TreePath = ()) -> list[TreePath]:
    below = [found for step, child in node.children().items() for found in every_path(child, (*path, step))]
    return [path, *below]


PLACES = [(file, path) for file in FILES for path in every_path(tree_of(file)) if path]


def changed(file: str, path: TreePath, value: Any) -> str:
    """The file as JSON, which is YAML, with the value at one path replaced."""
    content: Any = plain(tree_of(file))
    parent = content
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return json.dumps(content, ensure_ascii=False, indent=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("any")
    shutil.copytree(NIGHT / "scripts", folder / "scripts")
    return folder


@given(place=st.sampled_from(PLACES), value=odd_values)
@settings(max_examples=60, deadline=None)
def test_any_value_at_any_place_gives_a_site_or_places(folder: Path, place: tuple[str, TreePath], value: Any) -> None:
    for file in FILES:
        (folder / file).write_bytes((NIGHT / file).read_bytes())
    text = changed(*place, value)
    (folder / place[0]).write_text(text, encoding="utf-8")
    try:
        load_site(folder)
    except SiteError as error:
        assert error.places
        for found in error.places:
            lines = Path(found.file).read_text(encoding="utf-8").split("\n")
            assert 1 <= found.line <= len(lines)
            assert 1 <= found.column <= len(lines[found.line - 1]) + 1
            assert found.message
            assert "nput should" not in found.message


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_damage_to_a_file_gives_a_tree_or_places(data: st.DataObject) -> None:
    text = (NIGHT / "calendars.yaml").read_text()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    damage = data.draw(st.text(st.sampled_from("{}[]:,-&*!|>'\"%@`#?\t\n\\ ab1\u0085\u2028"), max_size=6))
    tree, places = parse_tree(text[:start] + damage + text[start + length :], "f.yaml")
    assert tree is not None or places

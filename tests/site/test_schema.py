"""The schemas for editors accept what the check accepts, and refuse what it refuses by form."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from models.settings import CHECKOUT
from models.site.documents import SECTIONS, SITE_FILE
from models.site.field_words import FIELD_WORDS
from models.site.reading import read_tree
from models.site.schema import schemas, write_schemas
from models.site.tree import plain

SITES = CHECKOUT / "deployments" / "sites"
ALL = schemas()


def every_field(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every field of every block, by `Block.key`."""
    blocks = {schema["title"]: schema, **schema.get("$defs", {})}
    return {
        f"{name}.{key}": field for name, block in blocks.items() for key, field in block.get("properties", {}).items()
    }


@pytest.mark.parametrize("file", sorted(ALL))
def test_each_schema_is_a_schema(file: str) -> None:
    Draft202012Validator.check_schema(ALL[file])


@pytest.mark.parametrize("file", sorted(SITES.glob("*/*.yaml")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_shipped_files_fit_their_schemas(file: Path) -> None:
    tree, _ = read_tree(file, file.name)
    assert tree is not None
    assert [error.message for error in Draft202012Validator(ALL[file.name]).iter_errors(plain(tree))] == []


REFUSED = [
    ("jobs.yaml", {"jobs": {"tidy": {"title": "T", "owner": "t", "runbook": "x", "retrys": 1}}}, "unknown key"),
    ("jobs.yaml", {"jobs": {"tidy": {"title": "T", "owner": "t", "runbook": "x", "script_text": "x"}}}, "filled by us"),
    ("jobs.yaml", {"jobs": {"tidy": {"title": "T", "owner": "t", "runbook": "x", "deadline": 15}}}, "no unit"),
    ("jobs.yaml", {"jobs": {"Tidy!": {"title": "T", "owner": "t", "runbook": "x"}}}, "no name"),
    ("jobs.yaml", {"jobs": {"tidy": {"title": "T", "owner": "t"}}}, "no runbook"),
    ("services.yaml", {"hosts": {"a": {"address": "x", "key": "/etc/key"}}}, "absolute key"),
    ("people.yaml", {"people": {"a": {"name": "A", "roles": ["root"]}}}, "unknown role"),
    ("site.yaml", {"name": "ops", "title": "O"}, "no time zone"),
]


@pytest.mark.parametrize(("file", "content", "reason"), REFUSED, ids=[case[2] for case in REFUSED])
def test_a_schema_refuses_what_the_check_refuses_by_form(file: str, content: object, reason: str) -> None:
    assert list(Draft202012Validator(ALL[file]).iter_errors(content)), reason


@pytest.mark.parametrize("file", sorted(ALL))
def test_every_key_is_described(file: str) -> None:
    silent = [
        name for name, field in every_field(ALL[file]).items() if not (field.get("description") or "$ref" in field)
    ]
    assert silent == []


def test_the_words_for_rules_name_the_keys_that_there_are() -> None:
    blocks = {name: block for schema in ALL.values() for name, block in schema.get("$defs", {}).items()}
    assert {name: set(words) for name, words in FIELD_WORDS.items()} == {
        name: set(blocks[name]["properties"]) for name in FIELD_WORDS
    }


def test_durations_are_written_as_in_the_files() -> None:
    job = ALL["jobs.yaml"]["$defs"]["Job"]["properties"]
    assert job["deadline"]["default"] == "1h"
    assert "PT" not in json.dumps(ALL["jobs.yaml"])


def test_schemas_are_written_where_the_first_line_of_each_file_looks(tmp_path: Path) -> None:
    written = write_schemas(tmp_path)
    assert {str(file.relative_to(tmp_path)) for file in written} == {
        f".watchbill/{name}.schema.json" for name in (SITE_FILE, *SECTIONS)
    }
    assert json.loads(written[0].read_text())["$schema"] == "https://json-schema.org/draft/2020-12/schema"

"""JSON Schemas of the site files, with which editors complete, explain and check every key."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from models.rules.durations import format_duration
from models.rules.names import NAME_PATTERN
from models.site.documents import SECTIONS, SINGLE, SITE_FILE, TOGETHER
from models.site.field_words import FIELD_WORDS
from models.site.references import Kind
from models.site.site import SHAPES
from models.site.types import PERSON_PATTERN
from models.site.validation import Shape, adapter

SCHEMA_FOLDER = ".watchbill"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SECTION_WORDS = {
    "teams": "Teams by name.",
    "people": "Persons by id.",
    "services": "Services by name.",
    "hosts": "Hosts by name.",
    "calendars": "Calendars by name; jobs, support hours and all else refer to them.",
    "jobs": "Routine jobs by name.",
    "repositories": "Places that keep restore points, by name.",
    "backups": "Backup plans by name.",
    "exemptions": "Hosts and services that need no backup, by name.",
    "probes": "What is looked at all the time, by name.",
    "handling": "How all incidents of the site are handled.",
    "promises": "What is promised for incidents, by name.",
    "categories": "What incidents are about, by name.",
    "escalations": "What happens when nobody acts, by name.",
    "rotas": "Who is on call, by name.",
    "mail": "The server that takes our mail.",
    "receivers": "Those who are told together, by name.",
    "sources": "Who may send events, by name.",
    "tables": "Tables that rules look labels up in, by name.",
    "items": "What people may ask for, by name.",
    "schemes": "Who has to approve, by name.",
}
Schema = dict[str, Any]


class _HouseSchema(GenerateJsonSchema):
    """Writes default values as the site files do: `5m`, not ISO 8601."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if dataclasses.is_dataclass(dft) and not isinstance(dft, type):
            return adapter(type(dft)).dump_python(dft, mode="json")
        return super().encode_default(dft)


def schemas() -> dict[str, Schema]:
    """The JSON Schema of each site file, by the file's name."""
    site = {"$schema": DIALECT, **entry_schema(SHAPES[Kind.SITE]), "title": SITE_FILE}
    return {SITE_FILE: site} | {name: _file_schema(name) for name in SECTIONS}


def write_schemas(folder: FilePath) -> list[FilePath]:
    """Writes each schema to FOLDER/.watchbill, where the first lines of the site files look for it."""
    target = folder / SCHEMA_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        file = target / f"{name}.schema.json"
        file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(file)
    return written


def entry_schema(shape: Shape) -> Schema:
    """The schema of one entry as people write it: described, and without what the loader fills in."""
    schema: Schema = adapter(shape.model).json_schema(schema_generator=_HouseSchema)
    for name, block in [(schema["title"], schema), *schema.get("$defs", {}).items()]:
        _describe(name, block)
    schema["properties"] = {key: value for key, value in schema["properties"].items() if key not in shape.hidden}
    schema["required"] = [key for key in schema.get("required", []) if key not in shape.hidden]
    return schema


def _file_schema(file: str) -> Schema:
    properties: Schema = {}
    definitions: Schema = {}
    for section, kind in SECTIONS[file].items():
        entry = entry_schema(SHAPES[kind])
        definitions |= entry.pop("$defs", {})
        if kind in TOGETHER:
            properties[section] = entry["properties"][section]
            continue
        definitions[entry["title"]] = entry
        if kind in SINGLE:
            properties[section] = {
                "description": SECTION_WORDS[section],
                "anyOf": [{"$ref": f"#/$defs/{entry['title']}"}, {"type": "null"}],
            }
            continue
        pattern = PERSON_PATTERN if kind is Kind.PERSON else NAME_PATTERN
        properties[section] = {
            "description": SECTION_WORDS[section],
            "type": ["object", "null"],
            "patternProperties": {f"^{pattern}$": {"$ref": f"#/$defs/{entry['title']}"}},
            "additionalProperties": False,
        }
    return {
        "$schema": DIALECT,
        "title": file,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions,
    }


def _describe(name: str, block: Schema) -> None:
    """Adds the words for the rules' dataclasses, whose fields carry none, and drops titles that only repeat the key."""
    words = FIELD_WORDS.get(name, {})
    for key, field in block.get("properties", {}).items():
        field.pop("title", None)
        if key in words:
            field["description"] = words[key]

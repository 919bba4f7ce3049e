"""The tables of the site files' reference, made from the schemas so that they cannot differ from the models."""

import json
import re
from functools import cache
from typing import Any

from models.settings import CHECKOUT
from models.site import schema as site_schema

REFERENCE = CHECKOUT / "docs" / "reference"
TABLE = re.compile(r"<!-- table: (\S+) (\S+) -->\n.*?<!-- end -->", re.DOTALL)
PATTERN_WORDS = (
    ("working days", "target"),
    (r"\s*%", "duration or share"),
    ("secret://", "secret://name"),
    ("{1,6}w)", "duration"),
    ("[a-z][a-z0-9-]{0,62}", "name"),
    ("[a-z][a-z0-9.-]{0,62}", "person id"),
)

Schema = dict[str, Any]


@cache
def schemas() -> dict[str, Schema]:
    """The schemas of the site files, made once."""
    return site_schema.schemas()


def pages() -> dict[str, str]:
    """The pages of the reference that have such tables, by name."""
    texts = {page.name: page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md"))}
    return {name: text for name, text in texts.items() if TABLE.search(text)}


def with_tables(name: str, page: str) -> str:
    """The page of this name with each table made anew, and its links leading to the page that has the block."""
    known, own = schemas(), {block for _, block in blocks_in(page)}
    elsewhere = {block: other for other, text in pages().items() for _, block in blocks_in(text) if other != name}

    def target(link: re.Match[str]) -> str:
        return link[0] if link[1] in own else f"[{link[1]}]({elsewhere.get(link[1], '')}#{link[2]})"

    def made(match: re.Match[str]) -> str:
        lines = re.sub(r"\[(\w+)\]\(#(\w+)\)", target, table(known[match[1]], match[2]))
        return f"{match[0].splitlines()[0]}\n{lines}<!-- end -->"

    return TABLE.sub(made, page)


def blocks_in(page: str) -> set[tuple[str, str]]:
    """The file and block of each table on the page."""
    return {(match[1], match[2]) for match in TABLE.finditer(page)}


def blocks_of(schema: Schema) -> set[str]:
    """The blocks with keys of their own that a file has."""
    definitions = {name for name, block in schema.get("$defs", {}).items() if block.get("properties")}
    return definitions | ({schema["title"]} if "name" in schema["properties"] else set())


def table(schema: Schema, block: str) -> str:
    """One table: key, type, default, meaning."""
    definitions = schema.get("$defs", {})
    chosen = definitions.get(block, schema)
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    common = schemas()["site.yaml"]["$defs"]["JobDefaults"]["properties"]
    for key, field in chosen["properties"].items():
        if block == "Job" and key in common:
            continue
        required = key in chosen.get("required", [])
        default = "required" if required else default_words(field)
        lines.append(f"| `{key}` | {type_words(field, definitions)} | {default} | {meaning(field, definitions)} |")
    return "\n".join(lines) + "\n"


def meaning(field: Schema, definitions: Schema) -> str:
    words = field.get("description") or definitions[field["$ref"].split("/")[-1]].get("description", "")
    return words.replace("|", "\\|")


def default_words(field: Schema) -> str:
    value = field.get("default")
    if value is None or value in ([], {}, ""):
        return "-"
    if isinstance(value, dict):
        return "see below"
    return f"`{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}`"


def type_words(field: Schema, definitions: Schema) -> str:
    """The type as people say it, with bounds."""
    if "$ref" in field:
        name = field["$ref"].split("/")[-1]
        target = definitions[name]
        if "enum" in target:
            return ", ".join(f"`{word}`" for word in target["enum"])
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        kinds = [type_words(one, definitions) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    kind = field.get("type")
    if kind == "array":
        return f"list of {type_words(field['items'], definitions)}"
    if kind == "object":
        return mapping_words(field, definitions)
    if kind == "string":
        return text_words(field)
    words = {"integer": "whole number", "number": "number", "boolean": "true or false"}[str(kind)]
    return words + bound_words(field)


def mapping_words(field: Schema, definitions: Schema) -> str:
    values = [*field.get("patternProperties", {}).values(), field.get("additionalProperties")]
    return f"mapping to {type_words(next(value for value in values if isinstance(value, dict)), definitions)}"


def text_words(field: Schema) -> str:
    if field.get("format"):
        return {"date-time": "date and time", "date": "date", "time": "time of day", "time-zone": "time zone"}[
            field["format"]
        ]
    pattern = field.get("pattern", "")
    if "secret://" in pattern and "|" in pattern:
        return "path or secret://name"
    return next((words for part, words in PATTERN_WORDS if part in pattern), "text")


def bound_words(field: Schema) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f", {low:.9g} to {high:.9g}"
    return f", at least {low:.9g}" if low is not None else ""

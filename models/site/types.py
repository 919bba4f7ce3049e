"""The building stones of the site's models: names, text, references."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from models.rules.names import NAME_PATTERN, NAME_WORDS
from models.rules.wall_clock import zone_of


@dataclass(frozen=True)
class Matching:
    """A text must match the whole pattern; if not, `words` says what it must be. The text is never repeated."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}

    def _checked(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.words)
        return text


@dataclass(frozen=True)
class KnownTimeZone:
    """A text must be an IANA time zone name."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "format": "time-zone", "examples": ["Europe/Berlin"]}

    def _checked(self, text: str) -> str:
        zone_of(text)
        return text


PERSON_PATTERN = r"[a-z][a-z0-9.-]{0,62}"
PERSON_WORDS = "must be a person's id: small letters, digits, dots and hyphens, starting with a letter, at most 63"
REFERENCE_PATTERN = r"secret://[a-z0-9][a-z0-9._-]{0,63}"
REFERENCE_WORDS = "must be a reference like secret://name; a secret itself never stands in a site file"

Name = Annotated[str, Matching(NAME_PATTERN, NAME_WORDS)]
PersonId = Annotated[str, Matching(PERSON_PATTERN, PERSON_WORDS)]
Title = Annotated[str, Matching(r"\S(.{0,118}\S)?", "must be one line of 1 to 120 characters")]
Text = Annotated[str, Matching(r"\s*\S[\s\S]{0,8000}", "must not be empty, nor longer than 8000 characters")]
Mail = Annotated[str, Matching(r"[^@\s,;<>]+@[^@\s,;<>]+", "must be one mail address, like anna@example.org")]
SecretReference = Annotated[str, Matching(REFERENCE_PATTERN, REFERENCE_WORDS)]
TimeZone = Annotated[str, KnownTimeZone()]
Tag = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "must be letters, digits, dots, hyphens, _")]
VariableName = Annotated[
    str, Matching(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "must be a variable name: letters, digits and _")
]
InsidePath = Annotated[
    str,
    Matching(
        r"(?!/)(?!.*(^|/)\.\.?(/|$))[^\\\0\n]{1,250}",
        "must be a path inside the site folder, relative and without . or ..",
    ),
]
HostPath = Annotated[str, Matching(r"/[^\0\n]{0,1000}", "must be an absolute path on the host, starting with /")]


class SiteModel(BaseModel):
    """Base of everything that stands in a site file: frozen, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Named(SiteModel):
    """An entry whose key in the file is its name."""

    name: Name = Field(description="The key of the entry.")

"""How a file of another tool is read as tickets: its form, its columns, its words; what it does not say is refused.

The keys are those of MAP.yaml (docs/reference/ticket-maps.md).
"""

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar

from models.rules.field_error import FieldError
from models.rules.source_times import SourceTimes
from models.rules.ticket_practice import word_problems
from models.vocabulary import Duplicates, FileShape, ResolutionCode, SourceVerdict, TicketKind

OTHERWISE = "*"
"""In a table of values: what every other value means."""
TEXTS = (
    "title", "description", "service", "host", "category", "caller", "opened_by", "team", "owner", "priority",
    "impact", "urgency", "resolution", "resolution_code",
)  # fmt: skip
"""The fields of a ticket that a column gives as a text; their places in `SourceEvent.values`."""
INSTANTS = ("opened", "responded", "resolved", "closed")
COUNTS = ("reopened", "reassigned")
TRANSLATED = (*TEXTS, "state", "made_sla")
"""The fields whose values the map can give another word."""
LONGEST_NAME = 128
_FORBID = {"extra": "forbid"}


@dataclass(frozen=True)
class FileForm:
    """How the file is written."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    separator: str = ","
    quote: str = '"'
    """Empty: the file quotes nothing."""
    encoding: str = "utf-8-sig"
    header: bool = True
    columns: tuple[str, ...] = ()
    """Their names, of a file without a header."""
    decimal: str = "."
    missing: tuple[str, ...] = ()
    """What stands where nothing is known, beside nothing at all."""

    def __post_init__(self) -> None:
        if self.separator == "tab":
            object.__setattr__(self, "separator", "\t")
        for key, most in (("separator", 1), ("quote", 1), ("decimal", 1)):
            text = getattr(self, key)
            if len(text) > most or (key != "quote" and not text):
                raise FieldError(key, f'{key} is one character, like ";"; found "{text}"')
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise FieldError(
                "encoding", f'"{self.encoding}" is not known; e.g. utf-8, latin-1, cp1252, utf-16'
            ) from None
        if self.header and self.columns:
            raise FieldError("columns", "the file has a header; write `header: false` when it has none")
        if not self.header and not self.columns:
            raise FieldError("header", "without a header, name the columns in order: `columns: [number, state]`")
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice:
            raise FieldError("columns", f"{twice[0]} is given twice")


@dataclass(frozen=True)
class Ids:
    """The numbers of the tickets."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    strip: str = ""
    """What stands before each number and is left out; a number without it is refused."""
    prefix: str = ""
    """What is put before each number."""
    duplicates: Duplicates = Duplicates.REFUSE
    """What becomes of a second row of a ticket, in a file with one row per ticket."""


@dataclass(frozen=True)
class KindBy:
    """A column that says which kind of ticket a row is about: by its value, or by how it begins."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    column: str
    values: Mapping[str, TicketKind] = field(default_factory=dict)
    starts_with: Mapping[str, TicketKind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.values) == bool(self.starts_with):
            raise FieldError("column", "say what its values mean: either `values` or `starts_with`")

    def kind_of(self, text: str) -> TicketKind | None:
        """The kind that a cell says."""
        if self.values:
            return self.values.get(text)
        return next((kind for start, kind in self.starts_with.items() if text.startswith(start)), None)


@dataclass(frozen=True)
class Columns:
    """The column that each field comes from."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    id: str
    time: str | None = None
    """When the row was true: of a change its moment, of a ticket when it was last changed."""
    opened: str | None = None
    responded: str | None = None
    resolved: str | None = None
    closed: str | None = None
    state: str | None = None
    sub_state: str | None = None
    title: str | None = None
    description: str | None = None
    resolution: str | None = None
    resolution_code: str | None = None
    service: str | None = None
    host: str | None = None
    category: str | None = None
    team: str | None = None
    owner: str | None = None
    caller: str | None = None
    opened_by: str | None = None
    priority: str | None = None
    impact: str | None = None
    urgency: str | None = None
    reopened: str | None = None
    reassigned: str | None = None
    made_sla: str | None = None
    parent: str | None = None


@dataclass(frozen=True)
class TicketMap:
    """A map as it stands in its file."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    source: str
    kind: TicketKind | KindBy
    columns: Columns
    shape: FileShape = FileShape.TICKETS
    file: FileForm = FileForm()
    times: SourceTimes = SourceTimes()  # noqa: RUF009 - it is frozen
    ids: Ids = Ids()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    extra: bool = True
    """Whether the columns that have no field are kept as facts."""

    def __post_init__(self) -> None:
        if not self.source.strip() or len(self.source) > LONGEST_NAME // 2 or not self.source.isprintable():
            raise FieldError("source", "the source has a name of 1 to 64 printable characters, like servicenow")
        columns = self.columns
        if self.shape is FileShape.CHANGES and columns.time is None:
            raise FieldError("columns", "`columns.time` is missing: when each change was")
        if self.shape is FileShape.CHANGES and columns.state is None:
            raise FieldError("columns", "`columns.state` is missing: what each change made of the ticket")
        if self.shape is FileShape.TICKETS and columns.opened is None:
            raise FieldError("columns", "`columns.opened` is missing: when each ticket was opened")
        if columns.sub_state and not columns.state:
            raise FieldError("columns", "`columns.sub_state` stands beside `columns.state`, which is missing")
        for problem in _value_problems(self.values, columns):
            raise ValueError(problem)

    def named(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every column that the map names, with the key that names it."""
        if isinstance(self.kind, KindBy):
            yield ("kind", "column"), self.kind.column
        for one in fields(self.columns):
            name = getattr(self.columns, one.name)
            if name is not None:
                yield ("columns", one.name), name


def _value_problems(values: Mapping[str, Mapping[str, str]], columns: Columns) -> Iterator[str]:
    for name, table in values.items():
        if name not in TRANSLATED:
            yield f'"{name}" has no values to translate; there are: {", ".join(sorted(TRANSLATED))}'
        elif getattr(columns, name) is None:
            yield f'"{name}" has values here and no column: add `columns.{name}`'
        for word in table.values():
            problem = _word_problem(name, word)
            if problem:
                yield problem


def _word_problem(name: str, word: str) -> str | None:
    if name == "state":
        return word_problems(word)
    known: tuple[str, ...] | None = None
    if name == "resolution_code":
        known = tuple(ResolutionCode)
    elif name == "made_sla":
        known = tuple(SourceVerdict)
    if known is not None and word not in known:
        return f'"{word}" is no {name}; there are: {", ".join(known)}'
    return f'"{word[:40]}" is longer than {LONGEST_NAME} characters' if len(word) > LONGEST_NAME else None

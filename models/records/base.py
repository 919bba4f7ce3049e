"""What all tables share: naming, column types, and no hidden queries."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum as PythonEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, Enum, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix__%(table_name)s__%(column_0_N_name)s",
    "uq": "uq__%(table_name)s__%(column_0_N_name)s",
    "ck": "ck__%(table_name)s__%(constraint_name)s",
    "fk": "fk__%(table_name)s__%(column_0_N_name)s",
    "pk": "pk__%(table_name)s",
}


_OFFSET = len("+00:00")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Naive datetimes are refused; what is read is aware, in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """On SQLite straight to the text that SQLAlchemy stores there, which it writes a part at a time."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def word_of(words: type[PythonEnum], name: str | None = None, *, is_checked: bool = True) -> Enum:
    """The type of a column that holds one word of these; a second such column of a table needs a name of its own.

    `is_checked=False` leaves it to the table to say so, as `one_of`.
    """
    return Enum(
        words,
        native_enum=False,
        create_constraint=is_checked,
        length=32,
        name=name,
        values_callable=lambda found: [word.value for word in found],
    )


def one_of(column: str, words: type[PythonEnum]) -> CheckConstraint:
    """That a column holds one of these words, for a table that takes thousands of rows a second.

    Compared one by one: for more than two words with `IN`, SQLite fills a table with them for every row that it
    writes. On eight such columns that took half of the time of an insert.
    """
    return CheckConstraint(" OR ".join(f"{column} = '{word.value}'" for word in words), column)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value.isoformat()}: say its time zone")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).isoformat(" ", "microseconds")[:-_OFFSET]


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[str]: JSON,
        PythonEnum: word_of(PythonEnum),
    }


Key = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]
Name = Annotated[str, mapped_column(String(128))]
Words = Annotated[str, mapped_column(Text)]
Digest = Annotated[str, mapped_column(String(64))]

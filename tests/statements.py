"""Statements are made into SQL once a process, as in the parts, which keep one engine, and not once a test."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Dialect, Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from models import database

DIALECTS = (SQLiteDialect_pysqlite, PGDialect_psycopg)


def share_statements() -> None:
    """Let every engine of the shared database, in this process, find what an earlier one of its kind has compiled.

    SQLAlchemy keeps compiled statements by engine and by the identity of its dialect; each test has engines of its own.
    """
    for dialect in DIALECTS:
        dialect.__hash__ = _hash  # type: ignore[method-assign,assignment]
        dialect.__eq__ = _same  # type: ignore[method-assign,assignment]
    database.make_engine = partial(_with_statements, database.make_engine, {})


def _with_statements(
    make: Callable[..., Engine], statements: dict[object, object], url: str, *, read_only: bool = False
) -> Engine:
    engine = make(url, read_only=read_only)
    engine.update_execution_options(compiled_cache=statements)
    return engine


def _hash(dialect: Dialect) -> int:
    return hash(type(dialect))


def _same(dialect: Dialect, other: object) -> bool:
    return type(dialect) is type(other)

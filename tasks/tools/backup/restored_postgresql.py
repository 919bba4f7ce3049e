"""A restored PostgreSQL dump, loaded into a real server: what loads there and answers is a backup."""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.answers import Answer, OpenedCopy, QueryFailed
from tasks.tools.backup.databases import DUMP, GLOBALS, VERSIONS
from tasks.tools.backup.restored_sqlite import single_value
from tasks.tools.backup.sandbox import Ended
from tasks.tools.backup.scratch_postgresql import ScratchServer, installed_postgresql, scratch_server
from tasks.tools.backup.time_limit import TimeLimit
from tasks.tools.capture import plain

COUNT_SECONDS = 600
"""At most, and half of what is left: the rows are only told, what the plan expects is asked after them."""
MOST_MILLISECONDS = 2**31 - 1
DATABASE = "restored"
TABLES = """
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""
# What this machine lacks says nothing about the dump.
LACKING = ("could not open extension control file", "could not access file", "unsupported version", "is not available")


@dataclass(frozen=True)
class _Facts:
    """What the host said when it dumped."""

    major: int
    encoding: str


@contextmanager
def loaded_postgresql(copy: Path, limit: TimeLimit, hidden: tuple[str, ...] = ()) -> Iterator[OpenedCopy]:
    """The dump as a database that answers; a dump that does not load answers nothing.

    Raises BackupError for what this machine lacks.
    """
    try:
        facts, dump = _facts(copy), _open(copy, DUMP)
    except (OSError, ValueError, KeyError) as error:
        yield OpenedCopy(Answer(f"the copy holds no dump of ours: {error}", False), _nothing)
        return
    with closing(dump), scratch_server(installed_postgresql(facts.major), limit, hidden) as server:
        started = time.monotonic()
        with psycopg.connect(server.connection("postgres"), autocommit=True) as session:
            session.execute(_create(facts))
        notes = _load_roles(server, copy, limit)
        where = f"PostgreSQL {server.installed.major}"
        failure = _load(server, dump, limit, has_roles=notes is not None)
        if failure:
            yield OpenedCopy(Answer(f"the dump did not load into {where}: {failure}", False), _nothing)
            return
        seconds = time.monotonic() - started
        tables, words = _contents(server, limit)
        text = f"the dump was loaded into {where} in {seconds:.1f} s: {words}{notes or ''}"
        yield OpenedCopy(Answer(text, tables > 0), lambda query: _ask(server, query, limit))


def _nothing(_query: str) -> object:
    raise QueryFailed("was not asked: there is no database")


def _open(copy: Path, name: str) -> IO[bytes]:
    """A file of the copy, and nothing that it may lead to."""
    return os.fdopen(os.open(copy / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb")


def _facts(copy: Path) -> _Facts:
    with closing(_open(copy, VERSIONS)) as file:
        lines = file.read(4096).decode(errors="replace").splitlines()
    said = dict(line.split(" ", 1) for line in lines)
    return _Facts(max(int(said["server"]) // 10_000, int(said["pg_dump"])), said["encoding"])


def _create(facts: _Facts) -> sql.Composed:
    return sql.SQL("create database {} template template0 encoding {} lc_collate 'C' lc_ctype 'C'").format(
        sql.Identifier(DATABASE), sql.Literal(facts.encoding)
    )


def _load_roles(server: ScratchServer, copy: Path, limit: TimeLimit) -> str | None:
    """Make the roles that the dump knows; what of it did not work, in words, or None when the copy has none.

    A role that is there already, or a tablespace whose disk is not here, is no fault of the dump.
    """
    try:
        roles = _open(copy, GLOBALS)
    except FileNotFoundError:
        return None
    with closing(roles):
        options = ("--no-psqlrc", "--quiet", f"--dbname={server.connection('postgres')}", "--file=-")
        ended = server.run("psql", *options, stdin=roles, seconds=limit.seconds_left)
    lines = [line.partition("ERROR:")[2].strip() for line in plain(ended.errors).splitlines() if "ERROR:" in line]
    if ended.exit_code:
        lines.append(_last(ended))
    return f" ({len(lines)} errors in the roles, first: {lines[0][:200]})" if lines else ""


def _load(server: ScratchServer, dump: IO[bytes], limit: TimeLimit, *, has_roles: bool) -> str | None:
    """Load the dump; why it did not load, or None. Raises BackupError for what this machine lacks."""
    options = ["--exit-on-error", "--no-tablespaces", "--no-subscriptions", "--no-publications"]
    options += [] if has_roles else ["--no-owner", "--no-privileges"]
    ended = server.run(
        "pg_restore", *options, f"--dbname={server.connection(DATABASE)}", stdin=dump, seconds=limit.seconds_left
    )
    if ended.is_late:
        return f"not within {limit}"
    said = plain(ended.errors)
    if "No space left" in said:
        words = f"the disk of {server.folder} is full; make room there, and drill again"
        raise BackupError("PostgreSQL", BackupFault.TARGET_FULL, words)
    if ended.exit_code and any(words in said for words in LACKING):
        words = f"version {server.installed.major} here lacks what the dump needs: {_first_error(said)}; install it"
        raise BackupError("PostgreSQL", BackupFault.NO_ENGINE, words)
    return _first_error(said) or f"exit code {ended.exit_code}" if ended.exit_code else None


def _first_error(said: str) -> str:
    lines = [line for line in said.splitlines() if "error" in line.lower()] or said.splitlines()
    return lines[0][-300:] if lines else ""


def _last(ended: Ended) -> str:
    lines = plain(ended.errors).strip().splitlines()
    return lines[-1][-200:] if lines else f"exit code {ended.exit_code}"


def _contents(server: ScratchServer, limit: TimeLimit) -> tuple[int, str]:
    """How many tables and rows there are; the rows only as far as the time allows."""
    rows, until = 0, time.monotonic() + min(COUNT_SECONDS, limit.seconds_left / 2)
    with psycopg.connect(server.connection(DATABASE), autocommit=True) as session:
        tables = session.execute(TABLES).fetchall()
        words = f"{len(tables):,} table{'' if len(tables) == 1 else 's'}"
        for names in tables:
            left = int((until - time.monotonic()) * 1000)
            if left <= 0:
                return len(tables), f"{words}, more than {rows:,} rows"
            session.execute(sql.SQL("set statement_timeout = {}").format(sql.Literal(left)))
            try:
                found = session.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(*names))).fetchone()
            except psycopg.errors.QueryCanceled:
                return len(tables), f"{words}, more than {rows:,} rows"
            rows += found[0] if found else 0
    return len(tables), f"{words}, {rows:,} rows"


def _ask(server: ScratchServer, query: str, limit: TimeLimit) -> object:
    left = max(1, min(int(limit.seconds_left * 1000), MOST_MILLISECONDS))  # 0 would be no limit
    options = f"-c default_transaction_read_only=on -c statement_timeout={left}"
    try:
        with psycopg.connect(server.connection(DATABASE), options=options) as session:
            cursor = session.execute(query.encode())
            rows = cursor.fetchmany(2) if cursor.description else []
    except psycopg.errors.QueryCanceled:
        raise QueryFailed(f"gave no answer within {limit}") from None
    except psycopg.Error as error:
        raise QueryFailed(f"failed: {str(error).strip().partition(chr(10))[0]}") from None
    return single_value(rows)

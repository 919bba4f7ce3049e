"""Tables of events.yaml that stand in CSV files, whose rows are registered with the table."""

import csv
from pathlib import Path as FilePath

from models.errors import Place
from models.site.documents import SourceEntry
from models.site.messages import did_you_mean
from models.site.reading import LARGEST_FILE_BYTES
from models.site.tree import Plain
from models.site.validation import Raw

MOST_COLUMNS = 50


def fill_rows(folder: FilePath, entry: SourceEntry, raw: Raw) -> list[Place]:
    """Puts the rows of the file beside its path, so that events are judged by what was registered."""
    path, key = raw.get("file"), raw.get("key")
    if not isinstance(path, str) or not isinstance(key, str):
        return []
    if raw.get("rows"):
        return [entry.place(("rows",), "stands beside file; a table has one of rows, file", at_key=True)]
    try:
        raw["rows"] = table_rows(csv_text(folder, path), key)
    except ValueError as error:
        return [entry.place(("file",), f'"{path}" {error}')]
    return []


def csv_text(folder: FilePath, path: str) -> str:
    """The text of a CSV file. Raises ValueError when it may not be read, or cannot be."""
    file = folder / path
    if FilePath(path).is_absolute() or not file.resolve().is_relative_to(folder.resolve()):
        raise ValueError("lies outside the site folder; tables stand inside it, like tables/owners.csv")
    if not file.is_file():
        near = did_you_mean(path, [str(one.relative_to(folder)) for one in sorted(file.parent.glob("*"))])
        raise ValueError(f"is not in the site folder{near}")
    if file.stat().st_size > LARGEST_FILE_BYTES:
        raise ValueError("is larger than 1 MiB, the most a table may have")
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None


def table_rows(text: str, key: str) -> dict[str, Plain]:
    """The rows by their value of the key column. Raises ValueError, with the line, for what is no such table."""
    reader = csv.reader(text.splitlines(), strict=True)
    rows: dict[str, Plain] = {}
    try:
        columns = next(reader, [])
        _check_columns(columns, key)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(columns):
                raise ValueError(f"line {reader.line_num}: has {len(cells)} cells, and the first line {len(columns)}")
            row: dict[str, Plain] = dict(zip(columns, cells, strict=True))
            name = str(row.pop(key))
            if name in rows:
                raise ValueError(f'line {reader.line_num}: "{name[:80]}" stands in an earlier line already')
            rows[name] = row
        if not rows:
            raise ValueError("has no row below its first line")
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: is no CSV: {error}") from None
    return rows


def _check_columns(columns: list[str], key: str) -> None:
    if key not in columns:
        near = did_you_mean(key, columns)
        raise ValueError(f'line 1: has no column "{key}"; columns: {", ".join(columns[:MOST_COLUMNS]) or "none"}{near}')
    if len(columns) > MOST_COLUMNS:
        raise ValueError(f"line 1: has {len(columns)} columns, at most {MOST_COLUMNS} are taken")
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise ValueError(f'line 1: the column "{twice[:80]}" stands there twice')

"""A table of rows, as a report hands it to a spreadsheet."""

from dataclasses import dataclass
from datetime import datetime

Cell = str | int | float | datetime | None


@dataclass(frozen=True)
class Table:
    """Its columns and its rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

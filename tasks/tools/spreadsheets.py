"""Tables as CSV (RFC 4180, UTF-8): the rows behind a report, for a spreadsheet that may not run what is in them."""

import csv
import io
import re

from models.queries.tables import Cell, Table
from tasks.tools import wording

FORMULA = re.compile("(^|;)(?=\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet would begin to compute; after `;` too, which parts cells in many countries."""


def csv_of(table: Table, clock: wording.Clock) -> bytes:
    """The table with a line of column names; texts in quotes, times with their offset, numbers plain."""
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(table.columns)
    writer.writerows([_cell(cell, clock) for cell in row] for row in table.rows)
    return lines.getvalue().encode()


def _cell(cell: Cell, clock: wording.Clock) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return defused(wording.harmless(cell))
    if isinstance(cell, float):
        return round(cell, 3)
    return cell if isinstance(cell, int) else clock.machine(cell)


def defused(text: str) -> str:
    """The text with a quote before whatever a spreadsheet would take for a formula (OWASP, "CSV injection")."""
    return FORMULA.sub(r"\1'", text)

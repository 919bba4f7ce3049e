"""journal: verify, export."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from desk.cli import exit_codes
from desk.cli.common import COMMON, Common
from desk.services import journals
from desk.services.opening import opened
from desk.services.small_words import several
from models.errors import JournalBroken, WatchbillError

app = App("journal", help="The memory: verify it, export it.")


@app.command
def verify(*, common: Common = COMMON) -> int:
    """Read the whole journal, and compare it with the anchors outside the database; names the first bad row."""
    screen, settings = common.screen(), common.settings()
    try:
        with opened(settings) as database:
            found = journals.verify(database, settings.anchors)
    except JournalBroken as error:
        if not common.json:
            raise
        screen.json({"ok": False, "first_bad_row": error.seq, "error": str(error)})
        return exit_codes.FAILED
    if common.json:
        screen.json({"ok": True, "rows": found.rows, "hash": found.hash, "anchors": found.anchors})
        return exit_codes.OK
    rows, anchors = several(found.rows, "row"), several(found.anchors, "anchor")
    screen.show(Text.assemble(("ok: ", "green"), f"{rows}, {anchors}, head {found.hash}"))
    if not found.anchors:
        screen.say("Nothing is anchored outside the database yet; the planner does so every five minutes.")
    return exit_codes.OK


@app.command
def export(
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="A file; default: standard output.")] = None,
    common: Common = COMMON,
) -> int:
    """Write the journal as JSON lines, oldest first, ready for other eyes."""
    with opened(common.settings()) as database, contextlib.ExitStack() as stack:
        try:
            target = stack.enter_context(output.open("w", encoding="utf-8")) if output else sys.stdout
            rows = 0
            for rows, text in enumerate(journals.export(database), 1):  # noqa: B007 - the last number is the count
                target.write(text + "\n")
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise WatchbillError(f"{output or 'standard output'}: cannot be written: {error.strerror}") from error
    common.screen().say(f"{several(rows, 'row')} written{f' to {output}' if output else ''}")
    return exit_codes.OK

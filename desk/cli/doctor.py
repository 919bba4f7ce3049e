"""doctor: a table of ok, warn and fail, with the mend."""

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli import exit_codes
from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, table
from desk.cli.words import line
from desk.services.doctor import Finding, State, examine

COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


def doctor(
    *,
    hosts: Annotated[bool, Parameter(help="Reach every host of the site too.")] = False,
    common: Common = COMMON,
) -> int:
    """Look at everything that must be right: machine, database, engine, site; each fault with its mend."""
    screen = common.screen()
    found = list(examine(common.settings(), hosts=hosts))
    failed = any(finding.state is State.FAIL for finding in found)
    if common.json:
        screen.json({"ok": not failed, "findings": found})
    else:
        _show(screen, found)
    return exit_codes.FAILED if failed else exit_codes.OK


def _show(screen: Screen, found: list[Finding]) -> None:
    grid = table("", "what", "found", wide=("found",))
    for finding in found:
        grid.add_row(Text(finding.state.value, COLOURS[finding.state]), Text(finding.what, "bold"), line(finding.text))
        if finding.mend:
            grid.add_row("", "", line(f"mend: {finding.mend}", "cyan"))
    screen.show(grid)
    counts = [(sum(one.state is state for one in found), state.value) for state in State]
    screen.say("", ", ".join(f"{number} {word}" for number, word in counts))

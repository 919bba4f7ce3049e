"""help: on a command, or on the exit codes."""

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli.common import COMMON, Common
from desk.cli.exit_codes import MEANINGS
from desk.cli.screen import table
from desk.cli.tree import app

EXIT_CODES = "exit-codes"


def show_help(
    *topic: Annotated[str, Parameter(name="TOPIC", help="A command such as `job run`, or exit-codes.")],
    common: Common = COMMON,
) -> int:
    """Help on a command, or on the exit codes."""
    if topic != (EXIT_CODES,):
        app.help_print(list(topic))
        return 0
    screen = common.screen()
    if common.json:
        screen.json({str(code): meaning for code, meaning in MEANINGS.items()})
        return 0
    grid = table("code", "meaning", wide=("meaning",), right=("code",))
    for code, meaning in MEANINGS.items():
        grid.add_row(Text(str(code), "bold"), meaning)
    screen.show(grid)
    return 0

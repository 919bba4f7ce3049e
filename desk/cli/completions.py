"""completion: install, show."""

from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.completion.detect import ShellDetectionError

from desk.cli.common import COMMON, Common
from desk.cli.tree import app as root
from desk.services.errors import Misuse

Shell = Annotated[Literal["bash", "zsh", "fish"] | None, Parameter(help="Which shell; default: the one you use.")]
app = App("completion", help="Completion for your shell.")


@app.command
def install(*, shell: Shell = None, common: Common = COMMON) -> int:
    """Write the completion script to where your shell finds it."""
    try:
        path = root.install_completion(shell=shell)
    except ShellDetectionError as error:
        raise Misuse("your shell cannot be told: say --shell bash, zsh or fish") from error
    screen = common.screen()
    if common.json:
        screen.json({"file": path})
        return 0
    screen.show(str(path))
    screen.next("open a new shell")
    return 0


@app.command
def show(
    *, shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="Which shell.")], common: Common = COMMON
) -> int:
    """Print the completion script."""
    common.screen().show(root.generate_completion(shell=shell))
    return 0

"""incident survey: the answer of a caller."""

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from desk.cli.common import COMMON, Common
from desk.services import surveys
from desk.services.opening import opened
from models import clock
from models.queries.surveys import Answer


def survey(
    code: Annotated[str, Parameter(name="CODE", help="The code in the mail that says that it is closed.")],
    /,
    *,
    score: Annotated[int, Parameter(help="1 (bad) to 5 (good).", metavar="N")],
    words: Annotated[str, Parameter(help="Why.", metavar="TEXT")] = "",
    common: Common = COMMON,
) -> int:
    """Say how content the caller of a closed incident is: once, with the code that the caller was sent."""
    given = Answer(code.strip().lower(), score, words)
    with opened(common.settings()) as database:
        done = surveys.answer(database, given, common.who(), clock.now())
    screen = common.screen()
    if common.json:
        screen.json(done)
    else:
        screen.show(Text.assemble((done.incident, "bold"), f" has the answer: {done.score} of 5"))
    return 0

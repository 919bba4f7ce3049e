"""request new and cancel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import RenderableType

from desk.cli import words
from desk.cli.common import COMMON, Common, named_values
from desk.cli.request_view import Number, answer_rows, tell
from desk.cli.screen import facts, heading
from desk.services import requests
from desk.services.errors import Misuse
from desk.services.opening import opened
from desk.services.requests import Preview
from models import clock
from models.queries.catalogue import Wanted
from models.queries.requests import Order
from models.rules.catalogue.fields import LARGEST_FILE
from models.rules.catalogue.uploads import Upload


@Parameter(name="*")
@dataclass(frozen=True)
class Filled:
    """The form, filled in."""

    given: Annotated[
        tuple[str, ...],
        Parameter(
            name="--set",
            help="An answer, FIELD=ANSWER; again for more, also of one field.",
            metavar="FIELD=ANSWER",
            consume_multiple=False,
        ),
    ] = ()
    files: Annotated[
        tuple[str, ...],
        Parameter(name="--file", help="A file for a field, FIELD=PATH.", metavar="FIELD=PATH", consume_multiple=False),
    ] = ()

    def answers(self) -> dict[str, str | list[str] | Upload]:
        """By field. Raises Misuse for what is not written so, and for files that cannot be read."""
        return {**answers_of(self.given), **uploads_of(self.files)}


FILLED = Filled()


def new(
    item: Annotated[str, Parameter(name="ITEM", help="An item of the catalogue.")],
    /,
    *,
    beneficiary: Annotated[
        str | None, Parameter(name="--for", help="For whom; default: for you.", metavar="PERSON")
    ] = None,
    filled: Filled = FILLED,
    key: Annotated[
        str | None, Parameter(help="A word of your choice: sent twice with it, it is one order.", metavar="WORD")
    ] = None,
    dry_run: Annotated[bool, Parameter(help="Order nothing: show what it comes to.")] = False,
    common: Common = COMMON,
) -> int:
    """Order an item of the catalogue: `watchbill catalogue show ITEM` tells what is asked and who must approve."""
    person = common.who()
    wanted = Wanted(item, person, beneficiary or person, filled.answers())
    with opened(common.settings()) as database:
        if dry_run:
            _tell_preview(common, requests.preview(database, wanted, clock.now()))
            return 0
        done = requests.order(database, Order(wanted, key), clock.now())
    if not common.json:
        common.screen().say("ordered" if done.is_new else "was ordered before, with this key")
    tell(common, done)
    return 0


def cancel(
    request: Number,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why.", metavar="TEXT")] = None,
    common: Common = COMMON,
) -> int:
    """It is wanted no more. Who only waits for it may say so until the work begins."""
    with opened(common.settings()) as database:
        tell(common, requests.cancel(database, request, common.who(), reason, clock.now()))
    return 0


def answers_of(given: Sequence[str]) -> dict[str, str | list[str]]:
    """FIELD=ANSWER each; a field that comes again has several answers. Raises Misuse for anything else."""
    found: dict[str, list[str]] = {}
    for text in given:
        name, sign, answer = text.partition("=")
        if not sign or not name:
            raise Misuse("--set: write FIELD=ANSWER")
        found.setdefault(name, []).append(answer)
    return {name: answers[0] if len(answers) == 1 else answers for name, answers in found.items()}


def uploads_of(given: Sequence[str]) -> dict[str, Upload]:
    """FIELD=PATH each, read. Raises Misuse for anything else, and for what cannot be read or is too large."""
    found: dict[str, Upload] = {}
    for name, text in named_values("--file", given).items():
        path = Path(text)
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise Misuse(f"--file {name}: {text}: {error.strerror}") from None
        if len(content) > LARGEST_FILE:
            raise Misuse(f"--file {name}: {text} has more than {LARGEST_FILE} bytes")
        found[name] = Upload(path.name, content)
    return found


def file(
    request: Number,
    field: Annotated[str, Parameter(name="FIELD", help="The field of the form that it was handed in for.")],
    /,
    *,
    to: Annotated[Path, Parameter(help="A new file to write it to.", metavar="PATH")],
    common: Common = COMMON,
) -> int:
    """Write a file that was handed in with a request to this machine."""
    with opened(common.settings()) as database:
        found = requests.file_of(database, request, field, common.who(), clock.now())
    try:
        with to.open("xb") as target:
            target.write(found.content)
    except OSError as error:
        raise Misuse(f"--to {to}: {error.strerror}") from None
    screen = common.screen()
    if common.json:
        screen.json({"file": to, "name": found.name, "sha256": found.sha256})
    else:
        screen.say(words.line(f"{found.words} is in {to}"))
    return 0


def _tell_preview(common: Common, found: Preview) -> None:
    screen = common.screen()
    if common.json:
        screen.json(found)
        return
    screen.show(words.line(found.title), "", facts(_rows(found)))
    screen.show(heading("What would be done"), words.block(found.plan))
    for part in found.parts:
        screen.show(heading(part.item), facts(_rows(part)), words.block(part.plan))
    screen.say("nothing was ordered")


def _rows(found: Preview) -> Iterator[tuple[str, RenderableType]]:
    times = words.Clock(found.timezone, found.at)
    yield "for", words.line(found.beneficiary)
    yield "approved by", found.scheme or "nobody has to"
    if found.cost:
        yield "cost", f"{found.cost:,.2f}"
    if found.promised_at:
        yield "promised", f"until {times.when(found.promised_at)}"
    yield from answer_rows(found.answers)

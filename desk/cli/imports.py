"""import: tickets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from desk.cli import exit_codes, words
from desk.cli.common import COMMON, Common
from desk.cli.screen import Screen, facts
from desk.services import imports
from desk.services.imports import Imported, ImportOrder
from desk.services.opening import opened
from desk.services.small_words import several
from desk.services.ticket_reading import Progress as Told
from models import clock

app = App("import", help="History from other tools.")


@Parameter(name="*")
@dataclass(frozen=True)
class How:
    """How a file is taken in."""

    map: Annotated[Path, Parameter(help="How the file is read (docs/reference/ticket-maps.md).", metavar="MAP.yaml")]
    dry_run: Annotated[bool, Parameter(help="Say what would come, and write nothing.")] = False
    refused: Annotated[
        Path | None, Parameter(help="Write each refused row into this CSV: line, ticket, reason.", metavar="FILE")
    ] = None


@app.command
def tickets(
    file: Annotated[Path, Parameter(name="FILE", help="A CSV file of tickets, also as .gz or .zip.")],
    /,
    *,
    how: How,
    common: Common = COMMON,
) -> int:
    """Take tickets of another tool in, with their whole history; the same file again changes nothing."""
    screen = common.screen()
    order = ImportOrder(file, how.map, common.who(), how.dry_run, how.refused)
    with opened(common.settings()) as database, _progress(screen) as progress:
        found = imports.import_tickets(database, order, clock.now(), progress)
    if common.json:
        screen.json(found)
    else:
        _show(screen, found, how)
    nothing_came = found.refused and not found.tickets
    return exit_codes.FAILED if nothing_came else exit_codes.OK


@contextmanager
def _progress(screen: Screen) -> Iterator[Told]:
    """Paints how far it is, where a person watches."""
    if not screen.is_live or not screen.talk.is_terminal:
        yield lambda _what, _done, _all: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen.talk, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def paint(what: str, done: int, of_all: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of_all or None)
            bar.update(tasks[what], completed=done, total=of_all or None)

        yield paint


def _show(screen: Screen, found: Imported, how: How) -> None:
    verb = "would be " if found.is_trial else ""
    kinds = ", ".join(several(count, kind) for kind, count in found.kinds.items()) or "no ticket"
    read = f"{several(found.rows, 'row')}, {several(found.tickets, 'ticket')} of {found.source}"
    rows = [
        ("file", words.line(f"{found.file}: {read}")),
        (f"{verb}added", words.line(f"{kinds}, with {several(found.moves, 'row')} of the journal")),
        (
            f"{verb}continued",
            words.line(f"{several(found.continued, 'ticket')} with something new since the last import"),
        ),
        ("unchanged", words.line(f"{found.same:,}")),
    ]
    if found.states:
        states = ", ".join(f"{count:,} {state}" for state, count in sorted(found.states.items(), key=_most))
        rows.append(("they stand", words.line(states)))
    if found.since and found.until:
        rows.append(("between", words.line(f"{found.since:%Y-%m-%d} and {found.until:%Y-%m-%d} (UTC)")))
    if found.links:
        rows.append(
            ("parts", words.line(f"{several(found.links, 'link')} of tickets with those that they are part of"))
        )
    if found.left_out:
        rows.append(("left out", words.line(f"{several(found.left_out, 'row')} of tickets that come twice")))
    screen.show(facts(rows))
    if not found.rows:
        screen.warn(f"{found.file} has a header and no row: is it the file that you mean?")
    if found.is_resumed:
        screen.say("this import was cut off before, and went on where it stopped")
    for reason in found.reasons:
        screen.warn(f"{reason.rows:,} refused: {reason.reason}")
        screen.say(*(words.line(f"  {example}") for example in reason.examples))
    if found.refused and how.refused is None:
        screen.next("`--refused FILE` writes every refused row with its line into a CSV")
    elif found.is_trial and found.tickets:
        screen.next("the same without --dry-run takes them in")
    elif found.added or found.continued:
        kind = next(iter(found.kinds), "incident")
        screen.next(f"`watchbill report measures --kind {kind} --source {found.source}` tells their figures")


def _most(pair: tuple[str, int]) -> int:
    return -pair[1]

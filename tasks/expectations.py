"""Ask of a restored copy what its plan expects."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from models.errors import BackupError
from models.site.backups import Expectation, Source
from models.vocabulary import BackupFault
from tasks.tools.backup.answers import Answer, OpenedCopy, answer_of, is_inside
from tasks.tools.backup.confinement import CANNOT_RUN, Confinement
from tasks.tools.backup.own_copy import answer_of_own_copy
from tasks.tools.backup.restored_postgresql import loaded_postgresql
from tasks.tools.backup.restored_sqlite import opened_sqlite
from tasks.tools.backup.sandbox import run_confined
from tasks.tools.capture import plain
from tasks.workplace import settings

__all__ = ["Answer", "answers_of"]

COMMAND_SECONDS = 600
SHOWN_CHARACTERS = 200


def answers_of(source: Source, expected: Sequence[Expectation], copy: Path, taken_at: datetime) -> list[Answer]:
    """What the copy answers: of a database first how it opened, also when the plan asks nothing, then as the plan asks.

    Raises BackupError (engine missing) for what this machine cannot ask: that says nothing about the copy.
    """
    with _database(source, copy) as database:
        answers = [database.answer] if database else []
        if source.watchbill:
            answers.append(answer_of_own_copy(copy, _hidden()))
        for one in expected:
            if one.file is not None:
                answers.append(_of_file(one.file, copy))
            elif one.query is not None and database is not None:
                answers.append(answer_of(one, one.query, database, taken_at))
    # Commands last: they may do with the copy what they want.
    return answers + [_of_command(one.command, copy) for one in expected if one.command is not None]


@contextmanager
def _database(source: Source, copy: Path) -> Iterator[OpenedCopy | None]:
    if source.postgresql is not None:
        with loaded_postgresql(copy, _hidden()) as opened:
            yield opened
    elif source.sqlite is not None:
        with opened_sqlite(copy / PurePosixPath(source.sqlite).name) as opened:
            yield opened
    else:
        yield None


def _hidden() -> tuple[str, ...]:
    """What nobody behind the walls may see."""
    return (str(settings().secrets_folder.resolve()),)


def _of_file(path: str, copy: Path) -> Answer:
    is_there = is_inside(copy, path)
    return Answer(f"{path} is {'there' if is_there else 'not in the copy'}", is_there)


def _of_command(argv: tuple[str, ...], copy: Path) -> Answer:
    """A command in the sandbox, in the restored folder."""
    ended = run_confined(argv, Confinement(folder=str(copy), hidden=_hidden()), COMMAND_SECONDS)
    name = shlex.join(argv)[:SHOWN_CHARACTERS]
    said = plain((ended.errors.strip() or ended.output.strip())[-4096:]).splitlines()
    last = f": {said[-1][-300:]}" if said else ""
    if ended.exit_code == CANNOT_RUN and last.startswith(f": {argv[0]}: [Errno"):
        raise BackupError(argv[0], BackupFault.NO_ENGINE, f"the drill cannot run it{last}; install it on this machine")
    walls = f" (without these walls: {', '.join(ended.missing_walls)})" if ended.missing_walls else ""
    if ended.is_late:
        return Answer(f"{name} did not end within {COMMAND_SECONDS} s{last}{walls}", False)
    if ended.exit_code:
        return Answer(f"{name} ended with exit code {ended.exit_code}{last}{walls}", False)
    return Answer(f"{name} ended well in {ended.seconds:.1f} s{walls}", True)

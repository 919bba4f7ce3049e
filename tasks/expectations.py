"""Ask of a restored copy what its plan expects."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
from tasks.tools.backup.time_limit import TimeLimit
from tasks.tools.capture import plain
from tasks.workplace import settings

__all__ = ["Answer", "RestoredCopy", "answers_of"]

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class RestoredCopy:
    """What is asked: where it lies, when it was taken, and how long all questions together may take."""

    folder: Path
    taken_at: datetime
    limit: TimeLimit


def answers_of(source: Source, expected: Sequence[Expectation], copy: RestoredCopy) -> list[Answer]:
    """What the copy answers: of a database first how it opened, also when the plan asks nothing, then as the plan asks.

    Raises BackupError (engine missing) for what this machine cannot ask: that says nothing about the copy.
    """
    with _database(source, copy) as database:
        answers = [database.answer] if database else []
        if source.watchbill:
            answers.append(answer_of_own_copy(copy.folder, copy.limit, _hidden()))
        for one in expected:
            if one.file is not None:
                answers.append(_of_file(one.file, copy.folder))
            elif one.query is not None and database is not None:
                answers.append(answer_of(one, one.query, database, copy.taken_at))
    # Commands last: they may do with the copy what they want.
    return answers + [_of_command(one.command, copy) for one in expected if one.command is not None]


@contextmanager
def _database(source: Source, copy: RestoredCopy) -> Iterator[OpenedCopy | None]:
    if source.postgresql is not None:
        with loaded_postgresql(copy.folder, copy.limit, _hidden()) as opened:
            yield opened
    elif source.sqlite is not None:
        with opened_sqlite(copy.folder / PurePosixPath(source.sqlite).name, copy.limit) as opened:
            yield opened
    else:
        yield None


def _hidden() -> tuple[str, ...]:
    """What nobody behind the walls may see."""
    return (str(settings().secrets_folder.resolve()),)


def _of_file(path: str, copy: Path) -> Answer:
    is_there = is_inside(copy, path)
    return Answer(f"{path} is {'there' if is_there else 'not in the copy'}", is_there)


def _of_command(argv: tuple[str, ...], copy: RestoredCopy) -> Answer:
    """A command in the sandbox, in the restored folder."""
    ended = run_confined(argv, Confinement(folder=str(copy.folder), hidden=_hidden()), copy.limit.seconds_left)
    name = shlex.join(argv)[:SHOWN_CHARACTERS]
    said = plain((ended.errors.strip() or ended.output.strip())[-4096:]).splitlines()
    last = f": {said[-1][-300:]}" if said else ""
    if ended.exit_code == CANNOT_RUN and last.startswith(f": {argv[0]}: [Errno"):
        raise BackupError(argv[0], BackupFault.NO_ENGINE, f"the drill cannot run it{last}; install it on this machine")
    walls = f" (without these walls: {', '.join(ended.missing_walls)})" if ended.missing_walls else ""
    if ended.is_late:
        return Answer(f"{name} did not end within {copy.limit}{last}{walls}", False)
    if ended.exit_code:
        return Answer(f"{name} ended with exit code {ended.exit_code}{last}{walls}", False)
    return Answer(f"{name} ended well in {ended.seconds:.1f} s{walls}", True)

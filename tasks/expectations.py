"""Ask of a restored copy what its plan expects."""

import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from models.errors import BackupError
from models.site.backups import Expectation, Source
from models.vocabulary import BackupFault
from tasks.tools.backup.answers import Answer, is_inside
from tasks.tools.backup.confinement import CANNOT_RUN, Confinement
from tasks.tools.backup.sandbox import run_confined
from tasks.tools.capture import plain
from tasks.workplace import settings

__all__ = ["Answer", "answers_of"]

COMMAND_SECONDS = 600
SHOWN_CHARACTERS = 200


def answers_of(source: Source, expected: Sequence[Expectation], copy: Path, taken_at: datetime) -> list[Answer]:
    """What the copy answers, in the order of the plan.

    Raises BackupError (engine missing) for what this machine cannot ask: that says nothing about the copy.
    """
    return [answer for one in expected for answer in _answers(source, one, copy, taken_at)]


def _answers(_source: Source, expected: Expectation, copy: Path, _taken_at: datetime) -> list[Answer]:
    if expected.file is not None:
        return [_of_file(expected.file, copy)]
    if expected.command is not None:
        return [_of_command(expected.command, copy)]
    return []


def _of_file(path: str, copy: Path) -> Answer:
    is_there = is_inside(copy, path)
    return Answer(f"{path} is {'there' if is_there else 'not in the copy'}", is_there)


def _of_command(argv: tuple[str, ...], copy: Path) -> Answer:
    """A command in the sandbox, in the restored folder."""
    where = Confinement(folder=str(copy), hidden=(str(settings().secrets_folder.resolve()),))
    ended = run_confined(argv, where, COMMAND_SECONDS)
    name = shlex.join(argv)[:SHOWN_CHARACTERS]
    said = plain((ended.errors or ended.output).strip()[-4096:]).splitlines()
    last = f": {said[-1][-300:]}" if said else ""
    if ended.exit_code == CANNOT_RUN and last.startswith(f": {argv[0]}: ["):
        raise BackupError(argv[0], BackupFault.NO_ENGINE, f"the drill cannot run it{last}; install it on this machine")
    if ended.is_late:
        return Answer(f"{name} did not end within {COMMAND_SECONDS} s{last}", False)
    walls = f" (without these walls: {', '.join(ended.missing_walls)})" if ended.missing_walls else ""
    if ended.exit_code:
        return Answer(f"{name} ended with exit code {ended.exit_code}{last}{walls}", False)
    return Answer(f"{name} ended well in {ended.seconds:.1f} s{walls}", True)

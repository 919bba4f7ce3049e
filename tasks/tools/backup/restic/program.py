"""The restic that this machine has, and what its version can do."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from models.errors import BackupError
from models.vocabulary import BackupFault

OLDEST = (0, 14, 0)
"""Debian 12's. Older ones copy the other way round and repair nothing."""
ANSWER_SECONDS = 30
_VERSION = re.compile(r"^restic v?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Program:
    """A restic: where it is and what it can do. Source of the numbers: restic's changelog."""

    path: Path
    version: tuple[int, int, int]

    @property
    def has_exit_codes(self) -> bool:
        """10: no repository, 11: locked. Before, all that failed ended with 1 and a sentence."""
        return self.version >= (0, 17, 0)

    @property
    def has_password_exit_code(self) -> bool:
        """12: no key opens it."""
        return self.version >= (0, 17, 1)

    @property
    def may_wait_for_lock(self) -> bool:
        """`--retry-lock`."""
        return self.version >= (0, 16, 0)

    def __str__(self) -> str:
        return f"restic {'.'.join(map(str, self.version))}"


def find_program(path: str | Path = "restic") -> Program:
    """The restic of this machine. Raises BackupError when there is none, or one that is too old."""
    found = shutil.which(path)
    if found is None:
        raise BackupError(
            "restic",
            BackupFault.NO_ENGINE,
            f"{path} is not on this machine; install it (Debian: apt install restic), or use the archive engine",
        )
    try:
        answer = subprocess.run(
            [found, "version"], capture_output=True, text=True, errors="replace", timeout=ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unusable(found, str(error)) from error
    version = version_in(answer.stdout)
    if answer.returncode != 0 or not version:
        raise _unusable(found, f"it answered {(answer.stdout + answer.stderr).strip()[:200]!r} to `version`")
    program = Program(Path(found), version)
    if program.version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise BackupError(
            "restic", BackupFault.OLD_ENGINE, f"{found} is {program}; install {oldest} or newer, or use archive"
        )
    return program


def version_in(answer: str) -> tuple[int, int, int] | None:
    """The version that a restic answered with; None for what is no such answer."""
    named = _VERSION.match(answer)
    return (int(named[1]), int(named[2]), int(named[3] or 0)) if named else None


def _unusable(path: str, why: str) -> BackupError:
    return BackupError("restic", BackupFault.NO_ENGINE, f"{path} cannot be used: {why}; install restic anew")

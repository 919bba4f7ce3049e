"""A source on a host, opened for an engine: its files as one tar, or what a command prints.

Half of a source is never taken for all of it: what failed raises when the engine asks whether it ended well.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from models.errors import BackupError, HostError
from models.rules.figure_words import bytes_text
from models.vocabulary import BackupFault, HostFault
from tasks.tools.backup.shapes import Stream
from tasks.tools.redaction import Redactor
from tasks.tools.ssh import CommandFailed, Ending, HostPool, OwnedCommand, Target, transfer

log = logging.getLogger("watchbill.backups")

MOST_WARNINGS = 20
NOT_FOUND = 127
"""The exit code of a shell for a program that is not there."""
ENDED_THERE = (HostFault.COMMAND, HostFault.LOST, HostFault.TIMEOUT, HostFault.INTERRUPTED)
"""What may happen to a source that had begun; any other fault of the host is plain as it is."""


def lock_of(plan: str) -> str:
    """The lock on a source's host: one reading of a plan's source at a time, whoever started it."""
    return f"backup-{plan}"


@dataclass(frozen=True)
class Origin:
    """Where a source is, and under which key, lock and deadline it is read there."""

    pool: HostPool
    target: Target
    plan: str
    key: str
    deadline_seconds: int
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def lock(self) -> str:
        """See lock_of."""
        return lock_of(self.plan)

    def command(self, argv: tuple[str, ...]) -> OwnedCommand:
        """An owned command that reads the source."""
        return OwnedCommand(self.key, argv, self.deadline_seconds, secrets=self.secrets, lock=self.lock)


@dataclass(frozen=True)
class _LockedWay(transfer.Way):
    """A way whose commands hold the plan's lock."""

    lock: str | None = None

    def command(self, *argv: str, part: str = "") -> OwnedCommand:
        """See Way."""
        return replace(super().command(*argv, part=part), lock=self.lock)


class Opened(Protocol):
    """A command's output that comes."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes, none at the end."""

    def finish(self) -> Ending:
        """How it ended. Raises HostError."""


Explain = Callable[[CommandFailed], tuple[BackupFault, str]]
"""What the failure of a command says about the source."""


@dataclass
class Reading:
    """A source that is read: counts, and says what went wrong in the words of a backup."""

    opened: Opened
    origin: Origin
    what: str
    explain: Explain
    at_least: int = 1
    size: int = 0
    is_over: bool = False
    _warnings: tuple[str, ...] = ()

    def read(self, size: int) -> bytes:
        """See Stream. Its end is looked at here, too: why it ended says more than that half a tar is no tar."""
        try:
            piece = self.opened.read(size)
        except HostError as error:
            raise fault_of(error, self.origin, self.what, self.explain) from error
        self.size += len(piece)
        if not piece and size:
            self.finish()
        return piece

    def finish(self) -> None:
        """See Stream."""
        if self.is_over:
            return
        try:
            ending = self.opened.finish()
        except HostError as error:
            raise fault_of(error, self.origin, self.what, self.explain) from error
        if self.size < self.at_least:
            problem = f"it gave {bytes_text(self.size)}, and the plan wants at least {bytes_text(self.at_least)}"
            raise BackupError(self.what, BackupFault.SOURCE_EMPTY, f"{problem}; run it by hand there, and look")
        self.is_over = True
        if ending.exit_code:
            self._warnings = _changed(ending.stderr, Redactor(self.origin.secrets))
            log.warning("%s: %s", self.what, "; ".join(self._warnings))

    def warnings(self) -> tuple[str, ...]:
        """See Stream."""
        return self._warnings

    def stream(self, name: str, *, is_tar: bool) -> Stream:
        """As an engine reads it."""
        return Stream(name=name, read=self.read, finish=self.finish, is_tar=is_tar, warnings=self.warnings)


def _changed(said: str, redactor: Redactor) -> tuple[str, ...]:
    """Which files tar did not find as it had met them: what is kept of them may be of two moments."""
    lines = [line.strip() for line in redactor.clean(said.encode()).decode(errors="replace").splitlines()]
    lines = [line.removeprefix("tar: ") for line in lines if line] or ["some file changed while it was read"]
    more = len(lines) - MOST_WARNINGS
    return (*lines[:MOST_WARNINGS], *([f"and {more} more"] if more > 0 else []))


@contextmanager
def files_of(origin: Origin, paths: tuple[str, ...], excludes: tuple[str, ...] = ()) -> Iterator[Stream]:
    """A host's files as one tar. Raises BackupError, HostError."""
    what = f"{', '.join(paths)} on {origin.target.name}"
    way = _LockedWay(origin.key, origin.deadline_seconds, lock=origin.lock)
    try:
        tree = transfer.tree_of(origin.pool, origin.target, transfer.Source(paths, excludes), way)
    except HostError as error:
        raise fault_of(error, origin, what, _explain_tar) from error
    with tree as opened:
        yield Reading(opened, origin, what, _explain_tar).stream(f"{origin.plan}.tar", is_tar=True)


@contextmanager
def output_of(origin: Origin, argv: tuple[str, ...], name: str, at_least: int = 1) -> Iterator[Stream]:
    """What a command prints. Raises BackupError, HostError."""
    what = f"{argv[0]} on {origin.target.name}"
    with started(origin, argv, what, _explain_command) as reading:
        reading.at_least = at_least
        yield reading.stream(name, is_tar=False)


@contextmanager
def started(origin: Origin, argv: tuple[str, ...], what: str, explain: Explain) -> Iterator[Reading]:
    """A command that reads the source; it is ended when the block is left. Raises BackupError, HostError."""
    try:
        stream = origin.pool.stream(origin.target, origin.command(argv))
    except HostError as error:
        raise fault_of(error, origin, what, explain) from error
    with stream as opened:
        yield Reading(opened, origin, what, explain)


def fault_of(error: HostError, origin: Origin, what: str, explain: Explain) -> BackupError | HostError:
    """What to raise for it: nothing of a source that failed may be kept."""
    if isinstance(error, transfer.MissingSource):
        gone = f"{', '.join(error.paths)} not found; correct the plan's paths, or mount what belongs there"
        return BackupError(what, BackupFault.SOURCE_MISSING, gone)
    if error.fault not in ENDED_THERE:
        return error
    if isinstance(error, CommandFailed):
        fault, message = explain(error)
    else:
        fault = BackupFault.SOURCE_FAILED
        message = f"{words_of(error)}; no restore point is kept, the next run reads it anew"
    if error.fault is HostFault.TIMEOUT:
        message += "; a larger deadline in the plan gives it more time"
    return BackupError(what, fault, Redactor(origin.secrets).clean(message.encode()).decode(errors="replace"))


def words_of(error: HostError) -> str:
    """What happened, without the host and the fault before it."""
    return str(error).removeprefix(f"{error.host}: ").removeprefix(f"{error.fault.value}: ")


def _explain_tar(error: CommandFailed) -> tuple[BackupFault, str]:
    if error.exit_code == NOT_FOUND:
        return BackupFault.NO_ENGINE, f"tar is not installed on {error.host}: install it there"
    lines = [line for line in error.stderr.splitlines() if line.strip()]
    first = lines[0] if lines else words_of(error)
    problem = f"{first} (tar, exit code {error.exit_code})"
    return BackupFault.SOURCE_UNREADABLE, f"{problem}; let the account read it, or leave it out by exclude"


def _explain_command(error: CommandFailed) -> tuple[BackupFault, str]:
    return BackupFault.SOURCE_FAILED, f"{words_of(error)}; no restore point is kept; run it by hand there, and look"

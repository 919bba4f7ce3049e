"""One call of restic on one repository, and what it answered."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event, Timer
from typing import Any

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.faults import failure, said
from tasks.tools.backup.restic.location import Repository, environment
from tasks.tools.backup.restic.process import Running
from tasks.tools.backup.restic.program import Program

ANSWER_SECONDS = 300
"""For what reads only lists. Newer restics try an unreachable place again for a quarter of an hour."""
MOST_OUTPUT = 1 << 28


@dataclass(frozen=True)
class Answer:
    """How a call ended."""

    code: int
    output: bytes
    messages: tuple[str, ...]
    is_late: bool = False
    """Our deadline ended it."""


@dataclass(frozen=True)
class Restic:
    """A restic and the repository that it works on."""

    program: Program
    repository: Repository
    source: Repository | None = field(default=None)
    """Of a copy."""

    @cached_property
    def _environment(self) -> dict[str, str]:
        self.repository.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return environment(self.repository, self.source)

    @contextmanager
    def started(self, *arguments: str, is_fed: bool = False, cache: Path | None = None) -> Iterator[Running]:
        """A restic that runs; it is ended when the block is left."""
        more = ["--cache-dir", str(cache)] if cache else []
        if self.program.may_wait_for_lock and self.repository.lock_wait_seconds and "--no-lock" not in arguments:
            more += ["--retry-lock", f"{self.repository.lock_wait_seconds}s"]
        running = Running([str(self.program.path), *more, *arguments], self._environment, is_fed=is_fed)
        try:
            yield running
        finally:
            running.close()

    def run(
        self,
        *arguments: str,
        on_line: Callable[[bytes], None] | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """Run it to its end. With `on_line`, every line of its output goes there as it comes."""
        kept: list[bytes] = []
        size = 0
        with self.started(*arguments) as running, _deadline(running, seconds) as is_late:
            for line in running.output:
                if on_line:
                    on_line(line)
                elif (size := size + len(line)) <= MOST_OUTPUT:
                    kept.append(line)
            code = running.wait()
            return Answer(code, b"".join(kept), running.messages(), is_late.is_set())

    def done(self, *arguments: str, seconds: float | None = ANSWER_SECONDS) -> Answer:
        """Run it; what it answered when it ended well. Raises BackupError."""
        answer = self.run(*arguments, seconds=seconds)
        if answer.is_late:
            raise BackupError(
                self.repository.name,
                BackupFault.UNREACHABLE,
                f"{self.repository.shown()}: no answer in {seconds:.0f} s, last words: "
                f"{said(answer.messages) or 'none'}; see that this machine reaches it",
            )
        if answer.code != 0:
            raise self.failure(answer.code, answer.messages)
        return answer

    def json(self, *arguments: str) -> Any:
        """The one document that it answers. Raises BackupError."""
        answer = self.done("--json", *arguments)
        try:
            return json.loads(answer.output)
        except ValueError as error:
            raise self.unclear(answer.messages) from error

    def failure(self, code: int, messages: Sequence[str]) -> BackupError:
        """The error for a call that failed."""
        return failure(self.program, self.repository, code, messages)

    def unclear(self, messages: Sequence[str]) -> BackupError:
        """The error for a call that ended well and did not say what it should have."""
        words = said(messages) or "no words"
        return BackupError(
            self.repository.name,
            BackupFault.ENGINE_FAILED,
            f"{self.program} ended well and did not answer as documented: {words}; report it with this version",
        )


@contextmanager
def _deadline(running: Running, seconds: float | None) -> Iterator[Event]:
    is_late = Event()

    def end() -> None:
        is_late.set()
        running.end()

    timer = Timer(seconds or 0, end)
    timer.daemon = True
    if seconds is not None:
        timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()

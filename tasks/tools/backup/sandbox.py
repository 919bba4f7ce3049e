"""Runs what must not be trusted behind walls: the unpacking of an archive, an assertion's command, a dump's server."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from models.errors import BackupError
from models.settings import CHECKOUT
from models.vocabulary import BackupFault
from tasks.tools.backup.confinement import WALLS, Confinement, as_words
from tasks.tools.backup.extraction import Extracted
from tasks.tools.backup.shapes import Advance, Limits, Progress

KEPT_BYTES = 256 * 1024
GRACE_SECONDS = 5.0
LOOK_SECONDS = 0.2
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Isolated from the environment; the checkout is named, because Watchbill runs from one.
START = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module(sys.argv.pop(1), run_name='__main__')"
PYTHON = (sys.executable, "-I", "-c", START)
OnOutput = Callable[[bytes], None]


@dataclass(frozen=True)
class Ended:
    """How a confined process ended."""

    exit_code: int
    """128 + n after signal n, as a shell says it."""
    output: bytes
    errors: bytes
    is_cut: bool
    """More came than is kept."""
    is_late: bool
    """Its deadline ended it."""
    seconds: float
    walls: tuple[str, ...]

    @property
    def missing_walls(self) -> tuple[str, ...]:
        """Walls that this kernel or this user does not allow."""
        return tuple(wall for wall in WALLS if wall not in self.walls)


@dataclass
class _Kept:
    """The beginning of an output; the rest is read and dropped, so that nobody blocks on a full pipe."""

    data: bytearray = field(default_factory=bytearray)
    is_cut: bool = False

    def add(self, piece: bytes) -> None:
        room = KEPT_BYTES - len(self.data)
        self.data += piece[:room]
        self.is_cut = self.is_cut or len(piece) > room


class Confined:
    """A process behind walls, for a `with` block. It dies with the thread that started it."""

    def __init__(
        self,
        command: Sequence[str],
        where: Confinement,
        environment: Mapping[str, str] | None = None,
        stdin: IO[bytes] | int = subprocess.DEVNULL,
        module: str = "tasks.tools.backup.confinement",
    ) -> None:
        self._started = time.monotonic()
        self._outputs = (_Kept(), _Kept())
        ours, theirs = os.pipe()
        self._status = ours
        try:
            self._process = subprocess.Popen(
                [*PYTHON, str(CHECKOUT), module, str(os.getpid()), as_words(where), str(theirs), *command],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={
                    "PATH": PATH,
                    "HOME": where.folder,
                    "TMPDIR": where.folder,
                    "LANG": "C.UTF-8",
                    **(environment or {}),
                },
                pass_fds=(theirs,),
                start_new_session=True,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)

    def __enter__(self) -> "Confined":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        os.close(self._status)

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if self._process.poll() is None:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def wait(self, deadline_seconds: float, on_output: OnOutput = lambda _piece: None) -> Ended:
        """Read its output until it ends, or until the deadline ends it. `on_output` gets what it writes as it comes."""
        until, is_late = time.monotonic() + deadline_seconds, False
        with selectors.DefaultSelector() as selector:
            for pipe, kept in zip((self._process.stdout, self._process.stderr), self._outputs, strict=True):
                if pipe:
                    selector.register(pipe, selectors.EVENT_READ, kept)
            while selector.get_map():
                if (left := until - time.monotonic()) <= 0:
                    if is_late:
                        break
                    self._signal(signal.SIGTERM)
                    until, is_late = time.monotonic() + GRACE_SECONDS, True
                for key, _ in selector.select(max(0.0, min(left, LOOK_SECONDS))):
                    piece = os.read(key.fd, 65536)
                    if not piece:
                        selector.unregister(key.fileobj)
                    elif key.data is self._outputs[0]:
                        on_output(piece)
                    key.data.add(piece)
        try:
            code = self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            is_late = True
            self.kill()
            code = self._process.returncode
        return self._ended(code, is_late)

    def _ended(self, code: int, is_late: bool) -> Ended:
        output, errors = self._outputs
        walls = b""
        os.set_blocking(self._status, False)
        with suppress(BlockingIOError):
            walls = os.read(self._status, 4096)
        return Ended(
            exit_code=code if code >= 0 else 128 - code,
            output=bytes(output.data),
            errors=bytes(errors.data),
            is_cut=output.is_cut or errors.is_cut,
            is_late=is_late,
            seconds=time.monotonic() - self._started,
            walls=tuple(walls.decode().split()),
        )

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def run_confined(
    command: Sequence[str], where: Confinement, deadline_seconds: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a command behind walls, in its folder, and wait for it."""
    with Confined(command, where, environment) as process:
        return process.wait(deadline_seconds)


def unpack(
    archive: IO[bytes] | int, to: Path, limits: Limits, progress: Progress = lambda _advance: None
) -> tuple[Extracted, tuple[str, ...]]:
    """Unpack a tar, plain or zstd, behind walls into an empty folder; what was unpacked, and the walls that stood.

    Raises BackupError: UNSAFE, TOO_LARGE, DAMAGED, TARGET_FULL, with the member in its message.
    """
    where = Confinement(folder=os.fspath(to), only_folder=True, file_bytes=limits.size + 1)
    words = _Words(progress)
    with Confined([json.dumps(asdict(limits))], where, stdin=archive, module="tasks.tools.backup.extract") as process:
        ended = process.wait(limits.seconds + GRACE_SECONDS, words.add)
    last = words.last
    if "fault" in last:
        raise BackupError(last["what"], BackupFault(last["fault"]), last["message"])
    if ended.is_late:
        raise BackupError("the archive", BackupFault.TOO_LARGE, f"it was not unpacked within {limits.seconds} s")
    if ended.exit_code or "left_out" not in last:
        said = ended.errors.decode(errors="replace").strip()[-500:]
        raise BackupError(
            "the archive", BackupFault.DAMAGED, f"the unpacking ended with {ended.exit_code} and no word: {said}"
        )
    return Extracted(last["size"], last["files"], tuple(last["left_out"])), ended.walls


class _Words:
    """The lines of JSON that the unpacking writes: how far it is, and last how it ended."""

    def __init__(self, progress: Progress) -> None:
        self.last: dict[str, Any] = {}
        self._progress = progress
        self._rest = b""

    def add(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self.last = json.loads(line)
            if "bytes" in self.last:
                self._progress(Advance(self.last["bytes"], self.last["files"]))
